"""How the forecast moved: a chart of every reading by day, and a table of what moved it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ratification.answers.forecast import RuleForecast
from ratification.answers.timeline import LOOKING_BACK, Moment, Timeline
from ratification.output import wording
from ratification.output.page.context import PageContext
from ratification.output.page.parts import Figure, Section
from ratification.output.page.timeline_chart import cells, timeline_figure
from ratification.output.views.timeline_words import (
    chance,
    decided_lines,
    moved_words,
    report_words,
)

LITTLE = 0.01  # a smaller move is not told in words
HIDDEN = (
    "Not shown: reports that are not public are among those that moved the forecast, and would "
    "show through."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One moment, worded: the headline's chance and its move, what arrived, what it decided."""

    day: str
    chance: str
    arrived: Sequence[str]
    decided: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class TimelineSection(Section):
    """Chances by moment, and what arrived; or, without a figure, why they are not shown."""

    template: ClassVar[str] = "timeline.html.j2"
    intro: str
    figure: Figure | None = None
    caption: str = ""
    rows: Sequence[TimelineRow] = ()
    notes: Sequence[str] = ()


def timeline_section(page: PageContext) -> TimelineSection | None:
    """How the forecast moved, where that was asked for."""
    timeline = page.timeline
    if timeline is None:
        return None
    name, heading = page.id("timeline"), "How the forecast moved"
    if page.hidden.reports:
        return TimelineSection(id=name, heading=heading, intro=HIDDEN)
    return TimelineSection(
        id=name,
        heading=heading,
        intro=_intro(page, timeline),
        figure=timeline_figure(page, timeline, _most(page, timeline)),
        caption=f"{_headline(page)}. In brackets: percentage points since the row above",
        rows=[_row(page, moment) for moment in timeline.moments],
        notes=_notes(timeline),
    )


def _headline(page: PageContext) -> str:
    return f"{page.main.bylaws.title}: {page.main.reading.title}"


def _main(page: PageContext, moment: Moment) -> tuple[int, RuleForecast] | None:
    """The rule the page's headline is about, and its place among the moment's."""
    wanted = (page.main.bylaws.id, page.main.reading.id, page.first.name)
    for place, rule in enumerate(moment.forecast.rules if moment.forecast else ()):
        if (rule.bylaws, rule.reading, rule.scenario) == wanted:
            return place, rule
    return None


def _intro(page: PageContext, timeline: Timeline) -> str:
    """Where the headline's chance began, and where it is."""
    told = [entry for moment in timeline.moments if (entry := _main(page, moment))]
    first = next(moment for moment in timeline.moments if moment.forecast)
    start = f"As of {_when(first)}" if first.news.arrived else "Before any report"
    text = f"{_headline(page)}. {start} the chance was {chance(told[0][1])}; "
    return f"{text}now it is {chance(told[-1][1])}."


def _most(page: PageContext, timeline: Timeline) -> str:
    """The moment that moved the headline's chance most."""
    moved = [
        (abs(moment.moves[found[0]].value), moment, found[0])
        for moment in timeline.moments
        if moment.moves and (found := _main(page, moment))
    ]
    if not moved or max(moved, key=lambda entry: entry[0])[0] < LITTLE:
        return "No news moved the chance by a point"
    _, most, place = max(moved, key=lambda entry: entry[0])
    return f"The chance moved most on {_when(most)}: {moved_words(most, place)} points"


def _when(moment: Moment) -> str:
    return wording.day(moment.news.as_of or "")


def _row(page: PageContext, moment: Moment) -> TimelineRow:
    """What arrived, what it did to the headline's chance, what it decided."""
    tree = page.run.case.electorate
    told = [report_words(report, tree) for report in moment.news.arrived]
    told += [f"no longer counts: {report.id}, {why}" for report, why in moment.set_aside]
    found = _main(page, moment)
    return TimelineRow(
        day=_when(moment) if moment.news.arrived else "Before",
        chance=cells(moment)[found[0]] if found else f"no answer: {moment.no_answer}",
        arrived=told or ["nothing yet"],
        decided=decided_lines(moment, tree),
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
