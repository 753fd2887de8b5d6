"""Proper scores of chances and of simulated quantities, and what a score is against another.

All scores are negatively oriented: smaller is better. SciPy and scoringrules are imported where
they are used, since both take seconds to import.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float

LEVELS = (0.5, 0.8, 0.95)  # of central intervals


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A central interval of simulated values, and whether the truth lies in it."""

    level: float
    low: float
    high: float
    covered: bool

    @property
    def width(self) -> float:
        """Its width, in the unit of the values."""
        return self.high - self.low


def simulated_chance(hits: int, worlds: int) -> float:
    """The chance of what held in `hits` of `worlds` simulated results: (hits + 1/2) / (worlds + 1).

    The posterior mean of the share under Jeffreys' prior, Beta(1/2, 1/2). Simulation alone never
    says 0 or 1: so the log score of a miss is finite, at most log(2 worlds + 2), and no forecast
    gains by simulating less. What arithmetic decides is not simulated and stays 0 or 1.
    """
    return (hits + 0.5) / (worlds + 1)


def brier(chance: float, happened: bool) -> float:
    """Squared distance of a chance from what happened. Brier 1950."""
    from scoringrules import brier_score

    return float(brier_score(int(happened), chance))


def log_score(chance: float, happened: bool) -> float:
    """Minus the logarithm of the chance given to what happened, in nats. Good 1952.

    Infinite for a chance of 0 or 1 that was wrong: see `simulated_chance`.
    """
    from scoringrules import log_score as logarithmic

    with np.errstate(divide="ignore"):
        return float(logarithmic(int(happened), chance)) + 0.0  # no negative zero


def crps(values: Float[np.ndarray, " world"], truth: float) -> float:
    """Continuous ranked probability score of simulated values, in their unit.

    Gneiting and Raftery 2007, eq. 21, in quantile form: the score of the empirical distribution.
    """
    from scoringrules import crps_ensemble

    return float(crps_ensemble(truth, np.sort(values), sorted_ensemble=True, backend="numpy"))


def intervals(
    values: Float[np.ndarray, " world"], truth: float, levels: Sequence[float] = LEVELS
) -> tuple[Interval, ...]:
    """Central intervals of simulated values, and which of them cover the truth."""
    found = []
    for level in levels:
        low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]).tolist()
        found.append(Interval(level=level, low=low, high=high, covered=low <= truth <= high))
    return tuple(found)


def skill(score: float, baseline: float) -> float:
    """1 - score / baseline: 1 is perfect, 0 no better than the baseline. Murphy 1973.

    Not a number where the baseline's own score is 0.
    """
    return 1.0 - score / baseline if baseline > 0 else float("nan")
