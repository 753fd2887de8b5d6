"""Whether what was given a chance happened as often: probabilities against what came true."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)  # of chances told apart
CHECKED = 0.999  # central range of what may come true


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Forecasts with chances from `low` to `high`, their mean, and how many came true.

    `least` and `most` bound how many may, in 99.9% of cases, if the chances are right; `p` is
    the exact two-sided p value of how many did (Poisson-binomial).
    """

    low: float
    high: float
    forecasts: int
    chance: float
    true: int
    least: int
    most: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Of all forecasts of one thing: all together, and by chance."""

    overall: Group
    groups: tuple[Group, ...]

    @property
    def ps(self) -> tuple[float, ...]:
        """Every p value, for whoever corrects for their number."""
        return (self.overall.p, *(group.p for group in self.groups))


def reliability(chances: Sequence[float], true: Sequence[bool]) -> Reliability:
    """Of chances, none of them 0 or 1, and whether what they were given to came true."""
    p, y = np.asarray(chances, dtype=float), np.asarray(true, dtype=bool)
    groups = []
    for low, high in pairwise(EDGES):
        here = (p >= low) & (p < high)
        if here.any():
            groups.append(_group(p[here], y[here], low, high))
    return Reliability(overall=_group(p, y, 0.0, 1.0), groups=tuple(groups))


def _group(p: np.ndarray, y: np.ndarray, low: float, high: float) -> Group:
    from scipy import stats

    hits = int(y.sum())
    law = np.cumsum(stats.poisson_binom(p).pmf(np.arange(len(p) + 1)))
    tail = (1 - CHECKED) / 2
    least, most = np.searchsorted(law, [tail, 1 - tail])
    upper = 1.0 if hits == 0 else 1.0 - float(law[hits - 1])
    two_sided = 2 * min(float(law[hits]), upper)
    return Group(
        low=low,
        high=high,
        forecasts=len(p),
        chance=float(p.mean()),
        true=hits,
        least=int(least),
        most=int(most),
        p=float(np.clip(two_sided, 0.0, 1.0)),
    )
