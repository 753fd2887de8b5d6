"""Reports given as values, such as rows of a spreadsheet, read by the rules of evidence.csv."""

import re
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from ratification.case.electorate import Electorate
from ratification.case.evidence import Report
from ratification.case.files import Problems, Row
from ratification.case.read_evidence import COLUMNS, check_replacements, parse_report
from ratification.case.unitsets import near_miss
from ratification.case.values import shown
from ratification.errors import CaseError, RequestError

LONGEST_ID = 60
GIVEN = "reports given"


def with_given(
    reports: Sequence[Report],
    given: Sequence[Report | Mapping[str, object]],
    electorate: Electorate,
    rounds: Sequence[str],
    target: str,
) -> tuple[Report, ...]:
    """All reports, those given last. A row may leave out its id, and its round if that is `target`.

    Raises:
        RequestError: a row has a column that evidence does not have, or an id that is taken.
        CaseError: rows that say nothing that can be understood; all their problems at once.
    """
    problems = Problems(folder=GIVEN)
    found = list(reports)
    for number, row in enumerate(given, start=1):
        taken = {report.id for report in found}
        report: Report | None
        if isinstance(row, Report):
            report = row
            if report.id in taken:
                raise RequestError(f"the case has a report {shown(report.id)} already")
        else:
            cells = _cells(row, target, taken)
            report = parse_report(Row(number, cells), electorate, rounds, "row", problems)
        found += [] if report is None else [report]
    check_replacements(found, problems)
    if problems.found:
        raise CaseError(problems.found)
    return tuple(found)


def _cells(row: Mapping[str, object], target: str, taken: Collection[str]) -> dict[str, str]:
    for name in row:
        if name not in COLUMNS:
            raise RequestError(f"evidence has no column {shown(name)}.{near_miss(name, COLUMNS)}")
    cells = {name: cell(value) for name, value in row.items() if not is_blank(value)}
    cells.setdefault("round", target)
    said = [cells.get(name, "") for name in ("units", "kind", "reported")]
    cells.setdefault("id", new_id(taken, *said))
    if cells["id"] in taken:
        raise RequestError(f"the case has a report {shown(cells['id'])} already")
    return cells


def is_blank(value: object) -> bool:
    """Nothing, as spreadsheets have it: None, an empty text, or a number that is none."""
    return value is None or value == "" or value != value


def cell(value: object) -> str:
    """As it would stand in the file: 527.0 of a column with gaps is 527, a date its day."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else str(float(value))
    text = str(value).strip()
    return text.removesuffix(" 00:00:00")


def new_id(taken: Collection[str], units: str, kind: str, reported: str) -> str:
    """An id that no report has and that says what it is: `local-391-count-2011-06-24`."""
    said = units.replace("*", "all")
    slug = re.sub(r"[^a-z0-9]+", "-", f"{said} {kind} {reported[:10]}".lower()).strip("-")
    base = slug[-LONGEST_ID:].lstrip("-") or "report"
    number, identity = 1, base
    while identity in taken:
        number += 1
        identity = f"{base}-{number}"
    return identity
