"""The ledger: what is kept stays as it was, whoever writes, and whenever they are stopped."""

import functools
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ratification.output.ledger import Ledger, LedgerError, State


def state(folder: str = "/case", inputs: str = "1", probability: float = 0.5) -> State:
    """A state of some case."""
    rule = {"bylaws": "x", "reading": "y", "scenario": "as-voted"}
    answer = {"probability": probability, "mcse": 0.01, "standing": "open"}
    return State(
        recorded="2011-06-24T21:00:00.000+00:00",
        folder=folder,
        case_id="case",
        question={"seed": 1},
        engine="instant",
        inputs_sha256=inputs,
        files={"evidence.csv": "1"},
        arrived=[],
        evidence=[],
        forecast={"forecasts": [rule | answer]},
    )


def test_a_state_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    """What is kept is read back whole, by case, in the order it came."""
    ledger = Ledger(tmp_path)
    assert ledger.states("/case") == []
    assert ledger.append(state()) == 1
    assert ledger.append(state(folder="/other")) == 2
    assert ledger.append(state(inputs="2")) == 3
    assert ledger.states("/case") == [replace(state(), id=1), replace(state(inputs="2"), id=3)]
    assert ledger.last("/case", {"seed": 1}) == replace(state(inputs="2"), id=3)
    assert ledger.last("/case", {"seed": 2}) is None
    assert ledger.folders() == ["/case", "/other"]


def test_a_repeated_state_is_kept_once_until_the_inputs_change(tmp_path: Path) -> None:
    """A second watcher's same state is one; the same state after another is a new one."""
    ledger = Ledger(tmp_path)
    assert [ledger.append(state()) for _ in range(2)] == [1, 1]
    assert ledger.append(replace(state(), engine="nuts")) == 2
    assert ledger.append(state()) == 1
    assert ledger.append(state(inputs="2")) == 3
    assert ledger.append(state()) == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE state SET engine = 'x'",
        "DELETE FROM state",
        "UPDATE chance SET probability = 1",
        "DELETE FROM chance",
        "INSERT OR REPLACE INTO state SELECT * FROM state",
        "INSERT OR REPLACE INTO chance SELECT * FROM chance",
        "REPLACE INTO chance VALUES (1, 'x', 'y', 'as-voted', 1.0, 0.0, 'ratified')",
    ],
)
def test_what_is_kept_cannot_be_changed(tmp_path: Path, statement: str) -> None:
    """The file itself forbids to change or delete a state, whatever program opens it."""
    ledger = Ledger(tmp_path)
    ledger.append(state())
    db = sqlite3.connect(ledger.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(statement)
    db.close()
    assert ledger.states("/case") == [replace(state(), id=1)]


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_ledger import state
from ratification.output.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    print(ledger.append(state(folder=sys.argv[2], inputs=str(number))), flush=True)
"""


def writer(store: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that appends states one after the other, and says each one's number."""
    code = WRITER.format(tests=str(Path(__file__).parent))
    return subprocess.Popen(
        [sys.executable, "-c", code, str(store), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two processes that append at the same time wait for each other; every state is there."""
    running = [writer(tmp_path, name, 40) for name in ("/one", "/two")]
    numbers = [int(line) for process in running for line in process.communicate()[0].split()]
    assert [process.returncode for process in running] == [0, 0]
    assert sorted(numbers) == list(range(1, 81))
    ledger = Ledger(tmp_path)
    for name in ("/one", "/two"):
        assert [s.inputs_sha256 for s in ledger.states(name)] == [str(n) for n in range(40)]


@pytest.mark.parametrize("moment", range(1, 22))
def test_a_ledger_born_while_another_opens_it_is_known(
    moment: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers of a first state, the second of which comes at any statement of the first."""
    left = moment
    told: list[str] = []
    refused: list[str] = []

    def interrupt() -> None:
        try:
            Ledger(tmp_path, busy_seconds=0).append(state(folder="/two"))
        except LedgerError as error:
            refused.append(str(error))
        else:
            told.append("/two")

    class Interrupted(sqlite3.Connection):
        def execute(self, *asked: Any) -> sqlite3.Cursor:
            nonlocal left
            left -= 1
            if left == 0:
                interrupt()
            return super().execute(*asked)

    connect = functools.partial(sqlite3.connect, factory=Interrupted)
    ledger = Ledger(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("ratification.output.ledger.sqlite3.connect", connect)
        ledger.append(state(folder="/one"))
    told.append("/one")
    assert left <= 0
    assert all("is being written by another program" in reason for reason in refused)
    assert {folder: ledger.states(folder)[0].id for folder in ledger.folders()} == {
        folder: number for number, folder in enumerate(told, start=1)
    }


def test_a_kill_at_any_moment_leaves_whole_states(tmp_path: Path) -> None:
    """Every state whose number was told is there, with its chances; the file is in order."""
    told = 0
    for turn in range(6):
        process = writer(tmp_path, f"/{turn}", 100_000)
        assert process.stdout is not None
        for _ in range(3 + 5 * turn):
            told = max(told, int(process.stdout.readline()))
        process.kill()
        rest = [int(line) for line in process.stdout.read().split("\n")[:-1]]
        told = max([told, *rest])
        process.wait()
        process.stdout.close()
        ledger = Ledger(tmp_path)
        assert len(ledger.states(f"/{turn}")) >= 3 + 5 * turn
        db = sqlite3.connect(ledger.path)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        states, chances = (
            [row[0] for row in db.execute(query)]
            for query in ("SELECT id FROM state", "SELECT DISTINCT state FROM chance")
        )
        db.close()
        assert states == sorted(chances)
        assert set(range(1, told + 1)) <= set(states)


def test_a_locked_ledger_is_said(tmp_path: Path) -> None:
    """A program that does not let go of the file is named as the reason."""
    ledger = Ledger(tmp_path, busy_seconds=0.05)
    ledger.append(state())
    db = sqlite3.connect(ledger.path, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerError, match="being written by another program"):
        ledger.append(state(inputs="2"))
    db.execute("ROLLBACK")
    db.close()
    assert ledger.append(state(inputs="2")) == 2
