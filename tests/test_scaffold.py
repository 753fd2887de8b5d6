"""The case that `ratify new` writes: good as it stands, whole, and in nobody's way."""

from pathlib import Path

import pytest
from ratification.case.bylaws import choose
from ratification.case.evidence import KINDS
from ratification.case.folder import load
from ratification.case.known import known
from ratification.case.read_electorate import COLUMNS as ELECTORATE_COLUMNS
from ratification.case.read_evidence import COLUMNS
from ratification.case.scaffold import TEMPLATE, write_new_case
from ratification.errors import RequestError


def test_it_loads_as_it_stands(tmp_path: Path) -> None:
    """The new case is good, and shows a count, an outcome, a partial, readings and a scenario."""
    write_new_case(tmp_path / "mine")

    case = load(tmp_path / "mine")

    assert case.id == "mine"
    assert len(case.electorate.unions) == 5
    assert case.electorate.children["nurses"] == ("nurses-city", "nurses-county")
    assert {report.kind for report in case.reports} >= {"count", "outcome", "partial"}
    assert [len(bylaws.readings) for bylaws in case.bylaws] == [2, 1]
    assert len(choose(case.bylaws, ())) == 3
    assert [scenario.id for scenario in case.scenarios] == ["second-vote"]


def test_its_evidence_agrees(tmp_path: Path) -> None:
    """No two of its reports differ, and none is left out."""
    write_new_case(tmp_path / "mine")
    case = load(tmp_path / "mine")

    facts = known(case.evidence(), case.target, case.electorate)

    assert facts.warnings == ()
    assert case.evidence().aside == ()
    assert facts.counts
    assert facts.partials


def test_it_explains_every_kind_and_column() -> None:
    """Its comments name every kind of evidence and every column there is."""
    comments = [line for line in TEMPLATE["evidence.csv"].split("\n") if line.startswith("#")]
    said = "\n".join(comments)

    assert [kind for kind in KINDS if f"#   {kind} " not in said] == []
    assert [name for name in COLUMNS if name not in TEMPLATE["evidence.csv"]] == []
    assert [name for name in ELECTORATE_COLUMNS if name not in TEMPLATE["electorate.csv"]] == []


@pytest.mark.parametrize("existing", [True, False])
def test_an_empty_folder_will_do(tmp_path: Path, existing: bool) -> None:
    """A folder is made with those above it; an empty one is used."""
    folder = tmp_path / "cases" / "mine"
    if existing:
        folder.mkdir(parents=True)

    write_new_case(folder)

    assert sorted(path.name for path in folder.iterdir()) == sorted(TEMPLATE)
    assert list(folder.parent.iterdir()) == [folder]


def test_a_folder_with_files_is_kept(tmp_path: Path) -> None:
    """A folder that holds something is refused and stays as it is."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(RequestError, match=r"is not empty: name a new folder, or use --force"):
        write_new_case(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_force_replaces_the_four_files_only(tmp_path: Path) -> None:
    """With force its four files are replaced and every other file stays."""
    for name in ("notes.txt", "case.toml"):
        (tmp_path / name).write_text("mine", encoding="utf-8")

    write_new_case(tmp_path, force=True)

    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "case.toml").read_text(encoding="utf-8") == TEMPLATE["case.toml"]
    assert len(list(tmp_path.iterdir())) == 5


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """A file of that name is refused, with force as well."""
    path = tmp_path / "mine"
    path.write_text("mine", encoding="utf-8")

    with pytest.raises(RequestError, match="is a file: name a folder"):
        write_new_case(path, force=True)

    assert path.read_text(encoding="utf-8") == "mine"


def test_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one file cannot be written, no folder is left."""

    def refuse(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", refuse)

    with pytest.raises(RequestError, match=r"cannot write .*mine: No space left on device"):
        write_new_case(tmp_path / "mine")

    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_made(tmp_path: Path) -> None:
    """A path that leads through a file is told as such."""
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(RequestError, match=r"cannot write .*: (Not a directory|File exists)"):
        write_new_case(tmp_path / "file" / "mine")


def test_the_template_is_ascii() -> None:
    """The files can be edited anywhere: plain ASCII, short lines, one newline at the end."""
    for text in TEMPLATE.values():
        assert text.isascii()
        assert max(len(line) for line in text.split("\n")) <= 100
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
