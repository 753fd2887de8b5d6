"""The normal distribution in numpy alone, elementwise and accurate in both tails.

SciPy has all of it; these serve paths that must not import SciPy. Tested against it.
"""

import math

import numpy as np

from ratification.arrays import Float

Array = np.ndarray

FARTHEST = 1e3  # standard deviations; farther is as good as open
_MIDDLE = 3.75  # where t is zero


def erfcx(x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """exp(x^2) erfc(x) for x >= 0, to 4e-15 of itself. Shepherd and Laframboise 1981.

    (1 + 2x) times it is a polynomial in t = (x - 3.75) / (x + 3.75), from x = 0 to infinity.
    """
    t = (x - _MIDDLE) / (x + _MIDDLE)
    value = np.full_like(t, _SHEPHERD[0])
    for coefficient in _SHEPHERD[1:]:
        value *= t
        value += coefficient
    value /= 1.0 + 2.0 * x
    return value


def normal_cdf(x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Standard normal distribution function."""
    tail = 0.5 * erfcx(np.abs(x) * _HALF) * np.exp(-0.5 * x * x)
    return np.asarray(np.where(x < 0, tail, 1.0 - tail))


def normal_cdf_at(x: float) -> float:
    """Standard normal distribution function of one number."""
    return 0.5 * math.erfc(-x * _HALF)


def log_between(
    low: Float[np.ndarray, "*shape"], high: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """log[Phi(high) - Phi(low)], as the PyMC model has it: finite where they are equal."""
    ends = np.clip(np.stack([low, high]), -FARTHEST, FARTHEST)
    return Interval(*np.where(ends[0] > 0, -ends[::-1], ends)).log_inside()


class Interval:
    """Phi at both ends, times exp(shift), so that neither is lost in the lower tail.

    Worked out so that one logarithm gives that of the whole: they are what takes time.
    """

    def __init__(self, low: Float[np.ndarray, "*shape"], high: Float[np.ndarray, "*shape"]) -> None:
        ends = np.stack([low, high])
        half = 0.5 * ends * ends
        self.shift = np.where(high < 0, half[1], 0.0)
        tails = 0.5 * erfcx(np.abs(ends) * _HALF) * np.exp(np.minimum(self.shift - half, 0.0))
        self.below, self.above = np.where(ends < 0, tails, 1.0 - tails)
        self._beyond, self._upper = tails[1], high >= 0

    def log_inside(self) -> Float[np.ndarray, "*shape"]:
        """log[Phi(high) - Phi(low)]; of what is outside, where that may be nearly nothing."""
        least = 1e-12 * self.above
        found = np.log(np.maximum(self.above - self.below, least)) - self.shift
        outside = np.minimum(self._beyond + self.below, 1.0 - least)
        return np.asarray(np.log1p(-outside, out=np.asarray(found), where=self._upper))


def normal_quantile(p: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Standard normal quantile, for 0 < p < 1. Wichura 1988, algorithm AS 241."""
    q = p - 0.5

    def central(q: Array) -> Array:
        return np.asarray(q * _ratio(0.180625 - q * q, _CENTRAL_TOP, _CENTRAL_BOTTOM))

    def outer(p: Array) -> Array:
        tail = np.sqrt(-np.log(np.clip(np.minimum(p, 1.0 - p), 1e-300, 0.5)))
        near = _ratio(tail - 1.6, _NEAR_TOP, _NEAR_BOTTOM)
        far = _ratio(tail - 5.0, _DISTANT_TOP, _DISTANT_BOTTOM)
        return np.copysign(np.where(tail <= 5.0, near, far), p - 0.5)

    return np.piecewise(p, [np.abs(q) <= 0.425], [lambda p: central(p - 0.5), outer])


def _ratio(x: Array, top: tuple[float, ...], bottom: tuple[float, ...]) -> Array:
    """A ratio of two polynomials, by Horner; highest power first."""
    over, under = np.full_like(x, top[0]), np.full_like(x, bottom[0])
    for above, below in zip(top[1:], bottom[1:], strict=True):
        over *= x
        over += above
        under *= x
        under += below
    over /= under
    return over


_HALF = 0.7071067811865476  # 1 / sqrt(2)
_SHEPHERD = (
    1.7741740521159954e-08,
    8.534698281437159e-09,
    -2.152537206256966e-07,
    -2.7785745260189287e-08,
    1.6980131221089323e-06,
    -1.0082808330480475e-06,
    -1.1402119389103405e-05,
    2.2409958646107953e-05,
    5.1627746315840994e-05,
    -0.0002901662665344418,
    0.00029372064674559883,
    0.0017556295006526668,
    -0.009746580975544095,
    0.028362276758956417,
    -0.05869339842348684,
    0.09230432122631319,
    -0.10880393015153393,
    0.0822767384871096,
    0.003585415485680629,
    -0.14024059858550536,
    1.2375126308378268,
)
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
_DISTANT_TOP = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    0.0012426609473880784386,
    0.026532189526576123093,
    0.29656057182850489123,
    1.7848265399172913358,
    5.4637849111641143699,
    6.6579046435011037772,
)
_DISTANT_BOTTOM = (
    2.04426310338993978564e-15,
    1.4215117583164458887e-7,
    1.8463183175100546818e-5,
    7.868691311456132591e-4,
    0.0148753612908506148525,
    0.13692988092273580531,
    0.59983220655588793769,
    1.0,
)
