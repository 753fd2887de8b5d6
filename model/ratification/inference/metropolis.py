"""Metropolis sweeps over votes that agree with the evidence; stationary law: the exact one."""

from collections.abc import Mapping, Sequence

import numpy as np

from ratification.inference.constraints import FREE
from ratification.inference.free import votes
from ratification.inference.lattice import moves_within
from ratification.inference.tied import TiedVotes

# Equalities confine the moves. Without them, on SEBAC's 22 June (12 leaves, a share so far), two
# sweeps and a hundred agree to 0.002 sd.
MOST_SWEEPS, MOST_UNCONFINED = 20, 10
# A group of many leaves starts close to its law. On SEBAC's 26 June (33 leaves, 38 reports) two
# sweeps, eight, 18 and 60 agree within Monte Carlo error on all but the ballots' sd (by 1%).
FEWEST_SWEEPS, MOST_MOVED = 3, 60
SMALL = 200  # members of a group of leaves that is also drawn as a whole
MOST_PASSES = 12  # a sweep, over moves that several constraints allow together
STEPS = np.array([(1, 0), (0, 1), (1, -1), (1, 1)])  # of yes and no of one leaf
WIDTHS = np.array([2.4, 0.6, 0.1])  # of a step, in standard deviations

# One leaf's part in a move: the leaf, and its step of yes and of no, by world (None: none).
Part = tuple[int, np.ndarray | None, np.ndarray | None]


def sweeps(tied: TiedVotes, rng: np.random.Generator) -> None:
    """Move the votes, in place, towards their law given every constraint."""
    chain = Chain(tied, rng)
    most = MOST_SWEEPS if chain.equal.any() else MOST_UNCONFINED
    for _ in range(int(np.clip(MOST_MOVED / len(tied.leaves), FEWEST_SWEEPS, most))):
        chain.sweep()


def redraw_small(tied: TiedVotes, rng: np.random.Generator) -> bool:
    """Draw all leaves freely: a proposal from their own law is taken wherever it agrees.

    Returns whether the group is small enough for that.

    In small groups only: there single moves may not connect what agrees, and this often does.
    """
    if tied.members.sum(axis=1).max() > SMALL:
        return False
    seen = (tied.seen_yes, tied.seen_no)
    yes, no = votes(tied.members, tied.turnout, tied.yes_share, seen, rng)
    drawn = tied.sums(yes, no)
    take = ((drawn >= tied.low) & (drawn <= tied.high)).all(axis=0)
    if tied.shares:
        gain = (tied.log_shares(drawn) - tied.log_shares(tied.values)).sum(axis=0)
        take &= gain > -rng.standard_exponential(len(take))
    tied.yes[take], tied.no[take] = yes[take], no[take]
    tied.values[:, take] = drawn[:, take]
    return True


class Chain:
    """One chain a world."""

    def __init__(self, tied: TiedVotes, rng: np.random.Generator) -> None:
        self.tied, self.rng = tied, rng
        self.equal = equal = (tied.low == tied.high).all(axis=1)
        self.exact = (tied.inside & equal[:, None]).any(axis=0)  # leaves that equalities hold
        ranged = ((tied.low > -FREE) & (tied.high < FREE)).all(axis=1)
        # Classes of leaves that the same constraints hold, and moves of whole classes. Without
        # them overlapping counts would leave each leaf no move of its own.
        held, number = np.unique(tied.inside, axis=1, return_inverse=True)
        self.classes = [np.flatnonzero(number == k) for k in range(held.shape[1])]
        self.bound_moves, special = moves_within(held, tied.alpha, tied.beta, (equal, ranged))
        self.bound_passes = min(2 * special, MOST_PASSES)
        self.log_shares = tied.log_shares(tied.values)
        self.log_most = [entry.log_most() for _, _, entry in tied.shares]

    def sweep(self) -> None:
        """One pass of Metropolis moves over the leaves, and one over sets of leaves."""
        tied, rng = self.tied, self.rng
        for leaf in rng.permutation(len(tied.leaves)).tolist():
            for d_yes, d_no in STEPS.tolist():
                self._move([(leaf, d_yes, d_no)])
            if not self.exact[leaf]:  # a share's whole numbers may lie far apart
                self._move_freely(leaf)
        order = rng.permutation(len(tied.leaves)).tolist()
        if rng.random() < 0.5:  # like sizes exchange more votes
            order = np.argsort(tied.members.mean(axis=0), kind="stable").tolist()
        for leaf, other in zip(order, np.roll(order, 1).tolist(), strict=True):
            if leaf != other:
                for yes, no in STEPS[rng.permutation(len(STEPS))[:3]].tolist():
                    self._move([(leaf, yes, no), (other, -yes, -no)])
        for _ in range(self.bound_passes):
            self._move_together()
        if redraw_small(tied, rng):
            self.log_shares = tied.log_shares(tied.values)

    def _move_together(self) -> None:
        """A step of several leaves that no equality notices: one random leaf of each class."""
        move = self.bound_moves[self.rng.integers(len(self.bound_moves))]
        moved = np.flatnonzero(move.any(axis=1)).tolist()
        leaves = [int(self.rng.choice(self.classes[k])) for k in moved]
        self._move([(leaf, *move[k].tolist()) for leaf, k in zip(leaves, moved, strict=True)])

    def _move(self, parts: Sequence[tuple[int, int, int]]) -> None:
        """A symmetric random step along one direction, unless an equality forbids it."""
        tied = self.tied
        slope = np.zeros(len(tied.alpha), dtype=np.int64)
        for leaf, d_yes, d_no in parts:
            slope += tied.inside[:, leaf] * (tied.alpha * d_yes + tied.beta * d_no)
        if slope[self.equal].any():
            return
        width = np.full(len(tied.yes), np.inf)
        for leaf, d_yes, d_no in parts:
            for each, sd in ((d_yes, tied.sd_yes), (d_no, tied.sd_no)):
                if each:
                    width = np.minimum(width, sd[:, leaf] / abs(each))
        step = self._step(width)
        touched = np.flatnonzero(slope)
        self._propose(
            [
                (leaf, d_yes * step if d_yes else None, d_no * step if d_no else None)
                for leaf, d_yes, d_no in parts
            ],
            touched,
            slope[touched, None] * step,
        )

    def _move_freely(self, leaf: int) -> None:
        """Steps of yes and of no of one leaf that know nothing of each other."""
        tied = self.tied
        d_yes, d_no = self._step(tied.sd_yes[:, leaf]), self._step(tied.sd_no[:, leaf])
        touched = np.flatnonzero(tied.inside[:, leaf])
        change = tied.alpha[touched, None] * d_yes + tied.beta[touched, None] * d_no
        self._propose([(leaf, d_yes, d_no)], touched, change)

    def _step(self, width: np.ndarray) -> np.ndarray:
        """A symmetric random step, never 0, of one of three sizes."""
        drawn = self.rng.standard_normal(len(width))
        drawn *= width * WIDTHS[self.rng.integers(len(WIDTHS))]
        step = np.rint(drawn).astype(np.int64)
        step += (step == 0) * np.where(drawn < 0, -1, 1)
        return step

    def _propose(self, parts: Sequence[Part], touched: np.ndarray, change: np.ndarray) -> None:
        """Accept a symmetric change of different leaves by the exact ratio of probabilities.

        `change` is what it does to the constrained sums that it touches, (touched, world).
        """
        tied = self.tied
        gain = self.rng.standard_exponential(len(tied.yes))  # minus the log of a uniform number
        allowed = np.ones(len(tied.yes), dtype=bool)
        for leaf, d_yes, d_no in parts:
            yes, no = tied.yes[:, leaf], tied.no[:, leaf]
            if d_yes is not None:
                gain += tied.log_yes[:, leaf] * d_yes
                self._count_ways(yes - tied.seen_yes[leaf], d_yes, gain, allowed)
            if d_no is not None:
                gain += tied.log_no[:, leaf] * d_no
                self._count_ways(no - tied.seen_no[leaf], d_no, gain, allowed)
            cast = _cast(d_yes, d_no)
            self._count_ways(tied.members[:, leaf] - yes - no, -cast, gain, allowed)
            seen = tied.seen_yes[leaf] + tied.seen_no[leaf]
            if seen:  # of the ways to cast the ballots, those in which these were counted first
                self._count_ways(yes + no, cast, gain, allowed)
                self._count_ways(yes + no - seen, cast, gain, allowed, power=-1)
        sums = tied.values[touched] + change
        allowed &= ((sums >= tied.low[touched]) & (sums <= tied.high[touched])).all(axis=0)
        weighed = self._weigh_shares(dict(zip(touched.tolist(), sums, strict=True)), gain, allowed)
        take = allowed & (gain > 0)
        for place, log_chance in weighed:
            self.log_shares[place] = np.where(take, log_chance, self.log_shares[place])
        for leaf, d_yes, d_no in parts:
            if d_yes is not None:
                tied.yes[:, leaf] += take * d_yes
            if d_no is not None:
                tied.no[:, leaf] += take * d_no
        tied.values[touched] += take * change

    def _weigh_shares(
        self, sums: Mapping[int, np.ndarray], gain: np.ndarray, allowed: np.ndarray
    ) -> list[tuple[int, np.ndarray]]:
        """What a move does to the chance of the shares so far; returns those that it touches.

        Worked out only in worlds where some chance of the share would let the move through.
        """
        values, weighed = self.tied.values, []
        for place, (yes, no, entry) in enumerate(self.tied.shares):
            if yes in sums or no in sums:
                now = self.log_shares[place]
                worlds = np.flatnonzero(allowed & (gain + self.log_most[place] - now > 0))
                moved = (sums.get(row, values[row])[worlds] for row in (yes, no))
                log_chance = now.copy()
                log_chance[worlds] = entry.of(worlds).log_chance(*moved)
                gain += log_chance - now
                weighed.append((place, log_chance))
        return weighed

    def _count_ways(
        self,
        votes: np.ndarray,
        step: np.ndarray,
        gain: np.ndarray,
        allowed: np.ndarray,
        power: int = 1,
    ) -> None:
        """What a change of some votes does to the law's factorials; and if it can be.

        Most of them divide; `power` is -1 for one that multiplies.
        """
        if step.any():
            new = votes + step
            allowed &= new >= 0
            gain += power * (self.tied.table.take(votes) - self.tied.table.take(new, mode="clip"))


def _cast(d_yes: np.ndarray | None, d_no: np.ndarray | None) -> np.ndarray:
    return np.asarray((0 if d_yes is None else d_yes) + (0 if d_no is None else d_no))
