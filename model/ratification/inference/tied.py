"""Leaves that reports tie together, in worlds that disagree with them: votes being moved."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ratification.inference.constraints import Constraint
from ratification.inference.so_far import SoFar

BY_WORLD = ("rows", "members", "turnout", "yes_share", "log_yes", "log_no", "sd_yes", "sd_no")


@dataclass(frozen=True)
class Ballots:
    """Everything needed to draw the votes of a block of worlds."""

    members: np.ndarray
    yes_share: np.ndarray
    turnout: np.ndarray
    seen_yes: np.ndarray  # by leaf: ballots counted so far, which stay as they are
    seen_no: np.ndarray
    shares: tuple[SoFar, ...] = ()  # so far, of several leaves together

    def of(self, worlds: np.ndarray | slice) -> "Ballots":
        """For some of the worlds."""
        return replace(
            self,
            members=self.members[worlds],
            yes_share=self.yes_share[worlds],
            turnout=self.turnout[worlds],
            shares=tuple(entry.of(worlds) for entry in self.shares),
        )

    def shares_of(self, leaves: np.ndarray) -> list[SoFar]:
        """The shares so far of some of these leaves."""
        return [entry for entry in self.shares if np.isin(entry.leaves, leaves).any()]


class TiedVotes:
    """Yes and no of one group of leaves, (world, leaf), with the sums that reports bound.

    `values`, `low` and `high` are (constraint, world); `change` keeps `values` up to date.
    """

    def __init__(
        self,
        ballots: Ballots,
        leaves: np.ndarray,
        held: Sequence[Constraint],
        rows: np.ndarray,
        yes: np.ndarray,
        no: np.ndarray,
    ) -> None:
        pick = np.ix_(rows, leaves)
        self.rows, self.leaves = rows, leaves
        # Moves go leaf by leaf: columns are kept together.
        self.members = np.asfortranarray(ballots.members[pick], dtype=np.int64)
        t, p = (np.asfortranarray(part[pick]) for part in (ballots.turnout, ballots.yes_share))
        self.turnout, self.yes_share = t, p
        chances = np.clip(np.stack([t * p, t * (1 - p), 1 - t]), 1e-12, 1.0)
        self.seen_yes, self.seen_no = ballots.seen_yes[leaves], ballots.seen_no[leaves]
        self.log_yes = np.log(chances[0]) - np.log(chances[2])
        self.log_no = np.log(chances[1]) - np.log(chances[2])
        self.sd_yes = np.sqrt(self.members * chances[0] * (1 - chances[0])) + 0.5
        self.sd_no = np.sqrt(self.members * chances[1] * (1 - chances[1])) + 0.5
        self.table = _log_factorials(int(self.members.max(initial=1)))
        self.alpha = np.array([entry.alpha for entry in held])
        self.beta = np.array([entry.beta for entry in held])
        self.inside = np.stack([np.isin(leaves, entry.leaves) for entry in held])
        self.low = np.stack([entry.low[rows] for entry in held])
        self.high = np.stack([entry.high[rows] for entry in held])
        self.shares = [
            (self._row(entry.leaves, 1, 0), self._row(entry.leaves, 0, 1), entry.of(rows))
            for entry in ballots.shares_of(leaves)
        ]
        self.set_votes(yes[pick], no[pick])

    def _row(self, leaves: np.ndarray, alpha: int, beta: int) -> int:
        """The constraint whose value is this sum."""
        scope = np.isin(self.leaves, leaves)
        same = (self.alpha == alpha) & (self.beta == beta) & (self.inside == scope).all(axis=1)
        return int(np.flatnonzero(same)[0])

    def set_votes(self, yes: np.ndarray, no: np.ndarray) -> None:
        """Take these votes."""
        self.yes = np.asfortranarray(yes, dtype=np.int64)
        self.no = np.asfortranarray(no, dtype=np.int64)
        self.values = self.sums(self.yes, self.no)

    def log_shares(self, values: np.ndarray) -> np.ndarray:
        """Log chance of each share so far, given the constrained sums: (share, world)."""
        chances = [entry.log_chance(values[yes], values[no]) for yes, no, entry in self.shares]
        return np.reshape(chances, (len(self.shares), values.shape[1]))

    def sums(self, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
        """The constrained sums of some votes, (constraint, world)."""
        total = (self.inside * self.alpha[:, None]) @ yes.T
        total += (self.inside * self.beta[:, None]) @ no.T
        return np.asarray(total)

    def of(self, worlds: np.ndarray) -> "TiedVotes":
        """Some of the worlds, apart."""
        part = copy(self)
        for name in (*BY_WORLD, "yes", "no"):
            setattr(part, name, np.asfortranarray(getattr(self, name)[worlds]))
        for name in ("low", "high", "values"):
            setattr(part, name, getattr(self, name)[:, worlds])
        part.shares = [(yes, no, entry.of(worlds)) for yes, no, entry in self.shares]
        return part

    def violation(self) -> np.ndarray:
        """How many votes a world lacks, over all constraints; 0 where it agrees."""
        return self._lacking(self.values)

    def _lacking(self, values: np.ndarray) -> np.ndarray:
        excess = np.maximum(self.low - values, 0) + np.maximum(values - self.high, 0)
        slope = np.maximum(np.abs(self.alpha), np.abs(self.beta))
        return np.asarray((excess / slope[:, None]).sum(axis=0))

    def change(
        self, parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], before: np.ndarray
    ) -> np.ndarray:
        """Apply (leaf, step of yes, step of no), by world, where agreement gets no farther.

        `before` is the violation so far; returns what it is then.
        """
        at = np.arange(len(self.yes))
        values = self.values.copy()
        for leaf, d_yes, d_no in parts:
            values += self.inside[:, leaf] * (
                np.outer(self.alpha, d_yes) + np.outer(self.beta, d_no)
            )
        after = self._lacking(values)
        take = after <= before
        for leaf, d_yes, d_no in parts:
            self.yes[at, leaf] += take * d_yes
            self.no[at, leaf] += take * d_no
        self.values = np.where(take, values, self.values)
        return np.where(take, after, before)


@lru_cache(maxsize=2)
def _log_factorials(most: int) -> np.ndarray:
    """log(n!) for n up to `most`."""
    size = 1 << max(most + 1, 2).bit_length()
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size)))])
