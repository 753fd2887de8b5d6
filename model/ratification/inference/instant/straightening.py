"""Draws moved until rows that are not linear have the values that their lines promised.

By Newton's method, along the directions in which those rows vary.
"""

from dataclasses import dataclass

import numpy as np

from ratification.arrays import Bool, Float
from ratification.inference.instant.blocks import Batch
from ratification.inference.instant.linear import solve_each
from ratification.inference.instant.straight import Straight

Array = np.ndarray
STEPS = 6  # of straightening
FEW = 0.2  # of the draws: so many unfinished ones are taken further by themselves
LONGEST = 2.0  # step of a logit
FARTHEST_LOGIT = 15.0  # a draw that is straightened past it is lost
PRECISE = 1e-6  # on the scale of a logit: straight enough to stop
STRAIGHT = 1e-4  # a draw that is further off is lost


@dataclass(frozen=True)
class Moved:
    """Draws that were straightened."""

    effects: Float[np.ndarray, "block point copy effect"]  # how far they moved
    logits: Float[np.ndarray, "block point copy logit"]  # where they are now
    log_jacobian: Float[np.ndarray, "block point copy"]  # of the move, inverted; of a lost one -inf


def straighten(
    straight: Straight,
    logits: Float[np.ndarray, "block point copy logit"],
    promised: Float[np.ndarray, "block point copy row"],
) -> Moved:
    """Move each draw until its bent rows have the values that their lines promised."""
    batch = straight.batch
    if not len(batch.bent):
        nothing = np.zeros(logits.shape[:3])
        return Moved(np.zeros_like(nothing)[..., None], logits, nothing)
    by_logit = straight.ways_by_logit
    rows = batch.links.counts + batch.bent
    goal = promised[..., rows]
    found = _newton(batch, by_logit, logits, goal, FEW)
    point, copy = np.nonzero(found.unfinished.any(axis=0))
    if len(point):  # a few take longer; the others need not wait for them
        logits, goal = (part[:, point, copy][:, :, None] for part in (found.logits, goal))
        more = _newton(batch, by_logit[:, point], logits, goal, 0.0)
        found.put(point, copy, more)
    before = straight.line.slopes[:, :, rows] @ by_logit.swapaxes(2, 3)
    _, log_before = np.linalg.slogdet(before)
    _, log_after = np.linalg.slogdet(found.turn)
    held = np.abs(found.off).max(axis=3) < STRAIGHT
    log_jacobian = np.where(held, log_before[:, :, None] - log_after, -np.inf)
    return Moved(found.step @ straight.ways, found.logits, log_jacobian)


@dataclass(frozen=True)
class _Newton:
    """Where Newton's method has come, by draw."""

    step: Float[np.ndarray, "block point copy way"]
    logits: Float[np.ndarray, "block point copy logit"]
    turn: Float[np.ndarray, "block point copy row way"]  # of the rows along the ways
    off: Float[np.ndarray, "block point copy row"]
    unfinished: Bool[np.ndarray, "block point copy"]

    def put(self, point: Array, copy: Array, more: "_Newton") -> None:
        """Take over where some draws have come since."""
        self.step[:, point, copy] += more.step[:, :, 0]
        for name in ("logits", "turn", "off"):
            getattr(self, name)[:, point, copy] = getattr(more, name)[:, :, 0]


def _newton(batch: Batch, by_logit: Array, logits: Array, goal: Array, few: float) -> _Newton:
    """Move draws along the ways to the goal, until no more than a `few` of them are unfinished."""
    bent, step, now = batch.bent, np.zeros(goal.shape), logits.copy()
    for remaining in reversed(range(STEPS)):
        bends = batch.links.at(now, bent)
        turn, off = bends.along(by_logit), goal - bends.value
        lost = ~(np.abs(now).max(axis=3) < FARTHEST_LOGIT)
        unfinished = ~lost & ~(np.abs(off).max(axis=3) < PRECISE)
        if not remaining or unfinished.mean() <= few:
            break
        solvable = np.where(lost[..., None, None], np.eye(len(bent)), turn)
        more = solve_each(solvable, np.where(lost[..., None], 0.0, off))
        far = np.abs(more @ by_logit).max(axis=3, keepdims=True)
        step = step + more / np.maximum(far / LONGEST, 1.0)
        now = logits + step @ by_logit
    return _Newton(step, now, turn, off, unfinished)
