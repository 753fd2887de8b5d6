"""Straight lines at any point, by linear regression on those fitted at some of the points.

A line says where the logits of a point lie, what a row's value is there, how steep it is and how
noisy. All of it changes smoothly with the shared parameters, mostly with the scales.
"""

from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.links import Line

Array = np.ndarray
RIDGE = 1e-3  # of standardised columns: some do not vary at all
OUTLYING = 0.05  # of the values at either end are drawn in: at a few points a row is very steep
TINY = 1e-9


class Regressed:
    """Lines as functions of the shared parameters.

    Not beyond the values they were found with, since the far ends are far from linear.
    """

    def __init__(
        self, shared: Shared, line: Line, here: Float[np.ndarray, "block point logit"]
    ) -> None:
        """`line` at the points `shared`; `here` is about where the logits lie."""
        entries = {
            "slopes": line.slopes,
            "here": here,
            "value": line.at(here[:, :, None])[:, :, 0],
            "log_noise": np.log(line.noise),
            "low": line.low,
            "high": line.high,
        }
        usable = np.isfinite(line.start + entries["log_noise"]).all(axis=(0, 2))
        shared, entries = shared[usable], {k: v[:, usable] for k, v in entries.items()}
        columns = shared.columns
        self._middle = columns.mean(axis=0)
        self._spread = columns.std(axis=0) + TINY
        design = self._design(shared)
        penalty = RIDGE * np.eye(design.shape[1])
        solver = np.linalg.solve(design.T @ design + penalty, design.T)
        self._fits = {name: _Fit.of(solver, values) for name, values in entries.items()}

    def at(self, shared: Shared) -> Line:
        """The lines of these points."""
        design = self._design(shared)
        slopes, here, value, log_noise, low, high = (
            each.at(design) for each in self._fits.values()
        )
        start = value - (slopes @ here[..., None])[..., 0]
        return Line(start, slopes, np.exp(log_noise), low, high)

    def _design(self, shared: Shared) -> Array:
        standard = (shared.columns - self._middle) / self._spread
        return np.concatenate([np.ones((len(shared), 1)), standard], axis=1)


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
