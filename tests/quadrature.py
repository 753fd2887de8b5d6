"""Posteriors of small cases by quadrature over a grid: nothing is sampled."""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import log_expit


@dataclass(frozen=True)
class Grid:
    """A mean and a scale on a grid, with their posterior weights given counts of some unions."""

    mean: np.ndarray  # (mean, scale)
    scale: np.ndarray
    weight: np.ndarray

    def expect(self, values: np.ndarray) -> float:
        """Posterior mean of values on the grid."""
        return float((values * self.weight).sum())

    def next_union(self, at: np.ndarray) -> np.ndarray:
        """Probabilities of another union's logit in the cells round `at`, evenly spaced."""
        half = (at[1] - at[0]) / 2
        edges = np.concatenate([[-np.inf], at[:-1] + half, [np.inf]])
        flat = zip(self.mean.ravel(), self.scale.ravel(), self.weight.ravel(), strict=True)
        total = np.zeros(len(edges))
        for mean, scale, weight in flat:
            total += weight * stats.norm.cdf(edges, mean, scale)
        return np.diff(total)


def posterior(
    mean: tuple[float, float],
    scale: float,
    counted: list[tuple[int, int]],
    points: int = 161,
    *,
    scale_mean: float = 0.0,
    prior_power: float = 1.0,
    likelihood_power: float = 1.0,
) -> Grid:
    """Mean and scale, given (successes, failures) of unions drawn from them.

    The scale is normal round `scale_mean`, cut off at zero.

    The prior of the two, and the likelihood of all counts, may be raised to a power.
    """
    means = np.linspace(mean[0] - 5 * mean[1], mean[0] + 5 * mean[1], points)
    scales = (np.arange(points) + 0.5) * (scale_mean + 5 * scale) / points
    at, wide = np.meshgrid(means, scales, indexing="ij")
    log = prior_power * (stats.norm.logpdf(at, *mean) + stats.norm.logpdf(wide, scale_mean, scale))
    for successes, failures in counted:
        log = log + likelihood_power * log_count(at, wide, successes, failures)
    weight = np.exp(log - log.max())
    return Grid(at, wide, weight / weight.sum())


def log_count(at: np.ndarray, wide: np.ndarray, successes: int, failures: int) -> np.ndarray:
    """Log of the integral over a union's effect: a fine grid round where the count puts it."""
    peak = np.log((successes + 0.5) / (failures + 0.5))
    sd = np.sqrt(1 / (successes + 0.5) + 1 / (failures + 0.5))
    logits = np.linspace(peak - 8 * sd, peak + 8 * sd, 401)
    likelihood = successes * log_expit(logits) + failures * log_expit(-logits)
    likelihood = np.exp(likelihood - likelihood.max())
    total = np.zeros_like(at)
    for logit, value in zip(logits, likelihood, strict=True):
        total += value * stats.norm.pdf(logit, at, wide)
    return np.asarray(np.log(np.maximum(total, 1e-300)))
