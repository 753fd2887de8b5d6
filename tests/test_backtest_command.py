"""`ratify backtest`: every option, what it prints, and the page it writes."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hand_made import BYLAWS, make_case
from ratification.cli.backtest_command import NAMES
from ratification.cli.main import main, ratify
from ratification.validation.orders import ORDERS

BOTH = BYLAWS.replace("at_least = 1", "at_least = 2")
VOTE = "australia-1937-aviation"
BASE = ["backtest", VOTE, "--order", "largest-last", "--worlds", "200"]


@pytest.fixture
def store(tmp_path: Path) -> list[str]:
    """What keeps a run's finished parts out of the user's cache."""
    return ["--store", str(tmp_path / "store")]


def printed(*arguments: str) -> str:
    """What a command that succeeds prints on stdout."""
    done = CliRunner().invoke(ratify, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_the_command_knows_every_order() -> None:
    """The names that --order takes are those of the orders there are."""
    assert NAMES == ORDERS


def test_json_is_one_object(store: list[str]) -> None:
    """`--json` prints one object and nothing else."""
    told = json.loads(printed(*BASE, *store, "--json"))
    assert (told["seed"], told["worlds"], told["engine"]) == (391, 200, "instant")
    assert [forecast["stage"] for forecast in told["forecasts"]] == list("012345")


@pytest.mark.parametrize(
    ("extra", "column", "value"),
    [
        (["--order", "smallest-last"], "order", "smallest-last"),
        (["--order", "random", "--random-orders", "2"], "repeat", "1"),
        (["--seed", "7"], "probability", None),
        (["--worlds", "300"], "probability", None),
    ],
)
def test_options_change_the_forecasts(
    extra: list[str], column: str, value: str | None, store: list[str]
) -> None:
    """Another order, more random orders, another seed or more worlds: other rows."""
    plain, other = (
        [
            line[column]
            for line in csv.DictReader(io.StringIO(printed(*BASE, *more, *store, "--csv")))
        ]
        for more in ([], extra)
    )
    assert plain != other
    if value is not None:
        assert value in other
        assert value not in plain


def test_learning_changes_the_forecasts(store: list[str]) -> None:
    """`--learn` gives other chances, and JSON says that priors were learned."""
    names = ("australia-1944-postwar", "australia-1948-rents-prices")
    arguments = [*BASE, *names, *store, "--json"]
    told = [
        json.loads(printed(*arguments, *extra))
        for extra in ([], ["--learn", "priors"], ["--learn", "leanings"])
    ]
    assert [each["learned_priors"] for each in told] == [False, True, True]
    chances = [
        [f["scores"]["model"]["chance"] for f in each["forecasts"] if f["stage"] == "0"]
        for each in told
    ]
    assert all(len(set(of_vote)) > 1 for of_vote in zip(*chances, strict=True))
    assert chances[1] != chances[2]


@pytest.mark.slow
def test_the_engine_is_the_one_asked_for(store: list[str], tmp_path: Path) -> None:
    """`--engine nuts` samples every forecast."""
    counts = "".join(
        f"{unit},june,2011-06-01,{unit},count,{yes},{no},,,\n"
        for unit, yes, no in (("a", 120, 80), ("b", 90, 130))
    )
    make_case(tmp_path, "unit,parent,members\na,,300\nb,,300\n", counts, bylaws=BOTH)
    arguments = ["backtest", str(tmp_path / "made"), "--order", "largest-last", "--engine", "nuts"]
    told = json.loads(printed(*arguments, "--json", *store))
    assert [forecast["engine"] for forecast in told["forecasts"]] == ["nuts", "nuts"]


def test_ctrl_c_says_that_what_is_done_is_kept(
    store: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unlike other commands, one that does jobs has something to go on from."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ratification.api.backtests.backtest", stop)
    with pytest.raises(SystemExit) as stopped:
        main([*BASE, *store])
    assert stopped.value.code == 130
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == "stopped: what is done is kept, and the same command goes on from there"


def test_what_is_done_is_kept_unless_fresh(store: list[str], tmp_path: Path) -> None:
    """A second run forecasts nothing anew; --fresh does."""
    first = printed(*BASE, *store, "--json")
    kept = tmp_path / "store" / "jobs" / "backtest.jsonl"
    lines = len(kept.read_text().splitlines())
    assert printed(*BASE, *store, "--json") == first
    assert len(kept.read_text().splitlines()) == lines
    assert printed(*BASE, *store, "--json", "--fresh") == first
    assert len(kept.read_text().splitlines()) > lines


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["backtest", "nobody"], 2, "no folder 'nobody' and no shipped case of that name"),
        (["backtest", VOTE, VOTE], 2, "is asked for twice"),
        (["backtest", VOTE, "--json", "--csv"], 2, "choose one"),
        (["backtest", VOTE, "--order", "actual"], 2, "in which order results came is not known"),
        (["backtest", VOTE, "--order", "sideways"], 2, "'sideways' is not one of"),
        (["backtest", VOTE, "--worlds", "9"], 2, "worlds 9 is not from 100"),
    ],
)
def test_wrong_requests_end_in_one_clear_line(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong request says what was found, without a traceback."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    told = capsys.readouterr()
    assert (stopped.value.code, told.out) == (code, "")
    assert says in told.err
    assert "Traceback" not in told.err


def test_an_open_case_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case whose result is not known yet says what a backtest needs."""
    with pytest.raises(SystemExit):
        main(["new", str(tmp_path / "mine")])
    with pytest.raises(SystemExit) as stopped:
        main(["backtest", str(tmp_path / "mine")])
    assert stopped.value.code == 2
    assert "a backtest needs the outcome" in capsys.readouterr().err


def test_the_page_is_one_file_that_says_how_it_was_made(
    store: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Verdict, diagrams, misses and the command; nothing is fetched; kept without --force."""
    page = tmp_path / "page.html"
    arguments = ["backtest", VOTE, "--order", "random", "--random-orders", "1", *store]
    printed(*arguments, "--report", str(page))
    html = page.read_text()
    body = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    for heading in ("What the replay shows", "Worst misses", "Do ranges hold?"):
        assert heading in body
    assert f"ratify backtest {VOTE} --order random --random-orders 1" in body
    assert not re.search(r'(src|href)="https?:', body)
    specs = re.findall(r'class="spec">(.*?)</script>', html, flags=re.DOTALL)
    assert len(specs) >= 4
    assert all(json.loads(spec)["config"]["background"] == "transparent" for spec in specs)
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--report", str(page)])
    assert stopped.value.code == 2
    assert "Replace it with --force" in capsys.readouterr().err
    page.write_text("old")
    printed(*arguments, "--report", str(page), "--force")
    assert page.read_text() == html
