"""Reach: how low and how high a measure can still be, for people to read beside a standing."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ratification.answers.deciding import Decider
from ratification.case.bylaws import COUNTED, Condition, Measure

GRAIN = 2000  # shares are found to half a tenth of a per cent, enough to round to a tenth


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Lowest and highest of a measure: union weight, or a share to within half a GRAIN.

    A share of 1 or 0 may only mean that members are not bounded.
    """

    low: Fraction
    high: Fraction


def reach(condition: Condition, deciders: Sequence[Decider]) -> Reach:
    """How far a condition's measure can go under any roster.

    What unions do together may hold it in a narrower range.
    """
    if condition.measure in COUNTED:
        ranges = [decider.number(condition.measure, condition.share) for decider in deciders]
        return Reach(low=min(low for low, _ in ranges), high=max(high for _, high in ranges))
    low = min(_cell(condition.measure, decider, always=True) for decider in deciders)
    high = max(_cell(condition.measure, decider, always=False) for decider in deciders)
    return Reach(low=_within(low), high=_within(high))


def _cell(measure: Measure, decider: Decider, *, always: bool) -> int:
    """The last multiple of 1 / GRAIN that is always, or can be, reached."""
    proven = 1 if always else 0
    low, high = 0, GRAIN
    middle = 1 if always else GRAIN  # so it is most often while little is known
    while low < high:
        if decider.reaches(measure, Fraction(middle, GRAIN)) >= proven:
            low = middle
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    return low


def _within(cell: int) -> Fraction:
    return Fraction(min(2 * cell + 1, 2 * GRAIN), 2 * GRAIN) if cell else Fraction(0)
