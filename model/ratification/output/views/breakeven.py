"""A break-even told: as plain JSON values and on a terminal."""

from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.breakeven import BreakEven, Crossing, Curve, Point, split_at
from ratification.output import wording
from ratification.output.contract import foot, head
from ratification.output.terminal import heading, small_print

TITLE = "Chance of ratification by strength of the early-returns effect (logit)"


def breakeven_object(found: BreakEven) -> dict[str, Any]:
    """A break-even as plain JSON values, framed as a forecast is."""
    return {
        **head(found.run.forecast),
        **foot(found.run.forecast),
        "target": found.target,
        "strongest": found.strongest,
        "inert": found.inert,
        "gaps": list(found.gaps),
        "curves": [asdict(curve) | {"says": sentence(found, curve)} for curve in found.curves],
    }


def breakeven_view(found: BreakEven) -> RenderableType:
    """The break-evens in words, then the curves they are read from."""
    forecast = found.run.forecast
    asked = Text(
        f"How strong must the effect of published early returns be to bring a chance to "
        f"{_target(found)}?\n",
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for curve in found.curves:
        grid.add_row(Text(f"{curve.bylaws}/{curve.reading}", style="bold"), sentence(found, curve))
    parts: list[RenderableType] = [heading(forecast), asked, grid, Text("")]
    if any(curve.points for curve in found.curves):
        parts += [_table(found), Text(_meaning(found))]
    return Group(*parts, small_print(forecast))


def sentence(found: BreakEven, curve: Curve) -> str:
    """What a curve says of the target, in one sentence."""
    if curve.standing != "open":
        return f"no strength would: by arithmetic it is {curve.standing}"
    if found.inert:
        return (
            "no strength would: no result of this vote was published before another unit's own, "
            "so early returns move nobody"
        )
    if curve.crossing is None:
        low, high = (
            wording.percent(p.estimate.probability, mcse=p.estimate.mcse) for p in _ends(curve)
        )
        first, last = curve.points[0].strength, curve.points[-1].strength
        return f"no strength from {first:+g} to {last:+g} would: it stays from {low} to {high}"
    return _crossed(found, curve.crossing)


def _crossed(found: BreakEven, crossing: Crossing) -> str:
    split = wording.percent(split_at(crossing.strength), mcse=crossing.mcse / 4)
    return (
        f"at {crossing.strength:+.2f} ±{crossing.mcse:.2f} it crosses {_target(found)}: as strong "
        f"as if a unit split evenly by itself voted {split} yes after nothing but rejections"
    )


def _ends(curve: Curve) -> tuple[Point, Point]:
    ordered = sorted(curve.points, key=lambda point: point.estimate.probability)
    return ordered[0], ordered[-1]


def _target(found: BreakEven) -> str:
    return f"{100 * found.target:g}%"


def _table(found: BreakEven) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Strength", justify="right")
    curves = [curve for curve in found.curves if curve.standing == "open"]
    for curve in curves:
        table.add_column(escape(f"{curve.bylaws}/{curve.reading}"), justify="right")
    for row in zip(*(curve.points for curve in curves), strict=True):
        cells = [
            f"{wording.percent(p.estimate.probability, mcse=p.estimate.mcse)} "
            f"{wording.error(p.estimate.mcse)}"
            for p in row
        ]
        table.add_row(f"{row[0].strength:+.2f}", *cells)
    return Group(Text(TITLE, style="italic"), table)


def _meaning(found: BreakEven) -> str:
    prior = found.run.case.priors.kappa
    said = (
        "Positive: results that were out pull later voters their way; negative: the other way. "
        f"The prior of this effect, where returns are published, is {prior.mean:g} ± {prior.sd:g}. "
        "Each strength is a fit of its own, with the same seed."
    )
    if found.gaps:
        listed = wording.listing([f"{strength:+g}" for strength in found.gaps])
        said += f" No forecast converged at {listed}."
    return f"{said}\n"
