"""What the reports of a round are read with: the tree, and a list of what is wrong with them."""

from collections.abc import Sequence

from ratification.case.electorate import Electorate
from ratification.case.evidence import Report
from ratification.case.facts import Scope
from ratification.case.unitsets import leaves_in
from ratification.errors import Problem

FILE = "evidence.csv"


class Findings:
    """The reports of one round in the order they came, and the problems and warnings found."""

    def __init__(self, reports: Sequence[Report], electorate: Electorate, case_id: str) -> None:
        self.reports = tuple(reports)
        self.tree = electorate
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._file = f"{case_id}/{FILE}" if case_id else FILE
        self._by_id = {report.id: report for report in self.reports}

    def of(self, *kinds: str) -> list[Report]:
        """Reports of some kinds, in the order they came."""
        return [report for report in self.reports if report.kind in kinds]

    def report(self, identity: str) -> Report:
        """A report by id."""
        return self._by_id[identity]

    def leaves(self, report: Report) -> Scope:
        """The leaves a report is about."""
        return leaves_in(report.units, self.tree)

    def problem(self, report: Report, message: str) -> None:
        """Note that a report cannot be true beside the others."""
        self.problems.append(Problem(file=self._file, line=report.line, message=message))

    def warn(self, message: str) -> None:
        """Note that sources differ, and which of them is used."""
        self.warnings.append(message)
