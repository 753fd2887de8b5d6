"""How much the open unions move together, and worlds in which they do so less or more.

Each open union keeps its own results, world by world; only which of them occur together changes,
through an exchangeable Gaussian copula (Sklar 1959). Nothing is fitted again. Reports that bind
several unions together hold within the original worlds only.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ratification.inference.normal import normal_quantile
from ratification.inference.worlds import Worlds

HIGHEST = 0.99


def correlation(worlds: Worlds, unions: Sequence[int]) -> float | None:
    """Mean pairwise correlation of the unions' normal scores; None with fewer than two."""
    if len(unions) < 2:
        return None
    scores = _scores(worlds.count)
    total = np.zeros(worlds.count)
    own = 0.0
    for union in unions:
        _, group, size = np.unique(_results(worlds, union), return_inverse=True, return_counts=True)
        ends = np.cumsum(size)
        # Worlds with the same result share the mean of their scores.
        sums = np.add.reduceat(scores, ends - size)
        column = (sums / size)[group]
        total += column
        own += float(column.var())
    count = len(unions)
    if not own:
        return 0.0
    rho = (float(total.var()) - own) / (own * (count - 1))
    return min(max(rho, 0.0), HIGHEST)


def recoupled(
    worlds: Worlds, unions: Sequence[int], rho: float, rng: np.random.Generator
) -> Worlds:
    """Worlds whose open unions are correlated by `rho`, each with its own results kept."""
    common = rng.standard_normal(worlds.count)
    arrays = {
        name: getattr(worlds, name).copy(order="F")
        for name in ("members", "ballots", "yes", "approves")
    }
    for union in unions:
        own = rng.standard_normal(worlds.count)
        latent = np.sqrt(rho) * common + np.sqrt(1 - rho) * own
        source = np.empty(worlds.count, dtype=np.int64)
        source[np.argsort(latent, kind="stable")] = _order(worlds, union)
        for values in arrays.values():
            values[:, union] = values[source, union]
    return replace(worlds, **arrays)


def _results(worlds: Worlds, union: int) -> np.ndarray:
    """A number that grows from a union's worst result to its best: approval, then yes share."""
    share = worlds.yes[:, union] / np.maximum(worlds.ballots[:, union], 1)
    return np.asarray(share + worlds.approves[:, union])


def _order(worlds: Worlds, union: int) -> np.ndarray:
    """Worlds from the union's worst result to its best."""
    return np.argsort(_results(worlds, union), kind="stable")


def _scores(count: int) -> np.ndarray:
    return normal_quantile((np.arange(count) + 0.5) / count)
