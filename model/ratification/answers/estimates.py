"""Probabilities and spreads from worlds, with Monte Carlo errors from the chains' own ESS."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Num, Shaped

from ratification.errors import ConvergenceError
from ratification.inference.fit import ESS_LIMIT
from ratification.inference.numerics import effective_sample_size
from ratification.inference.worlds import Worlds


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A probability and its Monte Carlo standard error."""

    probability: float
    mcse: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference of two probabilities over the same worlds, and its Monte Carlo error."""

    value: float
    mcse: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Mean and 5%, 50%, 95% quantiles."""

    mean: float
    q05: float
    q50: float
    q95: float


def estimate(holds: Bool[np.ndarray, " world"], worlds: Worlds, what: str = "") -> Estimate:
    """How often something holds. The error uses the effective number of posterior draws.

    Where it holds in no world, or in all, that proves nothing: half a world stands in for what
    was not seen, and the error is as large as the probability.

    Raises:
        ConvergenceError: every draw is used and they are worth fewer than 400.
    """
    count = worlds.count
    hits = int(holds.sum())
    if hits in (0, count):
        unseen = 0.5 / (count + 1)
        return Estimate(probability=unseen if hits == 0 else 1 - unseen, mcse=unseen)
    by_draw = _by_draw(holds, worlds)
    ess = effective_sample_size(by_draw)
    if by_draw.size >= 2 * ESS_LIMIT and ess < ESS_LIMIT and 0.01 < hits / count < 0.99:
        raise ConvergenceError(
            f"the chains are worth only {ess:.0f} independent draws for {what or 'an answer'} "
            f"(at least {ESS_LIMIT}): there is no forecast. Try another --seed"
        )
    return Estimate(probability=hits / count, mcse=float(by_draw.std(ddof=1) / np.sqrt(ess)))


def difference(
    first: Bool[np.ndarray, " world"], second: Bool[np.ndarray, " world"], worlds: Worlds
) -> Difference:
    """How much more often the first holds than the second, over the same worlds: paired."""
    apart = first.astype(float) - second
    return Difference(value=float(apart.mean()), mcse=mean_error(apart, worlds))


def mean_error(values: Num[np.ndarray, " world"], worlds: Worlds) -> float:
    """Monte Carlo standard error of the mean over worlds, from the draws' effective number."""
    by_draw = _by_draw(values, worlds)
    return float(by_draw.std(ddof=1) / np.sqrt(effective_sample_size(by_draw)))


def effective_share(values: Shaped[np.ndarray, " world"], worlds: Worlds) -> float:
    """Effective number of draws over their number, at most 1."""
    by_draw = _by_draw(values, worlds)
    return min(1.0, effective_sample_size(by_draw) / by_draw.size)


def _by_draw(values: Shaped[np.ndarray, " world"], worlds: Worlds) -> Num[np.ndarray, "chain draw"]:
    """Mean over the worlds of each posterior draw, as chains."""
    used, position = np.unique(worlds.draw, return_inverse=True)
    sums = np.bincount(position, weights=values.astype(float), minlength=len(used))
    means = sums / np.bincount(position, minlength=len(used))
    whole = len(means) // worlds.chains * worlds.chains
    return means[:whole].reshape(-1, worlds.chains).T


def spread(values: Num[np.ndarray, " world"]) -> Spread:
    """Mean and quantiles of a quantity over worlds."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return Spread(mean=float(values.mean()), q05=float(low), q50=float(middle), q95=float(high))
