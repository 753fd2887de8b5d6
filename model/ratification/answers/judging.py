"""Judging: bylaws over complete results, in integers only.

A measure is a numerator over a denominator, both whole numbers; a threshold p/q is compared by
cross-multiplying, so 36,000 of 45,000 is exactly 80%. Thresholds have denominators up to 1e6 and a
coalition up to 2e9 members, so every product stays below 2**62 and 64 bits never overflow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Literal

import numpy as np

from ratification.arrays import Bool, Int
from ratification.case.bylaws import All, Any, Condition, Measure, Not, Reading, Rule, Veto
from ratification.case.electorate import Electorate
from ratification.case.values import FINEST_DENOMINATOR
from ratification.errors import RatificationError
from ratification.inference.worlds import Worlds

BLOCK = 32_768  # worlds judged at once: a block's columns and sums stay in the cache

Abstaining = Literal["stays", "leaves"]
People = Literal["members", "ballots", "yes"]

# Numerator and denominator of each measure of people; "approving" counts approving unions only.
PEOPLE: dict[Measure, tuple[People, bool, People]] = {
    "members of approving unions": ("members", True, "members"),
    "ballots of approving unions": ("ballots", True, "ballots"),
    "yes of ballots": ("yes", False, "ballots"),
    "yes of members": ("yes", False, "members"),
    "turnout": ("ballots", False, "members"),
}


@dataclass(frozen=True, kw_only=True)
class Results:
    """Complete results by world and union, in people; who approves; who abstains in all worlds.

    An abstaining union approves nowhere and has no ballots. `weights` are what a union counts
    for where unions are counted. Columns are read one by one: Fortran order is fastest.
    """

    members: Int[np.ndarray, "world union"]
    ballots: Int[np.ndarray, "world union"]
    yes: Int[np.ndarray, "world union"]
    approves: Bool[np.ndarray, "world union"]
    abstains: Bool[np.ndarray, " union"]
    weights: tuple[Fraction, ...]
    unions: tuple[str, ...]

    @staticmethod
    def of(worlds: Worlds, electorate: Electorate) -> "Results":
        """The results of drawn worlds, with the weights of the electorate's unions."""
        return Results(
            members=worlds.members,
            ballots=worlds.ballots,
            yes=worlds.yes,
            approves=worlds.approves,
            abstains=worlds.abstains,
            weights=tuple(electorate.by_id[union].weight for union in electorate.unions),
            unions=electorate.unions,
        )


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A measure by world, exactly: numerator over denominator. Of nothing, 0 / 0, it is 0."""

    numerator: Int[np.ndarray, " world"]
    denominator: Int[np.ndarray, " world"]


def judge(reading: Reading, results: Results) -> Bool[np.ndarray, " world"]:
    """Whether the package is ratified under a reading, in every world.

    A measure whose denominator is zero counts as 0.

    Raises:
        RatificationError: union weights too fine to be added in 64 bits.
    """
    held = np.empty(len(results.members), dtype=np.bool_)
    basis = _Basis(results, reading.abstaining)
    for start in range(0, len(held), BLOCK):
        rows = slice(start, start + BLOCK)
        held[rows] = _holds(reading.rule, _Block(basis, rows))
    return held


def measure(
    name: Measure, results: Results, *, share: bool = True, abstaining: Abstaining = "stays"
) -> Measured:
    """A measure in every world: people, or union weight in units of one over their denominator.

    With `share` False, counted unions stand over a constant: the denominator of their weights.

    Raises:
        RatificationError: union weights too fine to be added in 64 bits.
    """
    numerator = np.empty(len(results.members), dtype=np.int64)
    denominator = np.empty_like(numerator)
    basis = _Basis(results, abstaining)
    for start in range(0, len(numerator), BLOCK):
        rows = slice(start, start + BLOCK)
        numerator[rows], denominator[rows] = _Block(basis, rows).measured(name, share)
    return Measured(numerator=numerator, denominator=denominator)


class _Basis:
    """What is the same in all worlds: who is counted, whole-number weights, how wide sums are."""

    def __init__(self, results: Results, abstaining: Abstaining) -> None:
        self.results = results
        abstains: list[bool] = results.abstains.tolist()
        self.voting = [u for u, gone in enumerate(abstains) if not gone]
        self.counted = list(range(len(abstains))) if abstaining == "stays" else self.voting
        self.scale = lcm(*(weight.denominator for weight in results.weights))
        self.weights = [int(weight * self.scale) for weight in results.weights]
        if max(self.scale, sum(self.weights)) * FINEST_DENOMINATOR >= 2**62:
            raise RatificationError("the weights of the unions are too fine to be added exactly")
        self._widths: dict[People, type[np.signedinteger]] = {}

    def width(self, people: People) -> type[np.signedinteger]:
        """32 bits, twice as fast, where no world's sum can overflow them; else 64."""
        if people not in self._widths:
            columns = getattr(self.results, people)
            most = sum(int(columns[:, u].max(initial=0)) for u in range(columns.shape[1]))
            narrow = columns.dtype == np.int32 and most < 2**31
            self._widths[people] = np.int32 if narrow else np.int64
        return self._widths[people]


class _Block:
    """Some worlds, in which each sum is made once."""

    def __init__(self, basis: _Basis, rows: slice) -> None:
        self.basis = basis
        self.rows = rows
        self.approves = basis.results.approves[rows]
        self.sums: dict[tuple[People, bool], np.ndarray] = {}

    def measured(self, name: Measure, share: bool) -> tuple[np.ndarray, np.ndarray | int]:
        """Numerator and denominator of a measure."""
        basis = self.basis
        if name == "approving unions":
            top = self.approving_weight(range(len(basis.weights)))
        elif name == "opposed unions":
            weight = sum(basis.weights[u] for u in basis.voting)
            top = weight - self.approving_weight(basis.voting)
        else:
            above, approving, below = PEOPLE[name]
            return self.sum_of(above, approving), self.sum_of(below, False)
        return top, sum(basis.weights[u] for u in basis.counted) if share else basis.scale

    def approving_weight(self, unions: Sequence[int]) -> np.ndarray:
        """Weight of those that approve among some unions, in units of 1 / scale."""
        total = np.zeros(len(self.approves), dtype=np.int64)
        weights = self.basis.weights
        for weight in {weights[u] for u in unions} - {0}:
            alike = [self.approves[:, u] for u in unions if weights[u] == weight]
            total += weight * _number(alike)
        return total

    def sum_of(self, people: People, approving: bool) -> np.ndarray:
        """People of all counted unions, or of those that approve."""
        key = (people, approving)
        if key not in self.sums:
            columns: np.ndarray = getattr(self.basis.results, people)[self.rows]
            total = np.zeros(len(columns), dtype=self.basis.width(people))
            part = np.empty(len(columns), dtype=columns.dtype)
            for u in self.basis.counted:
                if approving:
                    np.multiply(columns[:, u], self.approves[:, u], out=part)
                    np.add(total, part, out=total)
                else:
                    np.add(total, columns[:, u], out=total)
            self.sums[key] = total.astype(np.int64, copy=False)
        return self.sums[key]


def _number(columns: Sequence[np.ndarray]) -> np.ndarray:
    """How many of the columns are true, by world."""
    total = np.zeros(len(columns[0]), dtype=np.uint8 if len(columns) < 256 else np.uint32)
    for column in columns:
        np.add(total, column, out=total)
    return total.astype(np.int64)


def _holds(rule: Rule, block: _Block) -> np.ndarray:
    match rule:
        case Condition():
            return _compare(rule, block)
        case Veto(union=union):
            held: np.ndarray = block.approves[:, block.basis.results.unions.index(union)]
        case Not(part=part):
            held = ~_holds(part, block)
        case All(parts=parts):
            held = np.logical_and.reduce([_holds(part, block) for part in parts])
        case Any(parts=parts):
            held = np.logical_or.reduce([_holds(part, block) for part in parts])
    return held


def _compare(condition: Condition, block: _Block) -> np.ndarray:
    return _passes(condition, *block.measured(condition.measure, condition.share))


def holds_at(condition: Condition, measured: Measured) -> Bool[np.ndarray, " world"]:
    """Whether a condition holds in every world, given its measure."""
    return _passes(condition, measured.numerator, measured.denominator)


def _passes(condition: Condition, above: np.ndarray, below: np.ndarray | int) -> np.ndarray:
    left = above * condition.threshold.denominator
    right = np.maximum(below, 1) * condition.threshold.numerator
    held: np.ndarray
    match condition.comparison:
        case "at_least":
            held = left >= right
        case "more_than":
            held = left > right
        case "at_most":
            held = left <= right
        case "less_than":
            held = left < right
    return held
