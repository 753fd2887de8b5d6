"""What the reports in force say together about one round, nested evidence counted once.

Reports overlap: a local lies inside a unit, a unit inside a union, a union inside a total. What
is known inside a wider report is subtracted from it, so that every ballot speaks once; a report
that adds nothing is dropped; reports that cannot all be true are an error.
"""

from ratification.case.approvals import take_approvals
from ratification.case.counts import take_counts
from ratification.case.electorate import Electorate
from ratification.case.evidence import InForce
from ratification.case.facts import (
    Approvals,
    Count,
    Known,
    Partial,
    Poll,
    Range,
    Scope,
    ShareRange,
)
from ratification.case.findings import FILE, Findings
from ratification.case.ranges import take_ranges
from ratification.case.shares import take_shares
from ratification.case.so_far import take_partials
from ratification.case.verdicts import counted_children, majority, passes
from ratification.errors import CaseError

__all__ = [
    "FILE",
    "Approvals",
    "Count",
    "Known",
    "Partial",
    "Poll",
    "Range",
    "Scope",
    "ShareRange",
    "counted_children",
    "known",
    "majority",
    "passes",
]


def known(evidence: InForce, round_id: str, electorate: Electorate, case_id: str = "") -> Known:
    """Resolve the reports in force about one round: counts first, then what they leave open.

    Raises:
        CaseError: reports that cannot all be true.
    """
    findings = Findings(evidence.of_round(round_id), electorate, case_id)
    counted = take_counts(findings)
    found = take_ranges(findings, counted)
    shares = take_shares(findings, counted)
    approvals = take_approvals(findings, counted, found.margins)
    partials, floors = take_partials(findings, counted)
    if findings.problems:
        raise CaseError(findings.problems)
    return Known(
        round=round_id,
        counts=counted.counts,
        ranges=(*found.ranges, *floors),
        shares=shares,
        partials=partials,
        approvals=approvals,
        polls=_polls(findings),
        outcomes={
            unit: report.result
            for unit, report in counted.outcomes.items()
            if report.result is not None
        },
        warnings=tuple(findings.warnings),
    )


def _polls(findings: Findings) -> tuple[Poll, ...]:
    return tuple(
        Poll(
            scope=findings.leaves(report),
            yes=report.yes or 0,
            no=report.no or 0,
            reports=(report.id,),
        )
        for report in findings.of("poll")
    )
