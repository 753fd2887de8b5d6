"""Noticing edits: whole ones, half-written ones, and those that are none."""

import os
from pathlib import Path

import pytest
from nights import FIRST, SECOND, Clock, case_folder, evidence, save
from ratification.case.snapshot import Snapshot
from ratification.output.edits import Edits, Pace


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
