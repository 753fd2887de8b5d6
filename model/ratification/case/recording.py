"""Recording a report: one more line in a case's evidence.csv, checked before it is written."""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from ratification.case.case import Case
from ratification.case.evidence import Report
from ratification.case.files import Files, Problems, read_table
from ratification.case.folder import shipped
from ratification.case.given import new_id
from ratification.case.read_evidence import COLUMNS, FILE
from ratification.case.snapshot import Snapshot
from ratification.case.unitsets import near_miss
from ratification.case.values import CONTROL, shown
from ratification.case.writing import write_whole
from ratification.errors import CaseError, RequestError


def add_report(folder: Path, cells: Mapping[str, str]) -> Report:
    """Append one row to a case's evidence.csv; every byte that is there stays.

    `cells` holds texts by column, as they would stand in the file; blank or left out is blank.
    Without an id the row gets one that says what it is.

    Raises:
        RequestError: the row is wrong or contradicts the case, or the file cannot be written.
            Nothing is changed then.
        CaseError: the case was wrong before.
    """
    if folder.resolve() in {path.resolve() for path in shipped().values()}:
        raise RequestError(
            f"{folder.name!r} is a shipped case: copy its folder and add to the copy"
        )
    snapshot = Snapshot.of(folder)
    case = snapshot.load()
    given = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    _refuse_odd(given)
    if "id" not in given:
        given["id"] = suggest_id(
            case, given.get("units", ""), given.get("kind", ""), given.get("reported", "")
        )
    before = snapshot.files[FILE]
    after = before + _line(before, given)
    report = _checked(replace(snapshot, files={**snapshot.files, FILE: after}), case, given)
    write_whole(folder / FILE, after, before=before)
    return report


def suggest_id(case: Case, units: str, kind: str, reported: str) -> str:
    """An id that no report of a case has and that says what it is."""
    return new_id({report.id for report in case.reports}, units, kind, reported)


def _refuse_odd(given: Mapping[str, str]) -> None:
    for name, cell in given.items():
        if name not in COLUMNS:
            raise RequestError(f"evidence has no column {shown(name)}.{near_miss(name, COLUMNS)}")
        if "\n" in cell or "\r" in cell or CONTROL.search(cell):
            raise RequestError(f"{name} {shown(cell)} holds a line break or control character")


def _line(before: bytes, given: Mapping[str, str]) -> bytes:
    """The row as it is appended: in the file's columns, with its kind of line end."""
    columns = _columns(before)
    lacking = [name for name in given if name not in columns]
    if lacking:
        raise RequestError(
            f"{FILE} has no column {lacking[0]!r}: add it to the header line first, "
            f"after {columns[-1]!r}"
        )
    end = "\r\n" if b"\r\n" in before else "\r" if b"\n" not in before and b"\r" in before else "\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    writer.writerow([given.get(name, "") for name in columns])
    missing = "" if before.endswith((b"\n", b"\r")) else end
    return f"{missing}{text.getvalue()}".encode()


def _columns(before: bytes) -> tuple[str, ...]:
    text = Files(Path(), {FILE: before}).text(FILE, Problems(folder=""))
    return read_table(text, FILE, None, (), Problems(folder="")).columns


def _checked(after: Snapshot, case: Case, given: Mapping[str, str]) -> Report:
    """The new report, read back from the file as it will be."""
    try:
        changed = after.load()
    except CaseError as error:
        raise RequestError(f"the report is not added: {_said(error, case)}") from None
    if len(changed.reports) != len(case.reports) + 1 or changed.reports[-1].id != given["id"]:
        raise RequestError(
            f"the report is not added: {FILE} would not be read back as it is written"
        )
    return changed.reports[-1]


def _said(error: CaseError, case: Case) -> str:
    """Problems of the new row by message alone; those of other rows with their place."""
    lines: Collection[int | None] = [report.line for report in case.reports]
    last = max((line for line in lines if line is not None), default=0)
    return "; ".join(
        problem.message
        if problem.line is not None and problem.line > last and problem.file.endswith(f"/{FILE}")
        else str(problem)
        for problem in error.problems
    )
