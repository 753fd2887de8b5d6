"""The page of a calibration: verdict, rank plots, reliability, and what it does not show."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import altair as alt

from ratification.output import wording
from ratification.output.calibration_words import method, plain, refusals, verdict
from ratification.output.page import charts
from ratification.output.page.page import Chapter, Download, Page
from ratification.output.page.parts import DataTable, Figure, Section
from ratification.output.views.calibration import (
    calibration_object,
    covered_words,
    group_names,
    in_groups,
    p_words,
)
from ratification.validation.calibrating import Calibration, Quantity
from ratification.validation.ranking import BINS, LEVELS, band
from ratification.validation.reliability import Reliability

HEIGHT = 260
FAILED, FINE = charts.REJECTS, charts.APPROVES
LIMITS = (
    "It takes priors and model to be true: it is a test of the computation, not of the model.",
    "Level ranks say that intervals are honest, not that they are as narrow as they could be.",
    "Fits are shorter than those of a forecast, but pass the same checks.",
)


@dataclass(frozen=True, kw_only=True)
class CalibrationSection(Section):
    """Lines before and after the figures of one part of the page."""

    template: ClassVar[str] = "calibration.html.j2"
    lead: str
    lines: Sequence[str]
    table: DataTable | None
    figures: Sequence[Figure]
    reading: Sequence[str]


def calibration_page(calibration: Calibration) -> Page:
    """A page about one calibration."""
    found = calibration.found
    sections: list[Section] = [_answer(calibration)]
    sections += [_ranks(calibration)] if found.quantities else []
    sections += [_reliability(calibration)] if found.rules else []
    told = json.dumps(calibration_object(calibration), indent=1, ensure_ascii=False)
    chapter = Chapter(
        id="case",
        title=calibration.title,
        subtitle=f"{calibration.round_title}. {_known(calibration)}",
        summary=" ".join([verdict(found), method(calibration), *LIMITS]),
        sections=sections,
        downloads=[
            Download(
                id="download-json",
                name=f"{calibration.case}-calibration.json",
                kind="application/json",
                label="Calibration as JSON",
                text=told,
            )
        ],
    )
    title = f"Calibration: {calibration.title}"
    return Page(title=title, author="", note="", comparison=None, chapters=[chapter])


def _known(calibration: Calibration) -> str:
    day = f" as of {wording.day(calibration.as_of)}" if calibration.as_of else ""
    return f"Pattern of {wording.plural(calibration.reports, 'report')}{day}."


def _answer(calibration: Calibration) -> CalibrationSection:
    versions = ", ".join(f"{name} {version}" for name, version in calibration.versions.items())
    return CalibrationSection(
        id="verdict",
        heading="Is it calibrated?",
        lead=verdict(calibration.found),
        lines=[method(calibration), *map(_sentence, refusals(calibration.found))],
        table=None,
        figures=[],
        reading=[*LIMITS, *map(_sentence, calibration.assumptions), f"Made with {versions}."],
    )


def _sentence(text: str) -> str:
    return f"{wording.upper(text)}."


def _ranks(calibration: Calibration) -> CalibrationSection:
    return CalibrationSection(
        id="ranks",
        heading="Where the truth lies among the draws",
        lead="",
        lines=[],
        table=None,
        figures=[_curves(calibration), _histograms(calibration)],
        reading=[
            "A curve above the band: too many truths lie low among the draws, which are drawn too "
            "high. Below it, too low. Up, then down: intervals too narrow; down, then up: too "
            "wide."
        ],
    )


def _curves(calibration: Calibration) -> Figure:
    found = calibration.found
    failed = {entry.name for entry in found.failures}
    full = [q for q in found.quantities if q.coverage.fitted == found.fitted]
    rows = [row for quantity in full for row in _curve(quantity, quantity.name in failed)]
    edges = band(full[0].places)
    around = [
        {"at": at, "low": low, "high": high}
        for at, low, high in zip(edges.at, edges.low, edges.high, strict=True)
    ]
    strays = [plain(q.name) for q in full if q.name in failed]
    title = (
        f"Ranks that are not level: {wording.listing(strays)}"
        if strays
        else f"Ranks of {len(full)} quantities: none strays so far that its test fails"
    )
    return Figure(
        id="chart-ranks",
        title=title,
        alt=f"Share of truths up to each rank, less that of level ranks. {title}.",
        spec=charts.drawn(_lines, height=HEIGHT, data={charts.ROWS: rows, "around": around}),
        table=_coverage_table(calibration),
    )


def _curve(quantity: Quantity, failed: bool) -> list[dict[str, Any]]:
    line = band(quantity.places)
    return [
        {"at": at, "apart": apart, "quantity": plain(quantity.name), "failed": failed}
        for at, apart in zip(line.at, line.apart, strict=True)
    ]


def _lines() -> charts.Chart:
    axis = charts.share_axis("rank of the truth among the draws", grid=False)
    side = alt.Axis(title="share of truths, less that of level ranks", format="+.0%", tickCount=5)
    x = alt.X("at:Q", scale=alt.Scale(domain=[0, 1]), axis=axis)
    region = (
        alt.Chart(charts.rows("around"))
        .mark_area(opacity=0.18, color=charts.OPEN)
        .encode(x=x, y=alt.Y("low:Q", axis=side), y2="high:Q")
    )
    colour = alt.condition(alt.datum.failed, alt.value(FAILED), alt.value(FINE))
    width = alt.condition(alt.datum.failed, alt.value(2.5), alt.value(0.8))
    lines = (
        alt.Chart(charts.rows())
        .mark_line()
        .encode(
            x=x,
            y=alt.Y("apart:Q", axis=side),
            detail="quantity:N",
            color=colour,
            strokeWidth=width,
            tooltip=["quantity:N"],
        )
    )
    return region + lines


def _coverage_table(calibration: Calibration) -> DataTable:
    levels = [f"{100 * level:g}% (99.9% of right engines)" for level in LEVELS]
    return DataTable(
        caption="Truths inside central intervals, in percent",
        heads=("Quantity", "Fits", *levels, "p"),
        rows=[
            (
                plain(q.name),
                f"{q.coverage.fitted:,}",
                *covered_words(q),
                p_words(q.coverage.uniform_p),
            )
            for q in calibration.found.quantities
        ],
        numeric=frozenset(range(1, len(LEVELS) + 3)),
    )


def _histograms(calibration: Calibration) -> Figure:
    quantities = calibration.found.quantities
    rows = [
        {
            "quantity": plain(q.name),
            "bin": f"{10 * at}-{10 * at + 10}%",
            "truths": count,
            "ratio": BINS * count / q.coverage.fitted,
        }
        for q in quantities
        for at, count in enumerate(q.coverage.histogram)
    ]
    bins = [f"{10 * at}-{10 * at + 10}%" for at in range(BINS)]
    even = wording.plural(round(calibration.found.fitted / BINS), "truth")
    return Figure(
        id="chart-histograms",
        title=f"Truths by rank, in ten bins: about {even} in each if ranks are level",
        alt="Counts of truths by quantity and rank; the table below has the same numbers.",
        spec=charts.drawn(
            _cells,
            tuple(bins),
            height=charts.ROW * len(quantities),
            data={charts.ROWS: rows},
        ),
        table=DataTable(
            caption="Truths by rank among the draws",
            heads=("Quantity", *bins),
            rows=[(plain(q.name), *map(str, q.coverage.histogram)) for q in quantities],
            numeric=frozenset(range(1, BINS + 1)),
        ),
    )


def _cells(bins: Sequence[str]) -> charts.Chart:
    base = alt.Chart(charts.rows()).encode(
        x=alt.X("bin:O", sort=list(bins), axis=alt.Axis(title="rank of the truth", labelAngle=0)),
        y=alt.Y("quantity:N", sort=None, axis=alt.Axis(title=None, labelLimit=260)),
        tooltip=["quantity:N", "bin:O", "truths:Q"],
    )
    scale = alt.Scale(
        domain=[0, 1, 2], range=[charts.REJECTS, "#d9d9d9", charts.APPROVES], clamp=True
    )
    cells = base.mark_rect().encode(color=alt.Color("ratio:Q", scale=scale, legend=None))
    return cells + base.mark_text(fontSize=11, color="#111").encode(text="truths:Q")


def _reliability(calibration: Calibration) -> CalibrationSection:
    rules = calibration.found.rules
    rows = [row for name, rule in rules.items() for row in _points(name, rule)]
    return CalibrationSection(
        id="reliability",
        heading="Chances of ratification, and what came true",
        lead="",
        lines=[],
        table=None,
        figures=[
            Figure(
                id="chart-reliability",
                title="How often ratification came true, by the chance that had been given",
                alt="Shares that came true against mean chances given, by rule; the table below "
                "has the same numbers.",
                spec=charts.drawn(
                    _diagram,
                    tuple(rules),
                    height=HEIGHT + 60,
                    data={charts.ROWS: rows, "even": charts.EVEN},
                ),
                table=_reliability_table(rules),
            )
        ],
        reading=[
            "Each dot is a group of simulated votes under one rule. Upright strokes: where 99.9% "
            "of such groups lie if the chances are right (Poisson-binomial)."
        ],
    )


def _points(name: str, rule: Reliability) -> list[dict[str, Any]]:
    return [
        {
            "rule": name,
            "chance": group.chance,
            "came": group.true / group.forecasts,
            "low": group.least / group.forecasts,
            "high": group.most / group.forecasts,
            "said": f"{group.true} of {group.forecasts}",
        }
        for group in rule.groups
    ]


def _diagram(names: Sequence[str]) -> charts.Chart:
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("chance:Q", scale=scale, axis=charts.share_axis("mean chance given"))
    y = alt.Y("came:Q", scale=scale, axis=charts.share_axis("came true"))
    base = alt.Chart(charts.rows())
    legend = alt.Legend(title=None, columns=2, labelLimit=200)
    strokes = base.mark_rule(strokeWidth=1, opacity=0.5).encode(
        x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q"
    )
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=x,
        y=y,
        shape=alt.Shape("rule:N", scale=alt.Scale(domain=list(names)), legend=legend),
        color=alt.Color("rule:N", scale=alt.Scale(domain=list(names)), legend=legend),
        tooltip=["rule:N", "said:N", alt.Tooltip("chance:Q", format=".1%")],
    )
    return charts.diagonal(x, y) + strokes + dots


def _reliability_table(rules: Any) -> DataTable:
    rows = [
        (
            name,
            group,
            "-" if entry is None else f"{entry.forecasts:,}",
            "-" if entry is None else wording.percent(entry.chance),
            "-" if entry is None else f"{entry.true:,} ({entry.least:,} to {entry.most:,})",
            "-" if entry is None else p_words(entry.p),
        )
        for name, rule in rules.items()
        for group, entry in zip(("all", *group_names()), in_groups(rule), strict=True)
    ]
    return DataTable(
        caption="Chances of ratification by rule and size",
        heads=("Rule", "Chance given", "Votes", "Mean chance", "Came true (99.9% range)", "p"),
        rows=rows,
        numeric=frozenset({2, 3, 4, 5}),
    )
