"""`ratify report` and `ratify forecast --report`, on draws that are made instead of fitted."""

import os
import re
import shlex
from pathlib import Path

import pytest
from hand_made import TWO_ROUNDS, make_case
from made_runs import MadeRuns
from ratification.cli.asking import Asked
from ratification.cli.main import main

SCENARIO = '[[scenario]]\nid = "swing"\ntitle = "Opinion swings"\nround = "june"\n'
ROWS = "unit,parent,members\na,,400\nb,,300\nc,,200\n"
EVIDENCE = "early,june,2011-06-01,a,count,150,90,,,\nlate,june,2011-06-09,b,outcome,,,,,approved\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cases in the folder the command runs in; nothing is fitted."""
    for name in ("made", "other"):
        make_case(tmp_path, ROWS, EVIDENCE, settings=TWO_ROUNDS + SCENARIO, name=name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Asked, "runs", lambda *_, **_settings: MadeRuns())
    return tmp_path


def ratify(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command on few worlds."""
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--worlds", "400"])
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def page(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The page that a report command writes."""
    code, out, err = ratify(["report", *arguments, "--out", "page.html", "--force"], capsys)
    assert (code, out) == (0, ""), err
    assert "report: page.html" in err
    return Path("page.html").read_text(encoding="utf-8")


def test_a_report_is_named_after_case_and_day(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --out the page is CASE-DAY.html here, or CASE.html without a day."""
    assert ratify(["report", "made", "--as-of", "2011-06-05"], capsys)[0] == 0
    assert ratify(["report", "made"], capsys)[0] == 0
    assert ratify(["report", "made", "other"], capsys)[0] == 0
    written = {path.name for path in folder.glob("*.html")}
    assert written == {"made-2011-06-05.html", "made.html", "compared.html"}


@pytest.mark.parametrize(
    "arguments", [["report", "made", "--out"], ["forecast", "made", "--report"]]
)
def test_a_file_that_is_there_is_kept(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An existing file is refused before anything is done, and replaced with --force."""
    kept = folder / "kept.html"
    kept.write_text("mine")
    code, _, err = ratify([*arguments, "kept.html"], capsys)
    assert code == 2
    assert "kept.html is already there. Replace it with --force" in err
    assert kept.read_text() == "mine"
    assert ratify([*arguments, "kept.html", "--force"], capsys)[0] == 0
    assert kept.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("target", "says"), [("no/such/page.html", "there is no folder"), (".", "is a folder")]
)
def test_a_place_that_cannot_hold_a_file_is_refused(
    target: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing folder, or a folder in place of a file, is said at once."""
    code, _, err = ratify(["report", "made", "--out", target], capsys)
    assert code == 2
    assert says in err


def test_a_folder_that_cannot_be_written_is_refused_before_a_fit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits minutes for a forecast to hear then that its page has no place."""
    monkeypatch.setattr(os, "access", lambda *_: False)  # what root is told of a read-only disk
    monkeypatch.setattr(Asked, "run", lambda *_: pytest.fail("it was fitted"))
    for arguments in (["report", "made", "--out", "a.html"], ["forecast", "made", "--report", "a"]):
        code, _, err = ratify(arguments, capsys)
        assert code == 2
        assert f"the folder {folder} cannot be written: name a file in another" in err


def test_the_senders_words_are_on_the_page(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Title, author and note show; the note's Markdown is kept, its markup is not."""
    (folder / "note.md").write_text("Dear *members*, <b>read</b>", encoding="utf-8")
    options = ["--title", "Our vote", "--author", "The office", "--note", "note.md"]
    told = page(["made", *options], capsys)
    assert "<title>Our vote</title>" in told
    assert '<p class="author">The office</p>' in told
    assert "Dear <em>members</em>, &lt;b&gt;read&lt;/b&gt;" in told


def test_a_note_that_is_no_text_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A note in another encoding is named, and nothing is written."""
    (folder / "note.md").write_bytes(b"\xff\xfe\x00bad")
    code, _, err = ratify(["report", "made", "--note", "note.md"], capsys)
    assert code == 2
    assert "note.md cannot be read as UTF-8 text" in err
    assert not list(folder.glob("*.html"))


def test_public_leaves_out_what_is_private(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --public a private report is not on the page; without, it is."""
    head = "id,round,reported,units,kind,yes,no,private\n"
    (folder / "made" / "evidence.csv").write_text(
        head + "secret,june,2011-06-01,a,count,150,90,yes\n"
    )
    assert "secret" in page(["made"], capsys)
    assert "secret" not in page(["made", "--public"], capsys)


def test_a_summary_is_five_sentences_and_no_page(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--summary` prints text on stdout, a paragraph a case, and writes nothing."""
    code, out, _ = ratify(["report", "made", "other", "--summary"], capsys)
    assert code == 0
    assert out.count(": this forecast rests on 2 reports up to 9 June 2011. ") == 2
    assert not list(folder.glob("*.html"))


def test_forecast_prints_and_writes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`forecast --report` prints its table, and the same page as `report`, sender's words aside."""
    code, out, err = ratify(["forecast", "made", "--report", "one.html"], capsys)
    assert code == 0
    assert "Will it be ratified?" in out
    assert "report: one.html" in err
    assert (folder / "one.html").read_text() == page(["made"], capsys)


def test_the_page_says_how_to_make_it_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command on the page holds every option that the numbers rest on."""
    options = ["--as-of", "2011-06-05", "--assume", "b rejected", "--without", "late"]
    options += ["--bylaws", "rule", "--scenario", "as-voted", "--set", "tau_union=0.4"]
    options += ["--round", "june", "--seed", "7"]
    told = page(["made", *options], capsys)
    found = re.search(r"<code>(.*?)</code>", told)
    assert found is not None
    words = shlex.split(found[1].replace("&#39;", "'"))
    assert words[:3] == ["ratify", "forecast", "made"]
    for name, value in zip(options[::2], options[1::2], strict=True):
        assert words[words.index(name) + 1] == value
    assert words[words.index("--worlds") + 1] == "400"


def test_scenarios_stand_side_by_side(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two scenarios share a page: each reading in each, and a choice in the calculator."""
    told = page(["made", "--scenario", "as-voted", "--scenario", "swing"], capsys)
    assert "rule/unions, as-voted" in told
    assert "rule/unions, swing" in told
    assert '<option value="swing">Opinion swings</option>' in told


def test_checks_are_on_the_page_where_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --checks the part on how it was made has them; a summary has no such part."""
    plain, told = page(["made"], capsys), page(["made", "--checks"], capsys)
    for title in ("Each union as if it had not reported", "What the priors say"):
        assert title not in plain
        assert title in told
    code, out, err = ratify(["report", "made", "--checks", "--summary"], capsys)
    assert (code, out) == (2, "")
    assert "--checks is a part of the page" in err


def test_checks_keep_to_what_is_public(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A private report about a union hides every single union, and the report itself."""
    head = "id,round,reported,units,kind,yes,no,private\n"
    (folder / "made" / "evidence.csv").write_text(
        head + "secret,june,2011-06-01,a,count,150,90,yes\nopen,june,2011-06-02,b,count,90,60,\n"
    )
    told = page(["made", "--checks", "--public"], capsys)
    assert "What decides the parameters" in told
    assert "secret" not in told
    assert "Each union as if it had not reported" not in told
    assert "Each union as if it had not reported" in page(["made", "--checks"], capsys)
