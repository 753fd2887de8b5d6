"""How a forecast moved: what arrived when, and what each arrival changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Literal

from ratification.answers.arrived import rule_key
from ratification.answers.estimates import Difference
from ratification.answers.forecast import Forecast
from ratification.answers.pairing import unpaired
from ratification.case.evidence import Report

By = Literal["day", "report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What arrived together, and the moment up to which everything is then known.

    The first news of a timeline is none: it stands for what was expected before any report.
    """

    as_of: str | None
    arrived: tuple[Report, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A union, or a reading, whose standing by arithmetic changed; `because` is of readings."""

    what: Literal["union", "rule"]
    id: str
    before: str
    after: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The forecast after some news. Without one, `no_answer` says why.

    `moves` holds, in the order of the forecast's rules, how far each probability lies from that
    of the last moment that has one; it is empty where there is nothing to compare.
    """

    news: News
    set_aside: tuple[tuple[Report, str], ...]
    reports: int
    forecast: Forecast | None
    no_answer: str
    moves: tuple[Difference, ...]
    decided: tuple[Decided, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Every moment of a round, earliest first."""

    by: By
    moments: tuple[Moment, ...]

    @property
    def last(self) -> Forecast:
        """The latest forecast there is."""
        return [moment.forecast for moment in self.moments if moment.forecast is not None][-1]

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the latest forecast assumes, and what it means to look back."""
        return (*self.last.assumptions, *LOOKING_BACK)


LOOKING_BACK = (
    "a report counts from the day it is dated; one whose day is not known is dated at the latest "
    "it could have been known, and is left out of the days before",
    "membership figures, bylaws and priors are today's on every day: only reports are news",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """What arithmetic says of every union, and of every reading by its key, with the reason."""

    unions: Mapping[str, str]
    rules: Mapping[str, tuple[str, str]]


def standings_of(forecast: Forecast) -> Standings:
    """What arithmetic says, as a forecast has it: the same in every scenario."""
    return Standings(
        unions={union.unit: union.standing for union in forecast.unions},
        rules={
            f"{rule.bylaws}/{rule.reading}": (rule.standing, rule.because)
            for rule in forecast.rules
        },
    )


def news_of(reports: Sequence[Report], *, as_of: str | None, by: By) -> tuple[News, ...]:
    """What arrived together, earliest first, after a beginning before the first report.

    `reports` are those that inform the round and were known by `as_of`, in the order they came.
    """
    if not reports:
        return (News(as_of=as_of, arrived=()),)
    first = date.fromisoformat(reports[0].reported[:10])
    before = first - timedelta(days=1) if first > date.min else first
    found = [News(as_of=before.isoformat(), arrived=())]
    if by == "report":
        found += [News(as_of=report.reported, arrived=(report,)) for report in reports]
        return tuple(found)
    for day, arrived in groupby(reports, key=lambda report: report.reported[:10]):
        partly = as_of is not None and as_of[:10] == day
        found.append(News(as_of=as_of if partly else day, arrived=tuple(arrived)))
    return tuple(found)


def moves(before: Forecast | None, after: Forecast | None) -> tuple[Difference, ...]:
    """How far each probability moved. The two are of separate draws, so their errors add up."""
    if before is None or after is None:
        return ()
    earlier = {rule_key(rule): rule.estimate for rule in before.rules}
    return tuple(unpaired(rule.estimate, earlier[rule_key(rule)]) for rule in after.rules)


def decided(before: Standings | None, after: Standings | None) -> tuple[Decided, ...]:
    """Unions, then readings, whose standing changed. Before anything, all are open."""
    if after is None:
        return ()
    unions = [
        Decided(
            what="union",
            id=name,
            before=before.unions[name] if before else "open",
            after=status,
        )
        for name, status in after.unions.items()
    ]
    rules = [
        Decided(
            what="rule",
            id=name,
            before=before.rules[name][0] if before else "open",
            after=status,
            because=because,
        )
        for name, (status, because) in after.rules.items()
    ]
    return tuple(entry for entry in (*unions, *rules) if entry.before != entry.after)
