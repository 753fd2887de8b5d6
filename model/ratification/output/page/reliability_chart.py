"""Reliability diagrams of a backtest: how often what was given a chance came true."""

from collections.abc import Mapping, Sequence

import altair as alt

from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.parts import DataTable, Figure
from ratification.output.views import backtest_words as words
from ratification.validation.isotonic import IsotonicFit
from ratification.validation.verdicts import Kind, Summary

SQUARE = 340  # of a reliability diagram
MOST_STAGES = 4  # in one diagram
HAPPENS: Mapping[Kind, str] = {"vote": "votes were ratified", "union": "open unions approved"}
FEWEST_EVENTS = 20  # of a stage whose isotonic fit says something


def reliability_figure(shown: Summary, kind: Kind) -> Figure | None:
    """How often it came about against the chance given, at some stages; None without events."""
    fits = _shown_stages(shown.reliability[kind])
    if not fits:
        return None
    what = words.KINDS[kind]
    names = {stage: _legend(stage, fit) for stage, fit in fits.items()}
    rows = [
        {"stage": names[stage], "chance": chance, "came": came}
        for stage, fit in fits.items()
        for chance, came in zip(fit.chance.tolist(), fit.calibrated.tolist(), strict=True)
    ]
    return Figure(
        id=f"chart-reliability-{kind}",
        title=f"How often {HAPPENS[kind]}, by the chance given",
        alt=f"Isotonic fit of {what} on the chances given, against the diagonal of perfect "
        "calibration; the table below has its parts.",
        spec=charts.drawn(
            _diagram,
            tuple(names.values()),
            height=SQUARE,
            data={charts.ROWS: rows, "even": charts.EVEN},
        ),
        table=_parts(shown.reliability[kind], what),
    )


def _shown_stages(fits: Mapping[str, IsotonicFit]) -> dict[str, IsotonicFit]:
    """At most four stages with enough events, spread evenly over those there are."""
    enough = [stage for stage, fit in fits.items() if len(fit.chance) >= FEWEST_EVENTS]
    number = min(MOST_STAGES, len(enough))
    places = [round(i * (len(enough) - 1) / max(number - 1, 1)) for i in range(number)]
    return {enough[place]: fits[enough[place]] for place in places}


def _legend(stage: str, fit: IsotonicFit) -> str:
    return f"{words.stage_name(stage)} ({len(fit.chance)} forecasts)"


def _diagram(names: Sequence[str]) -> charts.Chart:
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("chance:Q", scale=scale, axis=charts.share_axis("chance given"))
    y = alt.Y("came:Q", scale=scale, axis=charts.share_axis("came true (isotonic fit)"))
    colour, shape = charts.series("stage", names)
    base = alt.Chart(charts.rows()).encode(x=x, y=y, color=colour)
    line = base.mark_line(interpolate="linear", strokeWidth=1.5)
    dots = base.mark_point(filled=True, size=30, opacity=0.7).encode(
        shape=shape,
        tooltip=[
            "stage:N",
            alt.Tooltip("chance:Q", format=".1%"),
            alt.Tooltip("came:Q", format=".1%"),
        ],
    )
    return charts.diagonal(x, y) + line + dots


def _parts(fits: Mapping[str, IsotonicFit], what: str) -> DataTable:
    return DataTable(
        caption=f"{wording.upper(what)}: the mean Brier score is miscalibration less "
        "discrimination plus uncertainty",
        heads=("Reported", "Forecasts", "Brier", "Miscal.", "Discrim.", "Uncert."),
        rows=[
            (
                words.stage_name(stage),
                f"{len(fit.chance)}",
                f"{fit.brier:.3f}",
                f"{fit.miscalibration:.3f}",
                f"{fit.discrimination:.3f}",
                f"{fit.uncertainty:.3f}",
            )
            for stage, fit in fits.items()
        ],
        numeric=frozenset(range(1, 6)),
    )
