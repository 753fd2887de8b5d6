"""Yes shares and turnouts stated as ranges, with what is counted inside them."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ratification.case.counts import Counted
from ratification.case.electorate import COALITION
from ratification.case.evidence import Report
from ratification.case.facts import Scope, ShareRange
from ratification.case.findings import Findings


def take_shares(findings: Findings, counted: Counted) -> tuple[ShareRange, ...]:
    """Shares and turnouts of a round, merged by scope."""
    merged: dict[tuple[str, Scope], ShareRange] = {}
    outcomes: dict[Scope, list[Report]] = {}
    for report in findings.of("outcome"):
        outcomes.setdefault(findings.leaves(report), []).append(report)
    for report in findings.of("share", "turnout"):
        entry = _as_share(report, findings, counted)
        if not entry.scope:
            _compare_with_count(entry, report, findings)
            continue
        if entry.of == "ballots":
            _refuse_other_outcome(entry, report, outcomes.get(entry.whole, ()), findings)
        key = (entry.of, entry.whole)
        merged[key] = _narrow(merged.get(key), entry, findings)
    return tuple(merged.values())


def _as_share(report: Report, findings: Findings, counted: Counted) -> ShareRange:
    whole = findings.leaves(report)
    left, yes, no = counted.left(whole)
    return ShareRange(
        of="ballots" if report.kind == "share" else "members",
        whole=whole,
        scope=left,
        known_yes=yes,
        known_no=no,
        low=Fraction(0) if report.low is None else report.low,
        high=Fraction(1) if report.high is None else report.high,
        reports=(report.id,),
    )


def _compare_with_count(entry: ShareRange, report: Report, findings: Findings) -> None:
    ballots = entry.known_yes + entry.known_no
    of_ballots = entry.of == "ballots"
    part = entry.known_yes if of_ballots else ballots
    whole = ballots if of_ballots else _exact_members(report, findings)
    if whole is None or (whole > 0 and entry.low <= Fraction(part, whole) <= entry.high):
        return
    findings.warn(
        f"{report.units}: {report.id} ({report.kind}) disagrees with the count of "
        f"{entry.known_yes:,} yes, {entry.known_no:,} no. The count is used"
    )


def _exact_members(report: Report, findings: Findings) -> int | None:
    tree = findings.tree
    if report.units != COALITION and report.units not in tree.by_id:
        return None
    figures = [
        tree.figure(report.units, report.round, variant) for variant in tree.variants or (None,)
    ]
    sizes = {figure.members for figure in figures if figure.exact}
    return sizes.pop() if len(sizes) == 1 and all(figure.exact for figure in figures) else None


def _refuse_other_outcome(
    entry: ShareRange, report: Report, outcomes: Sequence[Report], findings: Findings
) -> None:
    """A share on one side of what approves and an outcome on the other cannot both be true."""
    for other in outcomes:
        unit = findings.tree.by_id.get(other.units)
        decides = "pooled" if unit is None else unit.decides
        if decides in ("units", "all-units") or other.result == "abstained":
            continue
        if isinstance(decides, Fraction):
            surely, never = entry.low >= decides, entry.high < decides
        else:
            surely, never = entry.low > Fraction(1, 2), entry.high <= Fraction(1, 2)
        if never if other.result == "approved" else surely:
            findings.problem(
                report,
                f"{report.units!r} cannot have this share and be {other.result} in {other.id!r}: "
                "say in `replaces` which corrects which",
            )


def _narrow(earlier: ShareRange | None, new: ShareRange, findings: Findings) -> ShareRange:
    if earlier is None:
        return new
    low, high = max(earlier.low, new.low), min(earlier.high, new.high)
    if low > high:
        findings.warn(
            f"{earlier.reports[-1]} and {new.reports[0]} give shares that do not meet. "
            "The later is used"
        )
        return new
    return replace(new, low=low, high=high, reports=(*earlier.reports, *new.reports))
