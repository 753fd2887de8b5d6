"""From one day's evidence to another's: what was corrected or withdrawn, and what is new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ratification.case.evidence import Report


def bare(report: Report) -> tuple[object, ...]:
    """What of a report a forecast rests on: not its line, source or note."""
    return (
        report.round,
        report.reported,
        report.units,
        report.kind,
        report.yes,
        report.no,
        report.low,
        report.high,
        report.result,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceChange:
    """From the reports in force before to those after: corrections first, then what is new."""

    corrected: tuple[tuple[Report, Report | None], ...]
    new: tuple[Report, ...]
    halfway: tuple[Report, ...]


def evidence_change(
    before: Sequence[Report], after: Sequence[Report], known: Sequence[Report]
) -> EvidenceChange:
    """What was corrected or withdrawn, and what is new.

    A report is corrected where its row differs, where another that is known afterwards replaces
    it, or where it is gone; a partial count superseded by a later one is not: that is news.
    `known` are all reports of the later case, which say what replaces what.
    """
    now = {report.id: report for report in after}
    was = {report.id: report for report in before}
    replaces = {report.id: report.replaces for report in known if report.replaces}
    heir = {ancestor: report for report in after if (ancestor := _corrects(report, replaces, was))}
    corrected: list[tuple[Report, Report | None]] = []
    for report in before:
        same = now.get(report.id)
        if same is not None:
            corrected += [(report, same)] if bare(same) != bare(report) else []
        elif report.id in heir:
            corrected.append((report, heir[report.id]))
        elif not _superseded(report, after):
            corrected.append((report, None))
    gone = {old.id for old, _ in corrected}
    instead = [new for _, new in corrected if new is not None]
    settled = was.keys() | {report.id for report in instead}
    return EvidenceChange(
        corrected=tuple(corrected),
        new=tuple(report for report in after if report.id not in settled),
        halfway=tuple(
            sorted(
                [*(report for report in before if report.id not in gone), *instead],
                key=lambda report: report.order,
            )
        ),
    )


def _corrects(report: Report, replaces: Mapping[str, str], was: Mapping[str, Report]) -> str | None:
    """The report of before that this one corrects, through corrections in between."""
    name, seen = replaces.get(report.id), {report.id}
    while name is not None and name not in seen:
        if name in was:
            return name
        seen.add(name)
        name = replaces.get(name)
    return None


def _superseded(report: Report, after: Sequence[Report]) -> bool:
    """Whether a later partial count of the same units stands in its place."""
    return report.kind == "partial" and any(
        other.kind == "partial"
        and (other.round, other.units) == (report.round, report.units)
        and other.order > report.order
        for other in after
    )
