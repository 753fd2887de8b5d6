"""A few formulas that SciPy and ArviZ also have, in numpy alone, for paths that import neither.

Tested against SciPy and ArviZ.
"""

import math
import zlib

import numpy as np
from jaxtyping import Float

Array = np.ndarray


def stream(seed: int, *names: str) -> np.random.Generator:
    """A named child generator of the one seed: other names never share its numbers."""
    keys = [zlib.crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *keys])))


def expit(x: Array) -> Array:
    """Inverse logit, without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def normal_cdf(x: float) -> float:
    """Standard normal distribution function of one number."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_cdf_array(x: Array) -> Array:
    """Standard normal distribution function, elementwise."""
    return 0.5 * np.asarray(np.frompyfunc(math.erfc, 1, 1)(-x / math.sqrt(2.0)), dtype=float)


def normal_quantile(p: Array) -> Array:
    """Standard normal quantile, elementwise, for 0 < p < 1. Wichura 1988, algorithm AS 241."""
    p = np.asarray(p, dtype=float)
    q = p - 0.5
    middle = 0.180625 - q * q
    central = q * _ratio(middle, _CENTRAL_TOP, _CENTRAL_BOTTOM)
    tail = np.sqrt(-np.log(np.clip(np.where(q < 0, p, 1.0 - p), 1e-300, 0.5)))
    near = _ratio(tail - 1.6, _NEAR_TOP, _NEAR_BOTTOM)
    far = _ratio(tail - 5.0, _FAR_TOP, _FAR_BOTTOM)
    outer = np.copysign(np.where(tail <= 5.0, near, far), q)
    return np.where(np.abs(q) <= 0.425, central, outer)


def _ratio(x: Array, top: tuple[float, ...], bottom: tuple[float, ...]) -> Array:
    return np.polyval(top, x) / np.polyval(bottom, x)


_CENTRAL_TOP = (
    2509.0809287301226727,
    33430.575583588128105,
    67265.770927008700853,
    45921.953931549871457,
    13731.693765509461125,
    1971.5909503065514427,
    133.14166789178437745,
    3.387132872796366608,
)
_CENTRAL_BOTTOM = (
    5226.495278852545925,
    28729.085735721942674,
    39307.89580009271061,
    21213.794301586595867,
    5394.1960214247511077,
    687.1870074920579083,
    42.313330701600911252,
    1.0,
)
_NEAR_TOP = (
    7.7454501427834140764e-4,
    0.0227238449892691845833,
    0.24178072517745061177,
    1.27045825245236838258,
    3.64784832476320460504,
    5.7694972214606914055,
    4.6303378461565452959,
    1.42343711074968357734,
)
_NEAR_BOTTOM = (
    1.05075007164441684324e-9,
    5.475938084995344946e-4,
    0.0151986665636164571966,
    0.14810397642748007459,
    0.68976733498510000455,
    1.6763848301838038494,
    2.05319162663775882187,
    1.0,
)
_FAR_TOP = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    0.0012426609473880784386,
    0.026532189526576123093,
    0.29656057182850489123,
    1.7848265399172913358,
    5.4637849111641143699,
    6.6579046435011037772,
)
_FAR_BOTTOM = (
    2.04426310338993978564e-15,
    1.4215117583164458887e-7,
    1.8463183175100546818e-5,
    7.868691311456132591e-4,
    0.0148753612908506148525,
    0.13692988092273580531,
    0.59983220655588793769,
    1.0,
)


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
