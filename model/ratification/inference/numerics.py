"""A few formulas that SciPy and ArviZ also have, in numpy alone, for paths that import neither.

Tested against SciPy and ArviZ.
"""

import math
import zlib

import numpy as np

from ratification.arrays import Float

Array = np.ndarray


def stream(seed: int, *names: str) -> np.random.Generator:
    """A named child generator of the one seed: other names never share its numbers."""
    keys = [zlib.crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *keys])))


def expit(x: Array) -> Array:
    """Inverse logit, without overflow."""
    with np.errstate(over="ignore"):  # one over infinity is the zero it should be
        return np.asarray(1.0 / (1.0 + np.exp(-x)))


def logit(share: Array) -> Array:
    """Log odds of shares between 0 and 1."""
    return np.asarray(np.log(share / (1.0 - share)))


def effective_sample_size(values: Float[np.ndarray, "chain draw"]) -> float:
    """Effective sample size for the mean, split chains. Vehtari et al. 2021, eq. 10 to 13.

    A constant series has no autocorrelation to estimate: it counts every draw.
    """
    half = values.shape[1] // 2
    if half < 4:
        return float(values.size)
    split = np.concatenate([values[:, :half], values[:, -half:]])
    chains, draws = split.shape
    if np.ptp(split) == 0:
        return float(values.size)
    covariance = _autocovariance(split)
    within = covariance[:, 0].mean() * draws / (draws - 1.0)
    between = split.mean(axis=1).var(ddof=1) if chains > 1 else 0.0
    total = within * (draws - 1.0) / draws + between
    rho = 1.0 - (within - covariance.mean(axis=0)) / total
    rho[0] = 1.0
    return float(chains * draws / _geyer_time(rho, chains * draws))


def effective_number(weights: Array) -> float:
    """Effective number of weighted points. Kong 1992."""
    total = weights.sum()
    return float(total**2 / np.square(weights).sum()) if total > 0 else 0.0


def _autocovariance(split: Array) -> Array:
    draws = split.shape[1]
    size = 1 << (2 * draws - 1).bit_length()
    spectrum = np.fft.rfft(split - split.mean(axis=1, keepdims=True), n=size, axis=1)
    power = np.fft.irfft(spectrum * spectrum.conj(), n=size, axis=1)[:, :draws]
    covariance: Array = power / draws
    return covariance


def _geyer_time(rho: Array, count: int) -> float:
    """Integrated autocorrelation time from Geyer's initial monotone sequence, ended as in ArviZ."""
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    stop = min(int(negative[0]) if len(negative) else len(pairs), (len(rho) - 3) // 2)
    monotone = np.minimum.accumulate(pairs[:stop])
    ended = float(rho[2 * stop])
    tail = ended if pairs[stop] >= 0 else max(ended, 0.0)
    time = -1.0 + 2.0 * float(monotone.sum()) + tail
    return max(time, 1.0 / math.log10(count))


def pareto_k(log_weights: Float[np.ndarray, " draw"]) -> float:
    """Shape of the generalised Pareto tail of importance weights; above 0.7 they fail.

    Vehtari et al. 2024, with the estimate of Zhang and Stephens 2009 and its weak prior.
    """
    count = len(log_weights)
    tail = int(3 * math.sqrt(count)) if count > 225 else count // 5
    ordered = np.sort(np.exp(log_weights - log_weights.max()))
    excess = ordered[-tail:] - ordered[-tail - 1]
    if excess[-1] <= 0 or excess[0] == excess[-1]:
        return -math.inf
    excess = np.maximum(excess, np.finfo(float).tiny)
    grid = 30 + int(math.sqrt(tail))
    quartile = excess[int(tail / 4 + 0.5) - 1]
    theta = 1 / excess[-1] + (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quartile)
    k = np.log1p(-theta[:, None] * excess).mean(axis=1)
    profile = tail * (np.log(-theta / k) - k - 1)
    with np.errstate(over="ignore"):  # what is infinitely more likely leaves a weight of zero
        weights = 1 / np.exp(profile - profile[:, None]).sum(axis=1)
    best = float((theta * weights).sum() / weights.sum())
    shape = float(np.log1p(-best * excess).mean())
    return (shape * tail + 5) / (tail + 10)
