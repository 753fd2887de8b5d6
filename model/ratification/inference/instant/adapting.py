"""How the proposal comes to lie where the posterior is, and how many copies the weights need."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratification.inference.instant.proposal import Proposal
from ratification.inference.instant.weighing import Problem, Weighted, copy_shares, evaluate
from ratification.inference.numerics import effective_number

Array = np.ndarray
SETTLING, SETTLED = 4.0, 12.0  # effective points a dimension, while adapting and in the end
NOISE = 0.5  # relative variance of the estimated likelihood that a batch may add
MOST_TIMES, MOST_COPIES = 8, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much work a fit is worth, and how often it is doubled where that will not do."""

    points: int = 2048  # of the first lot
    copies: int = 4
    adapting: int = 512  # points of a round
    rounds: int = 12  # at most
    kept: int = 4000  # draws
    retries: int = 6  # lots after the first


DEFAULT_EFFORT = Effort()


def adapt(
    problem: Problem, effort: Effort, rng: np.random.Generator, start: Proposal | None = None
) -> Proposal:
    """A proposal round what is likely, from rounds of points that all count (Cornuet 2012).

    It goes on until the points are worth enough to tell how the parameters vary together.
    """
    dimension = problem.prior.dimension
    proposals = [start or Proposal.prior(dimension)]
    every, likelihood = np.zeros((0, dimension)), np.zeros(0)
    for _ in range(effort.rounds):
        new = proposals[-1].points(effort.adapting, rng)
        density = proposals[-1].log_density(new)
        found = evaluate(problem, new, density, problem.copies(1), rng, exact=False)
        every = np.concatenate([every, new])
        likelihood = np.concatenate([likelihood, found.log_likelihood])
        mixture = np.logaddexp.reduce([p.log_density(every) for p in proposals])
        log_ratio = -0.5 * np.square(every).sum(axis=1) - mixture
        weights, power = tempered(log_ratio, likelihood, SETTLING * dimension)
        proposals.append(Proposal.around(every, weights))
        if power == 1.0 and effective_number(weights) >= SETTLED * dimension:
            break
    return proposals[-1]


def nearer(problem: Problem, lots: Sequence[Weighted]) -> Proposal:
    """A proposal round points that were not good enough."""
    points, log_ratio, log_likelihood = (
        np.concatenate([getattr(each, name) for each in lots])
        for name in ("points", "log_ratio", "log_likelihood")
    )
    weights, _ = tempered(log_ratio, log_likelihood, SETTLING * problem.prior.dimension)
    return Proposal.around(points, weights)


def more_copies(problem: Problem, found: Weighted, copies: Sequence[int]) -> list[int]:
    """More copies of those blocks whose reports are worth the least certain amount."""
    log_weights = found.log_weights
    if not np.isfinite(log_weights).any():
        return [min(2 * each, MOST_COPIES) for each in copies]
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    more = []
    for batch, each in zip(problem.batches, copies, strict=True):
        noise = 0.0
        for block in batch.blocks:
            share = copy_shares(found.local[block]) * each
            noise += float(weights @ share.var(axis=1, ddof=1)) / each
        times = int(np.clip(np.ceil(noise / NOISE), 1, MOST_TIMES))
        more.append(min(each * times, MOST_COPIES))
    return more


def tempered(log_ratio: Array, log_likelihood: Array, enough: float) -> tuple[Array, float]:
    """Weights with as much of the likelihood as leaves enough effective points, and how much."""
    usable = np.where(np.isfinite(log_likelihood), log_likelihood, -1e10)

    def weights(power: float) -> Array:
        log = log_ratio + power * usable
        return np.exp(log - log.max())

    if effective_number(weights(1.0)) >= enough:
        return weights(1.0), 1.0
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective_number(weights(middle)) >= enough else (low, middle)
    return weights(low), low
