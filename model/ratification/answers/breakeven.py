"""Break-even: how strong the effect of published early returns must be to change the answer.

The effect is kappa times the balance of results published before a leaf's own, from -1 (all were
rejections) to 1. Its strength is held fixed and swept; every strength is fitted with the same seed,
so that the curve is smoother than its points' own errors say.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ratification.answers.estimates import Estimate
from ratification.answers.run import Run
from ratification.case.bylaws import ChosenReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A reading's chance at one strength of the effect (logit)."""

    strength: float
    estimate: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Where a chance crosses the target, with the error that the chances' errors make in it."""

    strength: float
    mcse: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A reading's chance by strength, and where it crosses the target; None where it does not."""

    bylaws: str
    reading: str
    standing: str
    points: tuple[Point, ...]
    crossing: Crossing | None


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """Curves of all readings; `inert` where no result was out before another unit's own.

    `gaps` are strengths at which no fit converged.
    """

    run: Run
    target: float
    strongest: float
    inert: bool
    gaps: tuple[float, ...]
    curves: tuple[Curve, ...]


def curve_of(chosen: ChosenReading, standing: str, points: Sequence[Point], target: float) -> Curve:
    """A reading's curve, its points by strength."""
    ordered = tuple(sorted(points, key=lambda point: point.strength))
    decided = standing != "open"
    return Curve(
        bylaws=chosen.bylaws.id,
        reading=chosen.reading.id,
        standing=standing,
        points=ordered,
        crossing=None if decided else _crossing(ordered, target),
    )


def bracket(points: Sequence[Point], target: float) -> tuple[Point, Point] | None:
    """Neighbours between which the chance crosses the target, nearest to no effect at all."""
    ordered = sorted(points, key=lambda point: point.strength)
    found = [
        (left, right)
        for left, right in pairwise(ordered)
        if (left.estimate.probability < target) is not (right.estimate.probability < target)
    ]
    return min(found, key=_from_nothing, default=None)


def _from_nothing(pair: tuple[Point, Point]) -> float:
    return min(abs(point.strength) for point in pair)


def between(pair: tuple[Point, Point], target: float) -> float:
    """Where a straight line between two points reaches the target."""
    left, right = pair
    rise = right.estimate.probability - left.estimate.probability
    part = (target - left.estimate.probability) / rise
    return left.strength + part * (right.strength - left.strength)


def _crossing(points: Sequence[Point], target: float) -> Crossing | None:
    """The crossing nearest to no effect.

    How steep the curve is there is told by the points around the two that it lies between: these
    can be so close that their difference is mostly noise.
    """
    pair = bracket(points, target)
    if pair is None:
        return None
    place = points.index(pair[0])
    around = points[max(place - 1, 0)], points[min(place + 2, len(points) - 1)]
    slope = abs(_slope(*around)) or abs(_slope(*pair))
    error = max(point.estimate.mcse for point in pair)
    return Crossing(strength=between(pair, target), mcse=error / slope)


def _slope(left: Point, right: Point) -> float:
    rise = right.estimate.probability - left.estimate.probability
    return rise / (right.strength - left.strength)


def split_at(strength: float) -> float:
    """Yes share of a unit that is split evenly by itself, after nothing but rejections."""
    return 1 / (1 + math.exp(strength))
