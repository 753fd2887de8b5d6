"""Numbers of units that approve, less those whose verdict is known."""

from collections.abc import Mapping

from ratification.case.counts import Counted
from ratification.case.evidence import Report
from ratification.case.facts import Approvals, Range, Scope
from ratification.case.findings import Findings
from ratification.case.unitsets import units_in
from ratification.case.verdicts import counted_children, majority, needed, passes


def take_approvals(
    findings: Findings, counted: Counted, margins: Mapping[Scope, Range]
) -> tuple[Approvals, ...]:
    """Approvals of a round, among units that are still open."""
    merged: dict[tuple[str, ...], Approvals] = {}
    for report in findings.of("approvals", "outcome"):
        entry = _stated(report, findings)
        open_part = entry and _among_open(entry, report, findings, counted, margins)
        if open_part:
            earlier = merged.get(open_part.units)
            merged[open_part.units] = _both(earlier, open_part, report, findings)
    return tuple(
        entry for entry in merged.values() if entry.low > 0 or entry.high < len(entry.units)
    )


def _stated(report: Report, findings: Findings) -> Approvals | None:
    """What a report says of how many units approve; an outcome of one that units decide, too."""
    tree = findings.tree
    if report.kind == "approvals":
        units = units_in(report.units, tree)
        low = 0 if report.low is None else int(report.low)
        high = len(units) if report.high is None else int(report.high)
        return Approvals(units=units, low=low, high=high, reports=(report.id,))
    unit = tree.by_id.get(report.units)
    if unit is None or unit.decides not in ("units", "all-units") or report.result == "abstained":
        return None
    children = counted_children(tree, unit.id)
    need = needed(tree, unit.id)
    low, high = (need, len(children)) if report.result == "approved" else (0, need - 1)
    return Approvals(units=children, low=low, high=high, reports=(report.id,))


def _among_open(
    entry: Approvals,
    report: Report,
    findings: Findings,
    counted: Counted,
    margins: Mapping[Scope, Range],
) -> Approvals | None:
    verdicts = {unit: _settled(unit, findings, counted, margins) for unit in entry.units}
    approved = sum(verdict is True for verdict in verdicts.values())
    left = tuple(unit for unit in entry.units if verdicts[unit] is None)
    low, high = max(0, entry.low - approved), min(len(left), entry.high - approved)
    if low > len(left) or high < 0:
        wanted = str(entry.low) if entry.low == entry.high else f"{entry.low} to {entry.high}"
        findings.problem(
            report,
            f"{report.id!r} needs {wanted} of {len(entry.units)} units to approve, but {approved} "
            f"have and {len(left)} are open: correct one of the reports",
        )
        return None
    return Approvals(units=left, low=low, high=high, reports=entry.reports)


def _both(
    earlier: Approvals | None, new: Approvals, report: Report, findings: Findings
) -> Approvals:
    if earlier is None:
        return new
    low, high = max(new.low, earlier.low), min(new.high, earlier.high)
    if low > high:
        findings.problem(
            report,
            f"{report.id!r} and {earlier.reports[-1]!r} cannot both be true of how many units "
            "approve: say in `replaces` which corrects which",
        )
        return new
    reports = (*earlier.reports, *new.reports)
    return Approvals(units=new.units, low=low, high=high, reports=reports)


def _settled(
    unit: str, findings: Findings, counted: Counted, margins: Mapping[Scope, Range]
) -> bool | None:
    """Whether a unit approved, as far as reports about it and its units say."""
    tree = findings.tree
    stated = counted.outcomes.get(unit)
    if stated is not None:
        return stated.result == "approved"
    decides = tree.by_id[unit].decides
    if decides in ("units", "all-units"):
        parts = [
            _settled(child, findings, counted, margins) for child in counted_children(tree, unit)
        ]
        return majority(parts, everyone=decides == "all-units")
    left, yes, no = counted.left(tree.leaves_under[unit])
    if not left:
        return passes(tree, unit, yes, no)
    margin = margins.get(left)
    if decides == "pooled" and margin is not None:
        if margin.low is not None and margin.low + yes - no > 0:
            return True
        if margin.high is not None and margin.high + yes - no <= 0:
            return False
    return None
