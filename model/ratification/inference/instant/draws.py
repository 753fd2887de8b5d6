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

from ratification.arrays import Float
from ratification.inference.instant.blocks import Batch
from ratification.inference.instant.effects import Effects
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.linear import solve_each
from ratification.inference.instant.links import Line
from ratification.inference.instant.regressed import Regressed
from ratification.inference.instant.straight import Straight, fitted, fitted_at_some
from ratification.inference.instant.truncated import LOG_ROOT_TAU
from ratification.inference.normal import log_between

Array = np.ndarray
FITTED_AT, ROUGHLY_AT = 192, 64  # points at which lines are fitted; those of others follow
STEPS = 6  # of straightening
LONGEST = 2.0  # step of a logit
FARTHEST_LOGIT = 15.0  # a draw that is straightened past it is lost
PRECISE = 1e-6  # on the scale of a logit: straight enough to stop
STRAIGHT = 1e-4  # a draw that is further off is lost
MOST_NUMBERS = 4_000_000  # of an array: larger batches are drawn piece by piece


@dataclass(frozen=True)
class Draws:
    """Effects of blocks of one shape, several copies a point, with log weights."""

    effects: Float[np.ndarray, "block point copy effect"]
    logits: Float[np.ndarray, "block point copy logit"]
    log_weights: Float[np.ndarray, "block point copy"]


def draw(
    batch: Batch, shared: Shared, copies: int, rng: np.random.Generator, *, exact: bool = True
) -> Draws:
    """Copies of every block at every point; weighted, they are draws of what was reported.

    The mean weight of a block's copies estimates the probability of its reports at a point. If
    not `exact`, reports are what their straight lines say.
    """
    blocks, width = len(batch.blocks), batch.tree.width
    rows = max(batch.links.rows, 1)
    logits = 2 * batch.tree.cells.shape[1]
    each = blocks * max(rows * width, rows * logits * copies, rows * rows * copies)
    step = max(MOST_NUMBERS // each, 1)
    # A draw that runs away while it is straightened is no number, and gets no weight.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        some = FITTED_AT if exact else ROUGHLY_AT
        bent = batch.said and not batch.links.straight().all()
        lines = fitted_at_some(batch, shared, some, rng) if bent and len(shared) > some else None
        parts = [
            _draw(batch, shared[start : start + step], lines, copies, rng, exact=exact)
            for start in range(0, len(shared), step)
        ]
    return Draws(
        *(
            np.concatenate([getattr(p, name) for p in parts], axis=1)
            for name in Draws.__annotations__
        )
    )


def _draw(
    batch: Batch,
    shared: Shared,
    lines: Regressed | None,
    copies: int,
    rng: np.random.Generator,
    *,
    exact: bool,
) -> Draws:
    maps = Effects(batch.tree, shared)
    if not batch.said:
        free = rng.standard_normal((len(batch.blocks), len(shared), copies, batch.tree.width))
        logits = maps.means[:, :, None] + maps.logits(free)
        return Draws(free, logits, np.zeros(free.shape[:3]))
    straight = Straight(batch, maps, lines.at(shared)) if lines else fitted(batch, maps, rng)
    effects, logits, log_simulated = straight.draws(copies, rng)
    if not exact:
        return _usable(effects, logits, log_simulated)
    promised = straight.line.at(logits)
    moved = _straighten(straight, logits, promised)
    effects_now = effects + moved.effects
    log_weights = (
        log_simulated
        + 0.5 * ((effects**2).sum(axis=3) - (effects_now**2).sum(axis=3))
        + moved.log_jacobian
        + batch.reports.log_likelihood(moved.logits)
        - _log_straight(straight.line, promised, batch.links.points)
    )
    return _usable(effects_now, moved.logits, log_weights)


def _usable(effects: Array, logits: Array, log_weights: Array) -> Draws:
    """What has run away must not spoil what is computed from all copies."""
    usable = np.isfinite(log_weights)
    return Draws(
        effects=np.where(usable[..., None], effects, 0.0),
        logits=np.where(usable[..., None], logits, 0.0),
        log_weights=np.where(usable, log_weights, -np.inf),
    )


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


def _straighten(straight: Straight, logits: Array, promised: Array) -> _Moved:
    """Move each draw until its bent rows have the values that their lines promised."""
    batch, bent = straight.batch, straight.batch.bent
    if not len(bent):
        nothing = np.zeros(logits.shape[:3])
        return _Moved(np.zeros_like(nothing)[..., None], logits, nothing)
    by_logit = straight.ways_by_logit
    rows = batch.links.counts + bent
    before = straight.line.slopes[:, :, rows] @ by_logit.swapaxes(2, 3)
    goal = promised[..., rows]
    step, now = np.zeros(goal.shape), logits
    for remaining in reversed(range(STEPS)):
        bends = batch.links.at(now, bent)
        turn, off = bends.along(by_logit), goal - bends.value
        lost = ~(np.abs(now).max(axis=3) < FARTHEST_LOGIT)
        if not remaining or (lost | (np.abs(off).max(axis=3) < PRECISE)).all():
            break
        solvable = np.where(lost[..., None, None], np.eye(len(bent)), turn)
        more = solve_each(solvable, np.where(lost[..., None], 0.0, off))
        far = np.abs(more @ by_logit).max(axis=3, keepdims=True)
        step = step + more / np.maximum(far / LONGEST, 1.0)
        now = logits + step @ by_logit
    _, log_before = np.linalg.slogdet(before)
    _, log_after = np.linalg.slogdet(turn)
    held = np.abs(off).max(axis=3) < STRAIGHT
    log_jacobian = np.where(held, log_before[:, :, None] - log_after, -np.inf)
    return _Moved(step @ straight.ways, now, log_jacobian)
