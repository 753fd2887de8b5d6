"""Quantiles of the priors, in numpy alone. Each is asked for at Phi(u), u standard normal.

So a standard normal number becomes a draw of the prior, and tails stay accurate on both sides.
"""

from functools import cache

import numpy as np

from ratification.arrays import Float
from ratification.case.priors import Beta, Normal, PositiveNormal, Prior
from ratification.inference.normal import normal_cdf, normal_quantile
from ratification.inference.numerics import expit

WIDEST_LOGIT = 30.0  # of a share; the grid of its quantiles ends here
GRID = 30_001
NEAREST_CORRELATION = 1e-9  # to -1 or 1


def quantile(prior: Prior, u: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Of a prior as it stands."""
    match prior:
        case Normal(mean=mean, sd=sd):
            return mean + sd * u
        case PositiveNormal():
            return _exceeded(prior, normal_cdf(-u))
        case Beta(a=a, b=b):
            at, logit = _beta_table(a, b)
            return expit(np.interp(u, at, logit))


def scale_of(prior: PositiveNormal, z: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """A scale from a standard normal number, whatever its sign: |z| times the sd of a half-normal.

    Of standard normal z they are draws of the prior.
    """
    return _exceeded(prior, 2 * normal_cdf(-np.abs(z)))


def _exceeded(
    prior: PositiveNormal, chance: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """The scale that is exceeded with this chance."""
    positive = float(normal_cdf(np.array([prior.mean / prior.sd]))[0])
    return prior.mean - prior.sd * normal_quantile(positive * chance)


def correlation_quantile(
    prior: Normal, u: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """Of a normal kept within -1 and 1."""
    ends = normal_cdf(np.array([(end - prior.mean) / prior.sd for end in (-1.0, 1.0)]))
    inside = ends[0] + (ends[1] - ends[0]) * normal_cdf(u)
    most = 1 - NEAREST_CORRELATION
    return np.clip(prior.mean + prior.sd * normal_quantile(inside), -most, most)


@cache
def _beta_table(a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """The distribution function on a fine grid of logits, by the trapezoidal rule.

    A beta density is smooth in the logit and falls off exponentially: quantiles are then right to
    six digits or more.
    """
    logit = np.linspace(-WIDEST_LOGIT, WIDEST_LOGIT, GRID)
    log_density = -a * np.logaddexp(0, -logit) - b * np.logaddexp(0, logit)
    density = np.exp(log_density - log_density.max())
    steps = 0.5 * (density[1:] + density[:-1])
    below = np.concatenate([[0.0], np.cumsum(steps)])
    above = np.concatenate([np.cumsum(steps[::-1])[::-1], [0.0]])
    # From the nearer end, so that neither tail is one minus something small.
    low = normal_quantile(np.clip(below / below[-1], 1e-300, 0.5))
    high = -normal_quantile(np.clip(above / below[-1], 1e-300, 0.5))
    at = np.where(below < above, low, high)
    kept = np.concatenate([[True], np.diff(np.maximum.accumulate(at)) > 0])
    return at[kept], logit[kept]
