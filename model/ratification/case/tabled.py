"""Shipped cases built from tables: the Australian referendums, 28 case folders from two CSV files.

A table is easier to check against its source than 28 folders of four files each.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

from ratification.case.files import Files

AUSTRALIA = "australia"
# Voting is compulsory since 1924; at the election of 1925, the first under it, 91% of the rolls
# voted. About 3% of papers are informal: ballots near 88% of the rolls are logit 2.0.
COMPULSORY_SINCE = 1924
NAMES = {
    "NSW": "New South Wales",
    "VIC": "Victoria",
    "QLD": "Queensland",
    "SA": "South Australia",
    "WA": "Western Australia",
    "TAS": "Tasmania",
    "ACT": "Australian Capital Territory",
    "NT": "Northern Territory",
}
Row = Mapping[str, str]


@cache
def families() -> Mapping[str, tuple[str, ...]]:
    """Names of the cases of each table, in the order of their votes."""
    return {AUSTRALIA: tuple(f"{AUSTRALIA}-{row['vote_id']}" for row in questions())}


def tabled(name: str) -> Files | None:
    """The files of a case that is built from a table; None where no table has it."""
    for question in questions():
        if name == f"{AUSTRALIA}-{question['vote_id']}":
            return Files(Path(name), _folder(question, states(question["vote_id"])))
    return None


@cache
def questions() -> tuple[Row, ...]:
    """The Australian questions with their published national totals, one row each."""
    return _table("questions.csv")


def states(vote_id: str) -> tuple[Row, ...]:
    """The states and territories of one question, in the order of the table."""
    return tuple(row for row in _table("states.csv") if row["vote_id"] == vote_id)


@cache
def _table(name: str) -> tuple[Row, ...]:
    return tuple(csv.DictReader(io.StringIO(_shipped(name).decode())))


def _shipped(name: str) -> bytes:
    return resources.files("ratification.data").joinpath(AUSTRALIA, name).read_bytes()


def _folder(question: Row, found: Sequence[Row]) -> Mapping[str, bytes]:
    """The four files of a question's case folder."""
    return {
        "case.toml": _settings(question).encode(),
        "electorate.csv": _electorate(question, found).encode(),
        "evidence.csv": _evidence(question, found).encode(),
        "bylaws.toml": _shipped("bylaws.toml"),
    }


def _settings(question: Row) -> str:
    day = date.fromisoformat(question["date"])
    told = f"""\
title = "{question["title"]} referendum, Australia {day.year}"
target = "{day.year}"

[[round]]
id = "{day.year}"
title = "Referendum of {day.day} {day:%B %Y}"
question = "{question["title"]}"
"""
    if day.year > COMPULSORY_SINCE:
        told += "\n[priors]\nnu = { mean = 2.0, sd = 0.4 }\n"
    return told


def _electorate(question: Row, found: Sequence[Row]) -> str:
    rows = [
        (
            row["unit"].lower(),
            "",
            NAMES[row["unit"]],
            "state" if row["counts_as_state"] == "1" else "territory",
            row["eligible"],
            row["counts_as_state"],
            question["source"],
        )
        for row in found
    ]
    return _csv(("unit", "parent", "name", "class", "members", "weight", "source"), rows)


def _evidence(question: Row, found: Sequence[Row]) -> str:
    """Every state's count, known the day after the vote: the order they came in is not known."""
    day = date.fromisoformat(question["date"])
    reported = (day + timedelta(days=1)).isoformat()
    rows = [
        (
            row["unit"].lower(),
            str(day.year),
            reported,
            row["unit"].lower(),
            "count",
            row["yes"],
            row["no"],
            question["source"],
            f"{int(row['informal']):,} informal papers are not ballots. "
            "Day of publication not known.",
        )
        for row in found
    ]
    heads = ("id", "round", "reported", "units", "kind", "yes", "no", "source", "note")
    return _csv(heads, rows)


def _csv(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([heads, *rows])
    return text.getvalue()
