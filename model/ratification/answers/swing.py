"""How far opinion would have to move for a rule to be likely enough.

A uniform swing adds so many points of yes share to every open union, in the very worlds of the
forecast (common random numbers): in each leaf that has not counted, that share of its ballots turns
from no to yes, as far as there are no votes still out. Turnout and rosters stay as they are.

What is known does not move: unions that have decided, leaves that have counted, the part counted
so far, and leaves whose votes a total, a margin, a yes share or an upper bound on approvals ties
down. So every moved world still agrees with all evidence. A new fit is not made: a swing of the
prior would be undone by the very reports that it is to be consistent with.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from ratification.answers.because import positive
from ratification.answers.estimates import Estimate, rough_estimate
from ratification.answers.judging import Results, judge
from ratification.answers.run import Run, Simulation
from ratification.arrays import Int
from ratification.case.bylaws import ChosenReading, Condition, Not, Reading, Rule, Veto, conditions
from ratification.case.electorate import Electorate
from ratification.case.known import Known
from ratification.inference.approving import approved, unit_total
from ratification.inference.worlds import Worlds

MOST = 500  # tenths of a point: no swing of opinion is larger
PER_POINT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """The least uniform swing, in points of yes share, that reaches a target.

    `points` is None where even 50 would not do, or where more yes votes do not help the rule;
    `estimate` is the probability at `points`, else at 50; `error` the Monte Carlo error of
    `points`, None where the chance does not change there. `moving` are unions, `held` those whose
    result is known, `tied` leaves of open unions that reports tie down. `before` and `after` are
    the mean yes share of the moving unions' ballots.
    """

    points: float | None
    error: float | None
    estimate: Estimate
    helps: bool
    moving: tuple[str, ...]
    held: tuple[str, ...]
    tied: tuple[str, ...]
    before: float
    after: float


class Shift:
    """Worlds moved towards yes, in the unions still open, by any number of tenths of a point."""

    def __init__(
        self, tree: Electorate, facts: Known, worlds: Worlds, still_open: Collection[str]
    ) -> None:
        self.tree, self.facts, self.base = tree, facts, worlds
        open_leaves = {leaf for union in still_open for leaf in tree.leaves_under[union]}
        tied = (_tied(tree, facts) & open_leaves).difference(facts.counted)
        self.leaves = sorted(open_leaves.difference(facts.counted, tied))
        moving = [u for u in still_open if tree.leaves_under[u] & frozenset(self.leaves)]
        self.moving = tuple(u for u in tree.unions_as_listed if u in moving)
        self.held = tuple(u for u in tree.unions_as_listed if u not in still_open)
        self.tied = tuple(tree.leaves[leaf] for leaf in sorted(tied))

    def chance(self, reading: Reading, tenths: int) -> float:
        """How often the rule holds after the swing."""
        results = Results.of(self.worlds(tenths), self.tree)
        return float(judge(reading, results).mean())

    def worlds(self, tenths: int) -> Worlds:
        """The worlds after the swing, each of which agrees with the evidence as before."""
        if not tenths:
            return self.base
        leaf_yes = self.base.leaf_yes.copy()
        leaf_yes[:, self.leaves] += self._moves(tenths)
        yes, approves = self.base.yes.copy(order="F"), self.base.approves.copy(order="F")
        for union in self.moving:
            position = self.tree.unions.index(union)
            yes[:, position] = unit_total(self.tree, union, leaf_yes)
            approves[:, position] = approved(self.tree, union, leaf_yes, self.base.leaf_ballots)
        return replace(self.base, leaf_yes=leaf_yes, yes=yes, approves=approves)

    def _moves(self, tenths: int) -> Int[np.ndarray, "world moving"]:
        """Ballots that turn from no to yes, by world and moving leaf."""
        moves = np.empty(
            (self.base.count, len(self.leaves)), dtype=self.base.leaf_yes.dtype, order="F"
        )
        for i, leaf in enumerate(self.leaves):  # one at a time: leaves may be many, worlds too
            ballots = self.base.leaf_ballots[:, leaf].astype(np.int64)
            asked = (ballots * tenths + MOST) // (100 * PER_POINT)
            moves[:, i] = np.minimum(asked, ballots - self.base.leaf_yes[:, leaf])
        for partial in self.facts.partials:  # a no vote that is counted stays one
            left = sorted(partial.scope.difference(self.facts.counted))
            inside = [i for i, leaf in enumerate(self.leaves) if leaf in partial.scope]
            total = (self.base.leaf_ballots[:, left] - self.base.leaf_yes[:, left]).sum(axis=1)
            room = total - partial.no
            wanted = moves[:, inside].sum(axis=1, dtype=np.int64)
            kept = moves[:, inside] * np.minimum(room, wanted)[:, None]
            moves[:, inside] = kept // np.maximum(wanted, 1)[:, None]
        return moves

    def yes_share(self, worlds: Worlds) -> float:
        """Mean yes share of the moving unions' ballots."""
        columns = [self.tree.unions.index(union) for union in self.moving]
        ballots = worlds.ballots[:, columns].sum(axis=1, dtype=np.int64)
        yes = worlds.yes[:, columns].sum(axis=1, dtype=np.int64)
        return float((yes / np.maximum(ballots, 1)).mean())


def swing_to(run: Run, simulation: Simulation, chosen: ChosenReading, target: float) -> Swing:
    """The least swing that makes a rule as likely as `target`, found by bisection.

    Where arithmetic has decided the rule, no swing changes it.
    """
    tree, worlds, reading = simulation.electorate, simulation.worlds, chosen.reading
    unions = [u for u in run.forecast.unions if u.scenario == simulation.name]
    still_open = [union.unit for union in unions if union.standing == "open"]
    shift = Shift(tree, simulation.facts, worlds, still_open)
    today = run.rule(simulation, chosen).estimate
    helps = gains_by_yes(reading.rule)
    reached = today.probability >= target
    found = 0 if reached or not helps else _least(shift, reading, target)
    moved = shift.worlds(MOST if found is None else found)
    results = Results.of(moved, tree)
    settled = today.probability in (0.0, 1.0) or moved is worlds
    there = today if settled else rough_estimate(judge(reading, results), moved)[0]
    return Swing(
        points=None if found is None or not (found or reached) else found / PER_POINT,
        error=_error(shift, reading, found, there) if found else None,
        estimate=there,
        helps=helps,
        moving=shift.moving,
        held=shift.held,
        tied=shift.tied,
        before=shift.yes_share(worlds),
        after=shift.yes_share(moved),
    )


def _least(shift: Shift, reading: Reading, target: float) -> int | None:
    """The fewest tenths of a point that reach the target; None where even the most do not."""
    if shift.chance(reading, MOST) < target:
        return None
    low, high = 0, MOST
    while high - low > 1:
        middle = (low + high) // 2
        if shift.chance(reading, middle) >= target:
            high = middle
        else:
            low = middle
    return high


def _error(shift: Shift, reading: Reading, tenths: int, there: Estimate) -> float | None:
    """The error of the chance over how fast the chance grows, by a point on either side."""
    ends = max(tenths - PER_POINT, 0), min(tenths + PER_POINT, MOST)
    low, high = (shift.chance(reading, end) for end in ends)
    grows = (high - low) / (ends[1] - ends[0]) * PER_POINT
    return there.mcse / grows if grows > 0 else None


def gains_by_yes(rule: Rule) -> bool:
    """Whether no part of a rule can be lost by more yes votes."""
    return _without_not(positive(rule)) and all(_gains(part) for part in conditions(positive(rule)))


def _without_not(rule: Rule) -> bool:
    if isinstance(rule, Not):
        return False
    return all(_without_not(part) for part in getattr(rule, "parts", ()))


def _gains(part: Condition | Veto) -> bool:
    if isinstance(part, Veto) or part.measure == "turnout":
        return True
    upward = part.comparison in ("at_least", "more_than")
    return upward != (part.measure == "opposed unions")


def _tied(tree: Electorate, facts: Known) -> frozenset[int]:
    """Leaves whose yes votes a report ties down, other than by their own count."""
    scopes = [count.scope for count in facts.counts if len(count.scope) > 1]
    scopes += [entry.scope for entry in facts.ranges if entry.alpha != entry.beta]
    scopes += [entry.scope for entry in facts.shares if entry.of == "ballots"]
    scopes += [entry.scope for entry in facts.partials if entry.low is not None]
    scopes += [tree.leaves_under[unit] for unit in facts.outcomes if unit in tree.by_id]
    for entry in facts.approvals:
        if entry.high < len(entry.units):
            scopes += [tree.leaves_under[unit] for unit in entry.units]
    return frozenset[int]().union(*scopes)
