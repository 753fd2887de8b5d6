"""The chart of how a forecast moved, with its data as a table."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from ratification.answers.forecast import RuleForecast
from ratification.answers.timeline import Moment, Timeline
from ratification.output.page import charts
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure
from ratification.output.views.timeline_words import STILL, chance, label, moved_words

HEIGHT = 260


def timeline_figure(page: PageContext, timeline: Timeline, title: str) -> Figure:
    """The chance under every reading, moment by moment."""
    rows = _points(page, timeline)
    names = list(dict.fromkeys(str(row["rule"]) for row in rows))
    every = "day" if timeline.by == "day" else "report"
    ends = {name: [row for row in rows if row["rule"] == name] for name in names}
    return Figure(
        id=page.id("chart-timeline"),
        title=title,
        alt=f"The chance under each reading after every {every} with news, first and last. "
        + "; ".join(
            f"{name}: {found[0]['said']}, {found[-1]['said']}" for name, found in ends.items()
        ),
        spec=charts.drawn(
            _lines,
            tuple(dict.fromkeys(row["when"] for row in rows)),
            tuple(names),
            height=HEIGHT,
            data={charts.ROWS: rows},
        ),
        table=_chances(timeline),
    )


def _points(page: PageContext, timeline: Timeline) -> list[dict[str, Any]]:
    """One row per moment and rule; the error bar is a 95% Monte Carlo interval."""
    return [
        {
            "when": label(moment, timeline),
            "order": order,
            "rule": _rule_name(rule, timeline),
            "chance": rule.estimate.probability,
            "low": max(0.0, rule.estimate.probability - 1.96 * rule.estimate.mcse),
            "high": min(1.0, rule.estimate.probability + 1.96 * rule.estimate.mcse),
            "main": (page.main.bylaws.id, page.main.reading.id, page.first.name)
            == (rule.bylaws, rule.reading, rule.scenario),
            "standing": rule.standing,
            "said": chance(rule),
        }
        for order, moment in enumerate(timeline.moments)
        for rule in (moment.forecast.rules if moment.forecast else ())
    ]


def _rule_name(rule: RuleForecast, timeline: Timeline) -> str:
    several = len({entry.scenario for entry in timeline.last.rules}) > 1
    return f"{rule.bylaws}/{rule.reading}" + (f" ({rule.scenario})" if several else "")


def _lines(order: Sequence[str], names: Sequence[str]) -> charts.Chart:
    colour, shape = charts.series("rule", names, label_limit=150)
    base = alt.Chart(charts.rows()).encode(
        x=alt.X(
            "when:O",
            sort=list(order),
            axis=alt.Axis(title=None, labelAngle=-40, labelOverlap="greedy", grid=False),
        ),
        color=colour,
    )
    scale = alt.Scale(domain=[0, 1])
    line = base.mark_line().encode(
        y=alt.Y("chance:Q", scale=scale, axis=charts.share_axis("chance")),
        strokeWidth=alt.condition(alt.datum.main, alt.value(3), alt.value(1.2)),
    )
    error = base.mark_rule(strokeWidth=1).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
    point = base.mark_point(filled=True, size=50, opacity=1).encode(
        y=alt.Y("chance:Q", scale=scale),
        shape=shape,
        tooltip=["when:O", "rule:N", "said:N", "standing:N"],
    )
    return line + error + point


def _chances(timeline: Timeline) -> DataTable:
    """Every chance and its move."""
    rules = timeline.last.rules
    return DataTable(
        caption="Chance under each reading, and points since the row above",
        heads=("As of", *(_rule_name(rule, timeline) for rule in rules)),
        rows=[
            (label(moment, timeline), *(cells(moment) or ["no answer"] * len(rules)))
            for moment in timeline.moments
        ],
        numeric=frozenset(range(1, len(rules) + 1)),
    )


def cells(moment: Moment) -> list[str]:
    """Every rule's chance, with its move in points; none where there is no answer."""
    told = [chance(rule) for rule in moment.forecast.rules] if moment.forecast else []
    if not moment.moves:
        return told
    moves = [moved_words(moment, place) for place in range(len(told))]
    return [
        cell if move == STILL else f"{cell} ({move})"
        for cell, move in zip(told, moves, strict=True)
    ]
