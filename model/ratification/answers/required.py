"""Required: the yes counts that a union still needs where part of its ballots is known.

Exact, from counts and margins: with a margin of M elsewhere and n ballots still to come, a union
that pools its ballots approves if yes - no of those n is above -M. Where the margin elsewhere is
known within a range, so is the need.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ratification.answers.extremes import highest, lowest
from ratification.arrays import Int
from ratification.case.bounds import LARGEST, MEMBERS, Bounds, Box, bounds
from ratification.case.electorate import Electorate
from ratification.case.facts import Known, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Yes votes needed of `ballots`: at the best and at the worst of what is known elsewhere.

    A need above `ballots` cannot be met; none is below 0.
    """

    ballots: int
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingNeed:
    """What one pending unit must give, every member of every pending unit voting.

    `least`: if all others vote yes, below which nothing helps; `even`: if they split evenly. With
    one pending unit both are what it needs. `exact`: its membership is certain.
    """

    unit: str
    members: int
    exact: bool
    least: Need
    even: Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """What a union still needs. `margin` is yes less no, lowest and highest, outside the pending.

    `together` is of all pending members voting, `at_turnout` of the ballots that the simulated
    votes' median expects of them.
    """

    union: str
    margin: tuple[int, int]
    pending: tuple[PendingNeed, ...]
    together: Need
    at_turnout: Need


@dataclass(frozen=True, slots=True)
class _Part:
    """A union's votes: what is known of them, as factors of yes and no, and what is pending."""

    known: tuple[Scope, ...]
    units: tuple[str, ...]


def required(
    tree: Electorate,
    facts: Known,
    unions: Sequence[str],
    *,
    leaf_members: Int[np.ndarray, "world leaf"],
    leaf_ballots: Int[np.ndarray, "world leaf"],
) -> tuple[Required, ...]:
    """The needs of those of some open unions whose margin is known but for whole units of theirs.

    Memberships without exact figures are those of the simulated votes' median.
    """
    found = bounds(facts, tree)
    made = []
    for union in unions:
        part = _part(tree, facts, union)
        if part is not None:
            made.append(_required(tree, found, union, part, leaf_members, leaf_ballots))
    return tuple(made)


def _part(tree: Electorate, facts: Known, union: str) -> _Part | None:
    """What is known and what is pending of a union; None where it is not so simple."""
    decides = tree.by_id[union].decides
    if decides != "pooled" and not isinstance(decides, Fraction):
        return None
    leaves = tree.leaves_under[union]
    scopes = [count.scope for count in facts.counts]
    scopes += [
        entry.scope
        for entry in facts.ranges
        if (entry.alpha, entry.beta) == (1, -1) and None not in (entry.low, entry.high)
    ]
    known: list[Scope] = []
    for scope in sorted(set(scopes), key=lambda scope: (-len(scope), sorted(scope))):
        if scope <= leaves and not any(scope & other for other in known):
            known.append(scope)
    waiting = leaves - frozenset[int]().union(*known)
    if not known or not waiting:
        return None
    return _Part(known=tuple(known), units=tuple(_units(tree, union, waiting)))


def _units(tree: Electorate, unit: str, waiting: Scope) -> list[str]:
    """The widest units that make up the leaves that are waited for."""
    leaves = tree.leaves_under[unit]
    if leaves <= waiting:
        return [unit]
    if not leaves & waiting:
        return []
    return [found for child in tree.children[unit] for found in _units(tree, child, waiting)]


def _required(
    tree: Electorate,
    found: Bounds,
    union: str,
    part: _Part,
    leaf_members: np.ndarray,
    leaf_ballots: np.ndarray,
) -> Required:
    decides = tree.by_id[union].decides
    factors, least = (1, -1), 1  # more yes than no
    if isinstance(decides, Fraction):
        factors, least = (decides.denominator - decides.numerator, -decides.numerator), 0
    boxes = [found.boxes[scope] for scope in part.known]
    held = _reach(boxes, *factors)
    sizes = {unit: _members(tree, found, unit, leaf_members) for unit in part.units}
    every = sum(size for size, _ in sizes.values())
    leaves = sorted(frozenset[int]().union(*(tree.leaves_under[unit] for unit in part.units)))
    cast = min(round(float(np.median(leaf_ballots[:, leaves].sum(axis=1)))), every)

    def need(ballots: int, elsewhere: Fraction = Fraction(0)) -> Need:
        """Yes of so many ballots, with more than what is known elsewhere."""
        worst, best = (held[end] + elsewhere for end in (0, 1))
        ends = [_yes_needed(ballots, known, factors, least) for known in (best, worst)]
        return Need(ballots=ballots, low=ends[0], high=ends[1])

    half = Fraction(sum(factors), 2)  # what a ballot of an even split adds
    return Required(
        union=union,
        margin=_reach(boxes, 1, -1),
        pending=tuple(
            PendingNeed(
                unit=unit,
                members=size,
                exact=exact,
                least=need(size, Fraction((every - size) * factors[0])),
                even=need(size, (every - size) * half),
            )
            for unit, (size, exact) in sizes.items()
        ),
        together=need(every),
        at_turnout=need(cast),
    )


def _yes_needed(ballots: int, known: Fraction, factors: tuple[int, int], least: int) -> int:
    """Fewest yes of so many ballots with alpha yes + beta no + what is known at least `least`."""
    alpha, beta = factors
    lacking = (least - known - beta * ballots) / (alpha - beta)
    return max(0, -(-lacking.numerator // lacking.denominator))


def _reach(boxes: Sequence[Box], yes: int, no: int) -> tuple[int, int]:
    """Least and most of a weighted sum of yes and no over several boxes."""
    ends = [(lowest(box, yes, no), highest(box, yes, no)) for box in boxes]
    least, most = zip(*((low or 0, high or 0) for low, high in ends), strict=True)
    return sum(least), sum(most)


def _members(
    tree: Electorate, found: Bounds, unit: str, leaf_members: np.ndarray
) -> tuple[int, bool]:
    box = found.of(unit)
    if box.low[MEMBERS] == box.high[MEMBERS] < LARGEST:
        return box.low[MEMBERS], True
    leaves = sorted(tree.leaves_under[unit])
    return round(float(np.median(leaf_members[:, leaves].sum(axis=1)))), False
