"""Straight lines at any point, by way of linear regression on those fitted at some of the points.

Where the logits of a point lie, how steep a row is there, how noisy, and by how much its line runs
beside its value, all change smoothly with the shared parameters, mostly with the scales. The value
itself is worked out at each point.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ratification.arrays import Float
from ratification.errors import ConvergenceError
from ratification.inference.instant.blocks import Batch
from ratification.inference.instant.effects import Effects
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.links import Line, joined
from ratification.inference.instant.straight import linearised
from ratification.inference.sharing import Share, with_streams

Array = np.ndarray
RIDGE = 1e-3  # of standardised columns: some do not vary at all
OUTLYING = 0.05  # of the values at either end are drawn in: at a few points a row is very steep
FARTHEST = 3.0  # standard deviations of a logit from its mean, to where rows are linearised
TINY = 1e-9


class Regressed:
    """Lines as functions of the shared parameters.

    Nothing that is regressed goes beyond the values it was found with.
    """

    def __init__(
        self,
        batch: Batch,
        shared: Shared,
        line: Line,
        here: Float[np.ndarray, "block point logit"],
    ) -> None:
        """`line` at the points `shared`; `here` is about where the logits lie.

        Raises:
            ConvergenceError: at none of the points is it a number.
        """
        self._batch = batch
        usable = np.isfinite(line.start + np.log(line.noise)).all(axis=(0, 2))
        if not usable.any():
            raise ConvergenceError("the instant engine finds no straight line near the reports")
        shared, line, here = shared[usable], line.some(usable), here[:, usable]
        columns = shared.columns
        self._middle, self._spread = columns.mean(axis=0), columns.std(axis=0) + TINY
        design = self._design(shared)
        penalty = RIDGE * np.eye(design.shape[1])
        solver = np.linalg.solve(design.T @ design + penalty, design.T)
        maps = Effects(batch.tree, shared)
        # np.median would load NumPy's masked arrays.
        self._usual_variance = np.quantile(_variance(maps), 0.5, axis=1, keepdims=True)
        self._here = _Fit.of(solver, here)
        here, value = self._middles(design, maps)
        beside = line.at(here[:, :, None])[:, :, 0] - value
        parts = (line.slopes, beside, np.log(line.noise), line.low, line.high)
        self._parts = [_Fit.of(solver, part) for part in parts]

    def at(self, shared: Shared, maps: Effects) -> Line:
        """The lines of these points."""
        design = self._design(shared)
        here, value = self._middles(design, maps)
        slopes, beside, log_noise, low, high = (part.at(design) for part in self._parts)
        # A line runs beside the value by a curvature times a variance, and where scales are tiny
        # that is nothing, which a regression cannot know.
        beside = beside * np.minimum(1.0, _variance(maps) / self._usual_variance)[..., None]
        start = value + beside - (slopes @ here[..., None])[..., 0]
        return Line(start, slopes, np.exp(log_noise), low, high)

    def _middles(self, design: Array, maps: Effects) -> tuple[Array, Array]:
        """About where the logits of these points lie, and the values of the rows there."""
        far = FARTHEST * maps.spreads
        here = maps.means + np.clip(self._here.at(design) - maps.means, -far, far)
        return here, self._batch.links.values(here[:, :, None])[:, :, 0]

    def _design(self, shared: Shared) -> Array:
        standard = (shared.columns - self._middle) / self._spread
        return np.concatenate([np.ones((len(shared), 1)), standard], axis=1)


def fitted_at(
    batch: Batch,
    some: Shared,
    pieces: Sequence[slice],
    rng: np.random.Generator,
    share: Share,
) -> Regressed:
    """Lines fitted at some points, piece by piece, and from them the lines of any."""
    given = with_streams([some[piece] for piece in pieces], rng)
    lines, here = zip(*share(partial(_fitted, batch), given), strict=True)
    return Regressed(batch, some, joined(lines), np.concatenate(here, axis=1))


def _fitted(batch: Batch, given: tuple[Shared, np.random.Generator]) -> tuple[Line, Array]:
    """Lines of some points, and about where the logits lie there."""
    shared, rng = given
    straight, places = linearised(batch, Effects(batch.tree, shared), rng)
    return straight.line, places.mean(axis=2)


def _variance(maps: Effects) -> Float[np.ndarray, "block point"]:
    """Of the logits of a block, on average."""
    return np.asarray(np.square(maps.spreads).mean(axis=2))


@dataclass(frozen=True)
class _Fit:
    """An array (block, point, ...), entry by entry a linear function of the columns of a design."""

    usual: Array  # (block, ...): where nothing varies, the value
    varying: Array  # which entries do
    coefficients: Float[np.ndarray, "column entry"]
    least: Float[np.ndarray, " entry"]
    most: Float[np.ndarray, " entry"]

    @staticmethod
    def of(solver: Float[np.ndarray, "column point"], values: Array) -> "_Fit":
        """By least squares."""
        flat = values.swapaxes(0, 1).reshape(values.shape[1], -1)
        varying = np.flatnonzero((flat != flat[0]).any(axis=0))
        least, most = np.quantile(flat[:, varying], [OUTLYING, 1 - OUTLYING], axis=0)
        coefficients = solver @ np.clip(flat[:, varying], least, most)
        return _Fit(values[:, 0], varying, coefficients, least, most)

    def at(self, design: Float[np.ndarray, "point column"]) -> Array:
        """The array at other points: (block, point, ...)."""
        flat = np.repeat(self.usual.reshape(1, -1), len(design), axis=0)
        flat[:, self.varying] = np.clip(design @ self.coefficients, self.least, self.most)
        return flat.reshape(len(design), *self.usual.shape).swapaxes(0, 1)
