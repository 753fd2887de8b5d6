"""How a calibration is told: JSON values and a terminal view."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.output import wording
from ratification.output.calibration_words import method, plain, refusals, verdict
from ratification.output.contract import SCHEMA_VERSION
from ratification.validation.calibrating import ALARM, Calibration, Quantity
from ratification.validation.ranking import LEVELS
from ratification.validation.reliability import EDGES, Reliability
from ratification.validation.reliability import Group as Chances

BARS = " ▁▂▃▄▅▆▇█"


def calibration_object(calibration: Calibration) -> dict[str, Any]:
    """A calibration as plain JSON values."""
    found = calibration.found
    return {
        "schema_version": SCHEMA_VERSION,
        "case": calibration.case,
        "round": calibration.round,
        "as_of": calibration.as_of,
        "seed": calibration.seed,
        "engine": calibration.engine,
        "fits": found.fits,
        "fitted": found.fitted,
        "engines": dict(found.engines),
        "refused": [{"reason": why, "fits": count} for why, count in found.refused.items()],
        "calibrated": found.passes,
        "verdict": verdict(found),
        "tests": {"number": found.tests, "false_alarm": ALARM, "p_below": found.limit},
        "failures": [asdict(entry) for entry in found.failures],
        "quantities": [_quantity(entry) for entry in found.quantities],
        "ratified": [
            {"bylaws": name.partition("/")[0], "reading": name.partition("/")[2]} | asdict(rule)
            for name, rule in found.rules.items()
        ],
        "assumptions": list(calibration.assumptions),
        "inputs": {"sha256": calibration.inputs, "reports": calibration.reports},
        "versions": dict(calibration.versions),
    }


def _quantity(entry: Quantity) -> dict[str, Any]:
    found = entry.coverage
    parts = zip(LEVELS, found.covered, found.ranges, strict=True)
    return {
        "name": entry.name,
        "fits": found.fitted,
        "covered": [
            {"level": level, "share": share, "low": low, "high": high}
            for level, share, (low, high) in parts
        ],
        "histogram": list(found.histogram),
        "p": found.uniform_p,
    }


def calibration_view(calibration: Calibration) -> RenderableType:
    """The verdict first, then every quantity, what was refused, and chances of ratification."""
    found = calibration.found
    parts: list[RenderableType] = [_heading(calibration)]
    parts.append(Text(verdict(found) + "\n", style="bold"))
    parts += [_quantities(calibration)] if found.quantities else []
    if found.rules:
        parts.append(_rules(calibration))
    lines = [*refusals(found), method(calibration), *calibration.assumptions]
    parts.append(Text("\n".join(lines), style="dim"))
    return Group(*parts)


def _heading(calibration: Calibration) -> Text:
    day = f" as of {calibration.as_of}" if calibration.as_of else ""
    reports = wording.plural(calibration.reports, "report")
    return Text.assemble(
        (calibration.title, "bold"),
        f"\nCalibration on the pattern of {calibration.round_title} ({calibration.round}){day}, "
        f"{reports}\n",
    )


def _quantities(calibration: Calibration) -> Table:
    found = calibration.found
    table = Table(
        box=SIMPLE_HEAD,
        title="Truths inside central intervals (where 99.9% of right engines lie), and how level "
        "their ranks are",
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("Quantity")
    for name in ("Fits", *(f"{100 * level:g}%" for level in LEVELS)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Ranks", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    failed = {entry.name for entry in found.failures}
    for entry in found.quantities:
        p = p_words(entry.coverage.uniform_p)
        style = "bold" if entry.name in failed else None
        table.add_row(
            escape(plain(entry.name)),
            f"{entry.coverage.fitted:,}",
            *covered_words(entry),
            histogram_bars(entry.coverage.histogram),
            f"{p} FAILS" if entry.name in failed else p,
            style=style,
        )
    table.caption = f"p: uniform ranks; a test fails below {p_words(found.limit)}"
    table.caption_justify = "left"
    return table


def covered_words(entry: Quantity) -> list[str]:
    """Every level's coverage with the range it must lie in; a mark where it does not."""
    found = entry.coverage
    return [
        f"{100 * share:.1f}{'' if inside else '!'} ({100 * low:.0f}-{100 * high:.0f})"
        for share, inside, (low, high) in zip(
            found.covered, found.inside, found.ranges, strict=True
        )
    ]


def p_words(p: float) -> str:
    """A p value to two digits."""
    return f"{p:.2f}" if p >= 0.01 else f"{p:.1e}"


def histogram_bars(counts: Sequence[int]) -> str:
    """Counts as bars, the mean at half height."""
    top = 2 * sum(counts) / max(len(counts), 1)
    return "".join(BARS[min(8, round(8 * count / top))] if top else " " for count in counts)


def _rules(calibration: Calibration) -> Table:
    table = Table(
        box=SIMPLE_HEAD,
        title='"Ratified": how often it came true, and the mean chance that had been given',
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("Rule", no_wrap=True)
    for name in ("All", *group_names()):
        table.add_column(name, justify="right", no_wrap=True)
    limit = calibration.found.limit
    for name, rule in calibration.found.rules.items():
        table.add_row(escape(name), *(_cell(entry, limit) for entry in in_groups(rule)))
    table.caption = "columns by the chance given; of how many replicas below"
    table.caption_justify = "left"
    return table


def group_names() -> list[str]:
    """Groups of chances: 5-20%."""
    return [f"{100 * low:g}-{100 * high:g}%" for low, high in pairwise(EDGES)]


def in_groups(rule: Reliability) -> list[Chances | None]:
    """All forecasts of a rule together, then by group; None for a group without any."""
    by_low = {entry.low: entry for entry in rule.groups}
    return [rule.overall, *(by_low.get(low) for low in EDGES[:-1])]


def _cell(entry: Chances | None, limit: float) -> str:
    if entry is None:
        return "-"
    came = f"{100 * entry.true / entry.forecasts:.1f}% ({wording.percent(entry.chance)})"
    mark = "!" if entry.p < limit else ""
    return f"{came}{mark}\nof {entry.forecasts:,}"
