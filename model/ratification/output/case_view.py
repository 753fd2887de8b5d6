"""A case for people: its tree, the evidence in force, what sources dispute, what is decided."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ratification.answers.standing import RuleStanding, Standing
from ratification.case.case import Case
from ratification.case.electorate import COALITION, Figure
from ratification.case.evidence import InForce, Report
from ratification.output.said import said

MOST_UNITS = 200  # of a tree that is still drawn unit by unit


def case_view(
    case: Case,
    round_id: str,
    evidence: InForce,
    standings: Mapping[str, Standing],
    rules: Mapping[str, RuleStanding],
    warnings: Sequence[str],
) -> RenderableType:
    """Everything `ratify check` shows."""
    parts: list[RenderableType] = [
        Text.assemble((case.title, "bold"), f"\n{case.round(round_id).title} ({round_id})\n"),
        _tree(case, round_id, standings),
        _evidence_table(evidence.of_round(round_id)),
    ]
    others = len(evidence.reports) - len(evidence.of_round(round_id))
    if others:
        reports = "1 report" if others == 1 else f"{others} reports"
        parts.append(Text(f"and {reports} in force about other rounds\n"))
    if evidence.aside:
        parts.append(_aside(evidence))
    parts.append(_standings(rules))
    notes = [f"sources differ: {warning}" for warning in warnings]
    parts.append(Text("\n".join(notes) if notes else "no contradiction between sources"))
    return Group(*parts)


def _tree(case: Case, round_id: str, standings: Mapping[str, Standing]) -> Tree:
    electorate = case.electorate
    total = electorate.figure(COALITION, round_id)
    count = f"{len(electorate.unions)} unions, {len(electorate.leaves)} leaves"
    root = Tree(f"[bold]coalition[/bold]: {_members(total)} ({count})")
    drawn = len(electorate.units) <= MOST_UNITS

    def grow(branch: Tree, unit: str) -> None:
        known = electorate.by_id[unit]
        standing = f", {standings[unit].status}" if unit in standings else ""
        rule = "" if known.decides == "pooled" else f", decides by {known.decides}"
        weight = "" if known.weight == 1 else f", weight {known.weight}"
        figure = (
            "what the units beside it leave"
            if known.implicit
            else _members(electorate.figure(unit, round_id))
        )
        name = "" if known.name == unit else f" {escape(known.name)}"
        child = branch.add(f"[bold]{escape(unit)}[/bold]{name}: {figure}{rule}{weight}{standing}")
        if drawn:
            for below in electorate.children.get(unit, ()):
                grow(child, below)

    for union in electorate.unions_as_listed:
        grow(root, union)
    return root


def _members(figure: Figure) -> str:
    if figure.members is None:
        return "members not published"
    text = f"{figure.members:,}" + (f" ± {figure.error:,}" if figure.error else "")
    if figure.low is not None or figure.high is not None:
        low = "" if figure.low is None else f"{figure.low:,}"
        high = "" if figure.high is None else f"{figure.high:,}"
        text += (
            f" ({low} to {high})"
            if low and high
            else f" (at {'least' if low else 'most'} {low or high})"
        )
    return text


def _evidence_table(reports: Sequence[Report]) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, title="Evidence in force", title_justify="left", pad_edge=False)
    for name in ("Reported", "Id", "Units", "What was said", "Source"):
        table.add_column(name, no_wrap=name in ("Reported", "Id"))
    for report in reports:
        private = " (private)" if report.private else ""
        table.add_row(
            report.reported,
            escape(report.id),
            escape(report.units),
            said(report),
            escape(report.source) + private,
        )
    return table if reports else Text("No report is in force: the forecast rests on priors.\n")


def _aside(evidence: InForce) -> RenderableType:
    lines = [f"  {report.id}: {why}" for report, why in evidence.aside]
    return Text("Not in force:\n" + "\n".join(lines) + "\n")


def _standings(rules: Mapping[str, RuleStanding]) -> RenderableType:
    table = Table(
        box=SIMPLE_HEAD, title="What arithmetic decides", title_justify="left", pad_edge=False
    )
    table.add_column("Bylaws", no_wrap=True)
    table.add_column("Standing", no_wrap=True)
    table.add_column("Because")
    for key, standing in rules.items():
        table.add_row(escape(key), standing.status, escape(standing.because))
    return table
