"""Points of the shared parameters, with draws of every block at each, and what they are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.approvals import Approvals, convolved
from ratification.inference.instant.blocks import batches, find_blocks
from ratification.inference.instant.draws import Draws, draw
from ratification.inference.instant.globals import Shared, SharedPrior
from ratification.inference.sharing import Share, alone
from ratification.inference.structure import Layout

Array = np.ndarray
# With half as many, in lots half as large, one union's yes share on SEBAC's last day came out 0.001
# to 0.002 too high, and no check saw it (docs/instant-engine.md).
TIED = 2  # times as many copies of a block of several unions,
FEWEST_TIED = 3  # and no fewer: the rounds that adapt the proposal have one of others


class Problem:
    """A layout, ready to be evaluated at points."""

    def __init__(self, layout: Layout, share: Share = alone) -> None:
        """`share` draws what takes long."""
        self.layout = layout
        self.share = share
        self.prior = SharedPrior(layout.structure, layout.priors)
        self.blocks = find_blocks(layout.structure, layout.data)
        bias = layout.priors.poll_bias.sd
        self.batches = list(batches(layout.structure, layout.data, bias, self.blocks))
        self.approvals = Approvals(layout, self.blocks)
        self.silent = not self.approvals.terms and not any(batch.said for batch in self.batches)

    def copies(self, each: int) -> list[int]:
        """Copies by batch: more of blocks in which reports tie several unions together."""
        tied = max(each * TIED, FEWEST_TIED)
        return [tied if batch.tied else each for batch in self.batches]


@dataclass(frozen=True)
class Drawn:
    """Draws of every block at some points, and how likely the reports are there."""

    shared: Shared
    draws: tuple[Draws, ...]  # by batch
    of_block: dict[int, tuple[int, int]]  # batch and place in it, of a block
    local: dict[int, Array]  # log weights of a block's copies: (point, copy)
    laws: tuple[dict[int, Array], ...]  # by crossing term and block: (point, copy, number)
    log_likelihood: Array  # of all reports, by point, whatever the effects are


@dataclass(frozen=True)
class Weighted(Drawn):
    """The same at points of a proposal, and what each is worth."""

    points: Array
    log_ratio: Array  # of prior to proposal, by point

    @property
    def log_weights(self) -> Array:
        """What the points are worth."""
        return np.asarray(self.log_likelihood + self.log_ratio)


def evaluate(
    problem: Problem,
    points: Array,
    log_density: Array,
    copies: Sequence[int],
    rng: np.random.Generator,
    *,
    exact: bool = True,
) -> Weighted:
    """Draw every block at every point, so many copies by batch, and weigh the points."""
    drawn = draw_blocks(problem, problem.prior.shared(points), copies, rng, exact=exact)
    log_ratio = -0.5 * np.square(points).sum(axis=1) - log_density
    return Weighted(**vars(drawn), points=points, log_ratio=log_ratio)


def draw_blocks(
    problem: Problem,
    shared: Shared,
    copies: Sequence[int],
    rng: np.random.Generator,
    *,
    exact: bool = True,
) -> Drawn:
    """Draw every block at these shared parameters, so many copies by batch."""
    draws = tuple(
        draw(batch, shared, each, rng, exact=exact, share=problem.share)
        for batch, each in zip(problem.batches, copies, strict=True)
    )
    of_block = {
        block: (b, i)
        for b, batch in enumerate(problem.batches)
        for i, block in enumerate(batch.blocks)
    }
    local = {block: draws[b].log_weights[i] for block, (b, i) in of_block.items()}

    def logits(block: int) -> Array:
        b, i = of_block[block]
        return np.asarray(draws[b].logits[i])

    approvals = problem.approvals
    for term in approvals.local:
        block = next(iter(term.units))
        local[block] = local[block] + term.log_inside(approvals.law(term, block, logits(block)))
    laws = tuple(
        {block: approvals.law(term, block, logits(block)) for block in term.units}
        for term in approvals.crossing
    )
    log_likelihood = sum((log_mean(weights) for weights in local.values()), np.zeros(len(shared)))
    for term, by_block in zip(approvals.crossing[:1], laws[:1], strict=True):
        law = np.ones((len(shared), 1))
        for block, each in by_block.items():
            law = convolved(law, averaged(local[block], each))
        log_likelihood = log_likelihood + term.log_inside(law)
    return Drawn(shared, draws, of_block, local, laws, log_likelihood)


def averaged(
    log_weights: Float[np.ndarray, "point copy"], law: Float[np.ndarray, "point copy number"]
) -> Float[np.ndarray, "point number"]:
    """A law averaged over the copies of a point, by weight."""
    share = copy_shares(log_weights)
    return np.asarray((share[..., None] * law).sum(axis=1))


def copy_shares(log_weights: Float[np.ndarray, "point copy"]) -> Float[np.ndarray, "point copy"]:
    """Weights of the copies of each point, which sum to one."""
    top = log_weights.max(axis=1, keepdims=True)
    share = np.exp(log_weights - np.where(np.isfinite(top), top, 0.0))
    total = share.sum(axis=1, keepdims=True)
    return np.where(total > 0, share / np.where(total > 0, total, 1.0), 1.0 / share.shape[1])


def log_mean(log_weights: Float[np.ndarray, "point copy"]) -> Float[np.ndarray, " point"]:
    """Log of the mean weight of the copies of each point."""
    top = log_weights.max(axis=1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(log_weights - safe[:, None]).mean(axis=1)) + safe)
