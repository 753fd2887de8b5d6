"""Probabilities and spreads from worlds, with Monte Carlo errors from the chains' own ESS."""

from dataclasses import dataclass

import numpy as np

from ratification.arrays import Bool, Float, Int, Num, Shaped
from ratification.errors import ConvergenceError
from ratification.inference.fit import ESS_LIMIT
from ratification.inference.numerics import effective_number, effective_sample_size
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
    found, ess = rough_estimate(holds, worlds)
    if ess < ESS_LIMIT:
        raise ConvergenceError(
            f"the chains are worth only {ess:.0f} independent draws for {what or 'an answer'} "
            f"(at least {ESS_LIMIT}): there is no forecast. Try another --seed"
        )
    return found


def rough_estimate(holds: Bool[np.ndarray, " world"], worlds: Worlds) -> tuple[Estimate, float]:
    """The same, and how many independent draws it rests on, however few they are.

    Infinite where that is no matter: it holds nearly everywhere or nowhere, or few draws are used.
    """
    count = worlds.count
    hits = int(holds.sum())
    if hits in (0, count):
        unseen = 0.5 / (count + 1)
        found = Estimate(probability=unseen if hits == 0 else 1 - unseen, mcse=unseen)
        return found, np.inf
    draws = Draws(worlds)
    mcse, ess = draws.mcse(draws.tally(None, 1, holds)[:, 0])
    return Estimate(probability=hits / count, mcse=mcse), draws.worth(hits / count, ess)


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


def weighted_estimate(
    holds: Bool[np.ndarray, " world"], weights: Float[np.ndarray, " world"], worlds: Worlds
) -> Estimate:
    """How often something holds in weighted worlds; the error is that of a ratio of two means.

    Where it holds in no world, or in all, half a world of average weight stands in for the rest.
    """
    total = float(weights.sum())
    probability = float(weights[holds].sum()) / total
    hits = int(holds.sum())
    if hits in (0, worlds.count):
        unseen = 0.5 / (effective_number(weights) + 1)
        return Estimate(probability=unseen if hits == 0 else 1 - unseen, mcse=unseen)
    off = weights * (holds - probability) * (worlds.count / total)
    by_draw = _by_draw(off, worlds)
    ess = effective_sample_size(by_draw)
    return Estimate(probability=probability, mcse=float(by_draw.std(ddof=1) / np.sqrt(ess)))


class Draws:
    """The posterior draws that worlds come from, for whoever needs the errors of many answers."""

    def __init__(self, worlds: Worlds) -> None:
        used, self._position = np.unique(worlds.draw, return_inverse=True)
        self._worlds = np.bincount(self._position, minlength=len(used))
        self._chains = worlds.chains

    def tally(
        self,
        group: Int[np.ndarray, " world"] | None,
        groups: int,
        values: Shaped[np.ndarray, " world"],
    ) -> Num[np.ndarray, "draws group"]:
        """Sum of values over the worlds of each draw, by group (0 to `groups` - 1) of worlds."""
        cell = self._position if group is None else self._position * groups + group
        size = len(self._worlds) * groups
        sums = np.bincount(cell, weights=values.astype(float), minlength=size)
        return sums.reshape(-1, groups)

    def chains(self, sums: Num[np.ndarray, " draws"]) -> Num[np.ndarray, "chain draw"]:
        """Means over the worlds of each draw, from their sums, as chains."""
        means = sums / self._worlds
        whole = len(means) // self._chains * self._chains
        return means[:whole].reshape(-1, self._chains).T

    def mcse(self, sums: Num[np.ndarray, " draws"]) -> tuple[float, float]:
        """Monte Carlo standard error of a mean over all worlds, from the sums by draw; and ESS."""
        by_draw = self.chains(sums)
        ess = effective_sample_size(by_draw)
        return float(by_draw.std(ddof=1) / np.sqrt(ess)), ess

    def worth(self, probability: float, ess: float) -> float:
        """The effective sample size where a probability is held to it, else infinite."""
        used = len(self._worlds) // self._chains * self._chains
        held = used >= 2 * ESS_LIMIT and 0.01 < probability < 0.99
        return ess if held else np.inf


def effective_share(values: Shaped[np.ndarray, " world"], worlds: Worlds) -> float:
    """Effective number of draws over their number, at most 1."""
    by_draw = _by_draw(values, worlds)
    return min(1.0, effective_sample_size(by_draw) / by_draw.size)


def _by_draw(values: Shaped[np.ndarray, " world"], worlds: Worlds) -> Num[np.ndarray, "chain draw"]:
    """Mean over the worlds of each posterior draw, as chains."""
    draws = Draws(worlds)
    return draws.chains(draws.tally(None, 1, values)[:, 0])


def spread(values: Num[np.ndarray, " world"]) -> Spread:
    """Mean and quantiles of a quantity over worlds."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return Spread(mean=float(values.mean()), q05=float(low), q50=float(middle), q95=float(high))
