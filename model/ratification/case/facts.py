"""What is known about one round, as values: each ballot in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from ratification.case.evidence import Result

Scope = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A complete count of exactly these leaves, in which nothing smaller is known."""

    scope: Scope
    yes: int
    no: int
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """alpha * yes + beta * no of the scope lies within [low, high]; None is open. All exact."""

    scope: Scope
    alpha: int
    beta: int
    low: int | None
    high: int | None
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRange:
    """A share within [low, high], over `whole`; `scope` is what is not known yet inside it.

    `of` is "ballots" for a yes share, "members" for a turnout. `known_yes`, `known_no` are the
    ballots of `whole` outside `scope`.
    """

    of: str
    whole: Scope
    scope: Scope
    known_yes: int
    known_no: int
    low: Fraction
    high: Fraction
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """Ballots of the scope counted so far; or only the range of their yes share."""

    scope: Scope
    yes: int = 0
    no: int = 0
    low: Fraction | None = None
    high: Fraction | None = None
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Between `low` and `high` of these units approve."""

    units: tuple[str, ...]
    low: int
    high: int
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A straw poll among members of the scope."""

    scope: Scope
    yes: int
    no: int
    reports: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Known:
    """Everything known about one round. `outcomes` holds results stated of single units."""

    round: str
    counts: tuple[Count, ...] = ()
    ranges: tuple[Range, ...] = ()
    shares: tuple[ShareRange, ...] = ()
    partials: tuple[Partial, ...] = ()
    approvals: tuple[Approvals, ...] = ()
    polls: tuple[Poll, ...] = ()
    outcomes: Mapping[str, Result] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def counted(self) -> dict[int, tuple[int, int]]:
        """Leaves whose count is complete: index to (yes, no)."""
        return {
            next(iter(count.scope)): (count.yes, count.no)
            for count in self.counts
            if len(count.scope) == 1
        }

    @property
    def scopes(self) -> frozenset[Scope]:
        """Every set of leaves anything is said about."""
        said = [
            *(count.scope for count in self.counts),
            *(entry.scope for entry in self.ranges),
            *(entry.whole for entry in self.shares),
            *(entry.scope for entry in self.partials),
            *(entry.scope for entry in self.polls),
        ]
        return frozenset(said)
