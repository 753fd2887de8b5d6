"""Settled: which units approve or reject for certain, by reports and by bounds on their votes."""

from collections.abc import Mapping
from fractions import Fraction

from ratification.answers.extremes import highest, lowest
from ratification.case.bounds import BALLOTS, MARGIN, Bounds
from ratification.case.electorate import Electorate
from ratification.case.facts import Known, Range, Scope, ShareRange
from ratification.case.verdicts import counted_children, needed


def approves_when(tree: Electorate, unit: str) -> tuple[int, int]:
    """Factors of yes and no: a unit that pools its ballots approves where their sum is above 0."""
    decides = tree.by_id[unit].decides
    if isinstance(decides, Fraction):
        # At least p/q of ballots, of which there is one: (q yes - p ballots) weighs so much that
        # the ballots added to it only break a tie.
        p, q = decides.numerator, decides.denominator
        heavy = 10**30
        return heavy * (q - p) + 1, -heavy * p + 1
    return 1, -1


def settled(tree: Electorate, facts: Known, found: Bounds) -> dict[str, bool | None]:
    """Who approves, of all units, as far as everything known decides it."""
    shares = {entry.whole: entry for entry in facts.shares if entry.of == "ballots"}
    known: dict[str, bool | None] = {
        unit: _by_itself(tree, unit, facts, found, shares) for unit in tree.by_id
    }
    while True:
        before = dict(known)
        for unit in reversed(tree.units):  # children before their parents
            if known[unit.id] is None and unit.decides in ("units", "all-units"):
                known[unit.id] = _by_units(tree, unit.id, facts, known)
        for entry in facts.approvals:
            undecided = [unit for unit in entry.units if known[unit] is None]
            approved = sum(known[unit] is True for unit in entry.units)
            if approved + len(undecided) <= entry.low:
                known |= dict.fromkeys(undecided, True)
            elif approved >= entry.high:
                known |= dict.fromkeys(undecided, False)
        if known == before:
            return known


def _by_itself(
    tree: Electorate,
    unit: str,
    facts: Known,
    found: Bounds,
    shares: Mapping[Scope, ShareRange],
) -> bool | None:
    stated = facts.outcomes.get(unit)
    if stated is not None:
        return stated == "approved"
    decides = tree.by_id[unit].decides
    if decides in ("units", "all-units"):
        return None
    box = found.of(unit)
    need = Fraction(1, 2) if decides == "pooled" else Fraction(decides)
    share = shares.get(tree.leaves_under[unit])
    if share is not None and box.low[BALLOTS] > 0:
        if share.low >= need and (share.low > need or decides != "pooled"):
            return True
        if share.high <= need and (share.high < need or decides == "pooled"):
            return False
    least, most = lowest(box, *approves_when(tree, unit)), highest(box, *approves_when(tree, unit))
    if least is None or most is None or least <= 0 < most:
        return None
    return least > 0


def _by_units(
    tree: Electorate, unit: str, facts: Known, known: Mapping[str, bool | None]
) -> bool | None:
    """A unit that counts its units, by those decided and by reports of how many approved."""
    children = counted_children(tree, unit)
    need = needed(tree, unit)
    groups = [
        (entry.units, entry.low, entry.high)
        for entry in facts.approvals
        if set(entry.units) <= set(children)
    ]
    for units, low, high in [((), 0, 0), *groups]:
        others = [known[child] for child in children if child not in units]
        inside = [known[child] for child in units]
        least = sum(verdict is True for verdict in others)
        most = sum(verdict is not False for verdict in others)
        if least + max(low, sum(verdict is True for verdict in inside)) >= need:
            return True
        if most + min(high, sum(verdict is not False for verdict in inside)) < need:
            return False
    return None


def implied_margins(
    tree: Electorate, found: Bounds, verdicts: Mapping[str, bool | None]
) -> list[Range]:
    """Margins of pooled units that their own bounds do not hold yet: other reports decide them."""
    implied = []
    for unit, verdict in verdicts.items():
        box = found.of(unit)
        if tree.by_id[unit].decides == "pooled" and verdict is not None:
            low, high = (1, None) if verdict else (None, 0)
            if box.low[MARGIN] < 1 if verdict else box.high[MARGIN] > 0:
                scope = tree.leaves_under[unit]
                implied.append(Range(scope=scope, alpha=1, beta=-1, low=low, high=high, reports=()))
    return implied
