"""Draws of blocks given the shared parameters, with exact importance weights.

1. Reports are linearised where the effects are most likely to be (Gauss and Newton).
2. The numbers they speak of are drawn one after another, each within its interval given those
   before (`truncated`).
3. The effects follow by conditioning a free draw on those numbers (Matheron's rule).
4. Rows that are not linear are straightened: the draw moves along the directions in which its
   numbers vary until each row has exactly the value that the straight line promised. That is a
   change of variables, so its Jacobian enters the weight.
5. The weight is the target over the proposal: the exact likelihood against the straight one.

What is left to the weights is small: how the noise of a row changes along it, and how a binomial
differs from a normal.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ratification.inference.instant.blocks import Batch
from ratification.inference.instant.effects import Effects
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.linear import solve_each, solve_lower, solve_upper
from ratification.inference.instant.links import Line
from ratification.inference.instant.truncated import LOG_ROOT_TAU, simulate
from ratification.inference.normal import log_between

Array = np.ndarray
PASSES = 3  # of linearisation
PLACES = 4  # and their mirror images, over which it is averaged in the end
STEPS = 5  # of straightening
LONGEST = 2.0  # step of a logit
FARTHEST_LOGIT = 15.0  # a draw that is straightened past it is lost
STRAIGHT = 1e-4  # on the scale of a logit; a draw that is further off is lost
MOST_NUMBERS = 4_000_000  # of an array: larger batches are drawn piece by piece


@dataclass(frozen=True)
class Draws:
    """Effects of blocks of one shape, several copies a point, with log weights."""

    effects: Float[np.ndarray, "block point copy effect"]
    logits: Float[np.ndarray, "block point copy logit"]
    log_weights: Float[np.ndarray, "block point copy"]


def draw(batch: Batch, shared: Shared, copies: int, rng: np.random.Generator) -> Draws:
    """Copies of every block at every point; weighted, they are draws of what was reported.

    The mean weight of a block's copies estimates the probability of its reports at a point.
    """
    blocks, width = len(batch.blocks), batch.tree.width
    rows = max(batch.links.rows, 1)
    logits = 2 * batch.tree.cells.shape[1]
    each = blocks * max(rows * width, rows * logits * copies, rows * rows * copies)
    step = max(MOST_NUMBERS // each, 1)
    # A draw that runs away while it is straightened is no number, and gets no weight.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        parts = [
            _draw(batch, shared[start : start + step], copies, rng)
            for start in range(0, len(shared), step)
        ]
    return Draws(
        *(
            np.concatenate([getattr(p, name) for p in parts], axis=1)
            for name in Draws.__annotations__
        )
    )


def _draw(batch: Batch, shared: Shared, copies: int, rng: np.random.Generator) -> Draws:
    maps = Effects(batch.tree, shared)
    blocks, points = len(batch.blocks), len(shared)
    free = rng.standard_normal((blocks, points, copies, batch.tree.width))
    if not batch.said:
        logits = maps.means[:, :, None] + maps.logits(free)
        return Draws(free, logits, np.zeros((blocks, points, copies)))
    here, line = _linearised(batch, maps, rng)
    slopes = maps.pulled(line.slopes)
    factor = _factor(slopes, line.noise)
    centre = line.value - (line.slopes @ (here - maps.means)[..., None])[..., 0]
    uniform = rng.random((blocks, points, copies, batch.links.rows))
    low, high = line.low - centre, line.high - centre
    numbers, log_simulated = simulate(factor, low, high, batch.links.points, uniform)
    noise = np.sqrt(line.noise)[:, :, None] * rng.standard_normal(uniform.shape)
    of_free = solve_lower(factor, _along(slopes, free) + noise)
    effects = free + solve_upper(factor, numbers - of_free) @ slopes
    logits = maps.means[:, :, None] + maps.logits(effects)
    promised = line.value[:, :, None] + _along(line.slopes, logits - here[:, :, None])
    moved = _straighten(batch, maps, line, slopes, factor, logits, promised)
    effects_now = effects + moved.effects
    log_weights = (
        log_simulated
        + 0.5 * ((effects**2).sum(axis=3) - (effects_now**2).sum(axis=3))
        + moved.log_jacobian
        + batch.reports.log_likelihood(moved.logits)
        - _log_straight(line, promised, batch.links.points)
    )
    log_weights = np.where(np.isfinite(log_weights), log_weights, -np.inf)
    return Draws(effects_now, moved.logits, log_weights)


def _linearised(batch: Batch, maps: Effects, rng: np.random.Generator) -> tuple[Array, Line]:
    """The rows linearised where their numbers are nearest to what was reported, given the rest."""
    here = maps.means
    for _ in range(PASSES):
        line = batch.links.line(here[:, :, None])
        slopes = maps.pulled(line.slopes)
        factor = _factor(slopes, line.noise)
        centre = line.value - (line.slopes @ (here - maps.means)[..., None])[..., 0]
        off = (np.clip(line.value, line.low, line.high) - centre)[:, :, None]
        weights = solve_upper(factor, solve_lower(factor, off))
        here = maps.means + maps.logits(weights @ slopes)[:, :, 0]
    if not len(batch.bent):
        return here, batch.links.line(here[:, :, None])
    free = rng.standard_normal((*here.shape[:2], PLACES, batch.tree.width))
    noise = np.sqrt(line.noise)[:, :, None] * rng.standard_normal(
        (*free.shape[:3], len(line.noise[0, 0]))
    )
    of_free = solve_lower(factor, _along(slopes, free) + noise)
    around = maps.logits(free - solve_upper(factor, of_free) @ slopes)
    places = np.concatenate([here[:, :, None] + around, here[:, :, None] - around], axis=2)
    return here, batch.links.line(places)


def _factor(slopes: Array, noise: Array) -> Array:
    """Cholesky factor of the covariance of the rows."""
    covariance = slopes @ slopes.transpose(0, 1, 3, 2)
    index = np.arange(noise.shape[2])
    covariance[:, :, index, index] += noise
    return np.asarray(np.linalg.cholesky(covariance))


def _along(slopes: Array, values: Array) -> Array:
    """(block, point, row, x) by (block, point, copy, x): (block, point, copy, row)."""
    return np.asarray(values @ slopes.transpose(0, 1, 3, 2))


def _log_straight(line: Line, values: Array, points: int) -> Array:
    """Log likelihood of the linearised rows."""
    spread = np.sqrt(line.noise)[:, :, None]
    low = (line.low[:, :, None] - values) / spread
    at = low[..., :points]
    log_points = -0.5 * at**2 - np.log(spread[..., :points]) - LOG_ROOT_TAU
    high = (line.high[:, :, None] - values)[..., points:] / spread[..., points:]
    return np.asarray(log_points.sum(axis=3) + log_between(low[..., points:], high).sum(axis=3))


@dataclass(frozen=True)
class _Moved:
    effects: Array  # how far the effects moved
    logits: Array  # where the logits are now
    log_jacobian: Array


def _straighten(
    batch: Batch,
    maps: Effects,
    line: Line,
    slopes: Array,
    factor: Array,
    logits: Array,
    promised: Array,
) -> _Moved:
    """Move each draw until its bent rows have the values that their lines promised.

    It moves along the covariance of the effects with those rows, given the counts of single
    cells, so that the counts are not disturbed.
    """
    counts, bent = batch.links.counts, batch.bent
    if not len(bent):
        nothing = np.zeros(logits.shape[:3])
        return _Moved(np.zeros_like(nothing)[..., None], logits, nothing)
    rows = counts + bent
    lower = factor[:, :, :counts, :counts]
    explained = solve_upper(lower, factor[:, :, rows, :counts])
    ways = slopes[:, :, rows] - explained @ slopes[:, :, :counts]
    by_logit = maps.logits(ways)
    before = line.slopes[:, :, rows] @ by_logit.swapaxes(2, 3)
    goal = promised[..., rows]
    step, now = np.zeros(goal.shape), logits
    for remaining in reversed(range(STEPS)):
        bends = batch.links.at(now, bent)
        turn, off = bends.along(by_logit), goal - bends.value
        if not remaining:
            break
        lost = ~(np.abs(now).max(axis=3) < FARTHEST_LOGIT)
        solvable = np.where(lost[..., None, None], np.eye(len(bent)), turn)
        more = solve_each(solvable, np.where(lost[..., None], 0.0, off))
        far = np.abs(more @ by_logit).max(axis=3, keepdims=True)
        step = step + more / np.maximum(far / LONGEST, 1.0)
        now = logits + step @ by_logit
    _, log_before = np.linalg.slogdet(before)
    _, log_after = np.linalg.slogdet(turn)
    straight = np.abs(off).max(axis=3) < STRAIGHT
    log_jacobian = np.where(straight, log_before[:, :, None] - log_after, -np.inf)
    return _Moved(step @ ways, now, log_jacobian)
