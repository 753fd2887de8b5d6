"""Recording a report: checked first, appended whole, and nothing else changed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ratification.case.case import Case
from ratification.case.files import Files
from ratification.case.folder import load, load_files, shipped
from ratification.case.recording import add_report, suggest_id
from ratification.case.snapshot import Snapshot
from ratification.errors import CaseError, RequestError
from small_case import EVIDENCE, GOOD, edited, write_case

CELLS = {
    "round": "june",
    "reported": "2011-06-20",
    "units": "delta-2",
    "kind": "count",
    "yes": "120",
    "no": "90",
}
LINE = "delta-2-count-2011-06-20,june,2011-06-20,delta-2,count,120,90,,,,,,,"


def bytes_of(folder: Path) -> bytes:
    """The evidence as it is on disk."""
    return (folder / "evidence.csv").read_bytes()


def test_a_row_is_appended(tmp_path: Path) -> None:
    """The row comes last, with a made-up id, and every byte before it stays."""
    folder = write_case(tmp_path)

    report = add_report(folder, CELLS)

    assert bytes_of(folder) == f"{EVIDENCE}{LINE}\n".encode()
    assert (report.id, report.yes, report.no) == ("delta-2-count-2011-06-20", 120, 90)
    assert load(folder).reports[-1] == report
    assert report.line == EVIDENCE.count("\n") + 1


def test_only_the_evidence_changes(tmp_path: Path) -> None:
    """No other file is touched and no temporary file is left."""
    folder = write_case(tmp_path)

    add_report(folder, CELLS)

    assert sorted(path.name for path in folder.iterdir()) == sorted(GOOD)
    for name in ("case.toml", "electorate.csv", "bylaws.toml"):
        assert (folder / name).read_text(encoding="utf-8") == GOOD[name]


@pytest.mark.parametrize(
    ("write", "end"),
    [
        (lambda text: text.encode(), b"\n"),
        (lambda text: text.rstrip("\n").encode(), b"\n"),
        (lambda text: text.encode("utf-8-sig"), b"\n"),
        (lambda text: text.replace("\n", "\r\n").encode(), b"\r\n"),
        (lambda text: text.replace("\n", "\r").encode(), b"\r"),
        (lambda text: text.replace("press", "\N{LATIN SMALL LETTER E WITH ACUTE}").encode(), b"\n"),
        (lambda text: f"{text}\n# the end\n\n".encode(), b"\n"),
    ],
    ids=["lf", "no-last-newline", "bom", "crlf", "cr", "utf-8", "comment-at-the-end"],
)
def test_the_file_keeps_its_ways(tmp_path: Path, write: Callable[[str], bytes], end: bytes) -> None:
    """Byte order mark, line ends, comments and quoting stay; a missing last newline is added."""
    before = write(EVIDENCE)
    folder = write_case(tmp_path, {"evidence.csv": before})

    add_report(folder, CELLS)
    add_report(folder, {**CELLS, "units": "delta-1", "yes": "10"})

    after = bytes_of(folder)
    first = after.removeprefix(before).removeprefix(end)
    assert after.startswith(before)
    assert first.startswith(LINE.encode() + end)
    assert first.endswith(b",10,90,,,,,,," + end)
    assert first.count(end) == 2


def test_text_is_quoted_where_it_must_be(tmp_path: Path) -> None:
    """Commas and quotes in a note come back as they were given."""
    folder = write_case(tmp_path)
    note = 'said "90, no: 120", twice'

    report = add_report(folder, {**CELLS, "note": note, "source": "# press"})

    assert report.note == note
    assert load(folder).reports[-1].source == "# press"


def test_columns_in_another_order(tmp_path: Path) -> None:
    """The row follows the header's order, and columns it does not name may be missing."""
    text = "kind,id,units,reported,round,yes,no\n"
    folder = write_case(tmp_path, {"evidence.csv": text})

    add_report(folder, {**CELLS, "id": "x"})

    assert bytes_of(folder).decode() == f"{text}count,x,delta-2,2011-06-20,june,120,90\n"


def test_a_column_that_is_missing(tmp_path: Path) -> None:
    """A cell for a column that the header lacks is refused with what to add."""
    text = "kind,id,units,reported,round,yes,no\n"
    folder = write_case(tmp_path, {"evidence.csv": text})

    with pytest.raises(RequestError, match="no column 'note': add it to the header line first"):
        add_report(folder, {**CELLS, "note": "late"})

    assert bytes_of(folder).decode() == text


@pytest.mark.parametrize(
    ("cells", "match"),
    [
        ({"units": "delta-3"}, "not added: unit 'delta-3' is not in .* Did you mean 'delta-2'"),
        ({"yes": "1,200"}, "not added: yes '1,200' holds commas: write 1200"),
        ({"yes": ""}, "not added: kind count needs both yes and no"),
        ({"kind": "cuont"}, "unknown kind 'cuont'. Did you mean 'count'"),
        ({"reported": "2011-02-30"}, "'2011-02-30' is no date: write 2011-06-24"),
        ({"reported": ""}, "reported '' is no date"),
        ({"round": "july"}, "round 'july' is not in case.toml"),
        ({"id": "council"}, r"id 'council' stands twice \(first in line 7\)"),
        ({"id": "a b"}, "'a b' is no id"),
        ({"replaces": "counsil"}, "which is no row's id. Did you mean 'council'"),
        ({"yes": "290"}, "'delta-2' has at most 300 members but at least 380 ballots"),
        ({"kind": "outcome"}, "kind outcome does not read yes .* it takes result"),
        ({"note": "a\nb"}, r"note 'a\\nb' holds a line break"),
        ({"note": "\u202e"}, "holds a line break or control character"),
        ({"source": "<b>"}, "holds '<' or '>': write plain text"),
        ({"noes": "5"}, "evidence has no column 'noes'"),
        ({"unit": "beta"}, "no column 'unit'. Did you mean 'units'"),
    ],
)
def test_a_wrong_row_is_refused(tmp_path: Path, cells: dict[str, str], match: str) -> None:
    """A row that is wrong, or cannot be true, says why and leaves the file as it was."""
    folder = write_case(tmp_path)

    with pytest.raises(RequestError, match=match):
        add_report(folder, {**CELLS, **cells})

    assert bytes_of(folder).decode() == EVIDENCE
    assert sorted(path.name for path in folder.iterdir()) == sorted(GOOD)


def test_what_contradicts_another_row(tmp_path: Path) -> None:
    """A contradiction that shows at another row names its place."""
    folder = write_case(tmp_path)
    cells = {**CELLS, "units": "local-391", "kind": "outcome", "result": "abstained"}

    with pytest.raises(RequestError, match=r"small/evidence\.csv:4: 'local-391' has bal"):
        add_report(folder, {**cells, "yes": "", "no": ""})


def test_a_correction(tmp_path: Path) -> None:
    """A row may correct another."""
    folder = write_case(tmp_path)
    cells = {**CELLS, "units": "local-391", "yes": "610", "no": "900", "replaces": "local-391"}

    add_report(folder, cells)

    [(replaced, why)] = [entry for entry in load(folder).evidence().aside if entry[0].yes == 600]
    assert (replaced.id, why) == ("local-391", "replaced by local-391-count-2011-06-20")


def test_a_case_that_was_wrong_before(tmp_path: Path) -> None:
    """A case with problems is told as such, and not added to."""
    folder = write_case(tmp_path, {"case.toml": edited("case.toml", "0.6", "-0.6")})

    with pytest.raises(CaseError, match=r"small/case\.toml:15"):
        add_report(folder, CELLS)

    assert bytes_of(folder).decode() == EVIDENCE


def test_a_shipped_case_is_not_added_to() -> None:
    """A shipped case stays as it is."""
    folder = shipped()["rail-2022"]
    before = bytes_of(folder)

    with pytest.raises(RequestError, match="'rail-2022' is a shipped case: copy its folder"):
        add_report(folder, CELLS)

    assert bytes_of(folder) == before


def test_a_write_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file cannot be replaced, it is unchanged and nothing else is left."""
    folder = write_case(tmp_path)

    def refuse(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(RequestError, match=r"cannot write .*: No space left.*Nothing was changed"):
        add_report(folder, CELLS)

    assert bytes_of(folder).decode() == EVIDENCE
    assert sorted(path.name for path in folder.iterdir()) == sorted(GOOD)


@pytest.mark.parametrize("other", [b"", EVIDENCE.encode() + b"# theirs\n"])
def test_someone_else_writes_meanwhile(
    other: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another program or person saved while a row was being checked is not overwritten."""
    folder = write_case(tmp_path)

    def check_and_save(snapshot: Snapshot) -> Case:
        case = load_files(Files(folder, snapshot.files))
        (folder / "evidence.csv").write_bytes(other)
        return case

    monkeypatch.setattr(Snapshot, "load", check_and_save)

    with pytest.raises(RequestError, match="was changed by someone else just now, and nothing"):
        add_report(folder, CELLS)

    assert bytes_of(folder) == other
    assert sorted(path.name for path in folder.iterdir()) == sorted(GOOD)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_read_only(tmp_path: Path, what: str) -> None:
    """A read-only folder or file is told as such and stays as it is."""
    folder = write_case(tmp_path)
    target = folder if what == "folder" else folder / "evidence.csv"
    target.chmod(0o555)
    try:
        with pytest.raises(RequestError, match=r"cannot write .*: Permission denied"):
            add_report(folder, CELLS)
    finally:
        target.chmod(0o755)

    assert bytes_of(folder).decode() == EVIDENCE


def test_read_only_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be written is not replaced, though its folder would allow it."""
    folder = write_case(tmp_path)

    def refuse(*_: object) -> bool:
        return False

    monkeypatch.setattr(os, "access", refuse)

    with pytest.raises(RequestError, match=r"cannot write .*: Permission denied"):
        add_report(folder, CELLS)

    assert bytes_of(folder).decode() == EVIDENCE


def test_mode_and_link_stay(tmp_path: Path) -> None:
    """Permissions stay, and a link goes on pointing at the file, which gets the row."""
    folder = write_case(tmp_path)
    kept = tmp_path / "kept.csv"
    (folder / "evidence.csv").rename(kept)
    kept.chmod(0o640)
    (folder / "evidence.csv").symlink_to(kept)

    add_report(folder, CELLS)

    assert (folder / "evidence.csv").is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o640
    assert kept.read_text(encoding="utf-8").endswith(f"{LINE}\n")


@pytest.mark.parametrize(
    ("units", "kind", "reported", "expected"),
    [
        ("local-391", "count", "2011-06-24", "local-391-count-2011-06-24"),
        (
            "council-4 - local-391",
            "margin",
            "2011-06-24T18:30",
            "council-4-local-391-margin-2011-06-24",
        ),
        ("*", "share", "2011-06-24", "all-share-2011-06-24"),
        ("class:local", "approvals", "2011-06-24", "class-local-approvals-2011-06-24"),
        ("", "", "", "report"),
        ("\N{SNOWMAN}", "", "", "report"),
    ],
)
def test_suggested_ids(tmp_path: Path, units: str, kind: str, reported: str, expected: str) -> None:
    """An id says what the report is."""
    case = load(write_case(tmp_path))

    assert suggest_id(case, units, kind, reported) == expected


def test_suggested_ids_are_free(tmp_path: Path) -> None:
    """Of two reports of the same kind and day the second gets a number, and a long one is cut."""
    folder = write_case(tmp_path)
    add_report(folder, CELLS)
    add_report(folder, {**CELLS, "yes": "121"})

    case = load(folder)

    assert [report.id for report in case.reports[-2:]] == [
        "delta-2-count-2011-06-20",
        "delta-2-count-2011-06-20-2",
    ]
    assert suggest_id(case, "delta-2", "count", "2011-06-20") == "delta-2-count-2011-06-20-3"
    assert len(suggest_id(case, "x" * 500, "count", "2011-06-20")) <= 60
