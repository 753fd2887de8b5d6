"""An oracle: small random coalitions, every complete result they can have, and reports true of one.

Nothing here uses bounds or what is made of reports: a result agrees with a report, or it does not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from ratification.answers.judging import Results
from ratification.case.bylaws import (
    COMPARISONS,
    COUNTED,
    MEASURES,
    All,
    Any,
    Condition,
    Not,
    Reading,
    Rule,
    Veto,
)
from ratification.case.electorate import (
    COALITION,
    Electorate,
    Figure,
    RosterVariant,
    Unit,
    with_rests,
)
from ratification.case.evidence import Report
from ratification.case.unitsets import leaves_in, units_in
from ratification.case.verdicts import counted_children, needed

ROUND = "r"
LARGEST_SPACE = 40_000
REST = range(3)  # members tried for a leaf without a figure
KINDS = ("count", "outcome", "margin", "share", "turnout", "returned", "approvals", "partial")


@dataclass(frozen=True)
class Every:
    """Complete results, one a row, by leaf."""

    tree: Electorate
    members: np.ndarray
    yes: np.ndarray
    no: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Every":
        return Every(self.tree, self.members[rows], self.yes[rows], self.no[rows])

    def __len__(self) -> int:
        return len(self.members)

    def totals(self, expression: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Yes, no and members of some units."""
        leaves = sorted(leaves_in(expression, self.tree))
        return tuple(part[:, leaves].sum(axis=1) for part in (self.yes, self.no, self.members))

    def approves(self, unit: str) -> np.ndarray:
        """Whether a unit approves."""
        decides = self.tree.by_id[unit].decides
        if decides in ("units", "all-units"):
            children = counted_children(self.tree, unit)
            return sum(self.approves(child) * 1 for child in children) >= needed(self.tree, unit)
        yes, no, _ = self.totals(unit)
        if isinstance(decides, Fraction):
            return (yes + no > 0) & (yes * decides.denominator >= decides.numerator * (yes + no))
        return yes > no

    def results(self, abstains: list[bool]) -> Results:
        """The same results by union, to be judged."""
        sums = [self.totals(union) for union in self.tree.unions]
        yes, no, members = (np.stack([part[i] for part in sums], axis=1) for i in range(3))
        return Results(
            members=members,
            ballots=yes + no,
            yes=yes,
            approves=np.stack([self.approves(union) for union in self.tree.unions], axis=1),
            abstains=np.array(abstains),
            weights=tuple(self.tree.by_id[union].weight for union in self.tree.unions),
            unions=self.tree.unions,
        )


def random_tree(rng: np.random.Generator) -> Electorate:
    """Two or three unions, some of units; exact and bounded rosters, some competing."""
    units: list[Unit] = []
    for union in "abc"[: rng.integers(2, 4)]:
        weight = Fraction(1) if rng.random() < 0.7 else Fraction(int(rng.integers(4)), 2)
        if rng.random() < 0.3:
            sizes = [int(size) for size in rng.integers(1, 4, 2)]
            whole = Figure(members=sum(sizes) + (rng.random() < 0.3))
            decides = str(rng.choice(["pooled", "units", "all-units"]))
            top = Unit(id=union, parent=None, name=union.upper(), decides=decides, weight=weight)
            units.append(replace(top, figure=whole) if rng.random() < 0.4 else top)
            units += [
                Unit(
                    id=f"{union}{i}",
                    parent=union,
                    name=f"{union}{i}".upper(),
                    figure=Figure(members=size),
                )
                for i, size in enumerate(sizes)
            ]
        else:
            size = int(rng.integers(1, 6))
            figure = Figure(members=size)
            if rng.random() < 0.3:
                low, high = max(0, size - int(rng.integers(2))), size + int(rng.integers(2))
                figure = Figure(members=size, error=1, low=low, high=high)
            decides = ["pooled", "pooled", "pooled", Fraction(2, 3), Fraction(1, 2)][
                rng.integers(5)
            ]
            units.append(
                Unit(
                    id=union,
                    parent=None,
                    name=union.upper(),
                    decides=decides,
                    weight=weight,
                    figure=figure,
                )
            )
    variants = _variants(units, rng)
    most = sum(unit.figure.members or 0 for unit in units if unit.parent is None)
    whole = Figure(low=max(0, most - 1), high=most + 1) if rng.random() < 0.2 else Figure()
    return Electorate(
        units=with_rests(units, [ROUND], variants),
        coalition=Unit(id=COALITION, parent=None, name="", figure=whole),
        listed=tuple(unit.id for unit in units),
        variants=variants,
    )


def _variants(units: list[Unit], rng: np.random.Generator) -> tuple[RosterVariant, ...]:
    parents = {unit.parent for unit in units}
    plain = [unit for unit in units if unit.figure.exact and not {unit.id, unit.parent} & parents]
    if not plain or rng.random() < 0.75:
        return ()
    larger = {plain[0].id: plain[0].figure.members + int(rng.integers(1, 3))}
    half = Fraction(1, 2)
    return (
        RosterVariant(id="one", weight=half, members={}),
        RosterVariant(id="other", weight=half, members=larger),
    )


def every_result(tree: Electorate) -> Every | None:
    """Every result that the rosters allow; None where they are too many, or none."""
    found = [_under(tree, variant) for variant in tree.variants or (None,)]
    if any(part is None or not len(part) for part in found):
        return None
    parts = zip(*((part.members, part.yes, part.no) for part in found), strict=True)
    return Every(tree, *(np.concatenate(part) for part in parts))


def _under(tree: Electorate, variant: RosterVariant | None) -> Every | None:
    states = []
    for leaf in tree.leaves:
        sizes = _sizes(tree.figure(leaf, ROUND, variant)) or REST
        states.append(
            np.array([(m, y, n) for m in sizes for y in range(m + 1) for n in range(m - y + 1)])
        )
    if np.prod([float(len(state)) for state in states]) > LARGEST_SPACE:
        return None
    index = np.indices([len(state) for state in states]).reshape(len(states), -1)
    by_leaf = np.stack([state[rows] for state, rows in zip(states, index, strict=True)])
    every = Every(tree, *(by_leaf[:, :, part].T for part in range(3)))
    good = np.ones(len(every), dtype=bool)
    for unit in [*(unit.id for unit in tree.units if not unit.implicit), COALITION]:
        sizes = _sizes(tree.figure(unit, ROUND, variant))
        if sizes:
            good &= np.isin(every.totals(unit)[2], list(sizes))
    return every[good]


def _sizes(figure: Figure) -> range:
    """Sizes that a figure allows; empty where it has none."""
    if figure.low is not None and figure.high is not None:
        return range(figure.low, figure.high + 1)
    return range(0) if figure.members is None else range(figure.members, figure.members + 1)


def true_reports(every: Every, rng: np.random.Generator) -> Iterator[Report]:
    """Up to four reports that are true of one of the results."""
    tree, truth = every.tree, every[rng.integers(len(every), size=1)]
    scopes = [*tree.by_id, *tree.by_id, COALITION, " + ".join(tree.unions[:2])]
    scopes += [f"* - {tree.unions[0]}"] if len(tree.unions) > 2 else []
    for number in range(rng.integers(5)):
        kind, units = str(rng.choice(KINDS)), str(rng.choice(scopes))
        # A partial comes before counts inside it here: what it held of them nobody would know.
        day = "2020-02-01" if kind == "partial" else f"2020-01-0{number + 1}"
        base = Report(id=f"e{number}", round=ROUND, reported=day, units=units, kind=kind)
        said = _said(kind, units, truth, rng)
        if said is not None:
            yield replace(base, **said)


def _said(
    kind: str, units: str, truth: Every, rng: np.random.Generator
) -> dict[str, object] | None:
    yes, no, members = (int(total[0]) for total in truth.totals(units))
    if kind == "count":
        return {"yes": yes, "no": no}
    if kind == "partial":
        return {"yes": int(rng.integers(yes + 1)), "no": int(rng.integers(no + 1))}
    if kind == "outcome":
        if yes + no == 0 and units in truth.tree.unions:
            return {"result": "abstained"}
        if yes + no == 0 or units == COALITION or "/" in units:
            return None
        approved = truth.approves(units)[0] if units in truth.tree.by_id else yes > no
        return {"result": "approved" if approved else "rejected"}
    below, above = (int(width) for width in rng.integers(3, size=2))
    if kind in ("share", "turnout"):
        part, whole = (yes, yes + no) if kind == "share" else (yes + no, members)
        if whole == 0:
            return None
        share, step = Fraction(part, whole), Fraction(1, 15)
        return {
            "low": max(Fraction(0), share - below * step),
            "high": min(Fraction(1), share + above * step),
        }
    value = {"margin": yes - no, "returned": yes + no}.get(kind)
    if value is None:
        if "/" in units:
            return None
        value = sum(bool(truth.approves(unit)[0]) for unit in units_in(units, truth.tree))
    low = value - below if kind == "margin" else max(0, value - below)
    return {"low": Fraction(low), "high": Fraction(value + above)}


def agree_with_all(reports: Iterable[Report], every: Every) -> np.ndarray:
    """Which results agree with all reports."""
    good = np.ones(len(every), dtype=bool)
    for report in reports:
        good &= agree(report, every)
    return good


def agree(report: Report, every: Every) -> np.ndarray:
    """Which results agree with a report."""
    yes, no, members = every.totals(report.units)
    if report.kind == "count":
        return (yes == report.yes) & (no == report.no)
    if report.kind == "partial":
        return (yes >= report.yes) & (no >= report.no)
    if report.result == "abstained":
        return yes + no == 0
    if report.kind == "outcome":
        known = report.units in every.tree.by_id
        approved = every.approves(report.units) if known else yes > no
        if report.result == "approved":
            return approved
        by_share = known and isinstance(every.tree.by_id[report.units].decides, Fraction)
        return ~approved & ((yes + no > 0) | (not by_share))  # a share is one of some ballots
    low, high = report.low, report.high
    if report.kind in ("share", "turnout"):
        part, whole = (yes, yes + no) if report.kind == "share" else (yes + no, members)
        above = part * low.denominator >= low.numerator * whole
        below = part * high.denominator <= high.numerator * whole
        return above & below & ((whole > 0) | (report.kind == "turnout"))
    if report.kind == "approvals":
        value = sum(every.approves(unit) * 1 for unit in units_in(report.units, every.tree))
    else:
        value = yes - no if report.kind == "margin" else yes + no
    return (value >= int(low)) & (value <= int(high))


def random_reading(tree: Electorate, rng: np.random.Generator) -> Reading:
    """A rule of any shape; one in six is the rule of the Teamsters in 2018."""
    rule = teamsters() if rng.random() < 1 / 6 else random_rule(tree, rng)
    return Reading(id="x", title="", rule=rule, abstaining=["stays", "leaves"][rng.integers(2)])


def random_rule(tree: Electorate, rng: np.random.Generator, depth: int = 0) -> Rule:
    """Conditions, vetoes, and what combines them, two levels deep."""
    draw = rng.random()
    if depth < 2 and draw < 0.5 - 0.2 * depth:
        parts = tuple(random_rule(tree, rng, depth + 1) for _ in range(rng.integers(2, 4)))
        return All(parts=parts) if rng.random() < 0.6 else Any(parts=parts)
    if draw > 0.95 and depth < 3:
        return Not(part=random_rule(tree, rng, depth + 1))
    if draw > 0.9:
        return Veto(union=str(rng.choice(tree.unions)))
    measure = str(rng.choice(MEASURES))
    comparison = str(rng.choice(COMPARISONS))
    if measure in COUNTED and rng.random() < 0.6:
        return condition(measure, comparison, int(rng.integers(3)))
    shares = ("1/2", "2/3", "4/5", "1/3", "1/4", "0", "1")
    return condition(measure, comparison, str(rng.choice(shares)))


def condition(measure: str, comparison: str, threshold: int | str) -> Condition:
    """A condition: a whole number of unions, or a share written '2/3'."""
    return Condition(
        measure=measure,
        comparison=comparison,
        threshold=Fraction(threshold),
        share=isinstance(threshold, str),
        text=str(threshold),
    )


def teamsters() -> Rule:
    """Teamsters 2018: more than half; or, where under half vote, more than a third."""
    few = All(
        parts=(
            condition("turnout", "less_than", "1/2"),
            condition("yes of ballots", "more_than", "1/3"),
        )
    )
    return Any(parts=(condition("yes of ballots", "more_than", "1/2"), few))
