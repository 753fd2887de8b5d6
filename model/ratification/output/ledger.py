"""The ledger: every state that was accepted while a case was watched, never changed afterwards.

One SQLite file beside the kept runs. A state and its chances are written in one transaction, with
a rollback journal, which holds on network drives where a write-ahead log does not; a kill at any
moment leaves the state there whole or not at all. Two writers wait for each other.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ratification.errors import RatificationError

NAME = "ledger.sqlite3"
SCHEMA = 1
APPLICATION = 0x52544659  # "RTFY", in the file's header
BUSY_SECONDS = 30.0

TABLES = """
CREATE TABLE state (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recorded TEXT NOT NULL,      -- ISO time with its offset from UTC
    folder TEXT NOT NULL,        -- of the case, in full
    case_id TEXT NOT NULL,
    question TEXT NOT NULL,      -- JSON: what was asked, by option
    engine TEXT NOT NULL,
    inputs_sha256 TEXT NOT NULL, -- of the case and the evidence in force
    files TEXT NOT NULL,         -- JSON: the SHA-256 of each file of the case
    arrived TEXT,                -- JSON: what came since the state before; NULL for the first
    evidence TEXT NOT NULL,      -- JSON: every row of the evidence
    forecast TEXT NOT NULL       -- JSON: the forecast, as `ratify forecast --json` prints it
) STRICT;
CREATE INDEX state_of_case ON state (folder, question, id);
CREATE TABLE chance (
    state INTEGER NOT NULL REFERENCES state (id),
    bylaws TEXT NOT NULL,
    reading TEXT NOT NULL,
    scenario TEXT NOT NULL,
    probability REAL NOT NULL,
    mcse REAL NOT NULL,
    standing TEXT NOT NULL,
    PRIMARY KEY (state, bylaws, reading, scenario)
) STRICT;
CREATE TRIGGER state_stays BEFORE UPDATE ON state
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER state_remains BEFORE DELETE ON state
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER chance_stays BEFORE UPDATE ON chance
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER chance_remains BEFORE DELETE ON chance
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- INSERT OR REPLACE deletes without a word to the triggers above.
CREATE TRIGGER state_is_new BEFORE INSERT ON state
    WHEN EXISTS (SELECT 1 FROM state WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER chance_is_new BEFORE INSERT ON chance
    WHEN EXISTS (SELECT 1 FROM chance WHERE state = NEW.state AND bylaws = NEW.bylaws
        AND reading = NEW.reading AND scenario = NEW.scenario)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""
COLUMNS = (
    "recorded",
    "folder",
    "case_id",
    "question",
    "engine",
    "inputs_sha256",
    "files",
    "arrived",
    "evidence",
    "forecast",
)
AS_JSON = ("question", "files", "arrived", "evidence", "forecast")


class LedgerError(RatificationError):
    """A ledger that cannot be read or written. Exit code 1."""


@dataclass(frozen=True, kw_only=True)
class State:
    """One accepted state of a case. `id` is given by the ledger; `arrived` None: the first."""

    recorded: str
    folder: str
    case_id: str
    question: Mapping[str, Any]
    engine: str
    inputs_sha256: str
    files: Mapping[str, str]
    arrived: Sequence[Mapping[str, Any]] | None
    evidence: Sequence[Mapping[str, Any]] = field(repr=False)
    forecast: Mapping[str, Any] = field(repr=False)
    id: int | None = None


class Ledger:
    """The ledger of a run store. The file is opened for each question and closed again."""

    def __init__(self, folder: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = folder / NAME
        self.busy_seconds = busy_seconds
        self._checked = False

    def append(self, state: State) -> int:
        """Keep a state, and give its number.

        If it only repeats one that stands since the inputs last changed, as a second watcher of
        the same case would, that one's number is given and nothing is written.

        Raises:
            LedgerError: the file is damaged, from a newer version, locked, or cannot be written.
        """
        with self._open("rwc") as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                self._prepare(db)
                found = _repeated(db, state)
                number = _insert(db, state) if found is None else found
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        return number

    def states(self, folder: str) -> list[State]:
        """All states of a case, by the folder it lies in, oldest first.

        Raises:
            LedgerError: the file is damaged, from a newer version, locked, or cannot be read.
        """
        return self._read(f"{_SELECT} WHERE folder = ? ORDER BY id", (folder,))

    def last(self, folder: str, question: Mapping[str, Any]) -> State | None:
        """The last state of a case that answers the same question.

        Raises:
            LedgerError: the file is damaged, from a newer version, locked, or cannot be read.
        """
        found = self._read(
            f"{_SELECT} WHERE folder = ? AND question = ? ORDER BY id DESC LIMIT 1",
            (folder, _json(question)),
        )
        return found[0] if found else None

    def folders(self) -> list[str]:
        """Folders of every case that has a state.

        Raises:
            LedgerError: the file is damaged, from a newer version, locked, or cannot be read.
        """
        if not self.path.exists():
            return []
        with self._open("rw") as db:
            if not self._has_tables(db):
                return []
            return [row[0] for row in db.execute("SELECT DISTINCT folder FROM state ORDER BY 1")]

    def _read(self, query: str, values: tuple[str, ...]) -> list[State]:
        if not self.path.exists():
            return []
        with self._open("rw") as db:
            if not self._has_tables(db):
                return []
            return [_state(row) for row in db.execute(query, values)]

    @contextmanager
    def _open(self, mode: Literal["rw", "rwc"]) -> Iterator[sqlite3.Connection]:
        """A connection whose errors are told as what they mean for a ledger."""
        try:
            if mode == "rwc":
                self.path.parent.mkdir(parents=True, exist_ok=True)
            address = f"{self.path.resolve().as_uri()}?mode={mode}"
            with closing(
                sqlite3.connect(address, uri=True, timeout=self.busy_seconds, isolation_level=None)
            ) as db:
                self._check(db)
                yield db
        except (sqlite3.Error, json.JSONDecodeError, OSError) as error:
            raise LedgerError(f"the ledger {self.path} {_meaning(error)}") from error

    def _check(self, db: sqlite3.Connection) -> None:
        """Refuse a file of something else, of a newer version, or one that is damaged."""
        db.execute("BEGIN")  # both of one moment: another writer may be making the tables
        application = db.execute("PRAGMA application_id").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("COMMIT")
        if (application, version) != (0, 0) and application != APPLICATION:
            raise LedgerError(f"{self.path} is no ledger of ratify: move it away")
        if version > SCHEMA:
            raise LedgerError(
                f"the ledger {self.path} is from a newer ratify (schema {version}, this one knows "
                f"{SCHEMA}): use the newer ratify, or another folder with --store"
            )
        if not self._checked:
            found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise sqlite3.DatabaseError(str(found).replace("\n", " "))
            self._checked = True

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Make the tables of a new file, inside the transaction that first writes to it."""
        if self._has_tables(db):
            return
        for statement in _statements(TABLES):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _has_tables(self, db: sqlite3.Connection) -> bool:
        return bool(db.execute("PRAGMA user_version").fetchone()[0])


_SELECT = f"SELECT id, {', '.join(COLUMNS)} FROM state"


def _repeated(db: sqlite3.Connection, state: State) -> int | None:
    """A state with the same numbers, since the inputs of the case last changed."""
    same = (state.folder, _json(state.question), state.inputs_sha256)
    found = db.execute(
        "SELECT id FROM state WHERE folder = ? AND question = ? AND inputs_sha256 = ?"
        " AND engine = ? AND forecast = ? AND id > coalesce((SELECT max(id) FROM state"
        " WHERE folder = ? AND question = ? AND inputs_sha256 <> ?), 0)",
        (*same, state.engine, _json(state.forecast), *same),
    ).fetchone()
    return None if found is None else int(found[0])


def _insert(db: sqlite3.Connection, state: State) -> int:
    values = [getattr(state, name) for name in COLUMNS]
    cells = [
        _json(value) if name in AS_JSON and value is not None else value
        for name, value in zip(COLUMNS, values, strict=True)
    ]
    marks = ", ".join("?" * len(COLUMNS))
    made = db.execute(f"INSERT INTO state ({', '.join(COLUMNS)}) VALUES ({marks})", cells)
    number = int(made.lastrowid or 0)
    names = ("bylaws", "reading", "scenario", "probability", "mcse", "standing")
    db.executemany(
        f"INSERT INTO chance (state, {', '.join(names)}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(number, *(rule[name] for name in names)) for rule in state.forecast["forecasts"]],
    )
    return number


def _state(row: Sequence[Any]) -> State:
    number, *cells = row
    told = {
        name: json.loads(cell) if name in AS_JSON and cell is not None else cell
        for name, cell in zip(COLUMNS, cells, strict=True)
    }
    return State(id=number, **told)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _meaning(error: Exception) -> str:
    """What an error of SQLite means for whoever has the file."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "is being written by another program, which does not let go of it"
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"cannot be written ({error}). Name another folder with --store"
    if primary == sqlite3.SQLITE_FULL:
        return "cannot be written: the disk is full"
    if primary == sqlite3.SQLITE_CONSTRAINT:
        return f"refused a state ({error})"
    if isinstance(error, OSError):
        return f"cannot be opened ({error.strerror or error}). Name another folder with --store"
    return f"is damaged ({error}): move the file away, and a new one is begun"
