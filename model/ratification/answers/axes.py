"""Axes of a sweep: the thresholds that one condition of a rule is tried at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor

import numpy as np

from ratification.answers.judging import Results, holds_at, measure
from ratification.answers.rule_parts import upward
from ratification.arrays import Int
from ratification.case.bylaws import Comparison, Condition, Reading, Rule, Veto, conditions
from ratification.errors import RequestError

PERCENT = 100  # thresholds of a share are tried in whole percents
MOST_AXES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One condition of a rule and, from the lowest up, what it is at every threshold.

    Every whole percent, or every whole number of unions from 0, in the condition's own direction,
    and between them thresholds that some bylaws name, such as two thirds or more than half.
    """

    position: int
    thresholds: tuple[Condition, ...]
    top: Fraction  # the highest value the measure can have

    @property
    def upward(self) -> bool:
        """Whether the condition holds above its threshold: higher thresholds are harder to meet."""
        return upward(self.thresholds[0])

    @property
    def easiest_first(self) -> tuple[int, ...]:
        """Indexes of the thresholds, from the one that is easiest to meet."""
        order = range(len(self.thresholds))
        return tuple(order if self.upward else reversed(order))

    def at(self, condition: Condition) -> int | None:
        """Where a threshold stands; None where it is no threshold of this axis."""
        for index, there in enumerate(self.thresholds):
            if _place(there) == _place(condition) and _alike(there, condition):
                return index
        return None

    def idle(self, index: int) -> bool:
        """Whether any result meets the threshold, so that it asks for nothing."""
        there = self.thresholds[index]
        if self.upward:
            return there.threshold == 0 and there.comparison == "at_least"
        return there.comparison == "at_most" and there.threshold >= self.top

    def met(self, results: Results, reading: Reading) -> Int[np.ndarray, " world"]:
        """How many thresholds each world meets: the lowest of an upward axis, else the highest."""
        first = self.thresholds[0]
        found = measure(first.measure, results, share=first.share, abstaining=reading.abstaining)
        scale = PERCENT if first.share else 1
        base = [there for there in self.thresholds if _on_grid(there, scale)]
        below = np.maximum(found.denominator, 1)
        reached = found.numerator * scale
        met: np.ndarray
        if self.upward:
            met = np.minimum(reached // below, len(base) - 1) + 1
        else:
            met = len(base) - np.minimum(-(-reached // below), len(base))
        for there in self.thresholds:
            if not _on_grid(there, scale):
                met += holds_at(there, found)
        return met


def axis_of(rule: Rule, position: int, total: Fraction, also: Iterable[Condition] = ()) -> Axis:
    """The axis of one condition; `total` is the weight of all unions.

    The thresholds of conditions in `also` that are otherwise like it are tried too.
    """
    condition = list(conditions(rule))[position]
    if isinstance(condition, Veto):
        raise AssertionError("a veto has no threshold")
    comparison: Comparison = "at_least" if upward(condition) else "at_most"
    most, scale = (PERCENT, PERCENT) if condition.share else (floor(total), 1)
    grid = [
        replace(
            condition,
            comparison=comparison,
            threshold=Fraction(value, scale),
            text=f"{value}%" if condition.share else str(value),
        )
        for value in range(most + 1)
    ]
    found = {_place(there): there for there in grid}
    for there in (*(other for other in also if _alike(other, condition)), condition):
        found[_place(there)] = there  # as its author wrote it
    return Axis(
        position=position,
        thresholds=tuple(found[place] for place in sorted(found)),
        top=Fraction(1) if condition.share else total,
    )


def chosen_positions(rule: Rule, wanted: Sequence[str]) -> tuple[int, ...]:
    """Positions of the conditions that are the axes: the first two, or those named.

    A condition is named by its measure, or by its number in the rule, from 1.

    Raises:
        RequestError: no such condition, one named twice, too many, or no threshold to move.
    """
    parts = list(conditions(rule))
    movable = [index for index, part in enumerate(parts) if isinstance(part, Condition)]
    if not movable:
        raise RequestError("this rule has no threshold to move: it only names unions")
    found = [_position(parts, movable, name) for name in wanted] or movable[:MOST_AXES]
    if len(found) > MOST_AXES or len(set(found)) < len(found):
        raise RequestError(f"name one or two different conditions. {_listed(parts, movable)}")
    return tuple(found)


def _position(parts: Sequence[Condition | Veto], movable: Sequence[int], name: str) -> int:
    named = [index for index in movable if name in (str(index + 1), _measure(parts[index]))]
    if len(named) == 1:
        return named[0]
    several = "names several conditions" if named else "names no condition with a threshold"
    raise RequestError(f"{name!r} {several} of this rule. {_listed(parts, movable)}")


def _listed(parts: Sequence[Condition | Veto], movable: Sequence[int]) -> str:
    told = [f"{index + 1}: {_measure(parts[index])}" for index in movable]
    return f"It has {'; '.join(told)}"


def _measure(part: Condition | Veto) -> str:
    return part.measure if isinstance(part, Condition) else ""


def _place(condition: Condition) -> tuple[Fraction, bool]:
    """Where a threshold stands among others: "more than half" comes after "at least half"."""
    return condition.threshold, condition.comparison in ("more_than", "at_most")


def _alike(first: Condition, second: Condition) -> bool:
    """Whether two conditions differ in their thresholds alone."""
    return (first.measure, first.share, upward(first)) == (
        second.measure,
        second.share,
        upward(second),
    )


def _on_grid(condition: Condition, scale: int) -> bool:
    whole = (condition.threshold * scale).denominator == 1
    return whole and condition.comparison in ("at_least", "at_most")
