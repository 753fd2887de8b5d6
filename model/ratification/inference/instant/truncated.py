"""Normal numbers within intervals, drawn one after another, with their weights.

The GHK simulator (Geweke 1991; Hajivassiliou and McFadden 1998; Keane 1994) draws each number
within its interval given those before it. It does not see the intervals to come, so with many
one-sided ones its weights vary. Minimax exponential tilting (Botev 2017) shifts each number by
what the later intervals will ask of it; the shift enters the weight, which stays exact.
"""

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.linear import solve_each, solve_lower
from ratification.inference.normal import (
    FARTHEST,
    Interval,
    log_between,
    normal_quantile,
)

Array = np.ndarray
LOG_ROOT_TAU = 0.9189385332046727  # log(2 pi) / 2
STEPS = 4  # of Newton for the shifts; they need not be exact
LONGEST = 2.0  # standard normal
LEAST = 1e-9  # variance within an interval, however narrow


def simulate(
    factor: Float[np.ndarray, "block point row row"],
    low: Float[np.ndarray, "block point row"],
    high: Float[np.ndarray, "block point row"],
    points: int,
    uniform: Float[np.ndarray, "block point copy interval"],
) -> tuple[Float[np.ndarray, "block point copy row"], Float[np.ndarray, "block point copy"]]:
    """Innovations e with low <= factor e <= high, and log weights.

    The first `points` rows are points, known to be `low`: they give their density. The mean of
    the weights is the probability (or density) of all rows.
    """
    rows = points + uniform.shape[3]
    spread = np.diagonal(factor, axis1=2, axis2=3)
    seen = solve_lower(factor[:, :, :points, :points], low[:, :, None, :points])[:, :, 0]
    log_seen = -0.5 * (seen**2).sum(axis=2) - np.log(spread[..., :points]).sum(axis=2)
    log_weight = np.repeat((log_seen - points * LOG_ROOT_TAU)[..., None], uniform.shape[2], axis=2)
    numbers = np.empty((*uniform.shape[:3], rows))
    numbers[..., :points] = seen[:, :, None]
    shift = tilts(factor, low, high, seen)
    for row in range(points, rows):
        known = np.einsum("bgj,bglj->bgl", factor[:, :, row, :row], numbers[..., :row])
        tilt = shift[:, :, row - points, None]
        ends = [
            np.clip((end[:, :, row, None] - known) / spread[:, :, row, None], -FARTHEST, FARTHEST)
            - tilt
            for end in (low, high)
        ]
        number, log_inside = between(ends[0], ends[1], uniform[..., row - points])
        numbers[..., row] = tilt + number
        log_weight += log_inside + tilt * (0.5 * tilt - numbers[..., row])
    return numbers, log_weight


def between(
    low: Float[np.ndarray, "*shape"],
    high: Float[np.ndarray, "*shape"],
    uniform: Float[np.ndarray, "*shape"],
) -> tuple[Float[np.ndarray, "*shape"], Float[np.ndarray, "*shape"]]:
    """Standard normal numbers between low and high, and the log chance of the interval.

    Worked out in the tail that is not near one.
    """
    flip = low > 0
    least, most = np.where(flip, [-high, -low], [low, high])
    interval = Interval(least, most)
    inside = interval.below + (interval.above - interval.below) * uniform
    inside = np.clip(inside * np.exp(-interval.shift), 1e-300, 1 - 1e-16)
    number = np.clip(normal_quantile(inside), least, most)
    return np.asarray(np.where(flip, -number, number)), interval.log_inside()


def tilts(factor: Array, low: Array, high: Array, seen: Array) -> Array:
    """Shifts of the innovations of the rows after the points: (block, point, row).

    A saddle point of psi(x, mu) = sum of mu^2 / 2 - x mu + log P(interval | x) - mu, by Newton;
    Botev 2017, section 3, whose last shift is zero.
    """
    points = seen.shape[2]
    rows = factor.shape[2] - points
    shift = np.zeros((*seen.shape[:2], rows))
    if rows < 2:
        return shift
    inner = factor[:, :, points:, points:]
    spread = np.diagonal(inner, axis1=2, axis2=3)
    known = (factor[:, :, points:, :points] * seen[:, :, None]).sum(axis=3)
    ends = [
        np.clip((end[:, :, points:] - known) / spread, -FARTHEST, FARTHEST) for end in (low, high)
    ]
    below = np.tril(inner / spread[..., None], -1)
    state = np.zeros((*seen.shape[:2], 2 * (rows - 1)))
    for _ in range(STEPS):
        step = _newton(*_saddle(state, below, ends[0], ends[1]))
        far = np.abs(step).max(axis=2, keepdims=True)
        state = state - step / np.maximum(far / LONGEST, 1.0)
    shift[..., :-1] = np.where(np.isfinite(state), state, 0.0)[..., rows - 1 :]
    return shift


def _newton(gradient: Array, twice: Array, cross: Array, own: Array) -> Array:
    """Hessian^-1 gradient, by x and by mu.

    The Hessian has `twice` by x and x and `cross` by mu and x. By mu and mu it is diagonal (`own`),
    so that only a system by x is left to solve (its Schur complement).
    """
    by_x, by_mu = np.split(gradient, 2, axis=2)
    each = cross / own[..., None]
    left = twice - cross.swapaxes(2, 3) @ each
    x = solve_each(left, by_x - (by_mu[..., None, :] @ each)[..., 0, :])
    return np.concatenate([x, (by_mu - (cross @ x[..., None])[..., 0]) / own], axis=2)


def _saddle(
    state: Array, below: Array, low: Array, high: Array
) -> tuple[Array, Array, Array, Array]:
    """Gradient of psi by x and mu, all but the last of each; its Hessian, in the quarters."""
    rows = below.shape[2]
    most = rows - 1
    x, mu = state[..., :most], np.zeros((*state.shape[:2], rows))
    mu[..., :most] = state[..., most:]
    moved = mu + (below[..., :most] @ x[..., None])[..., 0]
    low, high = low - moved, high - moved
    log_inside = log_between(low, high)
    at_low = np.exp(-0.5 * low**2 - log_inside - LOG_ROOT_TAU)
    at_high = np.exp(-0.5 * high**2 - log_inside - LOG_ROOT_TAU)
    pull = at_low - at_high
    by_x = -mu[..., :most] + (pull[..., None, :] @ below)[..., 0, :most]
    by_mu = (mu + pull)[..., :most] - x
    bend = -(pull**2) + low * at_low - high * at_high
    bent = bend[..., None] * below
    cross = (bent - np.eye(rows))[..., :most, :most]
    twice = (below.transpose(0, 1, 3, 2) @ bent)[..., :most, :most]
    own = np.maximum(1 + bend[..., :most], LEAST)
    return np.concatenate([by_x, by_mu], axis=2), twice, cross, own
