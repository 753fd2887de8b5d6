"""Errors of mean scores by bootstrap over polling days.

Questions of one day rise and fall together, and so do stages of one vote: the day is what is
drawn again, with all that belongs to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
CONFIDENCE = 0.95
FEWEST_DAYS = 5  # drawing fewer again and again says nothing of how much others would differ


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanScore:
    """A mean over votes, its standard error over days, and a percentile interval at 95%.

    `error` and interval are None where there are fewer than five days.
    """

    mean: float
    error: float | None
    low: float | None
    high: float | None
    votes: int
    days: int


def mean_by_day(
    values: Sequence[float], days: Sequence[str], rng: np.random.Generator
) -> MeanScore:
    """The mean of one value a vote, with its error from drawing whole days again.

    Every vote weighs the same; a resample has as many days, and the votes that they had.

    Raises:
        ValueError: there is no vote.
    """
    if not len(values):
        raise ValueError("a mean needs at least one vote")
    names = sorted(set(days))
    place = [names.index(day) for day in days]
    sums = np.bincount(place, weights=np.asarray(values, dtype=float))
    counts = np.bincount(place).astype(float)
    mean = float(sums.sum() / counts.sum())
    if len(names) < FEWEST_DAYS:
        return MeanScore(
            mean=mean, error=None, low=None, high=None, votes=len(values), days=len(names)
        )
    from scipy.stats import bootstrap

    found = bootstrap(
        (sums, counts),
        _ratio,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=rng,
    )
    return MeanScore(
        mean=mean,
        error=float(found.standard_error),
        low=float(found.confidence_interval.low),
        high=float(found.confidence_interval.high),
        votes=len(values),
        days=len(names),
    )


def _ratio(sums: np.ndarray, counts: np.ndarray, axis: int = -1) -> np.ndarray:
    total: np.ndarray = sums.sum(axis=axis) / counts.sum(axis=axis)
    return total
