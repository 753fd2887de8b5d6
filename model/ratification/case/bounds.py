"""Arithmetic: how far every unit's yes, no, margin, ballots and members can still go.

Interval propagation over the tree and over the sets of leaves that reports speak about. Every
bound is one that no complete result in agreement with the evidence can cross; a bound can be
wider than the tightest. An empty interval proves that the reports cannot all be true.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ratification.case.electorate import COALITION, Electorate, Figure
from ratification.case.evidence import Report
from ratification.case.known import FILE, Known, Scope
from ratification.errors import CaseError, Problem

UNBOUNDED = 10**15
LARGEST = 10**12  # nothing real is above: a bound beyond it is none
PASSES = 20
MOST_NAMED = 6  # reports in a message

YES, NO, MARGIN, BALLOTS, MEMBERS = range(5)

_Relation = tuple[Scope, list[Scope]]  # a set of leaves, and sets that together make it


@dataclass(slots=True)
class Box:
    """Lowest and highest yes, no, margin, ballots and members of a set of leaves."""

    low: list[int] = field(default_factory=lambda: [0, 0, -UNBOUNDED, 0, 0])
    high: list[int] = field(default_factory=lambda: [UNBOUNDED] * 5)

    def narrow(self, quantity: int, low: int, high: int) -> bool:
        """Intersect one interval; whether that changed anything."""
        if low < -LARGEST:  # or it would creep up, a little in every pass
            low = -UNBOUNDED
        if high > LARGEST:
            high = UNBOUNDED
        changed = low > self.low[quantity] or high < self.high[quantity]
        self.low[quantity] = max(self.low[quantity], low)
        self.high[quantity] = min(self.high[quantity], high)
        return changed

    def require(self, yes: int, no: int, members: int, least: int) -> bool:
        """Let yes * Y + no * N + members * M >= least narrow what it can; whether it did.

        Twice the sum is read over every two of Y, N, margin and ballots.
        """
        bases = (
            ((YES, 2 * yes), (NO, 2 * no), (MEMBERS, 2 * members)),
            ((YES, 2 * (yes - no)), (BALLOTS, 2 * no), (MEMBERS, 2 * members)),
            ((NO, 2 * (no - yes)), (BALLOTS, 2 * yes), (MEMBERS, 2 * members)),
            ((YES, 2 * (yes + no)), (MARGIN, -2 * no), (MEMBERS, 2 * members)),
            ((NO, 2 * (yes + no)), (MARGIN, 2 * yes), (MEMBERS, 2 * members)),
            ((BALLOTS, yes + no), (MARGIN, yes - no), (MEMBERS, 2 * members)),
        )
        changed = False
        for base in bases:
            most = [self._most(quantity, factor) for quantity, factor in base]
            for (quantity, factor), own in zip(base, most, strict=True):
                lacking = 2 * least - (sum(most) - own)  # what the others at their best leave
                if factor > 0:
                    changed |= self.narrow(quantity, -(-lacking // factor), UNBOUNDED)
                elif factor < 0:
                    changed |= self.narrow(quantity, -UNBOUNDED, -lacking // -factor)
        return changed

    def _most(self, quantity: int, factor: int) -> int:
        return factor * (self.high if factor > 0 else self.low)[quantity]

    @property
    def empty(self) -> bool:
        """No whole numbers are left for some quantity."""
        return any(low > high for low, high in zip(self.low, self.high, strict=True))

    def settle(self) -> bool:
        """Let yes + no = ballots <= members and yes - no = margin narrow one another."""
        low, high = self.low, self.high
        changed = self.narrow(BALLOTS, low[YES] + low[NO], min(high[YES] + high[NO], high[MEMBERS]))
        if self.empty:  # what follows from a contradiction says nothing
            return True
        changed |= self.narrow(MEMBERS, low[BALLOTS], UNBOUNDED)
        changed |= self.narrow(MARGIN, low[YES] - high[NO], high[YES] - low[NO])
        changed |= self.narrow(
            YES,
            max(low[BALLOTS] - high[NO], low[MARGIN] + low[NO], _up(low[MARGIN] + low[BALLOTS])),
            min(
                high[BALLOTS] - low[NO],
                high[MARGIN] + high[NO],
                (high[MARGIN] + high[BALLOTS]) // 2,
            ),
        )
        changed |= self.narrow(
            NO,
            max(
                low[BALLOTS] - high[YES], low[YES] - high[MARGIN], _up(low[BALLOTS] - high[MARGIN])
            ),
            min(
                high[BALLOTS] - low[YES],
                high[YES] - low[MARGIN],
                (high[BALLOTS] - low[MARGIN]) // 2,
            ),
        )
        return changed


def _up(doubled: int) -> int:
    return -(-doubled // 2)


@dataclass(frozen=True)
class Bounds:
    """Boxes by set of leaves, for every unit and every scope of a report."""

    electorate: Electorate
    boxes: dict[Scope, Box]

    def of(self, unit: str) -> Box:
        """The box of a unit, or of `*`."""
        return self.boxes[self.electorate.leaves_under[unit]]


def bounds(facts: Known, electorate: Electorate, *, lenient: bool = False) -> Bounds:
    """Propagate everything known about a round until nothing narrows any more.

    A roster is bounded by its `low` and `high`, else exact, else unbounded above; with `lenient`
    an error without bounds is taken to reach six standard deviations.
    """
    boxes: dict[Scope, Box] = {scope: Box() for scope in electorate.leaves_under.values()}
    relations = _tree_relations(electorate)
    for scope in sorted(facts.scopes - set(boxes), key=sorted):
        boxes[scope] = Box()
        relations += _scope_relations(scope, electorate)
    for unit in [*electorate.by_id, COALITION]:
        low, high = _roster_bounds(unit, facts.round, electorate, lenient)
        boxes[electorate.leaves_under[unit]].narrow(MEMBERS, low, high)
    _state(facts, boxes)
    for _ in range(PASSES):
        if not _pass(facts, boxes, relations):
            break
    return Bounds(electorate, boxes)


def _pass(facts: Known, boxes: dict[Scope, Box], relations: Sequence[_Relation]) -> bool:
    """Narrow every box once. False when nothing changes, or one is empty: that would spread."""
    changed = False
    for box in boxes.values():
        changed |= box.settle()
    changed |= _require(facts, boxes)
    if any(box.empty for box in boxes.values()):
        return False
    for whole, parts in relations:
        around = [boxes[whole], *(boxes[part] for part in parts)]
        changed |= _relate(around[0], around[1:])
        if any(box.empty for box in around):
            return False
    return changed


def _state(facts: Known, boxes: dict[Scope, Box]) -> None:
    for count in facts.counts:
        boxes[count.scope].narrow(YES, count.yes, count.yes)
        boxes[count.scope].narrow(NO, count.no, count.no)
    for partial in facts.partials:
        boxes[partial.scope].narrow(YES, partial.yes, UNBOUNDED)
        boxes[partial.scope].narrow(NO, partial.no, UNBOUNDED)
    for entry in facts.ranges:
        quantity = _QUANTITIES.get((entry.alpha, entry.beta))
        if quantity is not None:
            low = -UNBOUNDED if entry.low is None else entry.low
            high = UNBOUNDED if entry.high is None else entry.high
            boxes[entry.scope].narrow(quantity, low, high)


_QUANTITIES = {(1, 0): YES, (0, 1): NO, (1, -1): MARGIN, (1, 1): BALLOTS}


def _require(facts: Known, boxes: dict[Scope, Box]) -> bool:
    """Let thresholds, shares and turnouts narrow their boxes; whether any did."""
    changed = False
    for entry in facts.ranges:
        box, alpha, beta = boxes[entry.scope], entry.alpha, entry.beta
        if (alpha, beta) in _QUANTITIES:
            continue
        if entry.low is not None:
            changed |= box.require(alpha, beta, 0, entry.low)
        if entry.high is not None:
            changed |= box.require(-alpha, -beta, 0, -entry.high)
    for share in facts.shares:
        box = boxes[share.whole]
        for bound, sign in ((share.low, 1), (share.high, -1)):
            part, whole = sign * bound.numerator, sign * bound.denominator
            if share.of == "members":  # yes + no against part / whole of the members
                changed |= box.require(whole, whole, -part, 0)
            else:  # yes against part / whole of yes + no
                changed |= box.require(whole - part, -part, 0, 0)
    return changed


def _tree_relations(electorate: Electorate) -> list[_Relation]:
    under = electorate.leaves_under
    return [
        (under[parent or COALITION], [under[child] for child in children])
        for parent, children in electorate.children.items()
        if len(children) > 1 or parent is None
    ]


def _scope_relations(scope: Scope, electorate: Electorate) -> list[_Relation]:
    """A scope is the sum of the units inside it; with the rest it makes its enclosing unit."""
    under = electorate.leaves_under
    enclosing = min(
        (leaves for leaves in under.values() if leaves >= scope), key=len, default=under[COALITION]
    )
    rest = _tiles(enclosing - scope, electorate)
    return [(scope, _tiles(scope, electorate)), (enclosing, [scope, *rest])]


def _tiles(scope: Scope, electorate: Electorate) -> list[Scope]:
    tiles: list[Scope] = []
    waiting = list(electorate.unions)
    while waiting:
        unit = waiting.pop()
        leaves = electorate.leaves_under[unit]
        if leaves <= scope:
            tiles.append(leaves)
        elif leaves & scope:
            waiting += electorate.children[unit]
    return tiles


def _relate(whole: Box, parts: Sequence[Box]) -> bool:
    changed = False
    for quantity in (MEMBERS, BALLOTS, MARGIN, NO, YES):
        low = sum(part.low[quantity] for part in parts)
        high = sum(part.high[quantity] for part in parts)
        changed |= whole.narrow(quantity, max(low, -UNBOUNDED), min(high, UNBOUNDED))
        if whole.low[quantity] > whole.high[quantity]:
            return False  # the whole is where the contradiction lies, not its parts
        # The others at their extremes leave this much; an unbounded other leaves everything.
        least, most = whole.low[quantity], whole.high[quantity]
        for part in parts:
            others_low, others_high = low - part.low[quantity], high - part.high[quantity]
            down = least - others_high if others_high < UNBOUNDED else -UNBOUNDED
            up = most - others_low if most < UNBOUNDED else UNBOUNDED
            if part.narrow(quantity, down, up):
                changed = True
                low = sum(entry.low[quantity] for entry in parts)
                high = sum(entry.high[quantity] for entry in parts)
    return changed


def _roster_bounds(
    unit: str, round_id: str, electorate: Electorate, lenient: bool
) -> tuple[int, int]:
    if unit != COALITION and electorate.by_id[unit].implicit:
        return 0, UNBOUNDED
    figures = [
        electorate.figure(unit, round_id, variant) for variant in electorate.variants or (None,)
    ]
    each = [_figure_bounds(figure, lenient) for figure in figures]
    return min(low for low, _ in each), max(high for _, high in each)


def _figure_bounds(figure: Figure, lenient: bool) -> tuple[int, int]:
    if figure.members is None:
        return figure.low or 0, UNBOUNDED if figure.high is None else figure.high
    if figure.exact and figure.low is None and figure.high is None:
        return figure.members, figure.members
    reach = 6 * figure.error if lenient else UNBOUNDED
    low = figure.low if figure.low is not None else max(0, figure.members - reach)
    high = figure.high if figure.high is not None else min(UNBOUNDED, figure.members + reach)
    return low, high


def check_possible(
    facts: Known, electorate: Electorate, reports: Iterable[Report], case_id: str
) -> None:
    """Refuse evidence that no complete result can agree with.

    Raises:
        CaseError: naming the reports about the smallest set of leaves that is left no result.
    """
    found = bounds(facts, electorate, lenient=True)
    empty = [scope for scope, box in found.boxes.items() if box.empty]
    if not empty:
        return
    scope = min(empty, key=lambda leaves: (len(leaves), sorted(leaves)))
    by_id = {report.id: report for report in reports}
    concerned = _reports_about(scope, facts)
    newest = max(
        (by_id[name] for name in concerned if name in by_id),
        key=lambda report: report.order,
        default=None,
    )
    file = FILE if concerned else "electorate.csv"
    raise CaseError(
        [
            Problem(
                file=f"{case_id}/{file}" if case_id else file,
                line=None if newest is None else newest.line,
                message=_why_empty(found.boxes[scope], _called(scope, electorate), concerned),
            )
        ]
    )


def _called(scope: Scope, electorate: Electorate) -> str:
    for unit, leaves in electorate.leaves_under.items():
        if leaves == scope:
            return repr(unit)
    return " + ".join(electorate.leaves[leaf] for leaf in sorted(scope)[:4])


def _reports_about(scope: Scope, facts: Known) -> list[str]:
    """Reports about a part of the scope or all of it, else about anything that meets it."""
    said: list[tuple[Scope, tuple[str, ...]]] = [
        *((entry.scope, entry.reports) for entry in facts.counts),
        *((entry.scope, entry.reports) for entry in facts.ranges),
        *((entry.whole, entry.reports) for entry in facts.shares),
        *((entry.scope, entry.reports) for entry in facts.partials),
    ]
    about = [names for leaves, names in said if leaves <= scope]
    about = about or [names for leaves, names in said if leaves & scope]
    return list(dict.fromkeys(name for names in about for name in names))


def _why_empty(box: Box, unit: str, concerned: Sequence[str]) -> str:
    shown = [*concerned[:MOST_NAMED], *(["..."] if len(concerned) > MOST_NAMED else [])]
    beside = f" ({', '.join(shown)})" if concerned else ""
    low, high = box.low, box.high
    ballots = max(low[BALLOTS], low[YES] + low[NO], low[MARGIN], -high[MARGIN])
    if ballots > high[MEMBERS]:
        return (
            f"{unit} has at most {high[MEMBERS]:,} members but at least {ballots:,} ballots"
            f"{beside}: correct a count, or give the roster an error"
        )
    names = ("yes", "no", "margin", "ballots", "members")
    worst = next(
        index for index, (least, most) in enumerate(zip(low, high, strict=True)) if least > most
    )
    needs = f"at least {low[worst]:,} and at most {high[worst]:,} {names[worst]}"
    if not concerned:
        return f"the rosters of {unit} and its units need {needs}: correct a figure"
    return (
        f"the reports about {unit}{beside} cannot all be true: they need {needs}. "
        "Say in `replaces` which corrects which"
    )
