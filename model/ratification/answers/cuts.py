"""Cuts: on which side of a threshold a measure lies, as the sign of a sum over the unions.

Passing a cut is a weighted sum of yes, no and members (or of union weights) being above 0. A rule
is combined from the verdicts of its cuts: 1 where one is passed in every result, -1 where it is
missed in every result, 0 where neither is proven. Then `all` is the smallest, `any` the largest and
`not` the opposite of its parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ratification.answers.judging import PEOPLE
from ratification.case.bylaws import All, Any, Condition, Measure, Not, Rule, Veto

HEAVY = 10**30  # above every count of people: what it multiplies decides, the rest breaks ties

Factors = tuple[int, int, int]  # of yes, no and members
VECTORS: dict[str, Factors] = {"members": (0, 0, 1), "ballots": (1, 1, 0), "yes": (1, 0, 0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Passed where a measure is at least a threshold, or above it if `strict`."""

    measure: Measure
    share: bool
    threshold: Fraction
    strict: bool

    @staticmethod
    def of(condition: Condition) -> "Cut":
        """The cut of a condition; `at_most` and `less_than` hold where it is not passed."""
        return Cut(
            measure=condition.measure,
            share=condition.share,
            threshold=condition.threshold,
            strict=condition.comparison in ("more_than", "at_most"),
        )

    @property
    def scales(self) -> tuple[int, int]:
        """Factors of numerator and denominator: passed where the weighted sum is above 0.

        Where the denominator is zero the measure counts as 0, and so does the sum.
        """
        p, q = self.threshold.numerator, self.threshold.denominator
        return (q, -p) if self.strict else (HEAVY * q, 1 - HEAVY * p)


Atom = Cut | Veto
Verdict = int | np.ndarray


def combined(rule: Rule, verdict_of: Callable[[Atom], Verdict]) -> Verdict:
    """A rule's verdict from those of its cuts and vetoes: numbers, or arrays over patterns."""
    match rule:
        case Condition(comparison=comparison):
            passed = verdict_of(Cut.of(rule))
            return passed if comparison in ("at_least", "more_than") else -passed
        case Veto():
            return verdict_of(rule)
        case Not(part=part):
            return -combined(part, verdict_of)
        case All(parts=parts):
            return _fold(np.minimum, [combined(part, verdict_of) for part in parts])
        case Any(parts=parts):
            return _fold(np.maximum, [combined(part, verdict_of) for part in parts])


def _fold(ufunc: np.ufunc, verdicts: Sequence[Verdict]) -> Verdict:
    found: Verdict = verdicts[0]
    for verdict in verdicts[1:]:
        found = ufunc(found, verdict)
    return found if isinstance(found, np.ndarray) else int(found)


def sign(least: int, most: int) -> int:
    """Whether a sum between these extremes is above 0."""
    if least > 0:
        return 1
    return -1 if most <= 0 else 0


def factors_of(cut: Cut, approves: bool) -> Factors:
    """Factors of a union's yes, no and members in a cut's sum."""
    above, approving, below = PEOPLE[cut.measure]
    top, bottom = cut.scales
    if approving and not approves:
        top = 0
    first, second = VECTORS[above], VECTORS[below]
    yes, no, members = (top * a + bottom * b for a, b in zip(first, second, strict=True))
    return yes, no, members
