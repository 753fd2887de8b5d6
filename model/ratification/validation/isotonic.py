"""Reliability: how often what was given a chance happened, as an isotonic fit.

The CORP approach (Dimitriadis, Gneiting and Jordan 2021): the calibrated chance is the isotonic
regression of what happened on the chance given, so nobody chooses bins, and the mean Brier score
is miscalibration - discrimination + uncertainty, each part at least 0.
"""

from dataclasses import dataclass

import numpy as np

from ratification.arrays import Bool, Float


@dataclass(frozen=True, kw_only=True)
class IsotonicFit:
    """Chances in ascending order, the calibrated chance of each, and the parts of the Brier score.

    `miscalibration` is what recalibrating would save, `discrimination` what telling cases apart
    saves against always saying the base rate, `uncertainty` the score of that base rate.
    """

    chance: Float[np.ndarray, " event"]
    happened: Bool[np.ndarray, " event"]
    calibrated: Float[np.ndarray, " event"]
    miscalibration: float
    discrimination: float
    uncertainty: float

    @property
    def brier(self) -> float:
        """The mean Brier score."""
        return self.miscalibration - self.discrimination + self.uncertainty


def isotonic_fit(
    chance: Float[np.ndarray, " event"], happened: Bool[np.ndarray, " event"]
) -> IsotonicFit:
    """The isotonic fit of what happened on the chances given, by pooling adjacent violators.

    Equal chances are pooled first, so the fit is a function of the chance.

    Raises:
        ValueError: there is no event.
    """
    if not len(chance):
        raise ValueError("an isotonic fit needs at least one event")
    from scipy.optimize import isotonic_regression

    order = np.argsort(chance, kind="stable")
    ordered, outcome = chance[order], happened[order]
    _, place, counts = np.unique(ordered, return_inverse=True, return_counts=True)
    means = np.bincount(place, weights=outcome.astype(float)) / counts
    fitted = isotonic_regression(means, weights=counts.astype(float)).x
    calibrated = np.clip(np.asarray(fitted)[place], 0.0, 1.0)
    base = float(outcome.mean())
    score = float(np.square(ordered - outcome).mean())
    recalibrated = float(np.square(calibrated - outcome).mean())
    uncertainty = base * (1 - base)
    return IsotonicFit(
        chance=ordered,
        happened=outcome,
        calibrated=calibrated,
        miscalibration=score - recalibrated,
        discrimination=uncertainty - recalibrated,
        uncertainty=uncertainty,
    )
