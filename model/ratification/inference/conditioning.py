"""Whole-number votes that agree with the evidence, exactly.

Given yes share, turnout and roster, a leaf's (yes, no, not voting) is multinomial. Reports about
several leaves, and ranges, tie leaves together. Each connected group of leaves is drawn freely
and drawn again while it disagrees, which is exact. Worlds still in disagreement are moved onto
the evidence (a Gaussian update, rounded and repaired) and then through Metropolis sweeps whose
stationary law is the exact conditional one: single votes, exchanges between leaves, and moves
that keep a margin. Checked against enumeration in tests.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ratification.case.known import Known

TRIES = 60  # free draws before a world is moved onto the evidence
WORTH_ANOTHER = 0.04  # of the worlds still in disagreement: with fewer mended, drawing ends
SWEEPS = 20
FEWEST_SWEEPS, MOST_MOVED = 6, 600  # a group of many leaves starts close to its law already
SMALL = 200  # members of a group of leaves that is also drawn as a whole
MOST_PASSES = 12  # a sweep, over moves that several constraints allow together
REPAIRS = 200
FREE = 2**62
DIRECTIONS = np.array([(1, 0), (0, 1), (1, -1), (1, 1)])  # of yes and no of one leaf


@dataclass(frozen=True, slots=True)
class Constraint:
    """low <= alpha * yes + beta * no over `leaves` <= high, in integers; bounds by world."""

    leaves: np.ndarray
    alpha: int
    beta: int
    low: np.ndarray
    high: np.ndarray

    def value(self, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
        """The constrained sum in every world."""
        total: np.ndarray = self.alpha * yes[:, self.leaves].sum(axis=1, dtype=np.int64)
        total += self.beta * no[:, self.leaves].sum(axis=1, dtype=np.int64)
        return total

    def excess(self, value: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """How far below (negative) or above (positive) its bounds a value is; 0 inside."""
        below, above = value - self.low[rows], value - self.high[rows]
        return np.asarray(np.minimum(below, 0) + np.maximum(above, 0))


@dataclass(frozen=True)
class Ballots:
    """Everything needed to draw the votes of a block of worlds."""

    members: np.ndarray
    yes_share: np.ndarray
    turnout: np.ndarray


def draw_free(
    ballots: Ballots,
    leaves: Sequence[int] | slice,
    rows: np.ndarray | slice,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Yes and no of some leaves in some worlds, with no constraint."""
    pick = (
        (rows, leaves)
        if isinstance(rows, slice) or isinstance(leaves, slice)
        else np.ix_(rows, leaves)
    )
    cast = rng.binomial(ballots.members[pick], ballots.turnout[pick])
    yes = rng.binomial(cast, ballots.yes_share[pick])
    return yes, cast - yes


def constraints_of(facts: Known, members: np.ndarray) -> list[Constraint]:
    """Every report about several leaves, or with a range, as integer constraints by world."""
    worlds = len(members)
    found: list[Constraint] = []

    def add(
        leaves: frozenset[int],
        alpha: int,
        beta: int,
        low: int | np.ndarray | None,
        high: int | np.ndarray | None,
    ) -> None:
        found.append(
            Constraint(
                np.array(sorted(leaves)),
                alpha,
                beta,
                np.broadcast_to(np.asarray(-FREE if low is None else low), (worlds,)),
                np.broadcast_to(np.asarray(FREE if high is None else high), (worlds,)),
            )
        )

    for count in facts.counts:
        if len(count.scope) > 1:
            add(count.scope, 1, 0, count.yes, count.yes)
            add(count.scope, 0, 1, count.no, count.no)
    for entry in facts.ranges:
        add(entry.scope, entry.alpha, entry.beta, entry.low, entry.high)
    for partial in facts.partials:
        if partial.low is None and partial.high is None:
            add(partial.scope, 1, 0, partial.yes, None)
            add(partial.scope, 0, 1, partial.no, None)
    for share in facts.shares:
        known = share.known_yes + share.known_no
        low, high = share.low, share.high
        if share.of == "members":
            size = members[:, sorted(share.whole)].sum(axis=1)
            least = -(-size * low.numerator // low.denominator) - known
            most = size * high.numerator // high.denominator - known
            add(share.scope, 1, 1, least, most)
            continue
        if low > 0:  # yes + known_yes >= low * (ballots + known), times the denominator
            need = low.numerator * known - low.denominator * share.known_yes
            add(share.scope, low.denominator - low.numerator, -low.numerator, need, None)
        if high < 1:
            need = high.numerator * known - high.denominator * share.known_yes
            add(share.scope, high.denominator - high.numerator, -high.numerator, None, need)
    return found


def components(constraints: Sequence[Constraint]) -> list[tuple[np.ndarray, list[Constraint]]]:
    """Groups of leaves that constraints tie together, with their constraints."""
    groups: list[tuple[set[int], list[Constraint]]] = []
    for constraint in constraints:
        leaves, held = set(constraint.leaves.tolist()), [constraint]
        apart = []
        for others, theirs in groups:
            if others & leaves:
                leaves |= others
                held = theirs + held
            else:
                apart.append((others, theirs))
        groups = [*apart, (leaves, held)]
    return [(np.array(sorted(leaves)), held) for leaves, held in groups]


def satisfied(
    constraints: Sequence[Constraint],
    yes: np.ndarray,
    no: np.ndarray,
    rows: np.ndarray | slice = slice(None),
) -> np.ndarray:
    """Which worlds agree with every constraint; `rows` are the worlds that yes and no hold."""
    good = np.ones(len(yes), dtype=bool)
    for constraint in constraints:
        good &= constraint.excess(constraint.value(yes, no), rows) == 0
    return good


def condition(
    ballots: Ballots,
    constraints: Sequence[Constraint],
    yes: np.ndarray,
    no: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Change freely drawn yes and no, in place, into votes that agree with the constraints.

    Returns which worlds agree; the few that could not be repaired do not.
    """
    good = np.ones(len(yes), dtype=bool)
    for leaves, held in components(constraints):
        bad = np.flatnonzero(~satisfied(held, yes, no))
        bad = _draw_again(ballots, leaves, held, yes, no, bad, rng)
        if len(bad):
            good[bad] &= _Chains(ballots, leaves, held, bad, rng).run(yes, no)
    return good


def _draw_again(
    ballots: Ballots,
    leaves: np.ndarray,
    held: Sequence[Constraint],
    yes: np.ndarray,
    no: np.ndarray,
    bad: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw disagreeing worlds anew, as long as that makes enough of them agree."""
    for _ in range(TRIES):
        if not len(bad):
            break
        new_yes, new_no = draw_free(ballots, leaves.tolist(), bad, rng)
        yes[np.ix_(bad, leaves)], no[np.ix_(bad, leaves)] = new_yes, new_no
        left = bad[~satisfied(held, yes[bad], no[bad], bad)]
        few = len(bad) - len(left) < WORTH_ANOTHER * len(bad)
        bad = left
        if few:
            break
    return bad


class _Chains:
    """Worlds of one group of leaves, moved onto the evidence and through Metropolis sweeps."""

    def __init__(
        self,
        ballots: Ballots,
        leaves: np.ndarray,
        held: Sequence[Constraint],
        rows: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        pick = np.ix_(rows, leaves)
        self.rows, self.leaves, self.rng = rows, leaves, rng
        # Moves go leaf by leaf: columns are kept together.
        self.members = np.asfortranarray(ballots.members[pick], dtype=np.int64)
        t, p = (np.asfortranarray(part[pick]) for part in (ballots.turnout, ballots.yes_share))
        self.turnout, self.yes_share = t, p
        chances = np.clip(np.stack([t * p, t * (1 - p), 1 - t]), 1e-12, 1.0)
        self.log_yes = np.log(chances[0]) - np.log(chances[2])
        self.log_no = np.log(chances[1]) - np.log(chances[2])
        self.sd_yes = np.sqrt(self.members * chances[0] * (1 - chances[0])) + 0.5
        self.sd_no = np.sqrt(self.members * chances[1] * (1 - chances[1])) + 0.5
        self.table = _log_factorials(int(self.members.max(initial=1)))
        position = {leaf: index for index, leaf in enumerate(leaves.tolist())}
        self.alpha = np.array([entry.alpha for entry in held])
        self.beta = np.array([entry.beta for entry in held])
        self.inside = np.zeros((len(held), len(leaves)), dtype=bool)
        for index, entry in enumerate(held):
            self.inside[index, [position[leaf] for leaf in entry.leaves.tolist()]] = True
        self.low = np.stack([entry.low[rows] for entry in held])
        self.high = np.stack([entry.high[rows] for entry in held])
        self._find_bound_moves()

    def _find_bound_moves(self) -> None:
        """Classes of leaves that the same constraints hold, and moves of whole classes.

        The moves, as (move, class, yes and no), are those that no equality would notice, and some
        that no two-sided range would. Without them overlapping counts would leave each leaf no
        move of its own.
        """
        held, number = np.unique(self.inside, axis=1, return_inverse=True)
        self.classes = [np.flatnonzero(number == k) for k in range(held.shape[1])]
        exact = (self.low == self.high).all(axis=1)
        self.exact = self.inside & exact[:, None]
        ranged = ((self.low > -FREE) & (self.high < FREE)).all(axis=1)
        found: dict[bytes, np.ndarray] = {}
        passes = 0
        for tight in (exact, ranged):
            if len(self.classes) > 1 and tight.sum() > 1:
                slopes = np.stack([self.alpha[tight], self.beta[tight]], axis=1)
                rows = held[tight][:, :, None] * slopes[:, None]
                basis = integer_kernel(rows.reshape(len(rows), -1))
                special = [move for move in basis if not _in_every_sweep(move)]
                passes = max(passes, 2 * len(special))
                for move in _combined(special, basis):
                    found[move.tobytes()] = move.reshape(-1, 2)
        self.bound_moves = list(found.values())
        self.bound_passes = min(passes, MOST_PASSES)

    def run(self, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
        """Write agreeing votes into yes and no; return which of the worlds agree."""
        pick = np.ix_(self.rows, self.leaves)
        self.yes, self.no = (np.asfortranarray(v[pick], dtype=np.int64) for v in (yes, no))
        self._project()
        self._repair()
        for _ in range(int(np.clip(MOST_MOVED / len(self.leaves), FEWEST_SWEEPS, SWEEPS))):
            self._sweep()
        yes[pick], no[pick] = self.yes, self.no
        good: np.ndarray = self._violation(self._values()) == 0
        return good

    def _values(self) -> np.ndarray:
        return self._sums(self.yes, self.no)

    def _sums(self, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(self.alpha), len(yes)), dtype=np.int64)
        for c, inside in enumerate(self.inside):
            for slope, votes in ((self.alpha[c], yes), (self.beta[c], no)):
                if slope:
                    sums[c] += slope * votes.T[inside].sum(axis=0)
        return sums

    def _violation(self, values: np.ndarray) -> np.ndarray:
        """How many votes a world lacks, over all constraints; 0 where it agrees."""
        excess = np.maximum(self.low - values, 0) + np.maximum(values - self.high, 0)
        slope = np.maximum(np.abs(self.alpha), np.abs(self.beta))
        votes: np.ndarray = (excess / slope[:, None]).sum(axis=0)
        return votes

    def _project(self) -> None:
        """Gaussian update of each violated constraint in turn, until all (nearly) hold."""
        yes, no = self.yes.astype(float), self.no.astype(float)
        for _ in range(30):
            moved = False
            for c in range(len(self.alpha)):
                inside = self.inside[c]
                a, b = float(self.alpha[c]), float(self.beta[c])
                value = a * yes[:, inside].sum(axis=1) + b * no[:, inside].sum(axis=1)
                gap = np.maximum(self.low[c] - value, 0.0) - np.maximum(value - self.high[c], 0.0)
                if not np.abs(gap).max() > 0.5:
                    continue
                moved = True
                v_yes, v_no = self.sd_yes[:, inside] ** 2, self.sd_no[:, inside] ** 2
                weight = a * a * v_yes.sum(axis=1) + b * b * v_no.sum(axis=1)
                step = (gap / np.maximum(weight, 1e-9))[:, None]
                yes[:, inside] += step * a * v_yes
                no[:, inside] += step * b * v_no
                self._clip(yes, no)
            if not moved:
                break
        self.yes, self.no = np.rint(yes).astype(np.int64), np.rint(no).astype(np.int64)
        self.no = np.minimum(self.no, self.members - self.yes)

    def _clip(self, yes: np.ndarray, no: np.ndarray) -> None:
        np.clip(yes, 0, self.members, out=yes)
        np.clip(no, 0, self.members, out=no)
        over = np.maximum(yes + no - self.members, 0.0) / 2
        yes -= over
        no -= over
        np.clip(yes, 0, self.members, out=yes)
        np.clip(no, 0, self.members - yes, out=no)

    def _repair(self) -> None:
        """Move votes of random leaves by what a violated constraint lacks, if that helps."""
        broken = np.flatnonzero(self._violation(self._values()))
        for _ in range(REPAIRS):
            if not len(broken):
                return
            part = self._of(broken)
            part._repair_once()
            self.yes[broken], self.no[broken] = part.yes, part.no
            broken = broken[part._violation(part._values()) > 0]

    def _of(self, rows: np.ndarray) -> "_Chains":
        """Some of the worlds, apart."""
        part = copy(self)
        for name in (
            "rows",
            "members",
            "turnout",
            "yes_share",
            "log_yes",
            "log_no",
            "sd_yes",
            "sd_no",
            "yes",
            "no",
        ):
            setattr(part, name, getattr(self, name)[rows])
        part.low, part.high = self.low[:, rows], self.high[:, rows]
        return part

    def _repair_once(self) -> None:
        values = self._values()
        for c in range(len(self.alpha)):
            short = np.maximum(self.low[c] - values[c], 0) - np.maximum(values[c] - self.high[c], 0)
            if not short.any():
                continue
            leaf = self.rng.choice(np.flatnonzero(self.inside[c]), size=len(short))
            way = self.rng.choice(DIRECTIONS, size=len(short))
            slope = way @ np.array([self.alpha[c], self.beta[c]])
            step = np.where(slope == 0, 0, _away(short, np.where(slope == 0, 1, slope)))
            self._try(leaf, step * way[:, 0], step * way[:, 1])
            values = self._values()
        lacking = np.minimum(self._violation(values), self.members.max())
        self._jostle(lacking)
        self._exchange(lacking)
        self._redraw(self._values())

    def _jostle(self, size: np.ndarray) -> None:
        """A random step of yes and no together: constraints of different slope may need both."""
        leaf = self.rng.integers(len(self.leaves), size=len(size))
        steps = self.rng.uniform(-1.0, 1.0, (2, len(size))) * (size + 2)
        d_yes, d_no = np.rint(steps * (size > 0)).astype(np.int64)
        self._try(leaf, d_yes, d_no)

    def _exchange(self, size: np.ndarray) -> None:
        """Some yes, or no, of one leaf for another's: a pooled count leaves no other way."""
        if len(self.leaves) < 2:
            return
        at = np.arange(len(size))
        one = self.rng.integers(len(self.leaves), size=len(size))
        other = (one + self.rng.integers(1, len(self.leaves), size=len(size))) % len(self.leaves)
        step = np.rint(self.rng.uniform(-1.0, 1.0, len(size)) * (size + 2)).astype(np.int64)
        left = self.members - self.yes - self.no
        votes = self.yes if self.rng.random() < 0.5 else self.no
        least = np.maximum(-votes[at, one], -left[at, other])
        most = np.minimum(votes[at, other], left[at, one])
        step = np.clip(step * (size > 0), least, most)
        before = self._violation(self._values())
        votes[at, one] += step
        votes[at, other] -= step
        worse = self._violation(self._values()) > before
        votes[at[worse], one[worse]] -= step[worse]
        votes[at[worse], other[worse]] += step[worse]

    def _try(self, leaf: np.ndarray, d_yes: np.ndarray, d_no: np.ndarray) -> None:
        """Apply a change where it is possible and brings the world no farther from agreement."""
        at = np.arange(len(leaf))
        yes, no = self.yes[at, leaf], self.no[at, leaf]
        room = self.members[at, leaf]
        d_yes = np.clip(d_yes, -yes, room - yes - no)
        d_no = np.clip(d_no, -no, room - yes - no - d_yes)
        before = self._violation(self._values())
        self.yes[at, leaf] += d_yes
        self.no[at, leaf] += d_no
        worse = self._violation(self._values()) > before
        self.yes[at[worse], leaf[worse]] -= d_yes[worse]
        self.no[at[worse], leaf[worse]] -= d_no[worse]

    def _sweep(self) -> None:
        """One pass of Metropolis moves over the leaves, and one over sets of leaves."""
        values = self._values()
        for leaf in self.rng.permutation(len(self.leaves)).tolist():
            for d_yes, d_no in DIRECTIONS.tolist():
                self._move(values, [(leaf, d_yes, d_no)])
            if not self.exact[:, leaf].any():  # a share's whole numbers may lie far apart
                steps = self._step(self.sd_yes[:, leaf]), self._step(self.sd_no[:, leaf])
                self._propose(values, [(leaf, *steps)])
        order = self.rng.permutation(len(self.leaves)).tolist()
        if self.rng.random() < 0.5:  # like sizes exchange more votes
            order = np.argsort(self.members.mean(axis=0), kind="stable").tolist()
        for leaf, other in zip(order, np.roll(order, 1).tolist(), strict=True):
            if leaf != other:
                for yes, no in self.rng.permutation(DIRECTIONS)[:3].tolist():
                    self._move(values, [(leaf, yes, no), (other, -yes, -no)])
        for _ in range(self.bound_passes):
            self._move_together(values)
        self._redraw(values)

    def _move_together(self, values: np.ndarray) -> None:
        """A step of several leaves that no equality notices: one random leaf of each class."""
        move = self.bound_moves[self.rng.integers(len(self.bound_moves))]
        moved = np.flatnonzero(move.any(axis=1)).tolist()
        leaves = [int(self.rng.choice(self.classes[k])) for k in moved]
        parts = [(leaf, *move[k].tolist()) for leaf, k in zip(leaves, moved, strict=True)]
        self._move(values, parts)

    def _move(self, values: np.ndarray, parts: Sequence[tuple[int, int, int]]) -> None:
        """A symmetric random step along one direction, unless an equality forbids it."""
        held = np.zeros(len(self.alpha), dtype=np.int64)
        for leaf, d_yes, d_no in parts:
            held += self.exact[:, leaf] * (self.alpha * d_yes + self.beta * d_no)
        if held.any():
            return
        width = np.full(len(self.yes), np.inf)
        for leaf, d_yes, d_no in parts:
            for each, sd in ((d_yes, self.sd_yes), (d_no, self.sd_no)):
                if each:
                    width = np.minimum(width, sd[:, leaf] / abs(each))
        step = self._step(width)
        self._propose(
            values,
            [
                (leaf, d_yes * step if d_yes else None, d_no * step if d_no else None)
                for leaf, d_yes, d_no in parts
            ],
        )

    def _step(self, width: np.ndarray) -> np.ndarray:
        """A symmetric random step, never 0, of one of three sizes."""
        drawn = self.rng.standard_normal(len(width))
        drawn *= width * self.rng.choice(np.array([2.4, 0.6, 0.1]))
        step = np.rint(drawn).astype(np.int64)
        step += (step == 0) * np.where(drawn < 0, -1, 1)
        return step

    def _propose(
        self, values: np.ndarray, parts: Sequence[tuple[int, np.ndarray | None, np.ndarray | None]]
    ) -> None:
        """Accept a symmetric change of different leaves by the exact ratio of probabilities."""
        gain = self.rng.standard_exponential(len(self.yes))  # minus the log of a uniform number
        allowed = np.ones(len(self.yes), dtype=bool)
        for leaf, d_yes, d_no in parts:
            yes, no = self.yes[:, leaf], self.no[:, leaf]
            left = self.members[:, leaf] - yes - no
            if d_yes is not None:
                gain += self.log_yes[:, leaf] * d_yes
                self._count_ways(yes, d_yes, gain, allowed)
            if d_no is not None:
                gain += self.log_no[:, leaf] * d_no
                self._count_ways(no, d_no, gain, allowed)
            change = (0 if d_yes is None else d_yes) + (0 if d_no is None else d_no)
            self._count_ways(left, -np.asarray(change), gain, allowed)
        changes = []
        for c in np.flatnonzero(self.inside[:, [leaf for leaf, _, _ in parts]].any(axis=1)):
            change = np.zeros(len(gain), dtype=np.int64)
            for leaf, d_yes, d_no in parts:
                if self.inside[c, leaf]:
                    change += 0 if d_yes is None else self.alpha[c] * d_yes
                    change += 0 if d_no is None else self.beta[c] * d_no
            changes.append((c, change))
            allowed &= (values[c] + change >= self.low[c]) & (values[c] + change <= self.high[c])
        take = allowed & (gain > 0)
        for leaf, d_yes, d_no in parts:
            if d_yes is not None:
                self.yes[:, leaf] += take * d_yes
            if d_no is not None:
                self.no[:, leaf] += take * d_no
        for c, change in changes:
            values[c] += take * change

    def _count_ways(
        self, votes: np.ndarray, step: np.ndarray, gain: np.ndarray, allowed: np.ndarray
    ) -> None:
        """What a change of some votes does to the multinomial's factorials; and if it can be."""
        if step.any():
            new = votes + step
            allowed &= new >= 0
            gain += self.table.take(votes) - self.table.take(new, mode="clip")

    def _redraw(self, values: np.ndarray) -> None:
        """Draw all leaves freely: a proposal from their own law is taken wherever it agrees.

        In small groups only: there single moves may not connect what agrees, and this often does.
        """
        if self.members.sum(axis=1).max() > SMALL:
            return
        cast = self.rng.binomial(self.members, self.turnout)
        yes = self.rng.binomial(cast, self.yes_share)
        drawn = self._sums(yes, cast - yes)
        take = ((drawn >= self.low) & (drawn <= self.high)).all(axis=0)
        self.yes[take], self.no[take] = yes[take], (cast - yes)[take]
        values[:, take] = drawn[:, take]


def _away(amount: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Amount / slope rounded away from zero: the step that closes a gap."""
    size = -(-np.abs(amount) // np.abs(slope))
    signed: np.ndarray = np.sign(amount) * np.sign(slope) * size
    return signed


def integer_kernel(matrix: np.ndarray) -> list[np.ndarray]:
    """A basis of the whole-number vectors that a whole-number matrix takes to zero.

    Euclid's algorithm on columns, done alike to the identity below them (Cohen 1993, 2.4.3).
    """
    rows, columns = matrix.shape
    work = np.vstack([matrix.astype(np.int64), np.eye(columns, dtype=np.int64)])
    done = 0
    for row in range(rows):
        while True:
            filled = [k for k in range(done, columns) if work[row, k]]
            if len(filled) < 2:
                break
            least = min(filled, key=lambda k: abs(work[row, k]))
            for k in filled:
                if k != least:
                    work[:, k] -= work[row, k] // work[row, least] * work[:, least]
        if filled:
            work[:, [done, filled[0]]] = work[:, [filled[0], done]]
            done += 1
    return [work[rows:, k] for k in range(done, columns)]


def _in_every_sweep(move: np.ndarray) -> bool:
    """Whether a move is one leaf's own, or exchanges yes, or no, of two leaves."""
    by_class = move.reshape(-1, 2)
    moved = by_class[by_class.any(axis=1)]
    if np.abs(moved).max() > 1 or len(moved) > 2:
        return False
    return len(moved) == 1 or bool((moved[0] == -moved[1]).all() and np.abs(moved[0]).sum() == 1)


def _combined(special: Sequence[np.ndarray], basis: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Special vectors, and their sums and differences with any other of the basis."""
    pairs = [(v, w) for v in special for w in basis if v is not w]
    return [*special, *(v + w for v, w in pairs), *(v - w for v, w in pairs)]


@lru_cache(maxsize=2)
def _log_factorials(most: int) -> np.ndarray:
    """log(n!) for n up to `most`."""
    size = 1 << max(most + 1, 2).bit_length()
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, size)))])
