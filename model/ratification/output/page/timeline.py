"""How the forecast moved: a chart of every reading by day, and a table of what moved it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import altair as alt

from ratification.answers.forecast import RuleForecast
from ratification.answers.timeline import LOOKING_BACK, Moment, Timeline
from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure, Section
from ratification.output.views.timeline import (
    chance,
    decided_lines,
    label,
    moved_words,
    report_words,
)

HEIGHT = 260
SERIES = ("#2b7bba", "#d2601a", "#7a5cc0", "#3f8f5f", "#b3477d", "#8a7a2b", "#5a8f98", "#8a8f98")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
HIDDEN = (
    "Not shown: reports that are not public are among those that moved the forecast, and would "
    "show through."
)


@dataclass(frozen=True, kw_only=True)
class TimelineSection(Section):
    """Chances by moment, and what arrived; or why neither is shown."""

    template: ClassVar[str] = "timeline.html.j2"
    intro: str
    figure: Figure | None
    table: DataTable | None
    notes: Sequence[str] = ()


def timeline_section(page: PageContext) -> TimelineSection | None:
    """How the forecast moved, where that was asked for."""
    timeline = page.timeline
    if timeline is None:
        return None
    section = TimelineSection(
        id=page.id("timeline"), heading="How the forecast moved", intro=HIDDEN, figure=None, table=None
    )
    if page.hidden.reports:
        return section
    return TimelineSection(
        id=section.id,
        heading=section.heading,
        intro=_intro(page, timeline),
        figure=_figure(page, timeline),
        table=_table(page, timeline),
        notes=_notes(timeline),
    )


def _main(page: PageContext, moment: Moment) -> tuple[int, RuleForecast] | None:
    """The rule the page's headline is about, and its place among the moment's."""
    wanted = (page.main.bylaws.id, page.main.reading.id, page.first.name)
    for place, rule in enumerate(moment.forecast.rules if moment.forecast else ()):
        if (rule.bylaws, rule.reading, rule.scenario) == wanted:
            return place, rule
    return None


def _intro(page: PageContext, timeline: Timeline) -> str:
    """Where the headline's chance began, where it is, and what moved it most."""
    told = [
        (moment, *found) for moment in timeline.moments if (found := _main(page, moment)) is not None
    ]
    moment, _, rule = told[0]
    name = f"{page.main.bylaws.title}: {page.main.reading.title}"
    start = f"{name}. {label(moment, timeline)[:1].upper()}{label(moment, timeline)[1:]}"
    if not moment.news.arrived:
        start = f"{name}. Before any report"
    text = f"{start} the chance was {chance(rule)}; now it is {chance(told[-1][2])}."
    moved = [(abs(m.moves[place].value), m, place) for m, place, _ in told if m.moves]
    if not moved:
        return text
    size, most, place = max(moved, key=lambda entry: entry[0])
    if size < 0.01:
        return f"{text} No {'day' if timeline.by == 'day' else 'report'} moved it by a point."
    return f"{text} It moved most on {_when(most)}: {moved_words(most, place)} points."


def _when(moment: Moment) -> str:
    return wording.day(moment.news.as_of or "")


# The chart


def _figure(page: PageContext, timeline: Timeline) -> Figure:
    rows = _points(page, timeline)
    names = list(dict.fromkeys(str(row["rule"]) for row in rows))
    every = "day" if timeline.by == "day" else "report"
    ends = {name: [row for row in rows if row["rule"] == name] for name in names}
    return Figure(
        id=page.id("chart-timeline"),
        title=f"The chance after every {every} that brought news",
        alt="The chance under each reading, first and last. "
        + "; ".join(f"{name}: {found[0]['said']}, {found[-1]['said']}" for name, found in ends.items()),
        spec=_lines(rows, names),
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


def _lines(rows: list[dict[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    order = list(dict.fromkeys(row["when"] for row in sorted(rows, key=lambda row: row["order"])))
    legend = alt.Legend(title=None, columns=2, labelLimit=150)
    colour = alt.Color(
        "rule:N", scale=alt.Scale(domain=list(names), range=_cycled(SERIES, names)), legend=legend
    )
    shape = alt.Shape(
        "rule:N", scale=alt.Scale(domain=list(names), range=_cycled(SHAPES, names)), legend=legend
    )
    base = alt.Chart(charts.rows_of(rows)).encode(
        x=alt.X("when:O", sort=order, axis=alt.Axis(title=None, labelAngle=-40, grid=False)),
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
    return charts.spec_of(line + error + point, height=HEIGHT)


def _cycled(values: Sequence[str], names: Sequence[str]) -> list[str]:
    return [values[place % len(values)] for place in range(len(names))]


# Tables


def _chances(timeline: Timeline) -> DataTable:
    """Every chance and its move."""
    rules = timeline.last.rules
    return DataTable(
        caption="Chance under each reading, and points since the row above",
        heads=("As of", *(_rule_name(rule, timeline) for rule in rules)),
        rows=[
            (label(moment, timeline), *_cells(moment, len(rules))) for moment in timeline.moments
        ],
        numeric=frozenset(range(1, len(rules) + 1)),
    )


def _cells(moment: Moment, number: int) -> list[str]:
    if moment.forecast is None:
        return ["no answer"] * number
    told = [chance(rule) for rule in moment.forecast.rules]
    if not moment.moves:
        return told
    return [f"{cell} ({moved_words(moment, place)})" for place, cell in enumerate(told)]


def _table(page: PageContext, timeline: Timeline) -> DataTable:
    """What arrived, what it did to the headline's chance, what it decided."""
    tree = page.run.case.electorate
    rows = []
    for moment in timeline.moments:
        told = [report_words(report, tree) for report in moment.news.arrived]
        told += [f"no longer counts: {report.id}, {why}" for report, why in moment.set_aside]
        found = _main(page, moment)
        rows.append(
            (
                "Before" if not moment.news.arrived else _when(moment),
                chance(found[1]) if found else f"no answer: {moment.no_answer}",
                f"{moved_words(moment, found[0])}" if found and moment.moves else "",
                "; ".join(told) or "nothing yet",
                "; ".join(decided_lines(moment, tree)),
            )
        )
    return DataTable(
        caption=f"{page.main.bylaws.title}: {page.main.reading.title}. "
        "Moves in percentage points; a dot is less than half a point",
        heads=("As of", "Chance", "Move", "What arrived", "What arithmetic then decided"),
        rows=rows,
        numeric=frozenset({1, 2}),
    )


def _notes(timeline: Timeline) -> Sequence[str]:
    """What looking back assumes, and who answered."""
    engines: Mapping[str, int] = {
        name: sum(m.forecast.engine == name for m in timeline.moments if m.forecast)
        for name in ("instant", "nuts")
    }
    told = [f"{text[:1].upper()}{text[1:]}." for text in LOOKING_BACK]
    if all(engines.values()):
        told.append(
            f"The instant engine answered {wording.plural(engines['instant'], 'row')}, NUTS "
            f"{wording.plural(engines['nuts'], 'row')}: the same posterior, so that between them "
            "rows differ by Monte Carlo error only."
        )
    return told
