"""`ratify watch` and `ratify history`, in processes of their own: edits, signals, kills."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nights import FIRST, SECOND, Night, case_folder, save, torn
from ratification.api import Watch
from ratification.cli.main import COMMANDS, main, ratify
from ratification.errors import RequestError
from ratification.output.ledger import Ledger
from ratification.output.views.watch_view import age
from test_ledger import state

PATIENCE = 300.0  # seconds that a slow machine may take; never waited where it is quick


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case of three unions, one of them counted."""
    return case_folder(tmp_path)


@pytest.fixture
def night(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """A watch that has made its first report, without the scripts that draw charts."""
    monkeypatch.setattr("ratification.output.page.render.vega_bundle", lambda: "/* charts */")
    made = Night(folder, Ledger(tmp_path / "store"))
    made.accepted()
    return made


# The commands


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `ratify ARGUMENTS`."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    found = capsys.readouterr()
    return int(stopped.value.code or 0), found.out, found.err


def test_history_lists_every_state(night: Night, capsys: pytest.CaptureFixture[str]) -> None:
    """A table for people, JSON and CSV for programs, all with the same states."""
    save(night.folder, FIRST, SECOND)
    night.accepted()
    asked = ["history", str(night.folder), "--store", str(night.ledger.path.parent)]
    code, out, err = told(asked, capsys)
    assert code == 0
    assert "+ second (b): approved" in out
    assert "first state" in out
    assert "100%" in out
    assert "2 states" in err
    code, out, _ = told([*asked, "--json"], capsys)
    found = json.loads(out)
    assert [entry["state"] for entry in found["states"]] == [1, 2]
    assert found["states"][1]["arrived"][0]["id"] == "second"
    assert found["states"][1]["forecast"]["inputs"]["reports"] == 2
    code, out, _ = told([*asked, "--csv"], capsys)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 4
    assert rows[2]["probability"] == "1.0"
    assert rows[2]["standing"] == "ratified"
    assert rows[0]["inputs_sha256"] != rows[2]["inputs_sha256"]
    code, out, _ = told([*asked, "--bylaws", "rule/ballots"], capsys)
    assert "Not shown: rule/unions" in out
    code, _, err = told([*asked, "--bylaws", "other"], capsys)
    assert (code, "no state has bylaws other" in err) == (2, True)


def test_history_says_plainly_that_there_is_none(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No ledger is no error; one that holds other cases names them."""
    asked = ["history", str(folder), "--store", str(tmp_path / "store")]
    code, out, err = told(asked, capsys)
    assert (code, out) == (0, "")
    assert "no state of" in err
    Ledger(tmp_path / "store").append(state(folder="/elsewhere"))
    assert "It has states of: /elsewhere" in told(asked, capsys)[2]
    assert json.loads(told([*asked, "--json"], capsys)[1])["states"] == []
    assert len(told([*asked, "--csv"], capsys)[1].splitlines()) == 1


def test_history_of_a_folder_that_is_gone(night: Night, capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger outlives the case."""
    night.folder.rename(night.folder.with_name("away"))
    code, out, _ = told(
        ["history", str(night.folder), "--store", str(night.ledger.path.parent)], capsys
    )
    assert (code, "first state" in out) == (0, True)


def test_history_of_a_damaged_ledger_is_one_clear_error(
    night: Night, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is wrong and what to do."""
    torn(night.ledger.path)
    code, out, err = told(
        ["history", str(night.folder), "--store", str(night.ledger.path.parent)], capsys
    )
    assert (code, out) == (1, "")
    assert err.startswith("error: the ledger ")
    assert "move the file away" in err


def test_watch_replaces_only_its_own_report(
    night: Night, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that another made is kept; one of an earlier watch of the case is not in the way."""
    night.published.refuse_other("made", force=False)
    with pytest.raises(RequestError, match="not from watching 'other'"):
        night.published.refuse_other("other", force=False)
    night.published.refuse_other("other", force=True)
    mine = tmp_path / "mine.html"
    mine.write_text("mine")
    code, _, err = told(["watch", str(night.folder), "--report", str(mine)], capsys)
    assert (code, mine.read_text()) == (2, "mine")
    assert "--force" in err
    code, _, err = told(["watch", str(night.folder), "--report", "x.json"], capsys)
    assert (code, "name it .html" in err) == (2, True)


def test_the_pace_is_what_was_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--every and --settle set how often the files are looked at, and how long an edit rests."""
    paces = []

    def stopped(watch: Watch, patience: float) -> None:
        paces.append(watch.edits.pace)
        raise KeyboardInterrupt

    monkeypatch.setattr(Watch, "step", stopped)
    monkeypatch.chdir(folder.parent)
    for options in ([], ["--every", "3", "--settle", "2"]):
        assert told(["watch", str(folder), "--store", "store", *options], capsys)[0] == 0
    [usual, slow] = paces
    assert (usual.every, usual.settle, usual.doubt) == (0.1, 0.25, 1.0)
    assert (slow.every, slow.settle, slow.doubt) == (3.0, 2.0, 8.0)


def test_nuts_after_nuts_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that could do nothing is an error."""
    code, _, err = told(["watch", str(folder), "--engine", "nuts", "--then-nuts"], capsys)
    assert (code, "--then-nuts" in err) == (2, True)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.4, "0 s"), (59, "59 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")]
)
def test_ages_are_told_as_people_say_them(seconds: float, expected: str) -> None:
    """Seconds, minutes, hours."""
    assert age(seconds) == expected


# The command, in a process of its own


@dataclass
class Watching:
    """A running `ratify watch`, with files for what it says."""

    process: subprocess.Popen[bytes]
    page: Path
    out: Path
    err: Path

    @property
    def json(self) -> dict[str, Any]:
        """The JSON as it is now."""
        found: dict[str, Any] = json.loads(self.page.with_suffix(".json").read_text())
        return found

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, as long as it may take on a slow machine."""
        limit = time.monotonic() + PATIENCE
        while not holds():
            said = f"{self.out.read_text()}\n{self.err.read_text()}"
            assert self.process.poll() is None, said
            assert time.monotonic() < limit, said
            time.sleep(0.02)

    def until_reports(self, count: int) -> None:
        """Wait until the report rests on so many reports, and its event was printed."""
        self.until(
            lambda: (
                self.page.with_suffix(".json").exists()
                and self.json["inputs"]["reports"] == count
                and self.json["stale"] is None
                and f"report of {count} reports" in self.out.read_text()
            )
        )

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal, and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def watching(
    folder: Path, *options: str, name: str = "tonight", before: str = ""
) -> Iterator[Watching]:
    """`ratify watch`, killed at the end if it still runs; `before` is Python done before it."""
    parent = folder.parent
    code = f"{textwrap.dedent(before)}\nfrom ratification.cli.main import main\nmain()"
    page = parent / f"{name}.html"
    command = [sys.executable, "-c", code, "watch", str(folder), "--report", str(page)]
    command += ["--store", str(parent / "store"), "--worlds", "500", *options]
    out, err = parent / f"{name}.out", parent / f"{name}.err"
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen(command, stdout=to_out, stderr=to_err, env=environment)
    try:
        yield Watching(process, page, out, err)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_night_of_edits_ends_with_ctrl_c(folder: Path) -> None:
    """Edit, broken edit, correction, Ctrl-C: exit code 0, and all that was accepted is kept."""
    with watching(folder) as night:
        night.until_reports(1)
        save(folder, FIRST, SECOND)
        night.until_reports(2)
        save(folder, FIRST, SECOND, "third,june,2011-06-03,c,count,many,1,,,\n")
        night.until(lambda: bool(night.json["stale"]))
        save(folder, FIRST, SECOND, "third,june,2011-06-03,c,count,20,1,,,\n")
        night.until_reports(3)
        assert night.stop() == 0
        said = night.err.read_text()
    assert "error: made/evidence.csv:4: " in said
    assert f"stopped: {night.page} and tonight.json are kept" in said
    assert "3 states of this session" in said
    lines = night.out.read_text().splitlines()
    assert len(lines) == 4
    assert "+ second (b): approved" in lines[1]
    assert "cannot be used (1 problem): the last good report stays, marked" in lines[2]
    assert night.page.read_text().rstrip().endswith("</html>")
    kept = Ledger(folder.parent / "store").states(str(folder.resolve()))
    assert [s.forecast["inputs"]["reports"] for s in kept] == [1, 2, 3]
    assert night.json["forecasts"] == kept[-1].forecast["forecasts"]
    assert kept[0].question["worlds"] == 500


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_before_the_first_report_ends_it_cleanly(folder: Path, number: int) -> None:
    """A case that is broken from the start is waited for; stopping is no error."""
    save(folder, "broken\n")
    with watching(folder) as night:
        night.until(lambda: "cannot be used" in night.out.read_text())
        assert night.stop(number) == 0
        assert "stopped: no report was made" in night.err.read_text()
    assert not night.page.exists()


SIGNAL = """
import os, signal
from pathlib import Path
replace, written = Path.replace, []
def dying(self, target):
    if str(target).endswith({ending!r}):
        written.append(target)
        if len(written) == {turn}:
            os.kill(os.getpid(), {number})
    return replace(self, target)
Path.replace = dying
"""


@pytest.mark.parametrize("ending", [".html", ".json"])
def test_a_kill_while_it_writes_leaves_the_last_good_report(folder: Path, ending: str) -> None:
    """Killed between writing and renaming, the file is the last good one.

    The next session brings page, JSON and ledger to the newest state.
    """
    with watching(
        folder, before=SIGNAL.format(ending=ending, turn=2, number=int(signal.SIGKILL))
    ) as night:
        night.until_reports(1)
        page = night.page.read_text()
        save(folder, FIRST, SECOND)
        assert night.process.wait(PATIENCE) == -signal.SIGKILL
    told = night.page.read_text()
    assert told == page if ending == ".html" else "2 reports in force" in told
    assert told.rstrip().endswith("</html>")
    assert night.json["inputs"]["reports"] == 1
    ledger = Ledger(folder.parent / "store")
    assert len(ledger.states(str(folder.resolve()))) == 1
    with watching(folder) as night:
        night.until_reports(2)
        assert night.stop() == 0
    assert "+ second (b): approved" in night.out.read_text()
    assert [s.forecast["inputs"]["reports"] for s in ledger.states(str(folder.resolve()))] == [1, 2]


@pytest.mark.parametrize("ending", [".html", ".json"])
def test_ctrl_c_while_it_writes_ends_when_all_is_written(folder: Path, ending: str) -> None:
    """Page, JSON and ledger are of one state, the newest: Ctrl-C waits for them."""
    before = SIGNAL.format(ending=ending, turn=2, number=int(signal.SIGINT))
    with watching(folder, before=before) as night:
        night.until_reports(1)
        save(folder, FIRST, SECOND)
        assert night.process.wait(PATIENCE) == 0
    assert "2 states of this session" in night.err.read_text()
    assert "2 reports in force" in night.page.read_text()
    assert night.json["inputs"]["reports"] == 2
    kept = Ledger(folder.parent / "store").states(str(folder.resolve()))
    assert [s.forecast["inputs"]["reports"] for s in kept] == [1, 2]


INTERRUPTED = """
import os, signal
from ratification.output import runs
fit, asked = runs.instant_fit, []
def interrupted(*given, **more):
    asked.append(given)
    if len(asked) == 2:
        os.kill(os.getpid(), signal.SIGINT)
    return fit(*given, **more)
runs.instant_fit = interrupted
"""


def test_ctrl_c_while_it_fits_leaves_the_last_good_report(folder: Path) -> None:
    """The fit is given up at once, what was there stays, and the exit code is 0."""
    with watching(folder, before=INTERRUPTED) as night:
        night.until_reports(1)
        save(folder, FIRST, SECOND)
        assert night.process.wait(PATIENCE) == 0
    assert "1 state of this session" in night.err.read_text()
    assert night.json["inputs"]["reports"] == 1
    assert "1 report in force" in night.page.read_text()


def test_two_watchers_of_one_store_keep_each_state_once(folder: Path) -> None:
    """Both pages are made; the ledger has every state, and none twice."""
    with watching(folder, name="one") as one, watching(folder, name="two") as two:
        for count in (1, 2):
            save(folder, *[FIRST, SECOND][:count])
            one.until_reports(count)
            two.until_reports(count)
        assert [one.stop(), two.stop()] == [0, 0]
    kept = Ledger(folder.parent / "store").states(str(folder.resolve()))
    assert [s.forecast["inputs"]["reports"] for s in kept] == [1, 2]
    assert one.json["forecasts"] == two.json["forecasts"]
    assert "warning" not in one.err.read_text() + two.err.read_text()


def test_help_of_both_commands_shows_how() -> None:
    """Both are listed, and their examples can be copied."""
    assert {"watch", "history"} <= COMMANDS.keys()
    for name in ("watch", "history"):
        shown = CliRunner().invoke(ratify, [name, "--help"], terminal_width=100).output
        assert f"\n  ratify {name} my-case" in shown
