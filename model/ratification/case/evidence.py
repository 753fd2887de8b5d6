"""Evidence: what has been reported, by whom, when; and which of it is in force on a day."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from fractions import Fraction
from typing import Literal, get_args

from ratification.case.unitsets import near_miss
from ratification.case.values import ValueProblem, shown, whole
from ratification.errors import RequestError

Kind = Literal[
    "count",
    "partial",
    "outcome",
    "share",
    "margin",
    "turnout",
    "returned",
    "approvals",
    "poll",
]
KINDS: tuple[str, ...] = get_args(Kind)

Result = Literal["approved", "rejected", "abstained"]
RESULTS: tuple[str, ...] = get_args(Result)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One row of evidence.csv. `yes` and `no` are ballots, `low` and `high` what the kind says.

    Shares and turnouts are fractions of one; margins are yes minus no, in ballots.
    """

    id: str
    round: str
    reported: str
    units: str
    kind: Kind
    yes: int | None = None
    no: int | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    result: Result | None = None
    replaces: str = ""
    private: bool = False
    source: str = ""
    note: str = ""
    line: int | None = None

    @property
    def known_at(self) -> datetime:
        """When it was known. A day without an hour counts as known when the day ends."""
        return moment(self.reported)

    @property
    def order(self) -> tuple[datetime, str]:
        """Sorts reports by when they came, whatever the order of their rows."""
        return (self.known_at, self.id)


def moment(text: str) -> datetime:
    """Read `2011-06-24` (its end) or `2011-06-24T18:30`, local time.

    Raises:
        ValueError: the text is neither, or carries a time zone; the message ends a sentence that
            begins with the text.
    """
    text = text.strip()
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time.max)
        if not _DATE.match(text) or text[len("2011-06-24")] not in "T ":
            raise ValueError("not written so")
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"is no date: write 2011-06-24 or 2011-06-24T18:30 ({error})") from None
    if parsed.tzinfo is not None:
        raise ValueError("carries a time zone: give local time, such as 2011-06-24T18:30")
    return parsed


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The reports in force, and those set aside with the reason for each."""

    reports: tuple[Report, ...]
    aside: tuple[tuple[Report, str], ...] = ()

    def of_round(self, round_id: str) -> tuple[Report, ...]:
        """Reports about one ballot round, in the order they came."""
        return tuple(report for report in self.reports if report.round == round_id)


def in_force(
    reports: Iterable[Report], *, as_of: str | None = None, without: Sequence[str] = ()
) -> InForce:
    """Reports known by `as_of`, less `without`, less what a later one replaces or supersedes.

    A later partial of the same units supersedes an earlier one; a row named in `replaces`
    gives way once its correction is known.

    Raises:
        RequestError: `without` names a report that is not there, or `as_of` is no date.
    """
    ordered = sorted(reports, key=lambda report: report.order)
    _refuse_unknown(without, ordered)
    known = list(ordered if as_of is None else known_by(ordered, as_of))
    asked_out = [report for report in known if report.id in without]
    known = [report for report in known if report.id not in without]
    aside = [(report, "left out by request") for report in asked_out]
    corrections = {report.replaces: report.id for report in known if report.replaces != ""}
    for report in known:
        if report.id in corrections:
            aside.append((report, f"replaced by {corrections[report.id]}"))
    standing = [report for report in known if report.id not in corrections]
    latest = {
        (report.round, report.units): report for report in standing if report.kind == "partial"
    }
    kept = []
    for report in standing:
        newest = latest.get((report.round, report.units))
        if report.kind == "partial" and newest is not None and newest.id != report.id:
            aside.append((report, f"superseded by {newest.id}"))
        else:
            kept.append(report)
    return InForce(reports=tuple(kept), aside=tuple(aside))


def known_by(reports: Iterable[Report], as_of: str) -> tuple[Report, ...]:
    """Reports known by the end of a day, or at a time.

    Raises:
        RequestError: it is neither.
    """
    limit = _asked_moment(as_of)
    return tuple(report for report in reports if report.known_at <= limit)


def _asked_moment(text: str) -> datetime:
    try:
        return moment(text)
    except ValueError as error:
        raise RequestError(f"as of {shown(text)} {error}") from None


def _refuse_unknown(without: Sequence[str], reports: Sequence[Report]) -> None:
    ids = [report.id for report in reports]
    for name in without:
        if name not in ids:
            raise RequestError(f"no report has id {shown(name)}.{near_miss(name, ids)}")


def assumed(text: str, *, number: int, round_id: str) -> Report:
    """Read an assumption such as `council-4 rejected` or `local-391 527-955` (yes first).

    It counts as news after all other, and its id is one that no row can have.

    Raises:
        RequestError: the text is neither.
    """
    units, _, said = text.strip().rpartition(" ")
    base = Report(
        id=f"assumption {number}",
        round=round_id,
        reported="9999-12-31",
        units=units.strip(),
        kind="outcome",
        source="assumed",
    )
    if not units.strip():
        raise RequestError(f"assumption {shown(text)} needs units and a result. {_SAY}")
    for result in RESULTS:
        if said == result:
            return replace(base, result=result)  # type: ignore[arg-type]
    numbers = re.fullmatch(r"([0-9]+)-([0-9]+)", said)
    if numbers is None:
        near = near_miss(said, RESULTS)
        raise RequestError(f"assumption {shown(text)} is not understood.{near} {_SAY}")
    try:
        yes, no = (whole(count, "ballots") for count in numbers.groups())
    except ValueProblem as error:
        raise RequestError(f"assumption {shown(text)}: {error}") from None
    return replace(base, kind="count", yes=yes, no=no)


_SAY = "Say e.g. 'council-4 rejected', 'marshals abstained' or 'local-391 527-955' (yes first)"
