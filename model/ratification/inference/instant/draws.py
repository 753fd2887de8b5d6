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

from dataclasses import dataclass, replace

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.blocks import Batch
from ratification.inference.instant.effects import Effects
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.linear import solve_each, solve_lower, solve_upper
from ratification.inference.instant.links import Line
from ratification.inference.instant.truncated import LOG_ROOT_TAU, simulate
from ratification.inference.normal import log_between

Array = np.ndarray
PASSES = 3  # of linearisation
PLACES = 8  # draws over which it is averaged in the end
STEPS = 6  # of straightening
STRAY = 6  # times the variance of what a row strays from its line
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
    if not batch.said:
        free = rng.standard_normal((len(batch.blocks), len(shared), copies, batch.tree.width))
        logits = maps.means[:, :, None] + maps.logits(free)
        return Draws(free, logits, np.zeros(free.shape[:3]))
    straight, ways, by_logit = _approximated(batch, maps, rng)
    effects, log_simulated = straight.draws(copies, rng)
    logits = maps.means[:, :, None] + maps.logits(effects)
    promised = straight.values(logits)
    moved = _straighten(batch, straight.line, ways, by_logit, logits, promised)
    effects_now = effects + moved.effects
    log_weights = (
        log_simulated
        + 0.5 * ((effects**2).sum(axis=3) - (effects_now**2).sum(axis=3))
        + moved.log_jacobian
        + batch.reports.log_likelihood(moved.logits)
        - _log_straight(straight.line, promised, batch.links.points)
    )
    # What has run away must not spoil what is computed from all copies.
    usable = np.isfinite(log_weights)
    return Draws(
        effects=np.where(usable[..., None], effects_now, 0.0),
        logits=np.where(usable[..., None], moved.logits, 0.0),
        log_weights=np.where(usable, log_weights, -np.inf),
    )


class _Straight:
    """The rows as straight lines through one place, so that effects given them are normal."""

    def __init__(self, batch: Batch, maps: Effects, line: Line, here: Array) -> None:
        self.points, self.width = batch.links.points, batch.tree.width
        self.line, self.here = line, here
        self.slopes = maps.pulled(line.slopes)
        self.factor = _factor(self.slopes, line.noise)
        self.centre = line.value - (line.slopes @ (here - maps.means)[..., None])[..., 0]

    def values(self, logits: Array) -> Array:
        """Of the rows at these logits, by their lines."""
        away = logits - self.here[:, :, None]
        return np.asarray(self.line.value[:, :, None] + _along(self.line.slopes, away))

    def nearest(self) -> Array:
        """Effects where the rows are as near to their intervals as they can be."""
        aim = np.clip(self.line.value, self.line.low, self.line.high) - self.centre
        weights = solve_upper(self.factor, solve_lower(self.factor, aim[:, :, None]))
        return np.asarray(weights @ self.slopes)

    def draws(self, copies: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Effects given that every row is within its interval, with log weights."""
        free = rng.standard_normal((*self.here.shape[:2], copies, self.width))
        noise = rng.standard_normal((*free.shape[:3], self.line.noise.shape[2]))
        uniform = rng.random(noise.shape)
        low, high = self.line.low - self.centre, self.line.high - self.centre
        numbers, log_weights = simulate(self.factor, low, high, self.points, uniform)
        of_free = _along(self.slopes, free) + np.sqrt(self.line.noise)[:, :, None] * noise
        pull = numbers - solve_lower(self.factor, of_free)
        return free + solve_upper(self.factor, pull) @ self.slopes, log_weights


def _approximated(
    batch: Batch, maps: Effects, rng: np.random.Generator
) -> tuple[_Straight, Array, Array]:
    """The rows as the lines that fit best where the draws will lie.

    With the ways to straighten them, in the effects and in the logits.

    First at the place nearest to what was reported, by Gauss and Newton; then, where rows are not
    straight by themselves, on average over draws made with those first lines.
    """
    here = maps.means
    for _ in range(PASSES):
        straight = _Straight(batch, maps, batch.links.line(here[:, :, None]), here)
        if batch.links.straight().all():
            ways = _ways(batch, straight)
            return straight, ways, maps.logits(ways)
        here = maps.means + maps.logits(straight.nearest())[:, :, 0]
    effects, _ = straight.draws(PLACES, rng)
    places = maps.means[:, :, None] + maps.logits(effects)
    here = places.mean(axis=2)
    straight = _Straight(batch, maps, batch.links.line(places), here)
    ways = _ways(batch, straight)
    by_logit = maps.logits(ways)
    wider = _widened(batch, straight, by_logit, places)
    return _Straight(batch, maps, wider, here), ways, by_logit


def _ways(batch: Batch, straight: _Straight) -> Array:
    """Directions in the effects along which bent rows are straightened.

    They are the covariance of the effects with those rows, given the counts of single cells, so
    that the counts are not disturbed.
    """
    counts = batch.links.counts
    ways = straight.slopes[:, :, counts + batch.bent]
    if not counts or not len(batch.bent):
        return np.asarray(ways)
    kept = straight.slopes[:, :, :counts]
    factor = straight.factor[:, :, :counts, :counts]
    weights = solve_upper(factor, solve_lower(factor, _along(kept, ways)))
    return np.asarray(ways - weights @ kept)


def _widened(batch: Batch, straight: _Straight, by_logit: Array, places: Array) -> Line:
    """More noise for rows that are not straightened: as much as their values stray from the line.

    Straightening the others moves them too. Without this the proposal would not go where a row
    holds although its line says that it does not, and no check on the weights could tell.
    """
    counts, bent, line = batch.links.counts, batch.bent, straight.line
    stray = line.places - straight.values(places)
    if len(bent):
        turn = line.slopes[:, :, counts + bent] @ by_logit.swapaxes(2, 3)
        off = stray[..., counts + bent]
        step = solve_each(np.broadcast_to(turn[:, :, None], (*off.shape, len(bent))), -off)
        stray = stray + _along(line.slopes, step @ by_logit)
    extra = STRAY * np.square(stray).mean(axis=2)
    extra[..., :counts] = 0.0
    extra[..., counts + bent] = 0.0
    return replace(line, noise=line.noise + np.where(np.isfinite(extra), extra, 0.0))


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
    batch: Batch, line: Line, ways: Array, by_logit: Array, logits: Array, promised: Array
) -> _Moved:
    """Move each draw until its bent rows have the values that their lines promised."""
    bent = batch.bent
    if not len(bent):
        nothing = np.zeros(logits.shape[:3])
        return _Moved(np.zeros_like(nothing)[..., None], logits, nothing)
    rows = batch.links.counts + bent
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
