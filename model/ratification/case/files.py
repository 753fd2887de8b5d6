"""Reading a case's plain files: text, CSV rows with line numbers, and the problems found."""

import csv
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ratification.case.unitsets import near_miss
from ratification.case.values import CONTROL, ValueProblem, shown
from ratification.errors import CaseError, Problem

LARGEST_FILE = 20_000_000  # bytes; 100,000 rows of evidence are under 10 MB


@dataclass
class Problems:
    """Collects what is wrong with a case, to be told all at once."""

    folder: str
    _found: dict[Problem, None] = field(default_factory=dict)

    @property
    def found(self) -> tuple[Problem, ...]:
        """Every problem once, in the order of files and lines."""
        return tuple(sorted(self._found, key=lambda p: (p.file, p.line or 0, p.message)))

    def __len__(self) -> int:
        return len(self._found)

    def add(self, file: str, line: int | None, message: str) -> None:
        """Note one problem at `folder/file:line`."""
        self._found[Problem(file=f"{self.folder}/{file}", line=line, message=message)] = None

    def extend(self, problems: Collection[Problem]) -> None:
        """Note problems that already name their place."""
        self._found |= dict.fromkeys(problems)

    def about(self, file: str) -> bool:
        """Whether anything is wrong with a file."""
        return any(problem.file == f"{self.folder}/{file}" for problem in self._found)

    def stop_if_any(self) -> None:
        """Raise all problems found so far.

        Raises:
            CaseError: there are some.
        """
        if self._found:
            raise CaseError(self.found)


@dataclass(frozen=True)
class Files:
    """The files of one case folder.

    `instead` holds bytes to read in place of a file's own, None for one to take as not there.
    """

    folder: Path
    instead: Mapping[str, bytes | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the case is called: the folder's own name."""
        return self.folder.resolve().name or "case"

    def text(self, file: str, problems: Problems, *, optional: bool = False) -> str | None:
        """The text of a file, UTF-8 with or without BOM; None where a problem was noted.

        An optional file that is not there is None and no problem.
        """
        try:
            data = self._bytes(file)
        except FileNotFoundError:
            if not optional:
                problems.add(file, None, "there is no such file. Every case needs it")
            return None
        except OSError as error:
            problems.add(file, None, f"cannot be read: {error.strerror or error}")
            return None
        except ValueProblem as error:
            problems.add(file, None, str(error))
            return None
        return _decoded(data, file, problems)

    def _bytes(self, file: str) -> bytes:
        if file in self.instead:
            held = self.instead[file]
            if held is None:
                raise FileNotFoundError(file)
            return held
        path = self.folder / file
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ValueProblem("is not a file")
        if found.st_size > LARGEST_FILE:
            size = found.st_size / 1_000_000
            raise ValueProblem(f"{size:,.0f} MB is too large to be a case file (at most 20 MB)")
        return path.read_bytes()


def _decoded(data: bytes, file: str, problems: Problems) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        problems.add(file, line, f"is not UTF-8 (byte 0x{byte:02x}). Save it as UTF-8")
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    bad = CONTROL.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        problems.add(file, line, f"holds the control character U+{ord(bad.group()):04X}. Remove it")
        return None
    if not text.strip():
        problems.add(file, 1, "is empty")
        return None
    return text


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV file: cells by column, stripped; blank where the column is left out."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file's column names and rows; whether every row could be told apart into cells."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    complete: bool = False


def read_table(
    text: str | None,
    file: str,
    columns: Collection[str] | None,
    required: Collection[str],
    problems: Problems,
) -> Table:
    """Header and rows of a CSV text. Lines that start with `#` are comments.

    `columns` None allows any. A problem with the text or the header leaves the table empty.
    """
    if text is None:
        return Table()
    lines = _content_lines(text, file, problems)
    line, header = next(lines, (0, []))
    width, header = len(header), _named(header)
    if not header:
        if not problems.about(file):
            problems.add(file, 1, "has no header line, only comments")
        return Table()
    if not _header_holds(file, line, header, columns, required, problems):
        return Table()
    before = len(problems)
    rows = [_row(file, number, header, width, cells, problems) for number, cells in lines]
    complete = len(problems) == before
    return Table(tuple(header), tuple(row for row in rows if row is not None), complete)


class _Lines:
    """Hands a CSV reader its lines. A comment is blanked, since a quote in it opens no cell."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.taken = 0
        self.between_rows = True

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self.taken == len(self.lines):
            raise StopIteration
        line = self.lines[self.taken]
        self.taken += 1
        comment = self.between_rows and line.lstrip().startswith("#")
        self.between_rows = False
        return "\n" if comment else f"{line}\n"


def _content_lines(text: str, file: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Rows that are neither blank nor comments, each with the line it begins in."""
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    while True:
        start, lines.between_rows = lines.taken + 1, True
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(file, start, _csv_problem(str(error)))
            return
        if any(cells) and not cells[0].startswith("#"):
            yield start, cells


def _csv_problem(error: str) -> str:
    if "unexpected end of data" in error or "field limit" in error:
        return "a quote opens here and never closes. Close it, or double a quote that is text"
    if "expected after" in error:
        return "a quote here ends before its cell does. Double every quote that is text"
    return f"cannot be read as CSV: {error}"


def _named(header: list[str]) -> list[str]:
    """Column names in lower case, without the empty columns that spreadsheets leave at the end."""
    names = [name.lower() for name in header]
    while names and not names[-1]:
        names.pop()
    return names


def _header_holds(
    file: str,
    line: int,
    header: list[str],
    columns: Collection[str] | None,
    required: Collection[str],
    problems: Problems,
) -> bool:
    before = len(problems)
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        problems.add(file, line, "columns are not separated by commas. Save it as CSV with commas")
        return False
    for name in sorted(set(header)):
        if name == "":
            problems.add(file, line, f"column {header.index(name) + 1} has no name")
        elif columns is not None and name not in columns:
            problems.add(file, line, f"unknown column {shown(name)}.{near_miss(name, columns)}")
        elif header.count(name) > 1:
            problems.add(file, line, f"column {shown(name)} stands twice")
    for name in required:
        if name not in header:
            problems.add(file, line, f"column {name!r} is missing")
    if "yes" in header and "no" in header and header.index("no") < header.index("yes"):
        problems.add(file, line, "column 'no' stands before 'yes': `yes` always comes first here")
    return len(problems) == before


def _row(
    file: str, line: int, header: list[str], width: int, cells: list[str], problems: Problems
) -> Row | None:
    beyond = [cell for cell in cells[len(header) :] if cell]
    if beyond or len(cells) > width:  # an extra comma shifts cells, even where the last is blank
        last = f", the last {shown(beyond[-1])}" if beyond else ""
        problems.add(
            file,
            line,
            f"{len(cells)} cells for {len(header)} columns{last}: put quotes round text that "
            "holds a comma",
        )
        return None
    return Row(line, dict(zip(header, cells, strict=False)))


def attempt[T](read: Callable[[], T], fallback: T, line: int, file: str, problems: Problems) -> T:
    """Read a value, or note what is wrong with it and go on with a fallback."""
    try:
        return read()
    except ValueProblem as error:
        problems.add(file, line, str(error))
        return fallback
