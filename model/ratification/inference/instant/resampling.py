"""From weighted points to equally weighted draws, laid out as NUTS draws are."""

from collections.abc import Mapping, Sequence

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.approvals import chosen, convolved, numbers_by_block
from ratification.inference.instant.weighing import Problem, Weighted, averaged, copy_shares

Array = np.ndarray
CHAINS = 4  # the draws are laid out as so many chains


def equally_weighted(
    problem: Problem, lots: Sequence[Weighted], count: int, rng: np.random.Generator
) -> dict[str, Float[np.ndarray, "chain draw ..."]]:
    """Draws of every parameter; about so many, and of every lot as many as it is worth."""
    top = max(each.log_weights.max() for each in lots)
    worth = np.array([np.exp(each.log_weights - top).sum() for each in lots])
    sizes = np.round(count / CHAINS * worth / worth.sum()).astype(int) * CHAINS
    return together(
        [
            resampled(problem, found, size, rng)
            for found, size in zip(lots, sizes.tolist(), strict=True)
            if size
        ]
    )


def resampled(
    problem: Problem, found: Weighted, count: int, rng: np.random.Generator
) -> dict[str, Float[np.ndarray, "chain draw ..."]]:
    """Draws of one lot, by systematic resampling; draws of one point lie together."""
    log_weights = found.log_weights
    order = rng.permutation(len(log_weights))
    weights = np.exp(log_weights - log_weights.max())[order]
    at = order[systematic(weights, count, rng)]
    picks = copies_of(problem, found, at, rng)
    for term, laws in zip(problem.approvals.crossing[1:], found.laws[1:], strict=True):
        law = np.ones((count, 1))
        for block, each in laws.items():
            law = convolved(law, each[at, picks[block]])
        kept = systematic(np.exp(term.log_inside(law)), count, rng)
        at, picks = at[kept], {block: pick[kept] for block, pick in picks.items()}
    return laid_out(problem, found, at, picks)


def systematic(weights: Array, count: int, rng: np.random.Generator) -> Array:
    """Positions in proportion to weights, evenly. Kitagawa 1996."""
    below = np.cumsum(weights / weights.sum())
    return np.searchsorted(below, (np.arange(count) + rng.random()) / count).clip(
        0, len(weights) - 1
    )


def copies_of(
    problem: Problem, found: Weighted, at: Array, rng: np.random.Generator
) -> dict[int, Array]:
    """Which copy of each block goes with each draw: by weight, and as approvals ask."""
    shares = {block: copy_shares(local)[at] for block, local in found.local.items()}
    for term, laws in zip(problem.approvals.crossing[:1], found.laws[:1], strict=True):
        by_block = [averaged(found.local[block], law)[at] for block, law in laws.items()]
        numbers = numbers_by_block(by_block, term, rng.random((len(at), len(laws) + 1)))
        for (block, law), number in zip(laws.items(), numbers, strict=True):
            chance = np.take_along_axis(law[at], number[:, None, None], axis=2)[..., 0]
            shares[block] = shares[block] * chance
    return {block: chosen(share, rng.random(len(at))) for block, share in shares.items()}


def laid_out(
    problem: Problem, found: Weighted, at: Array, picks: dict[int, Array]
) -> dict[str, Array]:
    """Arrays as NUTS draws have them: (chain, draw, ...), in order of the draws."""
    structure = problem.layout.structure
    nodes, again = len(structure.nodes), len(structure.repeated)
    parts = {name: np.zeros((len(at), nodes)) for name in ("z", "z_turnout")}
    if again:
        parts |= {name: np.zeros((len(at), again)) for name in ("lasting", "lasting_turnout")}
    for block, (b, i) in found.of_block.items():
        tree = problem.batches[b].tree
        effects = found.draws[b].effects[i, at, picks[block]]
        own, lasting = tree.nodes[i], tree.repeated[i]
        ends = np.cumsum([len(own), len(own), len(lasting)])
        z, z_turnout, kept, kept_turnout = np.split(effects, ends, axis=1)
        parts["z"][:, own], parts["z_turnout"][:, own] = z, z_turnout
        if again:
            parts["lasting"][:, lasting] = kept
            parts["lasting_turnout"][:, lasting] = kept_turnout
    names = ["mu", "nu", "tau", "tau_turnout", "correlation"]
    names += ["swing"] if len(structure.rounds) > 1 else []
    names += ["persistence"] if again else []
    names += ["beta"] if structure.features else []
    names += ["kappa"] if structure.early_returns else []
    parts |= {name: getattr(found.shared, name)[at] for name in names}
    return {
        name: values.reshape(CHAINS, len(at) // CHAINS, *values.shape[1:])
        for name, values in parts.items()
    }


def together(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Draws of several lots, each in every chain."""
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
