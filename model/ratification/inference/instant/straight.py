"""Rows as straight lines in the effects, which are then normal given the rows."""

from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from ratification.inference.instant.blocks import Batch
from ratification.inference.instant.effects import Effects
from ratification.inference.instant.linear import solve_each, solve_lower, solve_upper
from ratification.inference.instant.links import Line
from ratification.inference.instant.truncated import simulate

Array = np.ndarray
PASSES = 2  # of linearisation
PLACES = 8  # draws over which it is averaged in the end
STRAY = 20  # times the variance of what a row strays from its line


class Straight:
    """The rows of a batch as straight lines, at some points."""

    def __init__(self, batch: Batch, maps: Effects, line: Line) -> None:
        self.batch, self.maps, self.line = batch, maps, line
        self.slopes = maps.pulled(line.slopes)
        self.factor = _factor(self.slopes, line.noise)
        self.centre = line.at(maps.means[:, :, None])[:, :, 0]

    def nearest(self, here: Array) -> Array:
        """Logits nearest to `here`, by rows, at which every row is within its interval."""
        value = self.line.at(here[:, :, None])[:, :, 0]
        aim = np.clip(value, self.line.low, self.line.high) - self.centre
        weights = solve_upper(self.factor, solve_lower(self.factor, aim[:, :, None]))
        return np.asarray(self.maps.means + self.maps.logits(weights @ self.slopes)[:, :, 0])

    def draws(self, copies: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        """Effects given that every row is within its interval, their logits, log weights."""
        means, rows, points = self.maps.means, self.slopes.shape[2], self.batch.links.points
        free = rng.standard_normal((*means.shape[:2], copies, self.batch.tree.width))
        noise = rng.standard_normal((*free.shape[:3], rows))
        uniform = rng.random((*free.shape[:3], rows - points))
        low, high = self.line.low - self.centre, self.line.high - self.centre
        numbers, log_weights = simulate(self.factor, low, high, points, uniform)
        of_free = along(self.slopes, free) + np.sqrt(self.line.noise)[:, :, None] * noise
        pull = numbers - solve_lower(self.factor, of_free)
        effects = free + solve_upper(self.factor, pull) @ self.slopes
        return effects, means[:, :, None] + self.maps.logits(effects), log_weights

    @cached_property
    def ways(self) -> Array:
        """Directions in the effects along which bent rows are straightened.

        They are the covariance of the effects with those rows, given the counts of single cells,
        so that the counts are not disturbed.
        """
        counts, bent = self.batch.links.counts, self.batch.bent
        ways = self.slopes[:, :, counts + bent]
        if not counts or not len(bent):
            return np.asarray(ways)
        kept = self.slopes[:, :, :counts]
        factor = self.factor[:, :, :counts, :counts]
        weights = solve_upper(factor, solve_lower(factor, along(kept, ways)))
        return np.asarray(ways - weights @ kept)

    @cached_property
    def ways_by_logit(self) -> Array:
        """The same in the logits."""
        return self.maps.logits(self.ways)

    def wider(self, extra: Array) -> "Straight":
        """The same with more noise, but for the counts: of them alone the ways take notice."""
        found = copy(self)
        found.line = replace(self.line, noise=self.line.noise + extra)
        found.factor = _factor(self.slopes, found.line.noise)
        return found


def fitted(batch: Batch, maps: Effects, rng: np.random.Generator) -> Straight:
    """The rows as the lines that fit best where the draws of each point will lie.

    Rows that are straight by themselves are taken as they are. Others are linearised where they are
    nearest to what was reported, by Gauss and Newton; then on average over draws made with those
    lines (statistical linearisation).
    """
    if batch.links.straight().all():
        return Straight(batch, maps, batch.links.line(maps.means[:, :, None])[0])
    return linearised(batch, maps, rng)[0]


def linearised(batch: Batch, maps: Effects, rng: np.random.Generator) -> tuple[Straight, Array]:
    """The rows as lines, and the logits of the draws that they were fitted to."""
    here = maps.means
    for _ in range(PASSES):
        straight = Straight(batch, maps, batch.links.line(here[:, :, None])[0])
        here = straight.nearest(here)
    _, places, _ = straight.draws(PLACES, rng)
    line, values = batch.links.line(places)
    straight = Straight(batch, maps, line)
    return straight.wider(_strayed(straight, values - line.at(places))), places


def _strayed(straight: Straight, stray: Array) -> Array:
    """More noise for rows that are not straightened: as much as their values stray from the line.

    Straightening the others moves them too. Without this the proposal would not go where a row
    holds although its line says that it does not, and no check on the weights could tell.
    """
    slopes, rows = straight.line.slopes, straight.batch.links.counts + straight.batch.bent
    if len(rows):
        turn = slopes[:, :, rows] @ straight.ways_by_logit.swapaxes(2, 3)
        off = stray[..., rows]
        step = solve_each(np.broadcast_to(turn[:, :, None], (*off.shape, len(rows))), -off)
        stray = stray + along(slopes, step @ straight.ways_by_logit)
    extra = STRAY * np.square(stray).mean(axis=2)
    extra[..., : straight.batch.links.counts] = 0.0
    extra[..., rows] = 0.0
    return np.where(np.isfinite(extra), extra, 0.0)


def _factor(slopes: Array, noise: Array) -> Array:
    """Cholesky factor of the covariance of the rows."""
    covariance = slopes @ slopes.transpose(0, 1, 3, 2)
    index = np.arange(noise.shape[2])
    covariance[:, :, index, index] += noise
    return np.asarray(np.linalg.cholesky(covariance))


def along(slopes: Array, values: Array) -> Array:
    """(block, point, row, x) by (block, point, copy, x): (block, point, copy, row)."""
    return np.asarray(values @ slopes.transpose(0, 1, 3, 2))
