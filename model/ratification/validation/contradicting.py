"""What reports say of complete results, read plainly, without what inference makes of them.

A posterior that ignores a report is still calibrated about everything but the report itself (Modrák
et al. 2023). So calibration also looks at what joins a truth with its reports.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ratification.arrays import Bool, Int
from ratification.case.electorate import Electorate
from ratification.case.evidence import Report
from ratification.case.unitsets import leaves_in, units_in
from ratification.inference.approving import approved

EVEN = 0.5
SOFT = ("poll",)  # say nothing for sure of the votes


def contradicted(
    reports: Sequence[Report],
    tree: Electorate,
    members: Int[np.ndarray, "world leaf"],
    yes: Int[np.ndarray, "world leaf"],
    ballots: Int[np.ndarray, "world leaf"],
) -> Int[np.ndarray, " world"]:
    """How many of the reports about a round each complete result of it contradicts."""
    number = np.zeros(len(yes), dtype=np.int64)
    for report in reports:
        number += ~_agrees(report, tree, members, yes, ballots)
    return number


def _agrees(
    report: Report, tree: Electorate, members: np.ndarray, yes: np.ndarray, ballots: np.ndarray
) -> Bool[np.ndarray, " world"]:
    if report.kind == "approvals":
        units = units_in(report.units, tree)
        return _between(report, np.sum([approved(tree, u, yes, ballots) for u in units], axis=0))
    if report.kind == "outcome":
        return _went(report, tree, yes, ballots)
    leaves = sorted(leaves_in(report.units, tree))
    favour, cast = yes[:, leaves].sum(axis=1), ballots[:, leaves].sum(axis=1)
    if report.kind == "count":
        return np.asarray((favour == report.yes) & (cast - favour == report.no))
    if report.kind == "partial":
        return np.asarray((favour >= (report.yes or 0)) & (cast - favour >= (report.no or 0)))
    if report.kind == "margin":
        return _between(report, 2 * favour - cast)
    if report.kind == "returned":
        return _between(report, cast)
    if report.kind == "share":
        return _between(report, favour, cast)
    if report.kind == "turnout":
        return _between(report, cast, members[:, leaves].sum(axis=1))
    return np.ones(len(yes), dtype=bool)


def _between(
    report: Report, part: np.ndarray, whole: np.ndarray | int = 1
) -> Bool[np.ndarray, " world"]:
    """Whether part of whole lies within the report's range, exactly."""
    inside = np.ones(len(part), dtype=bool)
    part = part.astype(object)  # grids of shares have denominators that 64 bits do not hold
    whole = np.asarray(whole).astype(object)
    if report.low is not None:
        low = Fraction(report.low)
        inside &= (part * low.denominator >= whole * low.numerator).astype(bool)
    if report.high is not None:
        high = Fraction(report.high)
        inside &= (part * high.denominator <= whole * high.numerator).astype(bool)
    return inside


def _went(
    report: Report, tree: Electorate, yes: np.ndarray, ballots: np.ndarray
) -> Bool[np.ndarray, " world"]:
    leaves = sorted(leaves_in(report.units, tree))
    if report.result == "abstained":
        return np.asarray(ballots[:, leaves].sum(axis=1) == 0)
    if report.units in tree.by_id:
        passed = approved(tree, report.units, yes, ballots)
    else:
        passed = 2 * yes[:, leaves].sum(axis=1) > ballots[:, leaves].sum(axis=1)
    return np.asarray(passed == (report.result == "approved"))


def leaning(report: Report, centre: float) -> int:
    """1 where a report speaks for a higher yes share than `centre`, -1 for a lower, else 0."""
    if report.kind == "outcome":
        return {"approved": 1, "rejected": -1}.get(report.result or "", 0)
    if report.kind in ("count", "partial", "poll") and report.yes is not None:
        cast = report.yes + (report.no or 0)
        return (1 if report.yes > centre * cast else -1) if cast else 0
    if report.kind in ("share", "partial", "margin"):
        middle = [float(end) for end in (report.low, report.high) if end is not None]
        if len(middle) == 1:  # on one side of a threshold
            return 1 if report.low is not None else -1
        even = 0.0 if report.kind == "margin" else centre
        return 1 if sum(middle) / 2 > even else -1
    return 0
