"""Bylaws: rules over the pattern of votes, with exact thresholds and competing readings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from ratification.case.unitsets import near_miss
from ratification.errors import RequestError

Measure = Literal[
    "approving unions",
    "opposed unions",
    "members of approving unions",
    "ballots of approving unions",
    "yes of ballots",
    "yes of members",
    "turnout",
]
MEASURES: tuple[str, ...] = get_args(Measure)

DENOMINATORS: dict[str, str] = {
    "approving unions": "unions",
    "opposed unions": "unions",
    "members of approving unions": "members",
    "ballots of approving unions": "ballots cast",
    "yes of ballots": "ballots cast",
    "yes of members": "members",
    "turnout": "members",
}
COUNTED: frozenset[str] = frozenset({"approving unions", "opposed unions"})
NEEDS_MEMBERS: frozenset[str] = frozenset(
    {"members of approving unions", "yes of members", "turnout"}
)
NEEDS_BALLOTS: frozenset[str] = frozenset({"ballots of approving unions", "yes of ballots"})

Comparison = Literal["at_least", "more_than", "at_most", "less_than"]
COMPARISONS: tuple[str, ...] = get_args(Comparison)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A measure against an exact threshold.

    `share` says whether the threshold is a share of the measure's denominator or a number of
    unions (by weight). `text` is the threshold as it was written.
    """

    measure: Measure
    comparison: Comparison
    threshold: Fraction
    share: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Veto:
    """A named union must approve."""

    union: str


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every part holds."""

    parts: tuple["Rule", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Any:
    """At least one part holds."""

    parts: tuple["Rule", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The part does not hold."""

    part: "Rule"


Rule = Condition | Veto | All | Any | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One interpretation of a bylaw. `abstaining` unions stay in the denominators, or leave."""

    id: str
    title: str
    rule: Rule
    abstaining: Literal["stays", "leaves"] = "stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bylaws:
    """A rule of the coalition. The first reading is the default. Dates are inclusive.

    `adoption` is how likely the case holds it that the rule is adopted, where it says so.
    """

    id: str
    title: str
    readings: tuple[Reading, ...]
    text: str = ""
    source: str = ""
    since: str | None = None
    until: str | None = None
    adoption: float | None = None

    def in_force_on(self, day: str) -> bool:
        """Whether the bylaws were in force on a day (ISO date). Undated bylaws are proposals."""
        if self.since is None and self.until is None:
            return False
        return (self.since or "") <= day[:10] and (self.until is None or day[:10] <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenReading:
    """A reading with the bylaws it belongs to."""

    bylaws: Bylaws
    reading: Reading

    @property
    def key(self) -> str:
        """`1996/ballots`: what `--bylaws` takes."""
        return f"{self.bylaws.id}/{self.reading.id}"


def choose(available: tuple[Bylaws, ...], wanted: tuple[str, ...]) -> tuple[ChosenReading, ...]:
    """The readings asked for: `1996` is its first reading, `1996/ballots` that one.

    Nothing asked for means every reading of every bylaw.

    Raises:
        RequestError: a name is not there.
    """
    if not wanted:
        return tuple(
            ChosenReading(bylaws=bylaws, reading=reading)
            for bylaws in available
            for reading in bylaws.readings
        )
    return tuple(dict.fromkeys(_chosen(available, name) for name in wanted))


def deciding(readings: Sequence[ChosenReading], day: str | None) -> ChosenReading:
    """The reading that decides a vote first reported on a day: of bylaws then in force.

    The first of all where none was in force, or no day is known.
    """
    for chosen in readings:
        if day is not None and chosen.bylaws.in_force_on(day):
            return chosen
    return readings[0]


def _chosen(available: tuple[Bylaws, ...], name: str) -> ChosenReading:
    bylaws_id, _, reading_id = name.partition("/")
    for bylaws in available:
        if bylaws.id != bylaws_id:
            continue
        for reading in bylaws.readings:
            if reading_id in ("", reading.id):
                return ChosenReading(bylaws=bylaws, reading=reading)
    known = [bylaws.id for bylaws in available]
    known += [f"{bylaws.id}/{reading.id}" for bylaws in available for reading in bylaws.readings]
    raise RequestError(
        f"no bylaws {name!r} in this case.{near_miss(name, known)} It has: {', '.join(known)}"
    )


def conditions(rule: Rule) -> Iterator[Condition | Veto]:
    """Every condition and veto of a rule, in the order written."""
    match rule:
        case Condition() | Veto():
            yield rule
        case Not(part=part):
            yield from conditions(part)
        case All(parts=parts) | Any(parts=parts):
            for part in parts:
                yield from conditions(part)
