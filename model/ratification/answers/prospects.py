"""Prospects: what every union can still do, given everything known, without any probability.

One prospect is made for each competing roster. In it a union has the options approve and reject,
each with its box of bounds; a union with one option left is decided. Every complete result that
agrees with the reports lies in some combination of options.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from ratification.answers.extremes import copied, highest, tighten
from ratification.answers.patterns import NumberOf, Option, Prospect, Together, pruned
from ratification.answers.settled import approves_when, implied_margins, settled
from ratification.case.bounds import (
    BALLOTS,
    MARGIN,
    MEMBERS,
    NO,
    UNBOUNDED,
    YES,
    Bounds,
    Box,
    bounds,
)
from ratification.case.electorate import COALITION, Electorate, Figure
from ratification.case.facts import Known, Range, Scope
from ratification.case.verdicts import counted_children, needed


def prospects(electorate: Electorate, facts: Known) -> tuple[Prospect, ...]:
    """What is possible, roster by roster.

    A roster that cannot hold the ballots counted is not ruled out, since rosters are raised to
    their ballots: then all rosters are taken together, or none is relied on.
    """
    trees = [replace(electorate, variants=(variant,)) for variant in electorate.variants]
    facts = _with_ballots(facts)
    for attempt in (trees or [electorate], [electorate], [_without_rosters(electorate)]):
        found = [_prospect(tree, facts) for tree in attempt]
        if None not in found:
            break
    return tuple(prospect for prospect in found if prospect is not None)


_SUMS = {
    YES: (1, 0, 0),
    NO: (0, 1, 0),
    MARGIN: (1, -1, 0),
    BALLOTS: (1, 1, 0),
    MEMBERS: (0, 0, 1),
}


def _with_ballots(facts: Known) -> Known:
    """A share that was reported is one of some ballots: at least one."""
    cast = [
        Range(scope=share.whole, alpha=1, beta=1, low=1, high=None, reports=share.reports)
        for share in facts.shares
        if share.of == "ballots"
    ]
    return replace(facts, ranges=(*facts.ranges, *cast)) if cast else facts


def _without_rosters(electorate: Electorate) -> Electorate:
    units = tuple(replace(unit, figure=Figure(), figures={}) for unit in electorate.units)
    coalition = replace(electorate.coalition, figure=Figure(), figures={})
    return replace(electorate, units=units, coalition=coalition, variants=())


def _prospect(tree: Electorate, facts: Known) -> Prospect | None:
    """The prospect under one roster; None where it leaves no result."""
    found = bounds(facts, tree)
    verdicts = settled(tree, facts, found)
    implied = implied_margins(tree, found, verdicts)
    if implied:
        found = bounds(replace(facts, ranges=(*facts.ranges, *implied)), tree)
    if any(box.empty for box in found.boxes.values()):
        return None
    prospect = Prospect(
        unions=tree.unions,
        options=tuple(_options(tree, union, verdicts[union], found) for union in tree.unions),
        abstains=tuple(facts.outcomes.get(union) == "abstained" for union in tree.unions),
        weights=tuple(tree.by_id[union].weight for union in tree.unions),
        numbers=tuple(_numbers(tree, facts, verdicts)),
        together=tuple(_together(tree, facts, found)),
        total=found.of(COALITION),
    )
    return pruned(prospect) if prospect.possible else None


# What each union can do


def _options(
    tree: Electorate, union: str, verdict: bool | None, found: Bounds
) -> tuple[Option, ...]:
    options = []
    for approves in (False, True):
        if verdict in (None, approves):
            box = _taking(tree, union, approves, found)
            if not box.empty and highest(box, 0, 0) is not None:
                options.append(Option(approves=approves, box=box))
    return tuple(options)


def _taking(tree: Electorate, unit: str, approves: bool, found: Bounds) -> Box:
    """The box of a unit if it approves, or if it rejects; empty where it cannot."""
    box = copied(found.of(unit))
    decides = tree.by_id[unit].decides
    if decides == "pooled":
        box.narrow(MARGIN, *((1, UNBOUNDED) if approves else (-UNBOUNDED, 0)))
    elif isinstance(decides, Fraction):
        yes, no = approves_when(tree, unit)
        tighten(box, [(yes, no, 0, 1) if approves else (-yes, -no, 0, 0)])
    else:
        _taken_by_units(box, tree, unit, approves, found)
    tighten(box, [])
    return box


def _taken_by_units(box: Box, tree: Electorate, unit: str, approves: bool, found: Bounds) -> None:
    """Narrow a box by this: so many children must approve, or reject, for their parent to do so."""
    children = counted_children(tree, unit)
    to_approve = needed(tree, unit)
    need = to_approve if approves else len(children) - to_approve + 1
    free = [found.of(child) for child in tree.children[unit]]
    taking = [(found.of(child), _taking(tree, child, approves, found)) for child in children]
    able = [(own, taken) for own, taken in taking if not taken.empty]
    if len(able) < need:
        box.narrow(BALLOTS, 1, 0)
        return
    for q in range(5):  # the children whom it costs least are those that must
        raised = sorted(taken.low[q] - own.low[q] for own, taken in able)[:need]
        lowered = sorted(own.high[q] - taken.high[q] for own, taken in able)[:need]
        low = sum(own.low[q] for own in free) + sum(raised)
        box.narrow(q, low, sum(own.high[q] for own in free) - sum(lowered))


# What ties unions together


def _numbers(tree: Electorate, facts: Known, verdicts: Mapping[str, bool | None]) -> list[NumberOf]:
    """Reports of how many units approved, as bounds on how many of the unions among them did."""
    position = {union: index for index, union in enumerate(tree.unions)}
    found = []
    for entry in facts.approvals:
        others = [verdicts[unit] for unit in entry.units if unit not in position]
        least = entry.low - sum(verdict is not False for verdict in others)
        most = entry.high - sum(verdict is True for verdict in others)
        unions = frozenset(position[unit] for unit in entry.units if unit in position)
        if unions:
            found.append(NumberOf(unions=unions, low=least, high=most))
    return found


def _together(tree: Electorate, facts: Known, found: Bounds) -> list[Together]:
    """What is known of the sum of several whole unions, as inequalities."""
    together = []
    for scope, inequalities in _inequalities(facts, found).items():
        inside = [u for u, union in enumerate(tree.unions) if tree.leaves_under[union] <= scope]
        covered = sum(len(tree.leaves_under[tree.unions[u]]) for u in inside)
        if len(inside) > 1 and covered == len(scope):
            unions = frozenset(inside)
            together += [
                Together(unions=unions, yes=yes, no=no, members=members, least=least)
                for yes, no, members, least in inequalities
            ]
    return together


def _inequalities(facts: Known, found: Bounds) -> dict[Scope, list[tuple[int, int, int, int]]]:
    """By scope: (yes, no, members, least) of everything known about it."""
    known: dict[Scope, list[tuple[int, int, int, int]]] = {}
    for scope, box in found.boxes.items():
        ends = known.setdefault(scope, [])
        for quantity, (yes, no, members) in _SUMS.items():
            if box.high[quantity] < UNBOUNDED:
                ends.append((-yes, -no, -members, -box.high[quantity]))
            if box.low[quantity] > -UNBOUNDED:
                ends.append((yes, no, members, box.low[quantity]))
    for entry in facts.ranges:
        if entry.low is not None:
            known[entry.scope].append((entry.alpha, entry.beta, 0, entry.low))
        if entry.high is not None:
            known[entry.scope].append((-entry.alpha, -entry.beta, 0, -entry.high))
    for share in facts.shares:
        for bound, side in ((share.low, 1), (share.high, -1)):
            p, q = side * bound.numerator, side * bound.denominator
            factors = (q, q, -p) if share.of == "members" else (q - p, -p, 0)
            known[share.whole].append((*factors, 0))
    return known
