"""What has been reported: every report with its source, corrections, contradictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ratification.case.evidence import Report
from ratification.output import wording
from ratification.output.page.context import PageContext
from ratification.output.page.parts import Section
from ratification.output.said import about, said

LAST_DAY = "9999"  # an assumption is news after all other


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One report, worded; `aside` says why it does not count, blank where it does."""

    day: str
    id: str
    round: str
    units: str
    said: str
    source: str
    note: str
    aside: str


@dataclass(frozen=True, kw_only=True)
class ReportedSection(Section):
    """The evidence in force, what was set aside, and where sources differ."""

    template: ClassVar[str] = "reported.html.j2"
    rows: Sequence[ReportRow]
    warnings: Sequence[str]
    several_rounds: bool
    left_out: str


def reported_section(page: PageContext) -> ReportedSection | None:
    """Every report known by then, whether it counts or not; left out where there is none.

    Where all are hidden the section stays, to say so.
    """
    evidence = page.run.evidence
    chain = page.run.case.chain(page.run.forecast.round)
    told = [(report, "") for report in evidence.reports]
    told += [(report, why) for report, why in evidence.aside]
    told = [
        entry
        for entry in told
        if entry[0].round in chain and entry[0].id not in page.hidden.reports
    ]
    if not told and not page.hidden.reports:
        return None
    told.sort(key=lambda entry: entry[0].order)
    return ReportedSection(
        id=page.id("reported"),
        heading="What has been reported",
        rows=[_row(page, report, why) for report, why in told],
        warnings=shown_warnings(page),
        several_rounds=len({report.round for report, _ in told}) > 1,
        left_out="Reports that are not public, and others that would give them away by "
        "subtraction, are not listed."
        if page.hidden.reports
        else "",
    )


def shown_warnings(page: PageContext) -> list[str]:
    """Where sources differ, unless a hidden report is among them."""
    if page.hidden.unions:
        return []
    return [
        text
        for text in page.run.forecast.warnings
        if not any(report in text for report in page.hidden.reports)
    ]


def _row(page: PageContext, report: Report, why: str) -> ReportRow:
    assumed = report.reported.startswith(LAST_DAY)
    return ReportRow(
        day="assumed" if assumed else wording.day(report.reported),
        id=report.id,
        round=report.round,
        units=about(report.units, page.run.case.electorate),
        said=said(report),
        source=report.source,
        note=report.note,
        aside=_public_reason(page, why),
    )


def _public_reason(page: PageContext, why: str) -> str:
    hides = any(why.endswith(f" {report}") for report in page.hidden.reports)
    return "replaced" if hides else why
