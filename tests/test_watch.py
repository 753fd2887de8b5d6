"""Watching a case, and the ledger: driven by edits of its files, in this process and in others."""

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hand_made import make_case
from made_runs import MadeRuns
from ratification.answers.run import Run
from ratification.api import Accepted, Refused, Watch, load, run, write_report
from ratification.case.case import Case
from ratification.case.snapshot import Snapshot
from ratification.cli.main import COMMANDS, main, ratify
from ratification.errors import ConvergenceError, RequestError
from ratification.output.edits import Edits
from ratification.output.ledger import Ledger, LedgerError, State
from ratification.output.page.notice import BEGINS, ENDS, Notice
from ratification.output.published import Published
from ratification.output.views.watch_view import age
from test_ledger import state

ELECTORATE = "unit,parent,members\na,,400\nb,,300\nc,,200\n"
FIRST = "first,june,2011-06-01,a,count,150,90,,,\n"
SECOND = "second,june,2011-06-02,b,outcome,,,,,approved\n"
RULES = """\
[[bylaws]]
id = "rule"
title = "The rule"
[[bylaws.reading]]
id = "unions"
title = "Two unions approve"
all = [{ measure = "approving unions", at_least = 2 }]
[[bylaws.reading]]
id = "ballots"
title = "60% of ballots are yes"
all = [{ measure = "yes of ballots", at_least = "60%" }]
"""
PATIENCE = 300.0  # seconds that a slow machine may take; never waited where it is quick


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case of three unions, one of them counted."""
    make_case(tmp_path, ELECTORATE, FIRST, bylaws=RULES)
    return tmp_path / "made"


# Time that passes only when somebody sleeps, and edits that come while they do


@dataclass
class Clock:
    """A clock that sleeping moves on; what is due by then is done on the way."""

    now: float = 0.0
    due: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Pass the time, doing what falls into it."""
        until = self.now + seconds
        while self.due and self.due[0][0] <= until:
            self.now, act = self.due.pop(0)
            act()
        self.now = until

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something so many seconds from now."""
        self.due.append((self.now + seconds, act))
        self.due.sort(key=lambda entry: entry[0])


def edits_of(folder: Path, clock: Clock) -> Edits:
    """Edits noticed on that clock; what is there at first is taken."""
    edits = Edits(folder, sleep=clock.sleep, clock=lambda: clock.now)
    assert edits.next(0.0) is not None
    return edits


def evidence(folder: Path, *rows: str) -> bytes:
    """The bytes of an evidence file with these rows."""
    head = (folder / "evidence.csv").read_bytes().partition(b"\n")[0]
    return head + b"\n" + "".join(rows).encode()


def save(folder: Path, *rows: str) -> None:
    """Save other rows of evidence, as an editor does: the file is written over."""
    (folder / "evidence.csv").write_bytes(evidence(folder, *rows))


def test_a_save_in_two_steps_is_one_edit(folder: Path) -> None:
    """A file that is emptied, half written and then whole is read once, when it is whole."""
    clock = Clock()
    edits = edits_of(folder, clock)
    path = folder / "evidence.csv"
    whole = evidence(folder, FIRST, SECOND)
    clock.after(1.0, lambda: path.write_bytes(b""))
    clock.after(1.2, lambda: path.write_bytes(whole[:-30]))
    clock.after(1.9, lambda: path.write_bytes(whole))
    found = edits.next(10.0)
    assert found is not None
    assert found.snapshot.files["evidence.csv"] == whole
    assert found.case is not None
    assert [report.id for report in found.case.reports] == ["first", "second"]
    assert clock.now < 2.5
    assert edits.next(5.0) is None


def test_a_whole_line_that_ends_early_waits_for_its_rest(folder: Path) -> None:
    """A last line without its end is a valid row of CSV, and still only half of an edit."""
    clock = Clock()
    edits = edits_of(folder, clock)
    path = folder / "evidence.csv"
    torn = evidence(folder, FIRST, "second,june,2011-06-02,b,count,12,3,,,")
    whole = evidence(folder, FIRST, "second,june,2011-06-02,b,count,12,35,,,\n")
    clock.after(1.0, lambda: path.write_bytes(torn))
    clock.after(1.9, lambda: path.write_bytes(whole))
    found = edits.next(10.0)
    assert found is not None
    assert found.case is not None
    assert found.case.reports[1].no == 35


def test_an_edit_by_renaming_is_noticed(folder: Path) -> None:
    """Editors that write a new file and rename it are noticed like those that write over."""
    clock = Clock()
    edits = edits_of(folder, clock)
    aside = folder / ".evidence.csv.swp"
    aside.write_bytes(evidence(folder, FIRST, SECOND))
    clock.after(1.0, lambda: aside.replace(folder / "evidence.csv"))
    found = edits.next(10.0)
    assert found is not None
    assert found.snapshot.files["evidence.csv"].endswith(SECOND.encode())


def test_an_edit_that_is_undone_is_none(folder: Path) -> None:
    """What is as it was before, after a moment, is nothing to report."""
    clock = Clock()
    edits = edits_of(folder, clock)
    clock.after(1.0, lambda: save(folder, FIRST, SECOND))
    clock.after(1.1, lambda: save(folder, FIRST))
    assert edits.next(5.0) is None
    assert not edits.pending()


def test_an_edit_of_the_same_size_and_time_is_noticed(folder: Path) -> None:
    """Some drives keep times to two seconds: the content is read now and then all the same."""
    clock = Clock()
    edits = edits_of(folder, clock)
    path = folder / "evidence.csv"
    before = path.stat()

    def change() -> None:
        text = path.read_bytes().replace(b"150,90", b"105,90")
        with path.open("r+b") as file:
            file.write(text)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    clock.after(1.0, change)
    found = edits.next(10.0)
    assert found is not None
    assert found.case is not None
    assert found.case.reports[0].yes == 105
    assert clock.now < 4.0


def test_a_file_that_is_written_without_a_pause_is_read_all_the_same(folder: Path) -> None:
    """A log that grows all the time does not keep the report from being made."""
    clock = Clock()
    edits = edits_of(folder, clock)
    path = folder / "case.toml"

    def more() -> None:
        with path.open("a") as file:
            file.write("# more\n")
        clock.after(0.05, more)

    clock.after(0.05, more)
    assert edits.next(60.0) is not None
    assert clock.now < 15.0


def test_a_snapshot_is_what_is_loaded(folder: Path) -> None:
    """A case is read from the bytes that were seen, whatever the file says by then."""
    seen = Snapshot.of(folder)
    save(folder, "broken\n")
    assert [report.id for report in seen.load().reports] == ["first"]


# Watching, in this process


def quick(case: Case, how: str) -> Run:
    """A run on draws that are made, which says that it is of the engine asked for."""
    made = run(case, runs=MadeRuns(), worlds=200)
    engine: Any = "nuts" if how == "nuts" else "instant"
    return replace(made, forecast=replace(made.forecast, engine=engine))


@dataclass
class Night:
    """A watch whose clock stands still unless somebody waits, with all that it said."""

    folder: Path
    ledger: Ledger
    ask: Callable[[Case, Any], Run] = quick
    then_nuts: bool = False
    clock: Clock = field(default_factory=Clock)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.published = Published(self.folder.parent / "page.html", write_page)
        self.watch = Watch(
            Edits(self.folder, sleep=self.clock.sleep, clock=lambda: self.clock.now),
            lambda case, how: self.ask(case, how),
            self.published,
            self.ledger,
            {"seed": 391},
            then_nuts=self.then_nuts,
            warn=self.warnings.append,
            now=lambda: datetime(2011, 6, 24, 21, tzinfo=UTC) + timedelta(seconds=self.clock.now),
        )

    def step(self) -> Accepted | Refused | None:
        """The next event, if one comes within a minute."""
        return self.watch.step(60.0)

    def accepted(self) -> Accepted:
        """The next event, which is a forecast."""
        event = self.step()
        assert isinstance(event, Accepted), event
        return event

    def refused(self) -> Refused:
        """The next event, which is none."""
        event = self.step()
        assert isinstance(event, Refused), event
        return event

    @property
    def page(self) -> str:
        """The page as it is now."""
        return self.published.page.read_text(encoding="utf-8")

    @property
    def notice(self) -> str:
        """What the page says of its age."""
        return self.page.partition(BEGINS)[2].partition(ENDS)[0]

    @property
    def json(self) -> dict[str, Any]:
        """The JSON as it is now."""
        found: dict[str, Any] = json.loads(self.published.data.read_text())
        return found

    @property
    def states(self) -> list[State]:
        """What the ledger has kept of the case."""
        return self.ledger.states(str(self.folder.resolve()))


def write_page(path: Path, made: Run, notice: Notice) -> None:
    """Write a real page."""
    write_report(path, [made], notice=notice)


@pytest.fixture
def night(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """A watch that has made its first report, without the scripts that draw charts."""
    monkeypatch.setattr("ratification.output.page.render.vega_bundle", lambda: "/* charts */")
    made = Night(folder, Ledger(tmp_path / "store"))
    made.accepted()
    return made


def body(page: str) -> str:
    """A page without its notice."""
    return page.partition(BEGINS)[0] + page.partition(ENDS)[2]


def test_each_edit_becomes_a_page_a_json_and_a_state(night: Night) -> None:
    """What arrived and how far each rule moved is told; page, JSON and ledger say the same."""
    assert night.json["inputs"]["reports"] == 1
    assert night.json["made"] == "2011-06-24T21:00:00+00:00"
    assert night.json["stale"] is None
    save(night.folder, FIRST, SECOND)
    event = night.accepted()
    assert [(change.id, change.how) for change in event.changes] == [("second", "new")]
    assert not event.first
    by_key = {move.key[1]: move for move in event.moves}
    now = {rule["reading"]: rule["probability"] for rule in night.json["forecasts"]}
    before = {
        rule["reading"]: rule["probability"] for rule in night.states[0].forecast["forecasts"]
    }
    for reading, move in by_key.items():
        assert move.difference == now[reading] - before[reading]
    assert by_key["unions"].before_standing == "open"
    assert (by_key["unions"].standing, now["unions"]) == ("ratified", 1.0)
    assert night.json["inputs"]["reports"] == 2
    assert "2 reports in force" in night.page
    first, second = night.states
    assert (first.id, second.id) == (1, event.number)
    assert first.arrived is None
    assert second.arrived == [{"id": "second", "change": "new", "units": "b", "said": "approved"}]
    assert second.forecast["versions"] == {"python": "3", "ratification": "0"}
    assert second.inputs_sha256 == night.json["inputs"]["sha256"]
    assert [row["id"] for row in second.evidence] == ["first", "second"]


def test_the_error_of_a_move_is_that_of_both_answers(night: Night) -> None:
    """Two fits share no simulated votes, so their errors add as independent ones do."""
    save(night.folder, "first,june,2011-06-01,a,count,120,120,,,\n")
    [_, ballots] = night.accepted().moves
    assert ballots.before is not None
    assert ballots.mcse == pytest.approx((ballots.before.mcse**2 + ballots.now.mcse**2) ** 0.5)


def test_a_wrong_row_leaves_the_last_good_report_marked(night: Night) -> None:
    """Errors are told, the page and JSON stay but for the mark, and a repair takes it off."""
    page, told = night.page, night.json
    save(night.folder, FIRST, SECOND.replace("approved", "aproved"))
    event = night.refused()
    [reason] = event.reasons
    assert "evidence.csv:3" in reason
    assert "'aproved'" in reason
    assert event.kept
    assert body(night.page) == body(page)
    assert "newest edit of the case is not in these numbers" in night.notice
    assert "&#39;aproved&#39;" in night.notice
    since = event.since.isoformat(timespec="seconds")
    assert night.json == told | {"stale": {"since": since, "reasons": list(event.reasons)}}
    assert len(night.states) == 1
    save(night.folder, FIRST, SECOND)
    night.accepted()
    assert "newest edit" not in night.notice
    assert night.json["stale"] is None
    assert len(night.states) == 2


def test_a_mark_says_since_when_the_first_edit_was_wrong(night: Night) -> None:
    """Another wrong edit has reasons of its own, but the page is out of date since the first."""
    save(night.folder, "x\n")
    first = night.refused()
    night.clock.sleep(600)
    save(night.folder, "y\n")
    second = night.refused()
    assert second.since == first.since
    assert second.at - first.at >= timedelta(seconds=600)
    assert night.json["stale"]["since"] == first.since.isoformat(timespec="seconds")


def test_a_case_that_contradicts_itself_is_refused(night: Night) -> None:
    """An approval of a union whose count says no is an error of the case, not a forecast."""
    save(night.folder, FIRST, "no,june,2011-06-02,a,outcome,,,,,rejected\n")
    assert night.refused().reasons
    assert night.json["stale"]


def test_a_fit_that_did_not_converge_leaves_the_last_good_report(night: Night) -> None:
    """The edit is fine, but there is no forecast of it: that is told the same way."""

    def failing(case: Case, how: str) -> Run:
        raise ConvergenceError("the fit did not converge")

    night.ask = failing
    save(night.folder, FIRST, SECOND)
    assert night.refused().reasons == ["the fit did not converge"]
    assert "the fit did not converge" in night.notice


def test_a_correction_may_lower_a_count(night: Night) -> None:
    """A lower count in the same row, or in a row that replaces it, is taken as it stands."""
    save(night.folder, "first,june,2011-06-01,a,count,100,90,,,\n")
    event = night.accepted()
    [change] = event.changes
    assert (change.how, change.id) == ("changed", "first")
    assert night.states[-1].arrived == [
        {
            "id": "first",
            "change": "changed",
            "units": "a",
            "said": "100 yes, 90 no",
            "before": "150 yes, 90 no",
        }
    ]
    assert event.moves[1].difference < 0
    head = (night.folder / "evidence.csv").read_text().partition("\n")[0]
    rows = (
        "first,june,2011-06-01,a,count,100,90,,,,\nagain,june,2011-06-03,a,count,80,110,,,,first\n"
    )
    (night.folder / "evidence.csv").write_text(f"{head},replaces\n{rows}")
    event = night.accepted()
    assert [(change.id, change.how) for change in event.changes] == [("again", "new")]
    assert next(u for u in night.json["unions"] if u["unit"] == "a")["standing"] == "rejected"


def test_a_removed_row_is_told(night: Night) -> None:
    """A report that was taken out of the file is no longer in the forecast."""
    save(night.folder, FIRST, SECOND)
    night.accepted()
    save(night.folder, FIRST)
    event = night.accepted()
    assert [(change.id, change.how) for change in event.changes] == [("second", "removed")]
    assert night.states[-1].arrived == [
        {"id": "second", "change": "removed", "units": "b", "said": "approved"}
    ]
    assert len(night.states) == 3


def test_a_file_that_is_gone_and_comes_back(night: Night) -> None:
    """Nothing is lost, and its return is no new state."""
    page = night.page
    kept = (night.folder / "electorate.csv").read_bytes()
    (night.folder / "electorate.csv").unlink()
    assert "electorate.csv: there is no such file" in night.refused().reasons[0]
    assert body(night.page) == body(page)
    (night.folder / "electorate.csv").write_bytes(kept)
    event = night.accepted()
    assert (event.changes, event.files, event.number) == ((), [], 1)
    assert night.json["stale"] is None
    assert len(night.states) == 1


def test_a_folder_that_is_gone_and_comes_back(night: Night) -> None:
    """A case folder that is renamed away and back is watched all the same."""
    away = night.folder.with_name("away")
    night.folder.rename(away)
    assert len(night.refused().reasons) == 4
    away.rename(night.folder)
    assert night.accepted().number == 1


def test_changed_bylaws_are_told_as_a_file(night: Night) -> None:
    """What changed may be no report: other bylaws give other answers."""
    text = (night.folder / "bylaws.toml").read_text()
    (night.folder / "bylaws.toml").write_text(text.replace('"60%"', '"55%"'))
    event = night.accepted()
    assert (event.files, event.changes) == (["bylaws.toml"], ())
    assert night.states[-1].arrived == [{"file": "bylaws.toml", "change": "changed"}]


def test_a_later_session_goes_on_from_the_ledger(night: Night) -> None:
    """What came while nobody watched is told against the last state that was kept."""
    save(night.folder, FIRST, SECOND)
    later = Night(night.folder, night.ledger)
    event = later.accepted()
    assert not event.first
    assert [(change.id, change.how) for change in event.changes] == [("second", "new")]
    assert all(move.before is not None for move in event.moves)
    assert len(later.states) == 2
    again = Night(night.folder, night.ledger)
    event = again.accepted()
    assert (event.changes, event.number) == ((), 2)
    assert len(again.states) == 2


def test_a_session_that_begins_with_a_broken_case_marks_the_old_page(night: Night) -> None:
    """The page of an earlier session is marked, with when it was made; a repair is taken."""
    save(night.folder, "broken\n")
    later = Night(night.folder, night.ledger)
    later.clock.now = 3600.0
    assert later.refused().kept
    assert "was made at 21:00:00 on 24 June 2011" in later.notice
    assert later.json["made"] == "2011-06-24T21:00:00+00:00"
    since = later.json["stale"]["since"]
    third = Night(night.folder, night.ledger)
    third.clock.now = 7200.0
    assert third.refused().since.isoformat(timespec="seconds") == since
    save(night.folder, FIRST)
    third.accepted()
    assert third.json["stale"] is None


def test_a_session_that_begins_with_a_broken_case_has_no_page(folder: Path, tmp_path: Path) -> None:
    """Where there is no page yet, none is made of nothing."""
    save(folder, "broken\n")
    night = Night(folder, Ledger(tmp_path / "store"))
    assert not night.refused().kept
    assert not night.published.page.exists()
    assert night.states == []


def test_a_question_that_cannot_be_asked_ends_the_session(folder: Path, tmp_path: Path) -> None:
    """An option that names nothing of the case is no broken edit: it is told at once."""

    def asking(case: Case, how: str) -> Run:
        return run(case, runs=MadeRuns(), worlds=200, bylaws=["other"])

    night = Night(folder, Ledger(tmp_path / "store"), ask=asking)
    with pytest.raises(RequestError, match="other"):
        night.step()


def test_a_page_that_cannot_be_written_is_tried_again(night: Night) -> None:
    """The state is kept in the ledger, the old page stays whole, and the new one comes later."""
    page = night.page
    fine = night.published._write_page

    def failing(path: Path, made: Run, notice: Notice) -> None:
        raise RequestError("cannot write page.html: no space left")

    night.published._write_page = failing
    save(night.folder, FIRST, SECOND)
    night.accepted()
    assert night.page == page
    assert len(night.states) == 2
    assert night.step() is None
    assert len(night.warnings) == 1
    assert "tried again" in night.warnings[0]
    night.published._write_page = fine
    assert night.step() is None
    assert night.json["inputs"]["reports"] == 2


# NUTS afterwards


@dataclass
class Sampling:
    """Asks as `quick` does; while NUTS samples, something happens, and it gives way."""

    asked: list[str] = field(default_factory=list)
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    night: Night | None = None

    def __call__(self, case: Case, how: str) -> Run:
        """Answer, unless NUTS is asked and there is a newer edit."""
        self.asked.append(f"{how} {len(case.reports)}")
        if how == "nuts" and self.night is not None:
            if self.meanwhile:
                self.meanwhile.pop(0)()
            self.night.watch.give_way()
        return quick(case, how)


@pytest.fixture
def sampled(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """A watch that asks NUTS after the quick answer."""
    monkeypatch.setattr("ratification.output.page.render.vega_bundle", lambda: "/* charts */")
    asking = Sampling()
    asking.night = Night(folder, Ledger(tmp_path / "store"), ask=asking, then_nuts=True)
    return asking.night


def test_nuts_follows_the_quick_answer(sampled: Night) -> None:
    """The page shows the quick answer first, then that of NUTS; both are states."""
    assert not sampled.accepted().refined
    assert sampled.json["engine"] == "instant"
    event = sampled.accepted()
    assert event.refined
    assert sampled.json["engine"] == "nuts"
    assert [state.engine for state in sampled.states] == ["instant", "nuts"]
    assert sampled.step() is None


def test_nuts_gives_way_to_a_newer_edit(sampled: Night) -> None:
    """An edit that comes while NUTS samples is answered first; NUTS then samples that one."""
    sampled.accepted()
    asking: Any = sampled.ask
    asking.meanwhile.append(lambda: save(sampled.folder, FIRST, SECOND))
    assert sampled.step() is None
    event = sampled.accepted()
    assert (event.refined, [change.id for change in event.changes]) == (False, ["second"])
    assert sampled.accepted().refined
    assert asking.asked == ["quick 1", "nuts 1", "quick 2", "nuts 2"]
    assert [state.engine for state in sampled.states] == ["instant", "instant", "nuts"]


def test_nuts_of_the_last_good_state_leaves_the_mark(sampled: Night) -> None:
    """A broken edit stays told of when the state before it has been sampled."""
    sampled.accepted()
    save(sampled.folder, "broken\n")
    sampled.refused()
    assert sampled.accepted().refined
    assert sampled.json["engine"] == "nuts"
    assert sampled.json["stale"]["reasons"]
    assert "newest edit" in sampled.notice


def test_an_edit_that_changes_no_number_keeps_nuts(sampled: Night) -> None:
    """A comment in a file does not put the quick answer back on the page."""
    sampled.accepted()
    sampled.accepted()
    with (sampled.folder / "case.toml").open("a") as file:
        file.write("# a comment\n")
    assert sampled.accepted().run.forecast.engine == "nuts"
    assert sampled.step() is None
    assert [state.engine for state in sampled.states] == ["instant", "nuts"]


def test_nuts_that_fails_leaves_the_quick_answer(sampled: Night) -> None:
    """It is told, the page stays, and the same state is not sampled again."""
    asked = []

    def failing(case: Case, how: str) -> Run:
        asked.append(how)
        if how == "nuts":
            raise ConvergenceError("R-hat 1.2")
        return quick(case, how)

    sampled.ask = failing
    sampled.accepted()
    assert sampled.step() is None
    assert sampled.step() is None
    assert asked == ["quick", "nuts"]
    assert "R-hat 1.2" in sampled.warnings[0]
    assert sampled.json["engine"] == "instant"


# A ledger that cannot be used


def newer(path: Path) -> None:
    """Make a ledger one of a schema to come."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()


def torn(path: Path) -> None:
    """Tear a ledger's pages, behind its header."""
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\x5a" * (len(data) - 4096))


def cut(path: Path) -> None:
    """Keep the first half of the file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path: Path) -> None:
    """Put a text in its place."""
    path.write_text("not a ledger at all\n" * 100)


def foreign(path: Path) -> None:
    """Put another program's database in its place."""
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("PRAGMA application_id = 7")
    db.execute("CREATE TABLE state (id INTEGER)")
    db.commit()
    db.close()


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (newer, "newer ratify"),
        (torn, "is damaged"),
        (cut, "is damaged"),
        (overwritten, "is damaged"),
        (foreign, "is no ledger"),
    ],
)
def test_watch_goes_on_without_a_ledger_that_cannot_be_used(
    night: Night, damage: Callable[[Path], None], match: str
) -> None:
    """It is said, the report is made, and the states follow once there is a ledger again."""
    path = night.ledger.path
    damage(path)
    later = Night(night.folder, Ledger(path.parent))
    before = path.read_bytes()
    save(night.folder, FIRST, SECOND)
    event = later.accepted()
    assert event.number is None
    assert later.json["inputs"]["reports"] == 2
    assert any(match in text for text in later.warnings), later.warnings
    assert path.read_bytes() == before
    with pytest.raises(LedgerError, match=match):
        later.ledger.states("/case")
    path.rename(path.with_suffix(".aside"))
    save(night.folder, FIRST)
    assert later.accepted().number == 2
    assert [s.forecast["inputs"]["reports"] for s in later.states] == [2, 1]


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


def test_the_page_under_watch_is_the_page_of_a_report(night: Night) -> None:
    """But for the notice and the command that makes it, both are the same."""
    plain = night.folder.parent / "plain.html"
    write_report(plain, [quick(load(night.folder), "quick")])
    assert body(plain.read_text()) == body(night.page)
    assert "Made at 21:00:00 on 24 June 2011" in night.notice
