"""From the standard normal effects of nodes to the logits of cells, and the transpose of it.

Both are linear given the global parameters. `effects` holds, side by side, what the model calls
z, z_turnout, lasting and lasting_turnout; `logits` holds the logit yes shares of cells, then their
logit turnouts.
"""

from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.globals import Shared


@dataclass(frozen=True)
class Tree:
    """The nodes and cells of blocks of one shape: blocks do not share any of them."""

    cells: np.ndarray  # (block, cell): positions in the structure
    nodes: np.ndarray  # (block, node)
    repeated: np.ndarray  # (block, again)
    incidence: Float[np.ndarray, "block cell node"]
    spread: Float[np.ndarray, "block node again"]  # 1 where a node is one round of a repeated one
    level: np.ndarray  # (block, node)
    scale: Float[np.ndarray, "block node"]
    members: Float[np.ndarray, "block cell"]
    round_of: np.ndarray  # (block, cell)
    features: Float[np.ndarray, "block cell feature"]
    early: Float[np.ndarray, "block cell"]

    @property
    def width(self) -> int:
        """Effects of a block."""
        return int(2 * (self.nodes.shape[1] + self.repeated.shape[1]))


class Effects:
    """The linear map of one set of points; arrays are (block, point, ...)."""

    def __init__(self, tree: Tree, shared: Shared) -> None:
        self.tree = tree
        again = tree.spread.any(axis=2).astype(float)[:, None]  # (block, 1, node)
        share = shared.persistence[None, :, None]
        self.old = np.sqrt(share) * again
        self.fresh = np.sqrt(1.0 - share * again)
        scale = tree.scale[:, None]
        self.yes = shared.tau.T[tree.level].transpose(0, 2, 1) * scale
        turnout = shared.tau_turnout.T[tree.level].transpose(0, 2, 1) * scale
        rho = shared.correlation[None, :, None] * (tree.level == 0)[:, None]
        self.turnout_of_yes = turnout * rho
        self.turnout = turnout * np.sqrt(1.0 - rho**2)
        self.means = np.concatenate([self._yes_means(shared), self._turnout_means(shared)], axis=2)

    def _yes_means(self, shared: Shared) -> np.ndarray:
        tree = self.tree
        means = shared.round_means.T[tree.round_of].transpose(0, 2, 1)
        covariates = np.einsum("gf,bcf->bgc", shared.beta, tree.features)
        means = means + covariates + shared.kappa[None, :, None] * tree.early[:, None]
        return np.asarray(means)

    def _turnout_means(self, shared: Shared) -> np.ndarray:
        return np.asarray(shared.nu.T[self.tree.round_of].transpose(0, 2, 1))

    @property
    def spreads(self) -> Float[np.ndarray, "block point logit"]:
        """Standard deviations of the logits."""
        onto = self.tree.incidence.transpose(0, 2, 1)
        of_turnout = self.turnout_of_yes**2 + self.turnout**2
        variances = [across(part[:, :, None], onto) for part in (self.yes**2, of_turnout)]
        return np.sqrt(np.concatenate(variances, axis=3)[:, :, 0])

    def logits(
        self, effects: Float[np.ndarray, "block point copy effect"]
    ) -> Float[np.ndarray, "block point copy logit"]:
        """Logits above their means, for several sets of effects a point."""
        nodes, again = self.tree.nodes.shape[1], self.tree.repeated.shape[1]
        z, z_turnout, lasting, lasting_turnout = np.split(
            effects, np.cumsum([nodes, nodes, again]), axis=3
        )
        yes, turnout = self.fresh[:, :, None] * z, self.fresh[:, :, None] * z_turnout
        if again:
            spread = self.tree.spread.transpose(0, 2, 1)
            yes = yes + self.old[:, :, None] * across(lasting, spread)
            turnout = turnout + self.old[:, :, None] * across(lasting_turnout, spread)
        onto = self.tree.incidence.transpose(0, 2, 1)
        both = self.turnout_of_yes[:, :, None] * yes + self.turnout[:, :, None] * turnout
        logits = across(self.yes[:, :, None] * yes, onto), across(both, onto)
        return np.concatenate(logits, axis=3)

    def pulled(
        self, slopes: Float[np.ndarray, "block #point row logit"]
    ) -> Float[np.ndarray, "block point row effect"]:
        """Slopes by effects of what has these slopes by logits: the transpose of `logits`."""
        nodes, again = self.tree.nodes.shape[1], self.tree.repeated.shape[1]
        parts = np.split(slopes, [self.tree.cells.shape[1]], axis=3)
        by_yes, by_turnout = (across(part, self.tree.incidence) for part in parts)

        def effects(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            yes, both, turnout = (
                (scale * share)[:, :, None]
                for scale in (self.yes, self.turnout_of_yes, self.turnout)
            )
            return by_yes * yes + by_turnout * both, by_turnout * turnout

        found = np.empty((*self.means.shape[:2], slopes.shape[2], self.tree.width))
        found[..., :nodes], found[..., nodes : 2 * nodes] = effects(self.fresh)
        if again:
            lasting = (across(part, self.tree.spread) for part in effects(self.old))
            found[..., 2 * nodes : -again], found[..., -again:] = lasting
        return found


def across(
    values: Float[np.ndarray, "block point row before"],
    matrix: Float[np.ndarray, "block before after"],
) -> Float[np.ndarray, "block point row after"]:
    """A block's one matrix applied to all its rows: a few large products, not many small ones."""
    blocks, points, rows, before = values.shape
    product = values.reshape(blocks, points * rows, before) @ matrix
    return np.asarray(product.reshape(blocks, points, rows, matrix.shape[2]))
