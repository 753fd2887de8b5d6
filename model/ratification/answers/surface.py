"""Surfaces: how likely a rule is at every pair of thresholds, from one pass over the worlds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain, combinations, product

import numpy as np

from ratification.answers.axes import Axis, axis_of
from ratification.answers.because import positive
from ratification.answers.judging import Abstaining, Results, judge
from ratification.answers.rule_parts import replaced
from ratification.arrays import Int
from ratification.case.bylaws import All, Condition, Measure, Reading, conditions

Truth = tuple[bool, ...]  # of the axes' conditions
Index = tuple[int, ...]  # of a threshold on every axis


@dataclass(frozen=True, kw_only=True)
class Surface:
    """In how many worlds a rule holds at each choice of its axes' thresholds.

    `passes` has one dimension an axis, thresholds in the order of the axis. What the rule asks
    beside its axes stays as it is.
    """

    reading: Reading
    axes: tuple[Axis, ...]
    passes: Int[np.ndarray, "..."]
    worlds: int
    met: tuple[Int[np.ndarray, " world"], ...]
    judged: "_Judged"

    def probability(self, at: Index) -> float:
        """Share of worlds in which the rule with these thresholds holds."""
        return float(self.passes[at]) / self.worlds

    def rule(self, at: Index) -> Reading:
        """The reading with these thresholds."""
        moved = {axis.position: axis.thresholds[i] for axis, i in zip(self.axes, at, strict=True)}
        rule = replaced(self.reading.rule, moved)
        if isinstance(rule, bool):
            raise AssertionError("conditions were replaced by conditions")
        return replace(self.reading, rule=rule)

    def place(self, other: Reading) -> Index | None:
        """Where another reading lies on the surface; None where it is another kind of rule."""
        theirs = differing(other, self.reading, [axis.position for axis in self.axes])
        if theirs is None:
            return None
        at = [axis.at(part) for axis, part in zip(self.axes, theirs, strict=True)]
        known = tuple(index for index in at if index is not None)
        return known if len(known) == len(at) else None


def surface(reading: Reading, axes: Sequence[Axis], results: Results) -> Surface:
    """The surface of a reading over one or two axes.

    With the other conditions of a world fixed, the rule is a polynomial in the truth of the axes'
    conditions. Each of its terms is counted by one histogram, summed up from the strict end.
    """
    shape = tuple(len(axis.thresholds) for axis in axes)
    met = tuple(axis.met(results, reading) for axis in axes)
    judged = _Judged(reading, axes, results)
    passes = np.zeros(shape, dtype=np.int64)
    every = range(len(axes))
    for term in chain.from_iterable(combinations(every, size) for size in range(len(axes) + 1)):
        factor = judged.factor(term)
        if np.ndim(factor) == 0 and factor == 0:
            continue
        counts = _histogram([met[axis] for axis in term], [shape[axis] for axis in term], factor)
        if not term and np.ndim(factor) == 0:
            counts = counts * len(results.members)
        for place, axis in enumerate(term):
            counts = reached(counts, place, upward=axes[axis].upward)
        passes += np.expand_dims(counts, tuple(axis for axis in every if axis not in term))
    return Surface(
        reading=reading,
        axes=tuple(axes),
        passes=passes,
        worlds=len(results.members),
        met=met,
        judged=judged,
    )


def unions_by_share(results: Results, share: Measure, abstaining: Abstaining = "stays") -> Surface:
    """At least so many unions approve, from 0 up, and a share is at least so many whole percents.

    What the unions count for is their weight.
    """
    asked: tuple[tuple[Measure, bool], ...] = (("approving unions", False), (share, True))
    parts = tuple(
        Condition(
            measure=measure, comparison="at_least", threshold=Fraction(0), share=is_share, text="0"
        )
        for measure, is_share in asked
    )
    rule = All(parts=parts)
    reading = Reading(id="unions-and-share", title="", rule=rule, abstaining=abstaining)
    axes = [axis_of(rule, i, sum(results.weights, Fraction(0))) for i in range(len(parts))]
    return surface(reading, axes, results)


def differing(
    other: Reading, reading: Reading, positions: Sequence[int]
) -> tuple[Condition, ...] | None:
    """Another reading's conditions at these positions, if the two differ in nothing else.

    `reading` says nothing by `not`, see `positive`.
    """
    rule = positive(other.rule)
    theirs, ours = list(conditions(rule)), list(conditions(reading.rule))
    if len(theirs) != len(ours) or other.abstaining != reading.abstaining:
        return None
    found = tuple(part for part in (theirs[i] for i in positions) if isinstance(part, Condition))
    if len(found) < len(positions):
        return None
    moved = dict(zip(positions, found, strict=True))
    return found if replaced(reading.rule, moved) == rule else None


def _histogram(
    met: Sequence[np.ndarray], shape: Sequence[int], factor: int | np.ndarray
) -> np.ndarray:
    """Sum of the factor over the worlds that meet so many thresholds of each axis."""
    if not met:
        return np.asarray(np.sum(factor), dtype=np.int64)
    sizes = [size + 1 for size in shape]
    cell = met[0]
    for other, size in zip(met[1:], sizes[1:], strict=True):
        cell = cell * size + other
    if np.ndim(factor) == 0:
        counts = np.bincount(cell, minlength=int(np.prod(sizes))) * int(factor)
    else:  # sums of whole numbers are exact in a float
        sums = np.bincount(cell, weights=factor, minlength=int(np.prod(sizes)))
        counts = np.rint(sums).astype(np.int64)
    return np.asarray(counts.reshape(sizes))


def reached(counts: np.ndarray, axis: int, *, upward: bool) -> np.ndarray:
    """From "meets exactly m thresholds" to "meets the threshold", along one axis."""
    tail = np.flip(np.flip(counts, axis).cumsum(axis=axis), axis)
    reached = np.delete(tail, 0, axis=axis)  # m of 0 meets none
    return reached if upward else np.flip(reached, axis)


class _Judged:
    """Whether the rule holds, by world, for each choice of what its axes' conditions say."""

    def __init__(self, reading: Reading, axes: Sequence[Axis], results: Results) -> None:
        self.reading = reading
        self.positions = [axis.position for axis in axes]
        self.results = results

    @cached_property
    def by_truth(self) -> Mapping[Truth, int | np.ndarray]:
        """A number, 0 or 1, where nothing is left to ask of a world."""
        found: dict[Truth, int | np.ndarray] = {}
        for truth in product((False, True), repeat=len(self.positions)):
            settled = dict(zip(self.positions, truth, strict=True))
            rule = replaced(self.reading.rule, settled)
            if isinstance(rule, bool):
                found[truth] = int(rule)
            else:
                found[truth] = judge(replace(self.reading, rule=rule), self.results).astype(np.int8)
        return found

    def factor(self, term: Index) -> int | np.ndarray:
        """The factor of a product of conditions in the rule as a polynomial of its conditions."""
        total: int | np.ndarray = 0
        for size in range(len(term) + 1):
            for inside in combinations(term, size):
                truth = tuple(axis in inside for axis in range(len(self.positions)))
                total = total + (-1) ** (len(term) - size) * self.by_truth[truth]
        return total
