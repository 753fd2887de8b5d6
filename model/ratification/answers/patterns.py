"""Patterns: what each union can still do, and every way in which the open ones can vote."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial

import numpy as np

from ratification.answers.extremes import highest
from ratification.arrays import Bool
from ratification.case.bounds import Box

MOST_OPEN = 12  # open unions whose patterns are gone through one by one
Selection = tuple[tuple["Option", ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Something a union can still do, with the bounds on its votes and members if it does."""

    approves: bool
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOf:
    """Between `low` and `high` of these unions (by position) approve."""

    unions: frozenset[int]
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """yes * Y + no * N + members * M of several whole unions (by position) is at least `least`."""

    unions: frozenset[int]
    yes: int
    no: int
    members: int
    least: int


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What is possible under one roster. `options` and `abstains` go by union.

    `numbers` and `together` tie unions to one another; `total` bounds all of them together.
    """

    unions: tuple[str, ...]
    options: tuple[tuple[Option, ...], ...]
    abstains: tuple[bool, ...]
    weights: tuple[Fraction, ...]
    numbers: tuple[NumberOf, ...]
    together: tuple[Together, ...]
    total: Box

    @cached_property
    def patterns(self) -> "Patterns":
        """Every way in which the open unions can vote."""
        return Patterns(self)

    @property
    def possible(self) -> bool:
        """Whether the reports leave any result at all."""
        return all(self.options)

    def decided(self, position: int) -> bool | None:
        """Whether a union approves in every result; None while both can be."""
        verdicts = {option.approves for option in self.options[position]}
        return verdicts.pop() if len(verdicts) == 1 else None


class Patterns:
    """All 2**n patterns of n open unions; bit k of a pattern says whether the k-th approves."""

    def __init__(self, prospect: Prospect) -> None:
        self.prospect = prospect
        self.open = [u for u, options in enumerate(prospect.options) if len(options) > 1]
        self.count = 2 ** len(self.open)

    def sums(self, parts: Sequence[Mapping[bool, int]], constant: int = 0) -> np.ndarray:
        """In every pattern, the sum over unions of their part, by whether they approve.

        Whole numbers of any size.
        """
        start = constant
        for u, options in enumerate(self.prospect.options):
            if len(options) == 1:
                start += parts[u][options[0].approves]
        total = np.array([start], dtype=object)
        for u in self.open:
            total = np.concatenate([total + parts[u][False], total + parts[u][True]])
        return total

    def approving(self, position: int) -> Bool[np.ndarray, " pattern"]:
        """In which patterns a union approves."""
        decided = self.prospect.decided(position)
        if decided is not None:
            return np.full(self.count, decided)
        found: np.ndarray = (np.arange(self.count) >> self.open.index(position)) & 1 == 1
        return found

    def selection(self, pattern: int) -> Selection:
        """The one option of every union in a pattern."""
        return tuple(
            (options[pattern >> self.open.index(u) & 1],) if len(options) > 1 else options
            for u, options in enumerate(self.prospect.options)
        )

    @cached_property
    def allowed(self) -> Bool[np.ndarray, " pattern"]:
        """Patterns that no report about several unions rules out."""
        possible = np.ones(self.count, dtype=np.bool_)
        for entry in self.prospect.numbers:
            number = self._over(entry.unions, lambda option: int(option.approves))
            possible &= (number >= entry.low) & (number <= entry.high)
        for several in self.prospect.together:
            if several.unions & set(self.open):
                factors = several.yes, several.no, several.members
                most = self._over(several.unions, partial(_highest, factors=factors))
                possible &= most >= several.least
        return possible

    def _over(self, unions: frozenset[int], part: Callable[[Option], int]) -> np.ndarray:
        parts = [
            {option.approves: part(option) if u in unions else 0 for option in options}
            for u, options in enumerate(self.prospect.options)
        ]
        return self.sums(parts)


def pruned(prospect: Prospect) -> Prospect | None:
    """The prospect without options that no allowed pattern takes; None if there is no pattern."""
    patterns = prospect.patterns
    if not 0 < len(patterns.open) <= MOST_OPEN:
        return prospect
    allowed = np.flatnonzero(patterns.allowed)
    if not len(allowed):
        return None
    options = list(prospect.options)
    for k, u in enumerate(patterns.open):
        taken = set(((allowed >> k) & 1).tolist())
        options[u] = tuple(option for option in options[u] if option.approves in taken)
    return replace(prospect, options=tuple(options))


def _highest(option: Option, *, factors: tuple[int, int, int]) -> int:
    found = highest(option.box, *factors)
    assert found is not None  # options are never empty
    return found
