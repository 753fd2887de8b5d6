"""Reading TOML: checked values, each problem with the line a person looks for."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ratification.case.files import Problems
from ratification.case.unitsets import near_miss
from ratification.case.values import ValueProblem, plain, shown, unit_id


class Place(NamedTuple):
    """A table of a document: its header, and its number among those of that header, from 0.

    `parent` is the number of the table above; without it, all tables of the header count.
    """

    header: str = ""
    number: int = 0
    parent: int | None = None


TOP = Place()


def parse_toml(text: str | None, file: str, problems: Problems) -> dict[str, Any] | None:
    """A TOML text's content; None where a problem was noted."""
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"at line (\d+)", str(error))
        line = int(match.group(1)) if match else text.count("\n") + 1
        problems.add(file, line, f"is not valid TOML: {error}")
    except (ValueError, RecursionError) as error:  # an impossible date, or nesting without end
        problems.add(file, None, f"is not valid TOML: {error}")
    return None


def line_of(text: str, place: Place, *sought: str) -> int:
    """The line of a table's header or, below it, the first that holds most of what is sought.

    tomllib gives no positions; this finds the place a person looks for: a key, the name of a
    table, or a value.
    """
    lines = text.split("\n")
    start = 0
    if place.parent is not None:
        above = place.header.rpartition(".")[0] + "]]"
        start = _nth(lines, above, place.parent, 0)
    start = _nth(lines, place.header, place.number, start) if place.header else 0
    best, most = start, 0
    for index in range(start, len(lines)):
        line = lines[index].lstrip()
        if index > start and place.header and line.startswith("[["):
            break
        held = 0 if line.startswith("#") else sum(_holds(line, word) for word in sought)
        if held > most:
            best, most = index, held
    return best + 1


def _holds(line: str, word: str) -> bool:
    """Whether a line has a key, a table's name or a value that is this word."""
    name = re.escape(word)
    key = rf"(?:^|[\s{{,.])[\"']?{name}[\"']?\s*="
    table = rf"\[+[\w.]*{name}\]+"
    value = rf"(?:^|[\"'\s]){name}(?:[\"'\s,}}]|$)"
    return bool(word) and re.search(f"{key}|{table}|{value}", line) is not None


def _nth(lines: list[str], header: str, number: int, start: int) -> int:
    seen = -1
    for index in range(start, len(lines)):
        if lines[index].strip().replace(" ", "").startswith(header):
            seen += 1
            if seen == number:
                return index
    return start


class TomlReader:
    """Reads checked values out of a TOML document and notes problems with their lines."""

    def __init__(self, file: str, text: str, problems: Problems) -> None:
        self.file, self.text, self.problems = file, text, problems

    def problem(self, message: str, place: Place = TOP, *sought: str) -> None:
        """Note a problem at the line of the table that holds most of what is sought."""
        self.problems.add(self.file, line_of(self.text, place, *sought), message)

    def known_keys(self, table: Mapping[str, Any], known: Sequence[str], place: Place) -> None:
        """Refuse keys nobody reads."""
        for key in table:
            if key not in known:
                self.problem(f"unknown key {shown(key)}.{near_miss(key, known)}", place, key)

    def string(
        self, table: Mapping[str, Any], key: str, place: Place, required: bool = False
    ) -> str:
        """A string without markup; blank where it is left out or a problem was noted."""
        value = table.get(key, "")
        if not isinstance(value, str):
            self.problem(f"{key} is {shown(value)}, not a string in quotes", place, key)
            return ""
        if required and not value.strip():
            self.problem(f"{key} is missing", place, key if key in table else "")
        try:
            return plain(value, key).strip()
        except ValueProblem as error:
            self.problem(str(error), place, key)
            return ""

    def identity(self, table: Mapping[str, Any], place: Place, taken: set[str]) -> str:
        """An `id` that no other table of this kind has; blank where a problem was noted."""
        value = table.get("id", "")
        if not isinstance(value, str):
            self.problem(f"id is {shown(value)}, not a string in quotes", place, "id")
            return ""
        try:
            unit_id(value, "id")
        except ValueProblem as error:
            self.problem(str(error), place, "id")
            return ""
        if value in taken:
            self.problem(f"id {value!r} stands twice", place, "id")
        taken.add(value)
        return value

    def tables(
        self, document: Mapping[str, Any], header: str, place: Place = TOP
    ) -> list[Mapping[str, Any]]:
        """An array of tables below `[[header]]`; empty where it is left out or something else."""
        key = header.rpartition(".")[2]
        value = document.get(key, [])
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            return value
        self.problem(f"{key} must be written as [[{header}]] tables", place, key)
        return []

    def number(self, value: object, what: str, place: Place, key: str) -> float | None:
        """A finite number."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
            said = "is missing" if value is None else f"is {shown(value)}, not a number"
            self.problem(f"{what} {said}", place, key)
            return None
        return float(value)
