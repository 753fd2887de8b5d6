"""Where the shared parameters are proposed: a wide t around what is likely, and the prior."""

from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float
from ratification.inference.normal import normal_quantile

Array = np.ndarray
DEGREES = 8.0  # of freedom
WIDER = 1.1  # times the covariance
DEFENSIVE = 0.1  # of the points come from the prior: no weight is then beyond ten likelihoods


@dataclass(frozen=True)
class Proposal:
    """0.9 multivariate t and 0.1 standard normal; Owen and Zhou 2000 on defensive mixtures."""

    mean: Float[np.ndarray, " coordinate"]
    factor: Float[np.ndarray, "coordinate coordinate"]  # Cholesky, of the covariance
    defensive: float = DEFENSIVE

    @staticmethod
    def prior(dimension: int) -> "Proposal":
        """The prior itself."""
        return Proposal(np.zeros(dimension), np.eye(dimension), 1.0)

    @staticmethod
    def around(points: Array, weights: Array) -> "Proposal":
        """Round weighted points, as wide as they are spread."""
        share = weights / weights.sum()
        mean = share @ points
        off = points - mean
        covariance = (off * share[:, None]).T @ off
        # Few effective points say little of correlations: lean towards the variances.
        few = 1.0 / np.square(share).sum()
        keep = few / (few + points.shape[1])
        covariance = keep * covariance + (1 - keep) * np.diag(np.diag(covariance))
        covariance += 1e-6 * np.eye(len(mean))
        return Proposal(mean, np.linalg.cholesky(WIDER * covariance))

    def points(self, count: int, rng: np.random.Generator) -> Array:
        """Points, spread by a Latin hypercube."""
        normal = latin_normal(count, len(self.mean), rng)
        prior = np.arange(count) >= round((1 - self.defensive) * count)
        stretch = np.sqrt(DEGREES / rng.chisquare(DEGREES, count))
        points = self.mean + (normal @ self.factor.T) * stretch[:, None]
        return np.where(prior[:, None], latin_normal(count, len(self.mean), rng), points)

    def log_density(self, points: Array) -> Array:
        """Up to the constant of a normal density, (2 pi)^(-d/2)."""
        d = len(self.mean)
        log_prior = -0.5 * np.square(points).sum(axis=1)
        if self.defensive == 1.0:
            return np.asarray(log_prior)
        off = np.linalg.solve(self.factor, (points - self.mean).T)
        log_t = (
            _log_gamma_ratio(d)
            - np.log(np.diag(self.factor)).sum()
            - 0.5 * (DEGREES + d) * np.log1p(np.square(off).sum(axis=0) / DEGREES)
        )
        return np.asarray(
            np.logaddexp(np.log(self.defensive) + log_prior, np.log1p(-self.defensive) + log_t)
        )


def _log_gamma_ratio(d: int) -> float:
    """Log of the t density's constant over that of the normal."""
    from math import lgamma, log

    return lgamma((DEGREES + d) / 2) - lgamma(DEGREES / 2) - 0.5 * d * log(DEGREES / 2)


def latin_normal(count: int, dimension: int, rng: np.random.Generator) -> Array:
    """Standard normal points, each coordinate stratified. McKay, Beckman and Conover 1979."""
    order = rng.permuted(np.tile(np.arange(count), (dimension, 1)), axis=1).T
    return normal_quantile((order + rng.random((count, dimension))) / count)
