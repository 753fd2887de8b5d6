"""The command line, held against its documentation and its contract."""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from ratification.api import load, standing
from ratification.cli.main import COMMANDS, main, ratify
from ratification.cli.options import Waiting, open_store
from ratification.errors import RequestError

ROOT = Path(__file__).parent.parent
HEAVY = ("pymc", "pytensor", "nutpie", "arviz", "xarray", "pandas", "scipy")


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `ratify ARGUMENTS`."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command of the live group."""
    context = click.Context(ratify)
    for name in ratify.list_commands(context):
        command = ratify.get_command(context, name)
        assert command is not None
        yield name, command


def test_every_command_is_explained_and_in_the_readme() -> None:
    """Every command has help of its own and a row in the README."""
    readme = (ROOT / "README.md").read_text()
    for name, command in commands():
        assert command.help, name
        assert f"| `{name}` |" in readme, f"README has no row for {name}"


@pytest.mark.parametrize("name", ["add", "forecast", "report"])
def test_examples_in_help_keep_their_lines(name: str) -> None:
    """Each example of a command stands on a line of its own, so that it can be copied."""
    shown = CliRunner().invoke(ratify, [name, "--help"]).output
    assert "\\b" not in shown
    assert f"\n  ratify {name} " in shown


def test_every_option_is_explained() -> None:
    """Every option says what it does, and is in kebab-case."""
    for name, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name} {parameter.name}"
                for option in parameter.opts:
                    assert re.fullmatch(r"--[a-z]+(-[a-z]+)*", option), option


def test_examples_in_help_are_lines_that_can_be_copied() -> None:
    """In every command's help each example is a whole line, and nothing shows of its markup."""
    found = 0
    for name, command in commands():
        shown = CliRunner().invoke(ratify, [name, "--help"], terminal_width=100).output
        assert "\\" not in shown, name
        for example in (command.help or "").split("\n"):
            if example.startswith("ratify "):
                assert f"  {example}\n" in shown, example
                found += 1
    assert found > 5


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["forecast", "--help"],
        ["backtest", "--help"],
        ["check", "sebac-2011"],
        ["cases"],
    ],
)
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    """Help, check and cases start without PyMC, ArviZ, SciPy, xarray or pandas."""
    code = (
        "import sys\nfrom ratification.cli.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as stop:\n    assert not stop.code\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr.strip().endswith("[]"), done.stderr


def test_python_m_ratification_is_ratify() -> None:
    """`python -m ratification` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "ratification", "cases"], capture_output=True, text=True, check=True
    )
    assert "sebac-2011" in done.stdout


def test_help_alone_says_where_to_start() -> None:
    """`ratify --help` names a command that works as it stands, and the exit codes."""
    shown = CliRunner().invoke(ratify, ["--help"]).output
    assert "ratify forecast sebac-2011 --as-of 2011-06-24" in shown
    for name in COMMANDS:
        assert name in shown


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["add", "rail-2022", "--units", "brs"], 2, "a shipped case: copy its folder"),
        (["forcast", "sebac-2011"], 2, "Did you mean 'forecast'?"),
        (["forecast", "sebac-2012"], 2, "Did you mean 'sebac-2011'?"),
        (["check", "sebac-2011", "--as-of", "24 June"], 2, "no day such as 2011-06-24"),
        (["check", "sebac-2011", "--round", "2011-07"], 2, "no round '2011-07'"),
        (["check", "sebac-2011", "--without", "local-931"], 2, "Did you mean 'local-391'?"),
        (["check", "sebac-2011", "--assume", "ceui maybe"], 2, "is not understood"),
        (["forecast", "sebac-2011", "--bylaws", "1997"], 2, "no bylaws '1997'"),
        (["forecast", "sebac-2011", "--scenario", "revot"], 2, "Did you mean 'revote'?"),
        (["forecast", "sebac-2011", "--set", "tau=1"], 2, "prior 'tau' does not exist"),
        (["forecast", "sebac-2011", "--set", "tau_union=-1"], 2, "must be above 0"),
        (["forecast", "sebac-2011", "--worlds", "5"], 2, "is not from 100"),
        (
            ["check", "sebac-2011", "--as-of", "2011-06-24", "--assume", "ucpea rejected"],
            2,
            "cannot be rejected: its count is 1,079 yes, 178 no",
        ),
    ],
)
def test_wrong_requests_end_in_one_clear_line(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong request says what was found and what to do, without a traceback."""
    found, out, err = run(arguments, capsys)
    assert (found, out) == (code, "")
    assert says in err
    assert "Traceback" not in err


def test_a_broken_case_lists_all_its_problems(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every problem of a case is a line of its own; the exit code is 3."""
    folder = tmp_path / "broken"
    assert run(["new", str(folder)], capsys)[0] == 0
    (folder / "bylaws.toml").write_text("[[bylaws]\n")
    evidence = (folder / "evidence.csv").read_text()
    (folder / "evidence.csv").write_text(evidence + "x,nowhere,yesterday,nobody,count,1,2\n")
    code, _, err = run(["check", str(folder)], capsys)
    lines = err.strip().split("\n")
    assert code == 3
    assert len(lines) >= 4
    assert all(line.startswith("error: broken/") for line in lines), err


def test_check_shows_standing_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """On 24 June the 1996 bylaws are defeated, and both unions are named."""
    code, out, _ = run(["check", "sebac-2011", "--as-of", "2011-06-24"], capsys)
    assert code == 0
    assert "CEUI" in out
    assert "at most 13 unions can approve, 14 are needed" in " ".join(out.split())


@pytest.mark.parametrize(
    "extra",
    [
        ["--as-of", "2011-06-17"],
        ["--round", "2011-08"],
        ["--assume", "np-5 rejected"],
        ["--without", "ceui"],
    ],
)
def test_every_option_of_check_changes_what_it_shows(
    extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No option of check is accepted and ignored."""
    base = ["check", "sebac-2011"]
    if "--as-of" not in extra and "--round" not in extra:
        base += ["--as-of", "2011-06-19"] if "--assume" in extra else ["--as-of", "2011-06-22"]
    assert run(base + extra, capsys)[1] != run(base, capsys)[1]


def test_add_records_a_report_and_shows_what_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report is written whole and the standing it changes is shown."""
    folder = tmp_path / "mine"
    run(["new", str(folder)], capsys)
    loaded = load(folder)
    union = next(u for u, s in standing(loaded).unions.items() if s.status == "open")
    before = (folder / "evidence.csv").read_text()
    arguments = ["add", str(folder), "--units", union, "--kind", "outcome", "--result", "rejected"]
    code, out, err = run([*arguments, "--reported", "2030-01-01"], capsys)
    assert code == 0, err
    assert f"{union}: open -> rejected" in out
    assert (folder / "evidence.csv").read_text().startswith(before.rstrip("\n"))


def test_add_refuses_what_cannot_be_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report that contradicts the case is refused before anything is written."""
    folder = tmp_path / "mine"
    run(["new", str(folder)], capsys)
    before = (folder / "evidence.csv").read_bytes()
    arguments = ["add", str(folder), "--units", "nobody-here", "--kind", "outcome"]
    code, _, err = run([*arguments, "--result", "rejected", "--reported", "2030-01-01"], capsys)
    assert code == 2
    assert "the report is not added: unit 'nobody-here' is not in electorate.csv" in err
    assert (folder / "evidence.csv").read_bytes() == before


ADDED = ["--units", "clerks", "--kind", "margin", "--reported", "2030-01-01", "--low", "3"]


@pytest.mark.parametrize(
    ("option", "column"),
    [
        (["--units", "doctors"], "units"),
        (["--kind", "returned"], "kind"),
        (["--reported", "2030-01-02"], "reported"),
        (["--low", "4"], "low"),
        (["--high", "200"], "high"),
        (["--source", "radio"], "source"),
        (["--note", "about"], "note"),
        (["--replaces", "clerks"], "replaces"),
        (["--private"], "private"),
        (["--round", "2024-06"], "round"),
        (["--id", "mine"], "id"),
        (["--kind", "outcome", "--low", "", "--result", "approved"], "result"),
        (["--kind", "poll", "--low", "", "--yes", "6", "--no", "5"], "yes"),
        (["--kind", "poll", "--low", "", "--yes", "6", "--no", "5"], "no"),
    ],
)
def test_every_option_of_add_is_written(
    option: list[str], column: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an option says stands in its column of the new row; without it there is another."""
    rows = []
    for name, extra in (("plain", []), ("with", option)):
        folder = tmp_path / name
        run(["new", str(folder)], capsys)
        code, _, err = run(["add", str(folder), *ADDED, *extra], capsys)
        assert code == 0, err
        lines = (folder / "evidence.csv").read_text().splitlines()
        rows.append(list(csv.DictReader(line for line in lines if not line.startswith("#")))[-1])
    said = "yes" if option == ["--private"] else option[option.index(f"--{column}") + 1]
    assert (rows[0][column] != said, rows[1][column]) == (True, said)


@pytest.mark.parametrize(
    ("answers", "row"),
    [
        ("doctors\ncount\n2030-01-01\n300\n120\n", "doctors,count,300,120,,,"),
        ("doctors\noutcome\n2030-01-01\nrejected\n", "doctors,outcome,,,,,rejected"),
        ("doctors\nmargin\n2030-01-01\n\n-20\n", "doctors,margin,,,,-20,"),
    ],
)
def test_add_asks_for_what_is_missing(answers: str, row: str, tmp_path: Path) -> None:
    """Without options it asks for units, kind, day, and what that kind says."""
    folder = tmp_path / "mine"
    CliRunner().invoke(ratify, ["new", str(folder)])
    asked = CliRunner().invoke(ratify, ["add", str(folder)], input=answers)
    assert asked.exit_code == 0, asked.output
    assert all(question in asked.stderr for question in ("Units (", "Kind (count, ", "Reported ("))
    _, _, _, units, kind, *said = (folder / "evidence.csv").read_text().splitlines()[-1].split(",")
    assert ",".join([units, kind, *said[:5]]) == row


def test_add_refuses_an_unknown_kind_before_it_asks_on(tmp_path: Path) -> None:
    """A kind that does not exist ends the questions, with the nearest and all there are."""
    folder = tmp_path / "mine"
    CliRunner().invoke(ratify, ["new", str(folder)])
    asked = CliRunner().invoke(ratify, ["add", str(folder)], input="doctors\ncuont\n")
    assert isinstance(asked.exception, RequestError)
    assert "unknown kind 'cuont'. Did you mean 'count'? Kinds: count, " in str(asked.exception)


@pytest.mark.parametrize(
    ("yes", "no", "code", "says"),
    [
        ("413", "287", 0, "sources differ: clerks: clerks says 412 yes, 288 no;"),
        ("288", "412", 2, "has 288 yes, 412 no here and the two exchanged in report 'clerks'"),
    ],
)
def test_add_says_which_report_it_differs_from(
    yes: str, no: str, code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another count of the same units is recorded with a warning; one exchanged is refused."""
    folder = tmp_path / "mine"
    run(["new", str(folder)], capsys)
    count = ["--units", "clerks", "--kind", "count", "--reported", "2030-01-01"]
    found, out, err = run(["add", str(folder), *count, "--yes", yes, "--no", no], capsys)
    assert found == code
    assert says in out + err


def test_what_an_encoding_lacks_ends_no_command() -> None:
    """Where plus-minus and lines cannot be printed they are replaced, and the rest is there."""
    done = subprocess.run(
        [sys.executable, "-m", "ratification", "check", "sebac-2011"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert b"coalition: 45,000 ? 1,000" in done.stdout
    assert b"july-2011/per-capita" in done.stdout


def test_a_log_names_each_stage_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Where stderr is no terminal, a stage is one line when it begins, however often it moves."""
    with Waiting(quiet=False) as waiting:
        for stage, done in (("compiling", 0), ("sampling", 0), ("sampling", 50)):
            waiting.tell(stage, done, 100)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "compiling (the very first time takes a minute or two)\nsampling\n"


def test_a_warning_of_the_store_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that cannot keep a fit cannot keep its worlds either: one line, not two."""
    store = open_store(Path("runs"))
    for text in ("the run was not kept", "the run was not kept", "the kept run is damaged"):
        store.warn(text)
    assert capsys.readouterr().err == (
        "warning: the run was not kept\nwarning: the kept run is damaged\n"
    )
