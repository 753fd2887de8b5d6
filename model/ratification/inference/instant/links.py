"""Reports as straight lines: each row a function of the logits that is nearly linear in them.

A count of one cell is its logit, observed with noise. Every other row is turned into a logit that
is zero where the reported number is met: of the pooled yes share against the share that would meet
it, or of the part of the members. In a union that is one cell both are exactly linear.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.reports import Reports, Sums, columns, picked
from ratification.inference.numerics import expit, logit
from ratification.inference.terms import OPEN

Array = np.ndarray
NARROW = 0.1  # of the members, or of a share: a wider range is no number
NEAREST = 1e-4  # to 0 or 1 of a share that a row aims at
TINY = 1e-12
# The noise of a line is that of one place, made larger: a proposal must not be narrower than what
# it proposes for. Beyond an open side it is compared with tails, so there it is larger still.
SAFETY, OPEN_SIDE = 1.1, 1.5


@dataclass(frozen=True)
class Line:
    """Rows linearised: start + slopes logits lies, with noise, in an interval."""

    start: Float[np.ndarray, "block point row"]  # at logits of zero
    slopes: Float[np.ndarray, "block point row logit"]
    noise: Float[np.ndarray, "block point row"]  # variance
    low: Float[np.ndarray, "block point row"]
    high: Float[np.ndarray, "block point row"]

    def some(self, points: Array) -> "Line":
        """The lines of some of the points."""
        return Line(*(getattr(self, name)[:, points] for name in Line.__annotations__))

    def at(
        self, logits: Float[np.ndarray, "block point copy logit"]
    ) -> Float[np.ndarray, "block point copy row"]:
        """Values of the rows at these logits."""
        return np.asarray(self.start[:, :, None] + logits @ self.slopes.transpose(0, 1, 3, 2))


def joined[T](parts: Sequence[T]) -> T:
    """Arrays (block, point, ...) of several sets of points as one."""
    kind: Any = type(parts[0])
    names = kind.__annotations__
    whole: T = kind(*(np.concatenate([getattr(p, n) for p in parts], axis=1) for n in names))
    return whole


@dataclass(frozen=True)
class Bends:
    """Rows after the counts at some logits: values, and derivatives by yes votes and ballots."""

    value: Float[np.ndarray, "block point copy row"]
    by_yes: Float[np.ndarray, "block point copy row"]
    by_ballots: Float[np.ndarray, "block point copy row"]
    scope: Float[np.ndarray, "block row cell"]
    yes: Float[np.ndarray, "block point copy cell"]  # of yes votes by logit yes share
    away: Float[np.ndarray, "block point copy cell"]  # of ballots by logit turnout
    p: Float[np.ndarray, "block point copy cell"]

    def mean_slopes(self) -> Float[np.ndarray, "block point row logit"]:
        """By the logits of the cells, on average over the copies."""

        def mean(rows: Array, cells: Array) -> Array:
            return np.asarray(rows.transpose(0, 1, 3, 2) @ cells / rows.shape[2])

        turnout = mean(self.by_yes, self.away * self.p) + mean(self.by_ballots, self.away)
        both = [mean(self.by_yes, self.yes), turnout]
        return np.concatenate([part * self.scope[:, None] for part in both], axis=3)

    def along(
        self, ways: Float[np.ndarray, "block point way logit"]
    ) -> Float[np.ndarray, "block point copy row way"]:
        """Derivatives along directions in the logits."""
        cells = self.scope.shape[2]
        by_yes, by_turnout = ways[:, :, None, :, :cells], ways[:, :, None, :, cells:]
        ballots = self.away[:, :, :, None] * by_turnout
        yes = self.yes[:, :, :, None] * by_yes + self.p[:, :, :, None] * ballots
        of_yes, of_ballots = self._over(yes), self._over(ballots)
        along = self.by_yes[..., None] * of_yes + self.by_ballots[..., None] * of_ballots
        return np.asarray(along)

    def _over(self, values: Array) -> Array:
        """Sums over the scope of each row: (block, point, copy, row, way)."""
        blocks, points, copies, ways, cells = values.shape
        flat = values.reshape(blocks, points * copies * ways, cells)
        sums = flat @ self.scope.transpose(0, 2, 1)
        return np.asarray(sums.reshape(blocks, points, copies, ways, -1).swapaxes(3, 4))


class Links:
    """The rows of blocks of one shape in the order they are drawn: points, then intervals."""

    def __init__(self, reports: Reports) -> None:
        self.reports = reports
        pools, polls, so_far, ranges = reports.sizes
        self.counts = reports.counts.shape[1]
        self.points = self.counts + 2 * pools + polls
        self.rows = self.points + so_far + ranges
        # Rows of `scope` that the rows after the counts are about: a pool is two rows.
        first = list(range(pools))
        self.about = np.array([*first, *first, *range(pools, reports.scope.shape[1])], dtype=int)
        self.scope = reports.scope[:, self.about]
        self._aims()

    def _aims(self) -> None:
        """Of every row after the counts: alpha, beta, the aim, and the most it can be.

        The share that meets aim = alpha yes + beta no among B ballots is
        (aim / B - beta) / (alpha - beta).
        """
        reports = self.reports
        whole = (reports.scope * reports.members[:, None]).sum(axis=2)
        pools = reports.pool.shape[1]
        yes, counted = reports.pool[..., 0], reports.pool[..., 1]
        top = np.maximum(whole[:, :pools], counted) + 0.5
        one = np.ones_like(counted)
        ballots = np.stack([one, one, np.maximum(counted, 0.5), top], axis=2)
        parts = [ballots, _share_aim((yes + 0.5) / (counted + 1))]
        parts.append(_share_aim(expit(reports.poll[..., 0])))
        low, high = reports.so_far[..., 0], reports.so_far[..., 1]
        parts.append(_share_aim(np.clip((low + high) / 2, NEAREST, 1 - NEAREST)))
        alpha, beta = reports.range[..., 0], reports.range[..., 1]
        low, high = reports.range[..., 2], reports.range[..., 4]
        aim = np.where(low <= -OPEN / 2, high, np.where(high >= OPEN / 2, low, (low + high) / 2))
        # Half a vote is nothing: an outcome's share is then linear wherever a union is one cell.
        aim = np.where((alpha * beta < 0) & (np.abs(aim) < 1), 0.0, aim)
        top = np.maximum(alpha, beta) * (whole[:, -alpha.shape[1] :] if alpha.shape[1] else alpha)
        parts.append(np.stack([alpha, beta, aim, np.maximum(top, np.abs(aim)) + 0.5], axis=2))
        self.aims = np.concatenate(parts, axis=1)
        self.is_share = (self.aims[..., 0] * self.aims[..., 1] < 0)[:, None, None]

    def straight(self) -> Array:
        """Which rows after the counts are linear in the logits as they are: (block, row)."""
        alone = self.scope.sum(axis=2) == 1
        alpha, beta, aim, _ = (self.aims[..., i] for i in range(4))
        return np.asarray(alone & np.where(self.is_share[:, 0, 0], aim == 0, alpha == beta))

    def narrow(self) -> Array:
        """Which rows after the counts pin their number down, in some block: (row)."""
        alpha, beta, low, low_each, high, high_each = (self.reports.range[..., i] for i in range(6))
        ranges = alpha.shape[1]
        whole = (self.scope * self.reports.members[:, None]).sum(axis=2)
        whole = whole[:, whole.shape[1] - ranges :] * np.maximum(np.abs(alpha), np.abs(beta))
        wide = (high - low) / np.maximum(whole, 1.0) + (high_each - low_each)
        so_far = self.reports.so_far[..., 1] - self.reports.so_far[..., 0]
        wide = np.concatenate([so_far, wide], axis=1)
        points = np.ones(len(self.about) - wide.shape[1], dtype=bool)
        return np.concatenate([points, (wide < NARROW).any(axis=0)])

    def at(
        self, logits: Float[np.ndarray, "block point copy logit"], rows: Array | slice = slice(None)
    ) -> "Bends":
        """Values of rows after the counts, and how they change, at these logits."""
        scope, share = self.scope[:, rows], self.is_share[..., rows]
        alpha, beta, aim, top = columns(self.aims[:, rows])
        sums = Sums(scope, self.reports.members, logits)
        ballots = np.maximum(sums.ballots, TINY)
        each = alpha - beta
        s = np.clip(sums.yes / ballots, TINY, 1 - TINY)
        of_each = np.where(share, each, 1.0)
        met = _inside((aim / ballots - beta) / of_each)
        moving = (met > NEAREST) & (met < 1 - NEAREST)
        by_yes = 1 / (ballots * s * (1 - s))
        goal_moves = np.where(moving, aim / (ballots**2 * of_each * met * (1 - met)), 0.0)
        part = np.clip((each * sums.yes + beta * ballots) / top, TINY, 1 - TINY)
        steep = 1 / (top * part * (1 - part))
        return Bends(
            value=np.where(share, logit(s) - logit(met), logit(part) - logit(_inside(aim / top))),
            by_yes=np.where(share, by_yes, each * steep),
            by_ballots=np.where(share, goal_moves - s * by_yes, beta * steep),
            scope=scope,
            yes=sums.by_cell * sums.p * (1 - sums.p),
            away=sums.by_cell * (1 - sums.t),
            p=sums.p,
        )

    def values(
        self, logits: Float[np.ndarray, "block point copy logit"]
    ) -> Float[np.ndarray, "block point copy row"]:
        """Values of all rows at these logits."""
        counts = picked(logits, self.reports.count_at)
        return np.concatenate([counts, self.at(logits).value], axis=3)

    def line(
        self, logits: Float[np.ndarray, "block point place logit"]
    ) -> tuple[Line, Float[np.ndarray, "block point place row"]]:
        """All rows linearised at each point, and their values at the places of the point.

        On average over several places it is the line that fits best where they lie (statistical
        linearisation).
        """
        at, seen, scatter, counted = self._counted(logits)
        if not len(self.about):
            noise = SAFETY * scatter.mean(axis=2)
            seen = seen.mean(axis=2)
            return Line(np.zeros_like(noise), counted, noise, low=seen, high=seen), at
        noise, low, high = self._spread(logits)
        low, high = np.concatenate([seen, low], axis=3), np.concatenate([seen, high], axis=3)
        open_side = ~(np.isfinite(low) & np.isfinite(high))
        noise = np.concatenate([scatter, noise], axis=3) * np.where(open_side, OPEN_SIDE, SAFETY)
        bends = self.at(logits)
        values = np.concatenate([at, bends.value], axis=3)
        slopes = np.concatenate([counted, bends.mean_slopes()], axis=2)
        line = Line(
            start=values.mean(axis=2) - (slopes @ logits.mean(axis=2)[..., None])[..., 0],
            slopes=slopes,
            noise=noise.mean(axis=2),
            low=low.mean(axis=2),
            high=high.mean(axis=2),
        )
        return line, values

    def _counted(self, logits: Array) -> tuple[Array, Array, Array, Array]:
        """The logits that counts are of; as seen, with what noise; and their slopes."""
        at = picked(logits, self.reports.count_at)
        yes, of = columns(self.reports.counts)
        yes, no = yes + 0.5, of - yes + 0.5
        slopes = np.eye(logits.shape[3])[self.reports.count_at][:, None]
        return (
            at,
            np.broadcast_to(np.log(yes / no), at.shape),
            np.broadcast_to(1 / yes + 1 / no, at.shape),
            np.broadcast_to(slopes, (*at.shape[:2], *slopes.shape[2:])),
        )

    def _spread(self, logits: Array) -> tuple[Array, Array, Array]:
        """Noise and interval of the rows after the counts, on the scale of their values."""
        reports = self.reports
        pool, poll, so_far, between = Sums(reports.scope, reports.members, logits).split(
            reports.sizes
        )
        noises, lows, highs = [], [], []

        def told(noise: Array, low: Array | float = 0.0, high: Array | float = 0.0) -> None:
            noises.append(noise)
            lows.append(np.broadcast_to(low, noise.shape))
            highs.append(np.broadcast_to(high, noise.shape))

        _, counted = columns(reports.pool)
        _, left = pool.margin_given_ballots()
        aims = np.split(self.aims, np.cumsum([pool.yes.shape[3]] * 2), axis=1)
        _, _, aim, top = columns(aims[0])
        met = _inside(aim / top)
        told(pool.linear(1.0, 1.0)[1] / (top * met * (1 - met)) ** 2)
        met = columns(aims[1])[0]
        met = _inside(1 - met)
        told(left / (2 * np.maximum(counted, 1.0) * met * (1 - met)) ** 2)
        _, asked = columns(reports.poll)
        share, _ = poll.share()
        told(reports.poll_bias**2 + 1 / (asked * share * (1 - share)))
        low, high, seen = columns(reports.so_far)
        met = np.clip((low + high) / 2, NEAREST, 1 - NEAREST)
        told(
            so_far.so_far_variance(seen) / (met * (1 - met)) ** 2,
            _level(low) - logit(met),
            _level(high) - logit(met),
        )
        told(*self._range_spread(between))
        return tuple(np.concatenate(parts, axis=3) for parts in (noises, lows, highs))  # type: ignore[return-value]

    def _range_spread(self, rows: Sums) -> tuple[Array, Array, Array]:
        alpha, beta, low, low_each, high, high_each = columns(self.reports.range)
        ranges = self.reports.range.shape[1]
        share = self.is_share[..., self.is_share.shape[3] - ranges :]
        _, _, aim, top = columns(self.aims[:, self.aims.shape[1] - ranges :])
        ballots = np.maximum(rows.ballots, TINY)
        _, variance = rows.linear(alpha, beta)

        def met(number: Array) -> Array:
            of_ballots = (number / ballots - beta) / np.where(share, alpha - beta, 1.0)
            return np.asarray(np.where(share, of_ballots, number / top))

        at = _inside(met(aim))
        scale = np.where(share, ballots * (alpha - beta), top) * at * (1 - at)
        least = np.where(low <= -OPEN / 2, -np.inf, _level(met(low + low_each * ballots)))
        most = np.where(high >= OPEN / 2, np.inf, _level(met(high + high_each * ballots)))
        return variance / scale**2, least - logit(at), most - logit(at)


def _share_aim(share: Array) -> Array:
    """The aim of a row whose yes share is known: met where alpha yes + beta no is zero."""
    share = _inside(share)
    return np.stack([1 - share, -share, np.zeros_like(share), np.ones_like(share)], axis=2)


def _inside(share: Array) -> Array:
    return np.asarray(np.clip(share, NEAREST, 1 - NEAREST))


def _level(share: Array) -> Array:
    """Logit of a bound; one outside 0 and 1 is far out."""
    return logit(np.clip(share, TINY, 1 - TINY))
