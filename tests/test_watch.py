"""Watching a case in this process: each edit of its files, and what it leaves behind."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from made_runs import MadeRuns
from nights import FIRST, SECOND, Night, body, case_folder, quick, save, torn
from ratification.answers.run import Run
from ratification.api import load, run, write_report
from ratification.case.case import Case
from ratification.errors import ConvergenceError, RequestError
from ratification.output.ledger import Ledger, LedgerError
from ratification.output.page.notice import Notice


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


def test_each_edit_becomes_a_page_a_json_and_a_state(night: Night) -> None:
    """What arrived and how far each rule moved is told; page, JSON and ledger say the same."""
    assert night.json["inputs"]["reports"] == 1
    assert night.json["made"] == "2011-06-24T21:00:00+00:00"
    assert night.json["stale"] is None
    save(night.folder, FIRST, SECOND)
    event = night.accepted()
    assert [(change.id, change.how) for change in event.news.changes] == [("second", "new")]
    assert not event.news.first
    by_key = {move.key[1]: move for move in event.news.moves}
    now = {rule["reading"]: rule["probability"] for rule in night.json["forecasts"]}
    before = {
        rule["reading"]: rule["probability"] for rule in night.states[0].forecast["forecasts"]
    }
    for reading, move in by_key.items():
        assert move.difference is not None
        assert move.difference.value == now[reading] - before[reading]
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
    [_, ballots] = night.accepted().news.moves
    before, difference = ballots.before, ballots.difference
    assert before is not None
    assert difference is not None
    assert difference.mcse == pytest.approx((before.mcse**2 + ballots.now.mcse**2) ** 0.5)


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
    [change] = event.news.changes
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
    apart = event.news.moves[1].difference
    assert apart is not None
    assert apart.value < 0
    head = (night.folder / "evidence.csv").read_text().partition("\n")[0]
    rows = (
        "first,june,2011-06-01,a,count,100,90,,,,\nagain,june,2011-06-03,a,count,80,110,,,,first\n"
    )
    (night.folder / "evidence.csv").write_text(f"{head},replaces\n{rows}")
    event = night.accepted()
    assert [(change.id, change.how) for change in event.news.changes] == [("again", "new")]
    assert next(u for u in night.json["unions"] if u["unit"] == "a")["standing"] == "rejected"


def test_a_removed_row_is_told(night: Night) -> None:
    """A report that was taken out of the file is no longer in the forecast."""
    save(night.folder, FIRST, SECOND)
    night.accepted()
    save(night.folder, FIRST)
    event = night.accepted()
    assert [(change.id, change.how) for change in event.news.changes] == [("second", "removed")]
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
    assert (event.news.changes, event.news.files, event.number) == ((), [], 1)
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
    assert (event.news.files, event.news.changes) == (["bylaws.toml"], ())
    assert night.states[-1].arrived == [{"file": "bylaws.toml", "change": "changed"}]


def test_a_later_session_goes_on_from_the_ledger(night: Night) -> None:
    """What came while nobody watched is told against the last state that was kept."""
    save(night.folder, FIRST, SECOND)
    later = Night(night.folder, night.ledger)
    event = later.accepted()
    assert not event.news.first
    assert [(change.id, change.how) for change in event.news.changes] == [("second", "new")]
    assert all(move.before is not None for move in event.news.moves)
    assert len(later.states) == 2
    again = Night(night.folder, night.ledger)
    event = again.accepted()
    assert (event.news.changes, event.number) == ((), 2)
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


def test_a_slip_that_is_taken_back_is_no_state_of_its_own(night: Night) -> None:
    """The page is made anew, of the state that is in the ledger already, which counts once."""
    save(night.folder, "broken\n")
    night.refused()
    save(night.folder, FIRST)
    assert night.accepted().number == 1
    assert night.watch.record.numbers == {1}
    assert len(night.states) == 1


# Answers before an edit has settled


def test_an_edit_is_answered_once_and_while_it_settles(night: Night) -> None:
    """When it has settled the answer is there: the page is as old as the wait for that."""
    asked: list[float] = []

    def asking(case: Case, how: str) -> Run:
        asked.append(night.clock.now)
        return quick(case, how)

    night.ask = asking
    night.clock.after(1.0, lambda: save(night.folder, FIRST, SECOND))
    event = night.accepted()
    [at] = asked
    assert night.clock.now - at >= night.watch.edits.pace.settle - 1e-9
    assert event.seconds["answering"] > 0


def test_an_edit_that_does_not_stand_is_never_shown(night: Night) -> None:
    """What was answered too early is given up, and neither page nor ledger has it."""
    asked: list[int] = []

    def asking(case: Case, how: str) -> Run:
        asked.append(len(case.reports))
        if len(asked) == 1:
            save(night.folder, FIRST, "third,june,2011-06-03,c,outcome,,,,,rejected\n")
        night.watch.give_way()
        asked.append(-1)
        return quick(case, how)

    night.ask = asking
    save(night.folder, FIRST, SECOND)
    event = night.accepted()
    assert [change.id for change in event.news.changes] == ["third"]
    assert asked == [2, 2, -1]
    assert len(night.states) == 2
    assert night.step() is None


def test_an_edit_without_an_answer_is_refused_once_it_has_settled(night: Night) -> None:
    """The reasons are told once, and not while the edit may still change."""
    asked: list[float] = []

    def failing(case: Case, how: str) -> Run:
        asked.append(night.clock.now)
        raise ConvergenceError("the fit did not converge")

    night.ask = failing
    save(night.folder, FIRST, SECOND)
    assert night.refused().reasons == ["the fit did not converge"]
    assert asked[-1] - asked[0] >= night.watch.edits.pace.settle - 1e-9
    assert night.step() is None


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
    assert (event.refined, [change.id for change in event.news.changes]) == (False, ["second"])
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


def test_the_page_under_watch_is_the_page_of_a_report(night: Night) -> None:
    """But for the notice and the command that makes it, both are the same."""
    plain = night.folder.parent / "plain.html"
    write_report(plain, [quick(load(night.folder), "quick")])
    assert body(plain.read_text()) == body(night.page)
    assert "Made at 21:00:00 on 24 June 2011" in night.notice
