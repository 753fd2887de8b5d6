"""The bylaws calculator: complete results embedded in the page, and sweeps of its thresholds.

The page's script judges the embedded worlds as `answers.judging` does, in whole numbers, so that
the calculator and the forecast agree to the last vote.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import altair as alt
import numpy as np

from ratification.answers.judging import measure
from ratification.answers.run import Simulation
from ratification.answers.surface import Surface, unions_by_share
from ratification.case import bylaws
from ratification.case.bylaws import ChosenReading, Condition, Measure, Rule, Veto, conditions
from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.answer import forecast_of
from ratification.output.page.coalition import NAMES
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure, Section

MOST_EMBEDDED = 50_000  # worlds: more would make the page heavier, not the answer better
MOST_ROWS = 20  # thresholds of approving unions in a heat map
OVERLAP = 1.1  # a cell reaches under the next one, or the page shines through between them
STEP, TABLE_STEP = 5, 10  # percent between thresholds drawn, and listed
HALF = STEP / 200  # of a cell
WHOLE = 0.01  # an error under which a chance is said in whole percents


@dataclass(frozen=True, kw_only=True)
class CalculatorSection(Section):
    """Readings to start from, the worlds to judge, and the sweeps."""

    template: ClassVar[str] = "calculator.html.j2"
    data: Mapping[str, Any]
    readings: Sequence[tuple[str, str]]
    scenarios: Sequence[tuple[str, str]]
    start: str
    embedded: str
    figures: Sequence[Figure]


def calculator_section(page: PageContext) -> CalculatorSection:
    """A calculator over all readings and scenarios of the run."""
    run = page.run
    count = min(run.forecast.worlds, MOST_EMBEDDED)
    whole = count == run.forecast.worlds
    return CalculatorSection(
        id=page.id("calculator"),
        heading="What if the bylaws asked for something else?",
        data={
            "worlds": count,
            "start": page.main.key,
            "readings": [_reading(page, chosen) for chosen in run.readings],
            "scenarios": [_worlds(page, simulation, count) for simulation in run.simulations],
        },
        readings=[
            (chosen.key, f"{chosen.bylaws.title}: {chosen.reading.title}")
            for chosen in run.readings
        ],
        scenarios=[
            (made.name, made.scenario.title if made.scenario else "As voted")
            for made in run.simulations
        ],
        start=page.main.key,
        embedded=f"{count:,} simulated votes"
        + ("" if whole else f", the first of {run.forecast.worlds:,}"),
        figures=_heat_maps(page),
    )


# What the script reads


def _reading(page: PageContext, chosen: ChosenReading) -> dict[str, Any]:
    settled = {made.name: forecast_of(page, made, chosen).standing for made in page.run.simulations}
    return {
        "key": chosen.key,
        "title": f"{chosen.bylaws.title}: {chosen.reading.title}",
        "abstaining": chosen.reading.abstaining,
        "standing": settled,
        "rule": _rule(page, chosen.reading.rule),
    }


def _rule(page: PageContext, rule: Rule) -> dict[str, Any]:
    match rule:
        case Condition():
            return {
                "kind": "condition",
                "measure": rule.measure,
                "comparison": rule.comparison,
                "share": rule.share,
                "top": rule.threshold.numerator,
                "bottom": rule.threshold.denominator,
                "text": rule.text,
            }
        case Veto(union=union):
            return {"kind": "veto", "union": union, "name": page.run.case.electorate.name(union)}
        case bylaws.Not(part=part):
            return {"kind": "not", "parts": [_rule(page, part)]}
        case bylaws.All(parts=parts):
            return {"kind": "all", "parts": [_rule(page, part) for part in parts]}
        case bylaws.Any(parts=parts):
            return {"kind": "any", "parts": [_rule(page, part) for part in parts]}


def _worlds(page: PageContext, simulation: Simulation, count: int) -> dict[str, Any]:
    """Numerators and denominators of every measure some reading asks for; equal arrays once."""
    results = page.results(simulation)
    arrays: dict[bytes, int] = {}
    packed: list[Any] = []

    def keep(values: np.ndarray) -> int:
        values = np.asarray(values[:count])
        key = values.tobytes()
        if key not in arrays:
            arrays[key] = len(packed)
            packed.append(_packed(values))
        return arrays[key]

    measures, vetoes = {}, {}
    for chosen in page.run.readings:
        abstaining = chosen.reading.abstaining
        for part in conditions(chosen.reading.rule):
            if isinstance(part, Veto):
                position = results.unions.index(part.union)
                vetoes[part.union] = keep(results.approves[:, position].astype(np.int64))
                continue
            found = measure(part.measure, results, share=part.share, abstaining=abstaining)
            key = f"{part.measure}|{part.share}|{abstaining}".lower()
            measures[key] = [keep(found.numerator), keep(found.denominator)]
    return {
        "id": simulation.name,
        "chains": simulation.worlds.chains,
        "period": _period(simulation.worlds.draw[:count]),
        "unions": float(sum(results.weights)),
        "arrays": packed,
        "measures": measures,
        "vetoes": vetoes,
    }


def _packed(values: np.ndarray) -> int | dict[str, Any]:
    """Whole numbers as little-endian bytes in base64, as narrow as they fit; a constant as is."""
    if np.ptp(values) == 0:
        return int(values[0])
    most = int(values.max())
    kind = "u1" if most < 2**8 else "u2" if most < 2**16 else "u4"
    return {"kind": kind, "data": base64.b64encode(values.astype(f"<{kind}").tobytes()).decode()}


def _period(draw: np.ndarray) -> int:
    """Worlds go through the posterior draws in order, again and again: after how many."""
    used = len(np.unique(draw))
    if not np.array_equal(draw, np.resize(draw[:used], len(draw))):
        raise AssertionError("worlds no longer go through the draws in order")
    return used


# Sweeps


def _heat_maps(page: PageContext) -> list[Figure]:
    """A sweep of unions by share for each share that a reading pairs with a number of unions."""
    families: dict[Measure, list[ChosenReading]] = {}
    for chosen in [page.main, *page.run.readings]:
        pair = _pair(chosen)
        if pair is not None:
            listed = families.setdefault(pair[1].measure, [])
            if chosen not in listed:
                listed.append(chosen)
    results = page.results(page.first)
    return [
        _heat_map(page, unions_by_share(results, name, chosen[0].reading.abstaining), name, chosen)
        for name, chosen in families.items()
    ]


def _pair(chosen: ChosenReading) -> tuple[Condition, Condition] | None:
    """Thresholds (unions, share) of a reading that asks for both and nothing else."""
    rule = chosen.reading.rule
    if not isinstance(rule, bylaws.All) or len(rule.parts) != 2:
        return None
    parts = [part for part in rule.parts if isinstance(part, Condition)]
    unions = [part for part in parts if part.measure == "approving unions" and not part.share]
    shares = [part for part in parts if part.measure not in bylaws.COUNTED]
    return (unions[0], shares[0]) if unions and shares else None


def _heat_map(
    page: PageContext, found: Surface, name: Measure, marked: Sequence[ChosenReading]
) -> Figure:
    most = found.passes.shape[0] - 1
    step = max(1, -(-most // MOST_ROWS))
    unions = range(0, most + 1, step)
    cells = [_cell(found, k, t, step) for k in unions for t in range(0, 101, STEP)]
    marks: list[dict[str, Any]] = []
    for chosen in marked:
        pair = _pair(chosen)
        if pair is not None:
            k, t = float(pair[0].threshold), float(pair[1].threshold)
            marks.append({"k": k, "t": t, "label": chosen.bylaws.id})
    columns = range(0, 101, TABLE_STEP)
    return Figure(
        id=page.id(f"chart-sweep-{name.replace(' ', '-')}"),
        title=_finding(found, name),
        alt=f"Chance of ratification by number of unions and by {name}. "
        + "; ".join(
            f"{mark['label']} asks for {mark['k']:g} unions and {wording.share(mark['t'])}"
            for mark in marks
        ),
        spec=charts.drawn(
            _heat,
            unions[-1] + step / 2,
            step,
            name,
            height=320,
            data={charts.ROWS: cells, "marks": marks},
        ),
        table=DataTable(
            caption=f"Chance that at least so many unions approve (rows) and {name} "
            "reach at least so much (columns)",
            heads=("Unions", *(f"{t}%" for t in columns)),
            rows=[(str(k), *(_said(found, k, t) for t in columns)) for k in unions],
            numeric=frozenset(range(len(columns) + 1)),
        ),
    )


def _said(found: Surface, k: int, t: int) -> str:
    return wording.percent(found.probability((k, t)), mcse=WHOLE, decided=k == 0 and t == 0)


def _finding(found: Surface, name: Measure) -> str:
    """The strictest number of unions that is as likely as not, at half of the share."""
    likely = [k for k in range(found.passes.shape[0]) if found.probability((k, 50)) >= 0.5]
    asked = f"Where the {NAMES[name].lower()} must reach 50%"
    most = found.passes.shape[0] - 1
    if not likely:
        return f"{asked}, ratification is less likely than not at any number of unions"
    if max(likely) == most:
        return f"{asked}, ratification is likelier than not even if all {most} unions must approve"
    return (
        f"{asked}, up to {wording.plural(max(likely), 'union')} can be required before "
        "ratification is less likely than not"
    )


def _cell(found: Surface, k: int, t: int, step: int) -> dict[str, Any]:
    share = t / 100
    return {
        "k": k,
        "t": share,
        "chance": found.probability((k, t)),
        "said": _said(found, k, t),
        "left": share - HALF,
        "right": share + HALF * OVERLAP,
        "low": k - step / 2,
        "high": k + step / 2 * OVERLAP,
    }


def _heat(top: float, step: int, name: str) -> charts.Chart:
    across = alt.Scale(domain=[-HALF, 1 + HALF], nice=False)
    up = alt.Scale(domain=[-step / 2, top], nice=False)
    legend = alt.Legend(title="chance", format=".0%", gradientLength=180)
    heat = (
        alt.Chart(charts.rows())
        .mark_rect(clip=True)
        .encode(
            x=alt.X(
                "left:Q", scale=across, axis=charts.share_axis(f"{name}, at least", grid=False)
            ),
            x2="right:Q",
            y=alt.Y(
                "low:Q", scale=up, axis=alt.Axis(title="unions, at least", format="d", grid=False)
            ),
            y2="high:Q",
            color=alt.Color(
                "chance:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=legend
            ),
            tooltip=["k:Q", alt.Tooltip("t:Q", format=".0%"), "said:N"],
        )
    )
    base = alt.Chart(charts.rows("marks")).encode(
        x=alt.X("t:Q", scale=across), y=alt.Y("k:Q", scale=up)
    )
    point = base.mark_point(
        shape="diamond", size=110, filled=True, color="#d2601a", stroke="white", opacity=1
    )
    # White under black: the name stands out from light and dark cells alike.
    halo, label = (
        base.mark_text(align="right", dx=-9, fontWeight="bold", **ink).encode(text="label:N")
        for ink in ({"color": "white", "stroke": "white", "strokeWidth": 4}, {"color": "black"})
    )
    return alt.layer(heat, point, halo, label)
