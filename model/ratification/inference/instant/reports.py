"""What has been reported, exactly as the PyMC model has it: log likelihoods of blocks of cells.

The numpy twin of `inference.likelihood`; tests hold the two together term by term.
"""

from copy import copy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ratification.arrays import Float
from ratification.inference.normal import log_between
from ratification.inference.numerics import expit
from ratification.inference.so_far import variance_so_far

Array = np.ndarray


@dataclass(frozen=True)
class Reports:
    """Rows of the likelihood of blocks of one shape, kind by kind; see `terms.COLUMNS`."""

    count_at: Array  # (block, count): which of the block's logits
    counts: Float[np.ndarray, "block count two"]  # how many, out of how many
    scope: Float[np.ndarray, "block row cell"]  # of all rows that are not counts of one cell
    pool: Float[np.ndarray, "block pool two"]
    poll: Float[np.ndarray, "block poll two"]
    so_far: Float[np.ndarray, "block so_far three"]
    range: Float[np.ndarray, "block range six"]
    members: Float[np.ndarray, "block cell"]
    poll_bias: float

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Rows of each kind, as they stand in `scope`."""
        return (
            self.pool.shape[1],
            self.poll.shape[1],
            self.so_far.shape[1],
            self.range.shape[1],
        )

    def log_likelihood(
        self, logits: Float[np.ndarray, "block point copy logit"]
    ) -> Float[np.ndarray, "block point copy"]:
        """Of everything reported about each block, at these logits of its cells."""
        return np.asarray(sum(self.terms(logits).values()))

    def terms(
        self, logits: Float[np.ndarray, "block point copy logit"]
    ) -> dict[str, Float[np.ndarray, "block point copy"]]:
        """The same in parts, by the PyMC model's names of them."""
        found = {"log_counts": self._counts(logits)}
        if self.scope.shape[1]:
            pool, poll, so_far, between = Sums(self.scope, self.members, logits).split(self.sizes)
            ranges = log_between(*self._so_far(so_far)).sum(axis=-1)
            found["log_ranges"] = ranges + log_between(*self._ranges(between)).sum(axis=-1)
            found["log_pooled_counts"] = self._pools(pool).sum(axis=-1)
            found["log_polls"] = self._polls(poll).sum(axis=-1)
        return found

    def _counts(self, logits: Array) -> Array:
        """Binomial, up to a constant."""
        at = picked(logits, self.count_at)
        yes, of = (self.counts[:, None, None, :, i] for i in range(2))
        return np.asarray((yes * at - of * np.logaddexp(0.0, at)).sum(axis=-1))

    def _pools(self, rows: "Sums") -> Array:
        """Ballots, then margin given ballots."""
        yes, counted = columns(self.pool)
        mean, variance = rows.linear(1.0, 1.0)
        slope, left = rows.margin_given_ballots()
        off_ballots = (counted - mean) ** 2 / variance
        margin = 2 * yes - counted - (2 * rows.yes - rows.ballots)
        off_margin = (margin - slope * (counted - mean)) ** 2 / left
        return np.asarray(-0.5 * (off_ballots + off_margin + np.log(variance) + np.log(left)))

    def _polls(self, rows: "Sums") -> Array:
        logit, asked = columns(self.poll)
        share, _ = rows.share()
        variance = self.poll_bias**2 + 1 / (asked * share * (1 - share))
        off = logit - np.log(share) + np.log1p(-share)
        return np.asarray(-0.5 * (off**2 / variance + np.log(variance)))

    def _so_far(self, rows: "Sums") -> tuple[Array, Array]:
        low, high, seen = columns(self.so_far)
        share, _ = rows.share()
        sd = np.sqrt(rows.so_far_variance(seen))
        return (low - share) / sd, (high - share) / sd

    def _ranges(self, rows: "Sums") -> tuple[Array, Array]:
        alpha, beta, low, low_each, high, high_each = columns(self.range)
        mean, variance = rows.linear(alpha, beta)
        sd = np.sqrt(variance)
        return (
            (low + low_each * rows.ballots - mean) / sd,
            (high + high_each * rows.ballots - mean) / sd,
        )


class Sums:
    """Expected votes over the scope of each row; arrays are (block, point, copy, row)."""

    def __init__(self, scope: Array, members: Array, logits: Array) -> None:
        cells = scope.shape[2]
        self.p, self.t = expit(logits[..., :cells]), expit(logits[..., cells:])
        self.by_cell = members[:, None, None] * self.t
        self._onto = scope.transpose(0, 2, 1)
        self.ballots = self._over(self.by_cell)
        self.yes = self._over(self.by_cell * self.p)

    def split(self, sizes: tuple[int, ...]) -> list["Sums"]:
        """The rows of each kind."""
        ends = np.cumsum([0, *sizes])
        return [self._part(slice(a, b)) for a, b in pairwise(ends)]

    def _part(self, rows: slice) -> "Sums":
        part = copy(self)
        part._onto = self._onto[:, :, rows]
        part.ballots, part.yes = self.ballots[..., rows], self.yes[..., rows]
        return part

    def _over(self, values: Array) -> Array:
        blocks, points, copies, cells = values.shape
        product = values.reshape(blocks, points * copies, cells) @ self._onto
        return np.asarray(product.reshape(blocks, points, copies, -1))

    def linear(self, alpha: Array | float, beta: Array | float) -> tuple[Array, Array]:
        """Mean and variance of alpha * yes + beta * no: multinomial, exact; see the model."""
        both = alpha - beta
        ballots, p, t = self.by_cell, self.p, self.t
        mean = both * self.yes + beta * self.ballots
        yes_tp, yes_t = self._over(ballots * p * t * p), self._over(ballots * p * t)
        squares = both**2 * yes_tp + 2 * both * beta * yes_t + beta**2 * self._over(ballots * t)
        variance = (alpha**2 - beta**2) * self.yes + beta**2 * self.ballots - squares
        return mean, np.maximum(variance, 0.0) + 0.25

    def margin_given_ballots(self) -> tuple[Array, Array]:
        """Slope of the margin on ballots, and the variance that is left of the margin."""
        _, of_ballots = self.linear(1.0, 1.0)
        _, of_margin = self.linear(1.0, -1.0)
        yes_t, ballots_t = (
            self._over(self.by_cell * self.p * self.t),
            self._over(self.by_cell * self.t),
        )
        covariance = 2 * (self.yes - yes_t) - (self.ballots - ballots_t)
        slope = covariance / of_ballots
        return slope, np.maximum(of_margin - slope * covariance, 0.25)

    def share(self) -> tuple[Array, Array]:
        """Pooled yes share, and the variance of cell shares round it, by ballots."""
        share = self.yes / self.ballots
        squares = self._over(self.by_cell * self.p * self.p) / self.ballots
        return share, np.maximum(squares - share**2, 0.0)

    def so_far_variance(self, seen: Array) -> Array:
        """Of the yes share of a count so far; `seen` is 0 where its ballots are not known."""
        share, between = self.share()
        places = self.ballots**2 / self._over(self.by_cell**2)
        return variance_so_far(share, between, self.ballots, places, seen)


def picked(values: Array, at: Array) -> Array:
    """values[block, point, copy, at[block, k]]."""
    index = np.broadcast_to(at[:, None, None], (*values.shape[:3], at.shape[1]))
    return np.take_along_axis(values, index, axis=3)


def columns(values: Array) -> list[Array]:
    """The columns of rows, each ready to meet (block, point, copy, row)."""
    return [values[:, None, None, :, i] for i in range(values.shape[2])]
