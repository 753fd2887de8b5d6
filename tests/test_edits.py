"""Noticing edits: whole ones, half-written ones, and those that are none."""

import os
from pathlib import Path

import pytest
from nights import FIRST, SECOND, Clock, case_folder, evidence, save
from ratification.case.snapshot import Snapshot
from ratification.errors import CaseError
from ratification.output.edits import Edits, Pace, Reading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A case of three unions, one of them counted."""
    return case_folder(tmp_path)


def edits_of(folder: Path, clock: Clock) -> Edits:
    """Edits noticed on that clock; what is there at first is taken."""
    edits = Edits(folder, sleep=clock.sleep, clock=lambda: clock.now)
    assert edits.next(0.0) is not None
    return edits


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
    (folder / "evidence.csv").rename(folder / "aside.csv")
    gone = Snapshot.of(folder)
    (folder / "aside.csv").rename(folder / "evidence.csv")
    with pytest.raises(CaseError, match="there is no such file"):
        gone.load()


def test_an_edit_rests_for_as_long_as_was_asked(folder: Path) -> None:
    """A slow drive may be given more time: two halves of an edit, a second apart, are one."""
    clock = Clock()
    pace = Pace(every=0.5, settle=3.0, doubt=12.0)
    edits = Edits(folder, pace=pace, sleep=clock.sleep, clock=lambda: clock.now)
    assert edits.next(0.0) is not None
    began = clock.now
    clock.after(1.0, lambda: save(folder, FIRST, SECOND))
    clock.after(3.0, lambda: save(folder, FIRST, SECOND.replace("approved", "rejected")))
    found = edits.next(60.0)
    assert found is not None
    assert found.case is not None
    assert found.case.reports[1].result == "rejected"
    assert 6.0 <= clock.now - began <= 7.0


def test_an_edit_is_told_of_before_it_has_settled(folder: Path) -> None:
    """As soon as it is seen, with what it holds; once, as long as it stands."""
    clock = Clock()
    edits = edits_of(folder, clock)
    told: list[tuple[float, int]] = []
    clock.after(1.0, lambda: save(folder, FIRST, SECOND))

    def early(reading: Reading) -> None:
        assert reading.case is not None
        told.append((clock.now, len(reading.case.reports)))

    found = edits.next(10.0, early)
    assert found is not None
    assert edits.stands(found)
    [(at, reports)] = told
    assert reports == 2
    assert clock.now - at >= edits.pace.settle - 1e-9


def test_what_changes_meanwhile_is_told_of_again(folder: Path) -> None:
    """However long was taken over the first half: what is returned is what stands."""
    clock = Clock()
    edits = edits_of(folder, clock)
    told: list[int] = []
    clock.after(1.0, lambda: save(folder, FIRST, SECOND))

    def early(reading: Reading) -> None:
        assert reading.case is not None
        told.append(len(reading.case.reports))
        if len(told) == 1:
            clock.after(2.0, lambda: save(folder, FIRST, SECOND.replace("second", "other")))
            clock.sleep(5.0)
            assert not edits.stands(reading)

    found = edits.next(10.0, early)
    assert found is not None
    assert found.case is not None
    assert [report.id for report in found.case.reports] == ["first", "other"]
    assert told == [2, 2]


def test_half_an_edit_is_not_told_of_early(folder: Path) -> None:
    """A wrong case, or a last line without its end: only what came of it is."""
    clock = Clock()
    edits = edits_of(folder, clock)
    path = folder / "evidence.csv"
    whole = evidence(folder, FIRST, SECOND)
    told: list[bytes] = []
    clock.after(1.0, lambda: path.write_bytes(b"x\n"))
    clock.after(1.5, lambda: path.write_bytes(whole[:-1]))
    clock.after(2.0, lambda: path.write_bytes(whole))
    found = edits.next(10.0, lambda reading: told.append(reading.snapshot.files["evidence.csv"]))
    assert found is not None
    assert told == [whole]
