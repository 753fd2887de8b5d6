"""Where truths stand among draws, and whether many of them stand there as they should.

Of a right posterior the truth's place among the draws is uniform (Talts et al. 2018): a central
interval of half of the draws holds it half of the time, and a histogram of places is level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVELS = (0.5, 0.8, 0.95)
CHECKED = 0.999  # central range of binomial hits
BINS = 10  # of the histogram of ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of the truths central intervals held, level by level, and how level ranks are."""

    fitted: int
    covered: tuple[float, ...]
    histogram: tuple[int, ...]

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """Where each share must lie: the central 99.9% of a binomial."""
        return binomial_ranges(self.fitted)

    @property
    def inside(self) -> tuple[bool, ...]:
        """Whether each share lies there."""
        pairs = zip(self.covered, self.ranges, strict=True)
        return tuple(low <= covered <= high for covered, (low, high) in pairs)

    @property
    def level_p(self) -> float:
        """P value of a chi-square test of the histogram."""
        return float(stats.chisquare(self.histogram).pvalue)

    @property
    def covered_p(self) -> tuple[float, ...]:
        """P values of exact binomial tests of the shares."""
        return tuple(
            float(stats.binomtest(round(covered * self.fitted), self.fitted, level).pvalue)
            for covered, level in zip(self.covered, LEVELS, strict=True)
        )


def binomial_ranges(fitted: int) -> tuple[tuple[float, float], ...]:
    """The central 99.9% of shares covered, level by level."""
    tail = (1 - CHECKED) / 2
    ends = [stats.binom.ppf([tail, 1 - tail], fitted, level) / fitted for level in LEVELS]
    return tuple((float(low), float(high)) for low, high in ends)


def coverage(places: Sequence[float]) -> Coverage:
    """Of the places of many truths, each from 0 to 1."""
    at = np.asarray(places)
    return Coverage(
        fitted=len(at),
        covered=tuple(float(np.mean(np.abs(at - 0.5) <= level / 2)) for level in LEVELS),
        histogram=tuple(int(count) for count in np.histogram(at, BINS, (0, 1))[0]),
    )


def share(yes: np.ndarray, ballots: np.ndarray) -> np.ndarray:
    """Yes of ballots; of none, one half."""
    return np.where(ballots > 0, yes / np.maximum(ballots, 1), 0.5)


def place(real: float | np.ndarray, draws: np.ndarray, rng: np.random.Generator) -> float:
    """The truth's place among the draws; among equals, anywhere: counts are whole numbers."""
    below, equal = (draws < real).sum(), (draws == real).sum()
    return float((below + rng.random() * (equal + 1)) / (len(draws) + 1))
