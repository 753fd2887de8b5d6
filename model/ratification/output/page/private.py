"""What a public page must not show, so that nobody recovers a private report by subtraction.

A private report about a unit hides every figure below that unit's parent: the unit's own and its
siblings', in tables, charts, reasons and embedded data. The parent's total stays, and with at
least two of its parts hidden it tells neither. A report about several units hides what lies below
the smallest unit that holds them all and something more.
"""

from dataclasses import dataclass

from ratification.answers.run import Run
from ratification.case.electorate import COALITION, Electorate
from ratification.case.evidence import Report
from ratification.case.unitsets import leaves_in, units_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Units whose parts are hidden (`*`: every union), and the ids of reports not shown."""

    parents: frozenset[str] = frozenset()
    reports: frozenset[str] = frozenset()

    @property
    def unions(self) -> bool:
        """Whether all that is said of single unions is hidden."""
        return COALITION in self.parents

    def unit(self, unit: str, electorate: Electorate) -> bool:
        """Whether a unit's figures are hidden: it lies below a parent whose parts are."""
        if self.unions:
            return True
        return any(above in self.parents for above in electorate.paths[unit][:-1])


NOTHING = Hidden()


def hidden_by(run: Run) -> Hidden:
    """What the run's private reports hide, also those that were replaced or left out."""
    tree = run.case.electorate
    reports = [*run.evidence.reports, *(report for report, _ in run.evidence.aside)]
    parents = frozenset(_parent(report, tree) for report in reports if report.private)
    if not parents:
        return NOTHING
    inside = [tree.leaves_under[parent] for parent in parents]
    return Hidden(
        parents=parents,
        reports=frozenset(
            report.id
            for report in reports
            if report.private or any(_below(report, leaves, tree) for leaves in inside)
        ),
    )


def _covered(report: Report, tree: Electorate) -> frozenset[int]:
    """Leaves a report is about; of a number of approvals, those of the units it counts."""
    if report.kind == "approvals":
        units = units_in(report.units, tree)
        return frozenset[int]().union(*(tree.leaves_under[unit] for unit in units))
    return leaves_in(report.units, tree)


def _parent(report: Report, tree: Electorate) -> str:
    """The smallest unit that holds what a report is about and something more."""
    covered = _covered(report, tree)
    below = tree.leaves_under
    holding = [unit for unit in tree.children if unit is not None and covered < below[unit]]
    return min(holding, key=lambda unit: len(below[unit]), default=COALITION)


def _below(report: Report, leaves: frozenset[int], tree: Electorate) -> bool:
    """Whether a report tells something of the parts of these leaves, not only of them all."""
    covered = _covered(report, tree)
    if report.kind == "approvals":
        return bool(covered & leaves)
    return bool(covered & leaves) and not leaves <= covered
