"""Counts so far, less what is counted inside them.

A later partial of the same leaves supersedes an earlier one. A wider partial holds what was
counted inside it by then; of what was counted inside later nobody knows how much it held, so it
then speaks by its floors and by its share only.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ratification.case.counts import Counted
from ratification.case.evidence import Report
from ratification.case.facts import Partial, Range, Scope
from ratification.case.findings import Findings


def take_partials(
    findings: Findings, counted: Counted
) -> tuple[tuple[Partial, ...], tuple[Range, ...]]:
    """Partial counts of a round; and floors of yes and no that they do not carry themselves."""
    partials: list[Partial] = []
    floors: list[Range] = []
    for report, scope in _latest(findings):
        left, yes, no = counted.left(scope)
        if not left:
            _compare_with_count(report, yes, no, findings)
        elif report.yes is None or report.no is None:
            partials.append(
                Partial(scope=scope, low=report.low, high=report.high, reports=(report.id,))
            )
        else:
            rest = Partial(
                scope=left,
                yes=max(0, report.yes - yes),
                no=max(0, report.no - no),
                reports=(report.id,),
            )
            found = _less_nested(rest, report, scope, partials, findings, counted)
            partials += [] if found is None else [found]
            floors += [] if found == rest else _floors(rest)
    return tuple(partials), tuple(floors)


def _latest(findings: Findings) -> list[tuple[Report, Scope]]:
    """The last partial of each set of leaves, however it is written; narrow ones first."""
    latest: dict[Scope, Report] = {}
    for report in findings.of("partial"):
        latest[findings.leaves(report)] = report
    ordered = sorted(latest.items(), key=lambda item: (len(item[0]), sorted(item[0])))
    return [(report, scope) for scope, report in ordered]


def _less_nested(
    rest: Partial,
    report: Report,
    scope: Scope,
    taken: Sequence[Partial],
    findings: Findings,
    counted: Counted,
) -> Partial | None:
    """What a partial says beyond what is counted, or counted so far, inside it."""
    nested = [part for part in taken if part.scope < scope and (part.yes or part.no)]
    inside = [*(count.reports[0] for count in counted.inside(scope))]
    inside += [part.reports[0] for part in nested]
    if any(findings.report(name).known_at > report.known_at for name in inside):
        return _share_only(report, scope)
    yes = rest.yes - sum(part.yes for part in nested)
    no = rest.no - sum(part.no for part in nested)
    if _more_inside(report, scope, counted) or yes < 0 or no < 0:
        findings.warn(
            f"{report.units}: {report.id} has fewer ballots so far than are known inside it. "
            "What is inside is used"
        )
    if yes <= 0 and no <= 0:
        return None
    return replace(rest, yes=max(0, yes), no=max(0, no))


def _more_inside(report: Report, scope: Scope, counted: Counted) -> bool:
    _, yes, no = counted.left(scope)
    return yes > (report.yes or 0) or no > (report.no or 0)


def _share_only(report: Report, scope: Scope) -> Partial | None:
    yes, no = report.yes or 0, report.no or 0
    if not yes + no:
        return None
    half = Fraction(1, 2)
    return Partial(
        scope=scope,
        low=max(Fraction(0), (yes - half) / (yes + no)),
        high=min(Fraction(1), (yes + half) / (yes + no)),
        reports=(report.id,),
    )


def _floors(rest: Partial) -> list[Range]:
    sides = ((1, 0, rest.yes), (0, 1, rest.no))
    return [
        Range(scope=rest.scope, alpha=alpha, beta=beta, low=least, high=None, reports=rest.reports)
        for alpha, beta, least in sides
        if least > 0
    ]


def _compare_with_count(report: Report, yes: int, no: int, findings: Findings) -> None:
    if (report.yes or 0) > yes or (report.no or 0) > no:
        findings.warn(
            f"{report.units}: {report.id} had {report.yes:,} yes, {report.no:,} no so far, more "
            f"than the count of {yes:,} yes, {no:,} no. The count is used"
        )
