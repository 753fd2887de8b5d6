"""Ranges of whole numbers: outcomes, margins and ballots returned, less what is counted inside."""

from dataclasses import dataclass, replace
from fractions import Fraction

from ratification.case.counts import Counted
from ratification.case.evidence import Report
from ratification.case.facts import Range, Scope
from ratification.case.findings import Findings
from ratification.case.verdicts import passes

_Key = tuple[Scope, int, int]  # scope, alpha, beta


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges that say something, and the margins known of uncounted scopes."""

    ranges: tuple[Range, ...]
    margins: dict[Scope, Range]


def take_ranges(findings: Findings, counted: Counted) -> Ranges:
    """Outcomes, margins and returned ballots of a round, merged by scope."""
    merged: dict[_Key, Range] = {}
    for report in findings.of("margin", "returned", "outcome"):
        entry = _as_range(report, findings, counted)
        left = None if entry is None else _subtract(entry, report, findings, counted)
        if left is not None:
            key = (left.scope, left.alpha, left.beta)
            merged[key] = _intersect(merged.get(key), left, report, findings)
    margins = {
        scope: entry for (scope, alpha, beta), entry in merged.items() if (alpha, beta) == (1, -1)
    }
    telling = (_less_implied(entry, merged) for entry in merged.values())
    return Ranges(tuple(entry for entry in telling if _tells(entry)), margins)


def _tells(entry: Range) -> bool:
    return entry.low is not None or entry.high is not None


def _as_range(report: Report, findings: Findings, counted: Counted) -> Range | None:
    scope = findings.leaves(report)
    if report.kind == "outcome":
        return _outcome_range(report, scope, findings, counted)
    return Range(
        scope=scope,
        alpha=1,
        beta=-1 if report.kind == "margin" else 1,
        low=None if report.low is None else int(report.low),
        high=None if report.high is None else int(report.high),
        reports=(report.id,),
    )


def _outcome_range(
    report: Report, scope: Scope, findings: Findings, counted: Counted
) -> Range | None:
    """What an outcome says of the votes: nothing where units decide, or where it abstained."""
    unit = findings.tree.by_id.get(report.units)
    decides = "pooled" if unit is None else unit.decides
    stated = counted.outcomes.get(report.units, report)
    if report.result == "abstained" or stated.result != report.result:
        return None  # counts of zero; or a contradiction that is told already
    if decides in ("units", "all-units"):
        return None  # approvals of its units
    approved = report.result == "approved"
    if isinstance(decides, Fraction):
        alpha, beta = decides.denominator - decides.numerator, -decides.numerator
        low, high = (0, None) if approved else (None, -1)
    else:
        alpha, beta = 1, -1
        low, high = (1, None) if approved else (None, 0)
    return Range(scope=scope, alpha=alpha, beta=beta, low=low, high=high, reports=(report.id,))


def _subtract(entry: Range, report: Report, findings: Findings, counted: Counted) -> Range | None:
    """A range of what is left uncounted; None where nothing is."""
    left, yes, no = counted.left(entry.scope)
    known_value = entry.alpha * yes + entry.beta * no
    low = None if entry.low is None else entry.low - known_value
    high = None if entry.high is None else entry.high - known_value
    if left:
        return replace(entry, scope=left, low=low, high=high)
    if report.kind == "outcome":
        unit = report.units
        approved = passes(findings.tree, unit, yes, no) if unit in findings.tree.by_id else yes > no
        if approved != (report.result == "approved"):
            findings.problem(
                report,
                f"{unit!r} cannot be {report.result}: its count is {yes:,} yes, {no:,} no. "
                "Correct one of them",
            )
    elif (low is not None and low > 0) or (high is not None and high < 0):
        findings.warn(
            f"{report.units}: {report.id} ({report.kind}) disagrees with the count of "
            f"{yes:,} yes, {no:,} no. The count is used"
        )
    return None


def _intersect(earlier: Range | None, new: Range, report: Report, findings: Findings) -> Range:
    if earlier is None:
        return new
    lows = [entry.low for entry in (earlier, new) if entry.low is not None]
    highs = [entry.high for entry in (earlier, new) if entry.high is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    if low is None or high is None or low <= high:
        return replace(new, low=low, high=high, reports=(*earlier.reports, *new.reports))
    others = [findings.report(identity) for identity in earlier.reports]
    sure = next((other for other in others if other.kind == "outcome"), None)
    other = sure or others[-1]
    if "outcome" in (report.kind, other.kind):
        findings.problem(
            report,
            f"{report.id!r} ({report.kind} of {report.units!r}) and {other.id!r} "
            f"({other.kind}) cannot both be true: say in `replaces` which corrects which",
        )
    else:
        findings.warn(
            f"{report.units}: {other.id} and {report.id} give ranges that do not meet. "
            "The later is used"
        )
    return new


def _less_implied(entry: Range, merged: dict[_Key, Range]) -> Range:
    """Open the sides of a range that ranges of all its parts imply: a row implied adds nothing."""
    if len(entry.scope) == 1:
        return entry
    parts: list[Range] = []
    held: set[int] = set()
    for (scope, alpha, beta), part in merged.items():
        same = (alpha, beta) == (entry.alpha, entry.beta)
        if same and scope < entry.scope and not scope & held:
            parts.append(part)
            held |= scope
    if held != entry.scope:
        return entry
    lows = [part.low for part in parts if part.low is not None]
    highs = [part.high for part in parts if part.high is not None]
    low, high = entry.low, entry.high
    if low is not None and len(lows) == len(parts) and sum(lows) >= low:
        low = None
    if high is not None and len(highs) == len(parts) and sum(highs) <= high:
        high = None
    return replace(entry, low=low, high=high)
