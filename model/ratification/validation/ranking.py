"""Where truths stand among draws, and whether many of them stand there as they should.

Of a right posterior the truth's place among the draws is uniform (Talts et al. 2018): a central
interval of half of the draws holds it half of the time, and a histogram of places is level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ratification.arrays import Float

LEVELS = (0.5, 0.8, 0.95)
CHECKED = 0.999  # central range of binomial hits
BINS = 10  # of the histogram of places
# Of 100 to 1,000 level ranks ArviZ's p is below 0.1, 0.01 and 0.001 up to 1.5 times too often.
LIBERAL = 1.5
BAND = 0.99  # of right engines whose places stay inside the whole band
POINTS = 100  # of a curve
BAND_RUNS = 1000  # simulated, for the band


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of the truths central intervals held, level by level, and how level places are.

    `uniform_p` is that of `uniform_p_value`.
    """

    fitted: int
    covered: tuple[float, ...]
    histogram: tuple[int, ...]
    uniform_p: float

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """Where each share must lie: the central 99.9% of a binomial."""
        return binomial_ranges(self.fitted)

    @property
    def inside(self) -> tuple[bool, ...]:
        """Whether each share lies there."""
        pairs = zip(self.covered, self.ranges, strict=True)
        return tuple(low <= covered <= high for covered, (low, high) in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """ECDF of places less that of a uniform law, by place, and its simultaneous band.

    Right engines stay inside everywhere with a chance of 99% (Säilynoja et al. 2022).
    """

    at: tuple[float, ...]
    apart: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def binomial_ranges(fitted: int) -> tuple[tuple[float, float], ...]:
    """The central 99.9% of shares covered, level by level."""
    from scipy import stats

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
        uniform_p=uniform_p_value(at),
    )


def uniform_p_value(places: Float[np.ndarray, " fit"]) -> float:
    """P value of uniformity: ArviZ's pointwise test, combined as Cauchy, made conservative.

    It looks at the order statistics of all places, so that it sees intervals that are too narrow
    or too wide, and truths that lie to one side.
    """
    from arviz_stats.base import array_stats

    found, _, _ = array_stats.uniformity_test(places, method="pot_c")
    return min(1.0, LIBERAL * float(found))


def band(places: Sequence[float]) -> Band:
    """The curve of a rank plot."""
    at, low, high = _band(len(places))
    ecdf = np.searchsorted(np.sort(places), at, side="right") / len(places)
    parts = (at, ecdf - at, low - at, high - at)
    return Band(**dict(zip(("at", "apart", "low", "high"), map(_numbers, parts), strict=True)))


def _numbers(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


@cache
def _band(fitted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places, and the lowest and highest ECDF there that right engines have."""
    from arviz_stats.ecdf_utils import get_pointwise_confidence_band, simulate_confidence_bands

    rng = np.random.default_rng(fitted)  # the same band for as many fits, whoever asks
    inner = np.arange(1, POINTS) / POINTS
    pointwise = simulate_confidence_bands(fitted, 1, inner, BAND, BAND_RUNS, rng)
    low, high = get_pointwise_confidence_band(pointwise, fitted, inner)
    ends = [(0.0, *part, 1.0) for part in (inner, low, high)]
    at, lowest, highest = (np.array(part) for part in ends)
    return at, lowest, highest


def share(yes: np.ndarray | np.int64, ballots: np.ndarray | np.int64) -> np.ndarray:
    """Yes of ballots; of none, one half."""
    return np.asarray(np.where(ballots > 0, yes / np.maximum(ballots, 1), 0.5))


def place(real: float | np.ndarray, draws: np.ndarray, rng: np.random.Generator) -> float:
    """The truth's place among the draws; among equals, anywhere: counts are whole numbers."""
    below, equal = (draws < real).sum(), (draws == real).sum()
    return float((below + rng.random() * (equal + 1)) / (len(draws) + 1))
