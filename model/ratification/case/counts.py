"""Complete counts, nested ones counted once: what is counted inside a wider count is taken out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from ratification.case.evidence import Report
from ratification.case.facts import Count, Scope
from ratification.case.findings import Findings


class Nest:
    """Counts by the leaves they hold, so that those inside a scope are found at once."""

    def __init__(self) -> None:
        self.by_leaf: dict[int, list[Count]] = {}

    def add(self, count: Count) -> None:
        """Put a count in."""
        for leaf in count.scope:
            self.by_leaf.setdefault(leaf, []).append(count)

    def remove(self, count: Count) -> None:
        """Take a count out."""
        for leaf in count.scope:
            self.by_leaf[leaf].remove(count)

    def all(self) -> list[Count]:
        """Every count, small scopes first."""
        return self._ordered(self.by_leaf)

    def inside(self, scope: Scope) -> list[Count]:
        """Counts inside a scope, small ones first, no two of which overlap."""
        found: list[Count] = []
        held: set[int] = set()
        for count in self._ordered(scope):
            if count.scope <= scope and not count.scope & held:
                found.append(count)
                held |= count.scope
        return found

    def around(self, scope: Scope) -> list[Count]:
        """Counts of which a scope is a part."""
        some = next(iter(scope))
        return [count for count in self.by_leaf.get(some, []) if count.scope > scope]

    def _ordered(self, leaves: Iterable[int]) -> list[Count]:
        meeting = {count.scope: count for leaf in leaves for count in self.by_leaf.get(leaf, ())}
        return sorted(meeting.values(), key=_size)


@dataclass(frozen=True, slots=True)
class Counted:
    """Complete counts, none of which lies inside another, and the outcomes stated of units."""

    counts: tuple[Count, ...]
    outcomes: Mapping[str, Report]
    nest: Nest

    def inside(self, scope: Scope) -> list[Count]:
        """Counts inside a scope, no two of which overlap."""
        return self.nest.inside(scope)

    def left(self, scope: Scope) -> tuple[Scope, int, int]:
        """What of a scope is not counted, and the yes and no counted inside it."""
        inside = self.inside(scope)
        left = scope.difference(*(count.scope for count in inside))
        return left, sum(count.yes for count in inside), sum(count.no for count in inside)


def take_counts(findings: Findings) -> Counted:
    """Counts and abstentions of a round, and what was stated of single units."""
    outcomes = _stated_outcomes(findings)
    stated = [*_abstentions(findings, outcomes), *_stated_counts(findings)]
    nest = _apart(stated, findings)
    return Counted(tuple(nest.all()), outcomes, nest)


def _stated_outcomes(findings: Findings) -> dict[str, Report]:
    outcomes: dict[str, Report] = {}
    for report in findings.of("outcome"):
        if report.units not in findings.tree.by_id:
            continue
        earlier = outcomes.setdefault(report.units, report)
        if earlier.result != report.result:
            findings.problem(
                report,
                f"{report.units!r} is {report.result} here and {earlier.result} in "
                f"{earlier.id!r}: say in `replaces` which corrects which",
            )
    return outcomes


def _abstentions(findings: Findings, outcomes: dict[str, Report]) -> list[Count]:
    """No ballots in any leaf of what abstained; units wholly inside it abstained, too."""
    tree = findings.tree
    by_leaf: dict[int, Report] = {}
    for report in findings.of("outcome"):
        if report.result == "abstained":
            for leaf in findings.leaves(report):
                by_leaf.setdefault(leaf, report)
    for unit in tree.by_id:
        leaves = tree.leaves_under[unit]
        if leaves <= by_leaf.keys():
            outcomes.setdefault(unit, by_leaf[min(leaves)])
    return [
        Count(scope=frozenset({leaf}), yes=0, no=0, reports=(report.id,))
        for leaf, report in by_leaf.items()
    ]


def _stated_counts(findings: Findings) -> list[Count]:
    latest: dict[Scope, Report] = {}
    for report in findings.of("count"):  # in the order they came: the last one stands
        scope = findings.leaves(report)
        earlier = latest.get(scope)
        if earlier is not None and (earlier.yes, earlier.no) != (report.yes, report.no):
            _compare_with_earlier(report, earlier, findings)
        latest[scope] = report
    return [
        Count(scope=scope, yes=report.yes or 0, no=report.no or 0, reports=(report.id,))
        for scope, report in latest.items()
    ]


def _compare_with_earlier(report: Report, earlier: Report, findings: Findings) -> None:
    """Two counts of the same units may differ, but not by yes and no exchanged.

    What is assumed may be the very opposite of what was counted.
    """
    exchanged = (report.yes, report.no) == (earlier.no, earlier.yes)
    if exchanged and report.source != "assumed":
        findings.problem(
            report,
            f"{report.units!r} has {report.yes:,} yes, {report.no:,} no here and the two "
            f"exchanged in report {earlier.id!r}: yes comes first. Correct one of them",
        )
        return
    findings.warn(
        f"{report.units}: {earlier.id} says {earlier.yes:,} yes, {earlier.no:,} no; "
        f"{report.id} says {report.yes:,} yes, {report.no:,} no. The later is used"
    )


def _apart(stated: Sequence[Count], findings: Findings) -> Nest:
    """Take from every count what lies inside it, until none lies inside another."""
    taken = Nest()
    waiting = [(_size(count), number, count) for number, count in enumerate(stated)]
    heapify(waiting)
    while waiting:
        _, number, count = heappop(waiting)
        inside = taken.inside(count.scope)
        if not inside:
            for other in taken.around(count.scope):
                taken.remove(other)
                heappush(waiting, (_size(other), number, other))
            taken.add(count)
            continue
        rest = Count(
            scope=count.scope.difference(*(other.scope for other in inside)),
            yes=count.yes - sum(other.yes for other in inside),
            no=count.no - sum(other.no for other in inside),
            reports=count.reports,
        )
        if not rest.scope:
            _compare_with_parts(rest, inside, findings)
        elif rest.yes < 0 or rest.no < 0:
            _refuse_more_inside(rest, findings)
        else:
            heappush(waiting, (_size(rest), number, rest))
    return taken


def _size(count: Count) -> tuple[int, list[int]]:
    return len(count.scope), sorted(count.scope)


def _compare_with_parts(rest: Count, inside: Sequence[Count], findings: Findings) -> None:
    """A count whose every part is counted adds nothing; it may differ from their sum."""
    report = findings.report(rest.reports[0])
    if not (rest.yes or rest.no) or report.kind == "outcome":
        return
    others = [findings.report(count.reports[0]) for count in inside]
    if all(other.kind == "outcome" for other in others):
        findings.problem(
            report, f"{report.units!r} has ballots here and abstained in {others[0].id!r}"
        )
        return
    yes, no = report.yes or 0, report.no or 0
    findings.warn(
        f"{report.units}: {report.id} says {yes:,} yes, {no:,} no; its parts add up to "
        f"{yes - rest.yes:,} yes, {no - rest.no:,} no. The parts are used"
    )


def _refuse_more_inside(rest: Count, findings: Findings) -> None:
    report = findings.report(rest.reports[0])
    yes, no = report.yes or 0, report.no or 0
    findings.problem(
        report,
        f"{report.id!r} counts {yes:,} yes and {no:,} no, but the counts inside it already hold "
        f"{yes - rest.yes:,} yes and {no - rest.no:,} no: correct one of them",
    )
