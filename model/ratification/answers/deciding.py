"""Deciding: whether a rule holds, or fails, in every result that is still possible.

A verdict of 1 (holds) or -1 (fails) is proven; 0 says that neither was. Extremes are exact union by
union and for all unions at once; what ties unions together beyond that is bounded, not solved.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import product

import numpy as np

from ratification.answers.cuts import (
    VECTORS,
    Atom,
    Cut,
    Factors,
    Verdict,
    combined,
    factors_of,
    sign,
)
from ratification.answers.extremes import added, copied, highest, hull, lowest, tighten
from ratification.answers.judging import PEOPLE, Abstaining
from ratification.answers.patterns import MOST_OPEN, Option, Prospect, Selection
from ratification.case.bounds import BALLOTS, MEMBERS, UNBOUNDED, Box
from ratification.case.bylaws import COUNTED, Measure, Rule, Veto, conditions

MOST_LOOKS = 64  # patterns that are looked at closely
MOST_CELLS = 64  # into which undecided cuts may split one selection


class Decider:
    """Decides rules within one prospect, abstaining unions in the denominators or out of them."""

    def __init__(self, prospect: Prospect, abstaining: Abstaining) -> None:
        self.prospect = prospect
        self.everything: Selection = prospect.options
        self.counted = [abstaining == "stays" or not gone for gone in prospect.abstains]
        self.patterns = prospect.patterns
        # Rules of one case ask for the same: what was found is kept.
        self._contributions: dict[Cut, list[dict[bool, tuple[int, int]]]] = {}
        self._reached: dict[Cut, int] = {}

    def verdict(self, rule: Rule) -> int:
        """1 or -1 where the rule holds, or fails, in every result; else 0."""
        found = self._look(rule, self.everything)
        if found or not 0 < len(self.patterns.open) <= MOST_OPEN:
            return found or 0
        return self._by_pattern(rule)

    def reaches(self, measure: Measure, threshold: Fraction) -> int:
        """1 or -1 where a measure of people is at least a share in every result, or in none."""
        cut = Cut(measure=measure, share=True, threshold=threshold, strict=False)
        if cut not in self._reached:
            self._reached[cut] = self._cut(cut, self.everything, self.totals) or 0
        return self._reached[cut]

    def number(self, measure: Measure, share: bool) -> tuple[Fraction, Fraction]:
        """Least and most union weight that approves, or is opposed; or its share."""
        approving = measure == "approving unions"
        scale, options = self._weight_scale, self.prospect.options
        parts = [
            {o.approves: int(weight * scale) * (o.approves is approving and not gone) for o in each}
            for weight, gone, each in zip(
                self.prospect.weights, self.prospect.abstains, options, strict=True
            )
        ]
        if len(self.patterns.open) <= MOST_OPEN:
            sums = self.patterns.sums(parts)[self.patterns.allowed]
            least, most = min(sums), max(sums)
        else:
            least = sum(min(part.values()) for part in parts)
            most = sum(max(part.values()) for part in parts)
        whole = sum(
            weight
            for weight, counted in zip(self.prospect.weights, self.counted, strict=True)
            if counted
        )
        per = scale * whole if share and whole else Fraction(scale)
        return least / per, most / per

    @cached_property
    def totals(self) -> Box:
        """Bounds on the sum of all counted unions."""
        return self._totals(self.everything)

    # One selection of options

    def _look(self, rule: Rule, selection: Selection) -> int | None:
        """The verdict over all results within some options; None where there are none."""
        totals = self.totals if selection is self.everything else self._totals(selection)
        verdicts: dict[Atom, int] = {}
        for part in conditions(rule):
            atom = part if isinstance(part, Veto) else Cut.of(part)
            if atom not in verdicts:
                found = self._atom(atom, selection, totals)
                if found is None:
                    return None
                verdicts[atom] = found
        base = int(combined(rule, verdicts.__getitem__))
        return base or self._by_cell(rule, verdicts, totals)

    def _atom(self, atom: Atom, selection: Selection, totals: Box) -> int | None:
        if isinstance(atom, Veto):
            position = self.prospect.unions.index(atom.union)
            verdicts = {option.approves for option in selection[position]}
            return 0 if len(verdicts) > 1 else 1 if verdicts.pop() else -1
        return self._cut(atom, selection, totals)

    def _cut(self, cut: Cut, selection: Selection, totals: Box) -> int | None:
        if cut.threshold == 0 and not cut.strict:
            return 1
        least = most = self._constant(cut)
        for options, parts in zip(selection, self._parts(cut), strict=True):
            reach = [parts[option.approves] for option in options]
            least += min(low for low, _ in reach)
            most += max(high for _, high in reach)
        if cut.measure not in COUNTED:
            box, factors = self._together(cut, selection, totals)
            low, high = lowest(box, *factors), highest(box, *factors)
            if low is None or high is None or low > most or high < least:
                return None
            least, most = max(least, low), min(most, high)
        return sign(least, most)

    def _constant(self, cut: Cut) -> int:
        return 0 if cut.share else self._weight_scale * cut.scales[1]

    @cached_property
    def _weight_scale(self) -> int:
        return int(np.lcm.reduce([weight.denominator for weight in self.prospect.weights]))

    def _parts(self, cut: Cut) -> list[dict[bool, tuple[int, int]]]:
        """What each union adds to a cut's sum, at least and at most, by whether it approves."""
        if cut not in self._contributions:
            self._contributions[cut] = [
                {option.approves: self._part(cut, u, option) for option in options}
                for u, options in enumerate(self.prospect.options)
            ]
        return self._contributions[cut]

    def _part(self, cut: Cut, union: int, option: Option) -> tuple[int, int]:
        above, below = cut.scales
        if cut.measure in COUNTED:
            weight = int(self.prospect.weights[union] * self._weight_scale)
            opposed = not option.approves and not self.prospect.abstains[union]
            chosen = option.approves if cut.measure == "approving unions" else opposed
            total = weight * (above * chosen + below * (cut.share and self.counted[union]))
            return total, total
        if not self.counted[union]:
            return 0, 0
        factors = factors_of(cut, option.approves)
        low, high = lowest(option.box, *factors), highest(option.box, *factors)
        assert low is not None  # options are never empty
        assert high is not None
        return low, high

    def _totals(self, selection: Selection) -> Box:
        boxes = [hull(option.box for option in options) for options in selection]
        total = added(box for box, counted in zip(boxes, self.counted, strict=True) if counted)
        gone = [box for box, counted in zip(boxes, self.counted, strict=True) if not counted]
        whole = copied(self.prospect.total)
        whole.low[MEMBERS] -= sum(box.high[MEMBERS] for box in gone)
        whole.high[MEMBERS] -= sum(box.low[MEMBERS] for box in gone)
        for quantity in range(5):
            total.narrow(quantity, whole.low[quantity], whole.high[quantity])
        tighten(total, [])
        return total

    def _together(self, cut: Cut, selection: Selection, totals: Box) -> tuple[Box, Factors]:
        """A box over all unions at once, and the cut's factors in it."""
        people, approving, _ = PEOPLE[cut.measure]
        if not approving:
            return totals, factors_of(cut, True)
        # Approving unions' people take the place of yes, the others' of no, all people of ballots.
        quantity = MEMBERS if people == "members" else BALLOTS
        box = Box([0, 0, -UNBOUNDED, 0, 0], [0, 0, UNBOUNDED, 0, UNBOUNDED])
        for u, options in enumerate(selection):
            for side, approves in enumerate((True, False)):
                alike = [o.box for o in options if o.approves is approves]
                if alike and self.counted[u]:
                    always = len(alike) == len(options)
                    box.low[side] += min(o.low[quantity] for o in alike) if always else 0
                    box.high[side] += max(o.high[quantity] for o in alike)
        box.low[BALLOTS], box.high[BALLOTS] = totals.low[quantity], totals.high[quantity]
        index = VECTORS[people].index(1)
        return box, (factors_of(cut, True)[index], factors_of(cut, False)[index], 0)

    # Cells: measures that share their ballots or members cannot be anywhere independently

    def _by_cell(self, rule: Rule, verdicts: Mapping[Atom, int], totals: Box) -> int:
        """Split what is possible at every undecided cut; the verdict all cells agree on."""
        undecided = sorted(
            (a for a, verdict in verdicts.items() if not verdict and isinstance(a, Cut)),
            key=lambda cut: (cut.measure, cut.share, cut.threshold, cut.strict),
        )
        axes: dict[tuple[str, bool], list[Cut]] = {}
        for cut in undecided:
            axes.setdefault((cut.measure, cut.share), []).append(cut)
        cells = int(np.prod([len(cuts) + 1 for cuts in axes.values()]))
        if cells > MOST_CELLS:
            return 0
        found: set[int] = set()
        for passed in product(*(range(len(cuts) + 1) for cuts in axes.values())):
            cell = dict(verdicts)
            for count, cuts in zip(passed, axes.values(), strict=True):
                cell |= {cut: 1 if i < count else -1 for i, cut in enumerate(cuts)}
            if _feasible([(cut, cell[cut]) for cut in undecided], totals):
                found.add(int(combined(rule, cell.__getitem__)))
            if len(found) > 1 or 0 in found:
                return 0
        return found.pop() if found else 0

    # Patterns: who of the open unions approves

    def _by_pattern(self, rule: Rule) -> int:
        """The verdict on which all patterns agree that the reports allow."""
        allowed = np.flatnonzero(self.patterns.allowed)
        verdicts = np.broadcast_to(combined(rule, self._atom_by_pattern), self.patterns.count)
        found = {int(verdict) for verdict in np.unique(verdicts[allowed])}
        unsure = allowed[verdicts[allowed] == 0].tolist()
        found.discard(0)
        if len(found) > 1 or len(unsure) > MOST_LOOKS:
            return 0
        for pattern in unsure:
            look = self._look(rule, self.patterns.selection(pattern))
            if look is not None:
                found.add(look)
            if 0 in found or len(found) > 1:
                return 0
        return found.pop() if found else 0

    def _atom_by_pattern(self, atom: Atom) -> Verdict:
        if isinstance(atom, Veto):
            approves = self.patterns.approving(self.prospect.unions.index(atom.union))
            return np.where(approves, 1, -1)
        over_all = self._cut(atom, self.everything, self.totals)
        if over_all:
            return over_all
        least, most = (
            self.patterns.sums(
                [
                    {approves: part[end] for approves, part in parts.items()}
                    for parts in self._parts(atom)
                ],
                self._constant(atom),
            )
            for end in (0, 1)
        )
        return (least > 0).astype(np.int8) - (most <= 0).astype(np.int8)


def _feasible(sides: Sequence[tuple[Cut, int]], totals: Box) -> bool:
    """Whether all unions' votes and members together may lie on these sides of the cuts."""
    bound = [
        (factors_of(cut, True), side)
        for cut, side in sides
        if cut.measure not in COUNTED and not PEOPLE[cut.measure][1]
    ]
    box = copied(totals)
    tighten(
        box,
        [(y, n, m, 1) if side > 0 else (-y, -n, -m, 0) for (y, n, m), side in bound],
    )
    for factors, side in bound:
        least, most = lowest(box, *factors), highest(box, *factors)
        if least is None or most is None or sign(least, most) == -side:
            return False
    return not box.empty
