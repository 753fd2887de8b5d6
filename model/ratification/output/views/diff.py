"""A diff told: as JSON, and as a table of parts with what differs below it."""

from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.changes import CAUSES, Cause, Details, Diff, Part, RuleChange, Side, Told
from ratification.case.evidence import Report
from ratification.output import wording
from ratification.output.checks import in_short
from ratification.output.contract import SCHEMA_VERSION
from ratification.output.said import said

NAMES: dict[Cause, str] = {
    "corrected": "corrected evidence",
    "new": "new evidence",
    "rosters": "rosters",
    "priors": "priors",
    "rules": "rules",
    "version": "model version",
    "simulation": "simulation",
}
ORDER = (
    "parts turn one forecast into the other, swap by swap in this order: evidence corrected or "
    "withdrawn, new evidence, rosters (tree and features too), priors (scenarios and rounds too), "
    "rules, then seed, number of simulated votes and engine. In another order they would differ; "
    "they always add up"
)
NOISE = (
    "each part carries its own Monte Carlo error: one smaller than twice that is not told from "
    "chance. Rules are compared over the same simulated votes, all else over separate ones"
)


# JSON


def diff_object(diff: Diff) -> dict[str, Any]:
    """A diff as plain JSON values. What is said of one forecast only is of the later one."""
    return {
        "schema_version": SCHEMA_VERSION,
        "case": diff.after.case,
        "round": diff.after.round,
        **_side_object(diff.after),
        "before": _side_object(diff.before),
        "order": list(CAUSES),
        "changes": [_change_object(change) for change in diff.rules],
        "only_before": [_key(key) for key in diff.only_before],
        "only_after": [_key(key) for key in diff.only_after],
        "details": _details_object(diff.details) if diff.details else None,
        "differs": list(diff.differs),
        "notes": list(diff.notes),
    }


def _side_object(side: Side) -> dict[str, Any]:
    return {
        "as_of": side.as_of,
        "seed": side.seed,
        "worlds": side.worlds,
        "engine": side.engine,
        "diagnostics": asdict(side.diagnostics),
        "assumptions": list(side.assumptions),
        "warnings": list(side.warnings),
        "inputs": {"sha256": side.inputs, "reports": side.reports},
        "versions": dict(side.versions),
    }


def _change_object(change: RuleChange) -> dict[str, Any]:
    return {
        **_key((change.bylaws, change.reading, change.scenario)),
        "before": asdict(change.before) | {"standing": change.standing_before},
        "after": asdict(change.after) | {"standing": change.standing_after},
        "change": asdict(change.change),
        "parts": [
            {"causes": list(part.causes), "value": part.value, "mcse": part.mcse}
            for part in change.parts
        ],
    }


def _key(key: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("bylaws", "reading", "scenario"), key, strict=True))


def _details_object(details: Details) -> dict[str, Any]:
    return {
        "new": [{"id": report.id, "said": said(report)} for report in details.new],
        "corrected": [
            {"id": old.id, "by": new.id if new else None} for old, new in details.corrected
        ],
        "rosters": list(details.rosters),
        "priors": list(details.priors),
        "rules": list(details.rules),
    }


# For people


def diff_view(diff: Diff) -> RenderableType:
    """The parts, then what differs, then what all rests on."""
    head = Text.assemble((diff.title, "bold"), f"\n{diff.after.round}: why two forecasts differ\n")
    return Group(head, parts_table(diff), _differences(diff), _small_print(diff))


def parts_table(diff: Diff) -> Table:
    """One row a reading: before, after, the change, and a column for each part that moved."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Bylaws", no_wrap=True)
    table.add_column("Scenario")
    for name in ("Before", "After", "Change"):
        table.add_column(name, justify="right", no_wrap=True)
    shown = _shown(diff)
    for causes in shown:
        table.add_column("\nor ".join(NAMES[cause] for cause in causes), justify="right")
    for change in diff.rules:
        parts = {part.causes: part for part in change.parts}
        table.add_row(
            escape(f"{change.bylaws}/{change.reading}"),
            escape(change.scenario),
            _chance(Told(estimate=change.before, standing=change.standing_before)),
            _chance(Told(estimate=change.after, standing=change.standing_after)),
            f"[bold]{_points(change.change.value, change.change.mcse)}[/bold]",
            *(_part(parts[causes]) for causes in shown),
        )
    return table


def _shown(diff: Diff) -> list[tuple[Cause, ...]]:
    """Parts that moved something, or might have."""
    found: dict[tuple[Cause, ...], None] = {}
    for change in diff.rules:
        for part in change.parts:
            if part.value or part.mcse:
                found.setdefault(part.causes)
    return sorted(found, key=lambda causes: CAUSES.index(causes[0]))


def _chance(told: Told) -> str:
    decided = told.standing != "open"
    p, mcse = told.estimate.probability, told.estimate.mcse
    chance = wording.percent(p, mcse=mcse, decided=decided)
    return f"{chance} {wording.error(mcse, decided=decided)}".strip()


def _part(part: Part) -> str:
    told = _points(part.value, part.mcse)
    return f"[dim]{told}[/dim]" if abs(part.value) < 2 * part.mcse else told


def _points(value: float, mcse: float) -> str:
    """Percentage points with their error; a dot where nothing moved."""
    if value == 0 and mcse == 0:
        return "·"
    points = round(100 * value, 1)
    sign = "+" if points > 0 else "\N{MINUS SIGN}" if points < 0 else ""
    return f"{sign}{abs(points):.1f} {wording.error(mcse, decided=mcse == 0)}".strip()


def _differences(diff: Diff) -> Text:
    told = Text("What differs\n", style="bold")
    lines = [*diff.differs]
    for where, keys in (("before", diff.only_before), ("after", diff.only_after)):
        lines += [f"only {where}: {bylaws}/{reading} ({of})" for bylaws, reading, of in keys]
    if diff.details is not None:
        lines += _detail_lines(diff.details)
    for line in lines or ["nothing: the two are the same forecast"]:
        told.append(f"  {line}\n", style="not bold")
    return told


def _detail_lines(details: Details) -> list[str]:
    lines = []
    for old, new in details.corrected:
        now = "withdrawn" if new is None else f"now {_report(new)}"
        lines.append(f"corrected: {_report(old)}; {now}")
    lines += [f"new: {_report(report)}" for report in details.new]
    for name, ids in (
        ("rosters", details.rosters),
        ("priors and scenarios", details.priors),
        ("rules", details.rules),
    ):
        lines += [f"{name}: {', '.join(ids)}"] if ids else []
    return lines


def _report(report: Report) -> str:
    return f"{report.id} ({report.units}: {said(report)})"


def _small_print(diff: Diff) -> Text:
    lines = [*diff.notes, ORDER, NOISE]
    for name, side in (("before", diff.before), ("after", diff.after)):
        lines.append(
            f"{name}: as of {side.as_of or 'no report'}, {side.worlds:,} simulated votes, seed "
            f"{side.seed}, engine {side.engine}; {in_short(side.diagnostics)}"
        )
        lines += [f"{name}: {text}" for text in side.assumptions]
    lines += [f"sources differ: {warning}" for warning in diff.after.warnings]
    return Text("\n".join(lines), style="dim")
