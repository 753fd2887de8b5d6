"""Cases written from Python: priors into case.toml, and whole folders."""

import math
import shutil
import tomllib
from pathlib import Path

import pytest
from ratification.api import load, priors_toml, save_case, shipped, write_priors
from ratification.case.case import Case
from ratification.case.files import Files
from ratification.case.folder import load_files
from ratification.case.priors import DEFAULT
from ratification.errors import CaseError, RequestError

SETTINGS = {"title": "Two unions", "round": [{"id": "may", "title": "The vote"}]}
UNITS = [
    {"unit": "nurses", "members": 4200.0, "name": "Nurses, all"},
    {"unit": "clerks", "members": 900, "decides": "2/3", "name": math.nan},
]
BOTH = {"measure": "approving unions", "at_least": 2}
RULES = [
    {
        "id": "bylaws",
        "title": "Both",
        "in_force": {"since": "2019-03-01"},
        "reading": [
            {"id": "both", "title": "Both", "all": [{"measure": "approving unions", "at_least": 2}]}
        ],
    }
]
REPORTS = [
    {
        "no": 900,
        "yes": 1000,
        "units": "nurses",
        "kind": "partial",
        "reported": "2024-05-02",
        "round": "may",
        "id": "first",
    }
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the founding case."""
    folder = tmp_path / "sebac-2011"
    shutil.copytree(shipped()["sebac-2011"], folder)
    return folder


def test_priors_are_written_and_everything_else_stays(copy: Path) -> None:
    """What is read back is what was written, and no comment is lost."""
    before = (copy / "case.toml").read_text()
    priors = load(str(copy)).with_priors(tau_union=0.1 + 0.2, mu={"mean": 0.25}).priors
    write_priors(copy, priors)
    after = (copy / "case.toml").read_text()
    assert load(str(copy)).priors == priors
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    write_priors(copy, DEFAULT)
    assert load(str(copy)).priors == DEFAULT


def test_toml_to_paste_says_the_same() -> None:
    """What differs from the defaults, and nothing else."""
    priors = load("sebac-2011").with_priors(tau_union=0.4).priors
    assert tomllib.loads(priors_toml(priors)) == {"priors": {"tau_union": {"sd": 0.4}}}
    assert priors_toml(DEFAULT) == "# every prior is the default\n"


def test_priors_are_not_written_where_they_cannot_be(copy: Path) -> None:
    """A shipped case, a folder without the file, and one that is no TOML."""
    with pytest.raises(RequestError, match="shipped"):
        write_priors(shipped()["sebac-2011"], DEFAULT)
    with pytest.raises(RequestError, match="cannot read"):
        write_priors(copy / "nowhere", DEFAULT)
    (copy / "case.toml").write_text("title = ")
    with pytest.raises(RequestError, match="cannot read"):
        write_priors(copy, DEFAULT)
    assert (copy / "case.toml").read_text() == "title = "


def test_priors_are_not_written_over_what_someone_else_saved(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came into case.toml while the priors were being checked stays."""

    def check_and_save(files: Files) -> Case:
        case = load_files(files)
        (copy / "case.toml").write_text("theirs")
        return case

    monkeypatch.setattr("ratification.case.saving.load_files", check_and_save)
    with pytest.raises(RequestError, match="was changed by someone else just now"):
        write_priors(copy, DEFAULT)
    assert (copy / "case.toml").read_text() == "theirs"


def saved(folder: Path, **changed: object) -> Case:
    """A small case, with some of its tables changed."""
    tables = {"settings": SETTINGS, "electorate": UNITS, "bylaws": RULES, "evidence": REPORTS}
    return save_case(folder, **{**tables, **changed})  # type: ignore[arg-type]


def test_a_folder_is_written_from_tables(tmp_path: Path) -> None:
    """It loads as what was given: numbers of a column with gaps, blanks, yes before no."""
    case = saved(tmp_path / "two")
    assert case == load(str(tmp_path / "two"))
    assert case.electorate.by_id["nurses"].figure.members == 4200
    assert case.electorate.name("nurses") == "Nurses, all"
    assert (case.reports[0].yes, case.reports[0].no) == (1000, 900)


def test_a_wrong_folder_is_not_written(tmp_path: Path) -> None:
    """All problems at once, and nothing is left behind."""
    with pytest.raises(CaseError) as caught:
        saved(
            tmp_path / "two",
            evidence=[{**REPORTS[0], "units": "nobody"}, {**REPORTS[0], "id": "b", "yes": "many"}],
        )
    assert len(caught.value.problems) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_stays(tmp_path: Path) -> None:
    """It is refused, not overwritten."""
    saved(tmp_path / "two")
    with pytest.raises(RequestError, match="already there"):
        saved(tmp_path / "two")
