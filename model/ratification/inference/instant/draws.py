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
from functools import partial

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.blocks import Batch
from ratification.inference.instant.effects import Effects
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.links import Line, joined
from ratification.inference.instant.regressed import Regressed, fitted_at
from ratification.inference.instant.straight import Straight, fitted
from ratification.inference.instant.straightening import straighten
from ratification.inference.instant.truncated import LOG_ROOT_TAU
from ratification.inference.normal import log_between
from ratification.inference.sharing import Share, alone, pieces, with_streams

Array = np.ndarray
FITTED_AT, ROUGHLY_AT = 192, 64  # points at which lines are fitted; those of others follow
MOST_NUMBERS = 4_000_000  # of an array: larger batches are drawn piece by piece
WORTH_SHARING = 100_000  # of an array: what has fewer is one piece
MOST_LINES = 40_000_000  # slopes of lines that are kept; with more, each point has lines of its own


@dataclass(frozen=True)
class Draws:
    """Effects of blocks of one shape, several copies a point, with log weights."""

    effects: Float[np.ndarray, "block point copy effect"]
    logits: Float[np.ndarray, "block point copy logit"]
    log_weights: Float[np.ndarray, "block point copy"]


def draw(
    batch: Batch,
    shared: Shared,
    copies: int,
    rng: np.random.Generator,
    *,
    exact: bool = True,
    share: Share = alone,
) -> Draws:
    """Copies of every block at every point; weighted, they are draws of what was reported.

    The mean weight of a block's copies estimates the probability of its reports at a point. If
    not `exact`, reports are what their straight lines say.
    """
    blocks, width = len(batch.blocks), batch.tree.width
    rows = max(batch.links.rows, 1)
    logits = 2 * batch.tree.cells.shape[1]
    each = blocks * max(rows * width, rows * logits * copies, rows * rows * copies)
    # A draw that runs away while it is straightened is no number, and gets no weight.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        some = FITTED_AT if exact else ROUGHLY_AT
        bent = batch.said and not batch.links.straight().all()
        many = len(shared) > some and blocks * rows * logits * some <= MOST_LINES
        lines = None
        if bent and many:
            at = shared[np.linspace(0, len(shared) - 1, some).astype(int)]
            lines = fitted_at(batch, at, _pieces(some, each), rng, share)
        given = with_streams([shared[piece] for piece in _pieces(len(shared), each)], rng)
        return joined(share(partial(_draw, batch, lines, copies, exact=exact), given))


def _pieces(points: int, numbers: int) -> list[slice]:
    """Points that are drawn together, if each takes so many numbers of an array.

    Pieces are small enough for the memory, and two, four, ... where they are worth sharing.
    """
    total = points * numbers
    return pieces(points, 2 * -(-total // (2 * MOST_NUMBERS)) if total >= WORTH_SHARING else 1)


def _draw(
    batch: Batch,
    lines: Regressed | None,
    copies: int,
    given: tuple[Shared, np.random.Generator],
    *,
    exact: bool,
) -> Draws:
    shared, rng = given
    maps = Effects(batch.tree, shared)
    if not batch.said:
        free = rng.standard_normal((len(batch.blocks), len(shared), copies, batch.tree.width))
        logits = maps.means[:, :, None] + maps.logits(free)
        return Draws(free, logits, np.zeros(free.shape[:3]))
    straight = Straight(batch, maps, lines.at(shared, maps)) if lines else fitted(batch, maps, rng)
    effects, logits, log_simulated = straight.draws(copies, rng)
    if not exact:
        return _usable(effects, logits, log_simulated)
    promised = straight.line.at(logits)
    moved = straighten(straight, logits, promised)
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
