"""evidence.csv: rows to reports, each checked for what its kind needs."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from ratification.case.electorate import Electorate
from ratification.case.evidence import KINDS, RESULTS, Kind, Report, Result, moment
from ratification.case.files import Problems, Row, attempt, read_table
from ratification.case.unitsets import UnitSetError, check_units, near_miss
from ratification.case.values import ValueProblem, plain, share, shown, signed, unit_id, whole

FILE = "evidence.csv"
COLUMNS = (
    "id",
    "round",
    "reported",
    "units",
    "kind",
    "yes",
    "no",
    "low",
    "high",
    "result",
    "replaces",
    "private",
    "source",
    "note",
)
REQUIRED = ("id", "round", "reported", "units", "kind")

MOST_TOLD = 100  # problems of one file: a file that is wrong throughout is wrong in one way

# What each kind reads: anything else in the row is an error, so that nothing is silently ignored.
NEEDS: dict[str, frozenset[str]] = {
    "count": frozenset({"yes", "no"}),
    "partial": frozenset({"yes", "no", "low", "high"}),
    "outcome": frozenset({"result"}),
    "share": frozenset({"low", "high"}),
    "margin": frozenset({"low", "high"}),
    "turnout": frozenset({"low", "high"}),
    "returned": frozenset({"low", "high"}),
    "approvals": frozenset({"low", "high"}),
    "poll": frozenset({"yes", "no"}),
}
_VALUES = ("yes", "no", "low", "high", "result")


def read_evidence(
    text: str | None,
    electorate: Electorate | None,
    rounds: Sequence[str] | None,
    problems: Problems,
) -> tuple[Report, ...]:
    """Every report of the case, with problems noted. Header without rows: nothing reported yet.

    Where the units or the rounds are not known (None), what a row says of them goes unchecked.
    """
    reports = []
    first: dict[str, int] = {}
    before = len(problems)
    for row in read_table(text, FILE, COLUMNS, REQUIRED, problems).rows:
        if len(problems) - before >= MOST_TOLD:
            problems.add(FILE, row.line, f"is not read from here on: {MOST_TOLD} problems above")
            break
        if row["id"] and row["id"] in first:
            said = f"id {shown(row['id'])} stands twice (first in line {first[row['id']]})"
            problems.add(FILE, row.line, said)
        first.setdefault(row["id"], row.line)
        report = parse_report(row, electorate, rounds, FILE, problems)
        if report is not None:
            reports.append(report)
    if len(first) == len(reports):  # else a row that is named may be one that could not be read
        check_replacements(reports, problems)
    return tuple(reports)


def parse_report(
    row: Row,
    electorate: Electorate | None,
    rounds: Sequence[str] | None,
    file: str,
    problems: Problems,
) -> Report | None:
    """One row as a report; None where a problem was noted."""
    before = len(problems)

    def read[T](value: Callable[[], T], fallback: T) -> T:
        return attempt(value, fallback, row.line, file, problems)

    identity = read(lambda: unit_id(row["id"], "id"), "")
    read(lambda: _known_round(row["round"], rounds), None)
    read(lambda: _date(row["reported"]), None)
    kind = read(lambda: _kind(row["kind"]), None)
    private = read(lambda: _yes_no(row["private"]), False)
    source = read(lambda: plain(row["source"], "source"), "")
    if kind is None:
        return None
    read(lambda: _only_what_it_reads(row, kind), None)
    yes = read(lambda: whole(row["yes"], "yes"), None)
    no = read(lambda: whole(row["no"], "no"), None)
    low = read(lambda: _bound(row["low"], "low", kind), None)
    high = read(lambda: _bound(row["high"], "high", kind), None)
    result = read(lambda: _result(row["result"], kind), None)
    if len(problems) == before:
        read(lambda: _complete(row, kind, low, high), None)
    if electorate is not None:
        read(lambda: _units(row["units"], kind, electorate), None)
    if len(problems) > before:
        return None
    return Report(
        id=identity,
        round=row["round"],
        reported=row["reported"],
        units=row["units"],
        kind=kind,
        yes=yes,
        no=no,
        low=low,
        high=high,
        result=result,
        replaces=row["replaces"],
        private=private,
        source=source,
        note=row["note"],
        line=row.line,
    )


def _known_round(text: str, rounds: Sequence[str] | None) -> None:
    if not text:
        raise ValueProblem("round is blank")
    if rounds is not None and text not in rounds:
        near = near_miss(text, rounds)
        raise ValueProblem(f"round {shown(text)} is not in case.toml.{near}")


def _date(text: str) -> None:
    try:
        moment(text)
    except ValueError as error:
        raise ValueProblem(f"reported {shown(text)} {error}") from None


def _kind(text: str) -> Kind:
    for kind in KINDS:
        if text == kind:
            return kind  # type: ignore[return-value]
    near = near_miss(text, KINDS)
    raise ValueProblem(f"unknown kind {shown(text)}.{near} Kinds: {', '.join(KINDS)}")


def _yes_no(text: str) -> bool:
    if text.lower() in ("", "no", "false", "0"):
        return False
    if text.lower() in ("yes", "true", "1", "private"):
        return True
    raise ValueProblem(f"private {shown(text)} is neither yes nor no: leave it blank, or write yes")


def _only_what_it_reads(row: Row, kind: Kind) -> None:
    reads = [column for column in _VALUES if column in NEEDS[kind]]
    for column in _VALUES:
        if row[column] and column not in reads:
            raise ValueProblem(
                f"kind {kind} does not read {column} ({shown(row[column])}): "
                f"it takes {' and '.join(reads)}"
            )


def _bound(text: str, column: str, kind: Kind) -> Fraction | None:
    if kind in ("share", "turnout", "partial"):
        return share(text, column)
    if kind == "margin":
        return signed(text, column)
    number = whole(text, column)
    return None if number is None else Fraction(number)


def _result(text: str, kind: Kind) -> Result | None:
    if kind != "outcome":
        return None
    for result in RESULTS:
        if text == result:
            return result  # type: ignore[return-value]
    raise ValueProblem(
        f"result {shown(text)} is none of {', '.join(RESULTS)}.{near_miss(text, RESULTS)}"
    )


def _complete(row: Row, kind: Kind, low: Fraction | None, high: Fraction | None) -> None:
    counted = bool(row["yes"]) + bool(row["no"])
    ranged = bool(row["low"]) or bool(row["high"])
    if kind in ("count", "poll") and counted < 2:
        raise ValueProblem(f"kind {kind} needs both yes and no")
    if kind == "poll" and int(row["yes"]) + int(row["no"]) == 0:
        raise ValueProblem("a poll of nobody says nothing: leave it out")
    if kind == "partial" and (counted == 1 or bool(counted) == ranged):
        raise ValueProblem("kind partial needs yes and no, or low and high as yes share so far")
    if kind in ("share", "margin", "turnout", "returned", "approvals") and not ranged:
        raise ValueProblem(f"kind {kind} needs low, high or both")
    if low is not None and high is not None:
        _refuse_odd_range(row, kind, low, high)


def _refuse_odd_range(row: Row, kind: Kind, low: Fraction, high: Fraction) -> None:
    if low > high:
        raise ValueProblem(f"low {row['low']} is above high {row['high']}: exchange them")
    if kind in ("share", "turnout", "partial") and low == high and 0 < low < 1:
        raise ValueProblem(
            f"low and high are both {row['low']}: hardly any count gives a share exactly. Write "
            "the range it was rounded from, e.g. 56.5% and 57.5% for 57%"
        )


def _units(text: str, kind: Kind, electorate: Electorate) -> None:
    try:
        check_units(text, kind, electorate)
    except UnitSetError as error:
        raise ValueProblem(str(error)) from None


def check_replacements(reports: Sequence[Report], problems: Problems) -> None:
    """Refuse corrections of rows that are not there, come later, or are of another round."""
    by_id = {report.id: report for report in reports}
    for report in reports:
        if report.replaces:
            said = _wrong_correction(report, by_id)
            if said:
                problems.add(FILE, report.line, f"replaces {shown(report.replaces)}, which {said}")


def _wrong_correction(report: Report, by_id: dict[str, Report]) -> str:
    corrected = by_id.get(report.replaces)
    if corrected is None:
        return f"is no row's id.{near_miss(report.replaces, by_id)}"
    if report.known_at < corrected.known_at:
        return f"was reported later ({corrected.reported}): a correction cannot come first"
    if report.round != corrected.round:
        return f"is about round {corrected.round!r}: the rounds differ"
    seen = {report.id}
    while corrected is not None and corrected.id not in seen:
        seen.add(corrected.id)
        corrected = by_id.get(corrected.replaces)
    return "in turn replaces this row: one of them must stand" if corrected is not None else ""
