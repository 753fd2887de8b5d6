"""Every option of `ratify forecast` changes an output."""

import json
from pathlib import Path
from typing import Any

import pytest
from hand_made import TWO_ROUNDS, make_case
from ratification.cli.main import main
from ratification.inference import fit as fitting

SCENARIO = """\
[[scenario]]
id = "swing"
title = "Opinion swings"
round = "june"
swing = { mean = 1.5, sd = 0.1 }
"""
EVIDENCE = """\
early,june,2011-06-01,a,count,150,90,,,
late,june,2011-06-09,b,outcome,,,,,rejected
"""
RULES = """\
[[bylaws]]
id = "one"
title = "Two unions"
[[bylaws.reading]]
id = "two"
title = "Two unions"
all = [{ measure = "approving unions", at_least = 2 }]
[[bylaws.reading]]
id = "yes"
title = "A majority of ballots"
all = [{ measure = "yes of ballots", more_than = "1/2" }]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small case in a folder."""
    parent: Path = tmp_path_factory.mktemp("options")
    rows = "unit,parent,members\na,,400\nb,,300\nc,,200\n"
    make_case(parent, rows, EVIDENCE, settings=TWO_ROUNDS + SCENARIO, bylaws=RULES)
    return parent


@pytest.fixture(scope="module", autouse=True)
def compiled_once() -> Any:
    """One compilation for every structure, as one process that runs on would have."""
    kept: dict[object, Any] = {}
    compile_once = fitting._compile

    def compile_or_find(layout: Any, progress: Any) -> Any:
        key = layout.structure.key
        if key not in kept:
            kept[key] = compile_once(layout, progress)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "_compile", compile_or_find)
        yield


def told(folder: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a forecast prints."""
    arguments = ["forecast", str(folder / "made"), "--worlds", "1000", *options]
    if "--store" not in options:
        arguments += ["--store", str(folder / "store")]
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    out, err = capsys.readouterr()
    assert not stopped.value.code, err
    return out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "changed"),
    [
        (["--as-of", "2011-06-05"], "forecasts"),
        (["--without", "late"], "forecasts"),
        (["--assume", "c approved"], "forecasts"),
        (["--round", "may"], "round"),
        (["--bylaws", "one/yes"], "forecasts"),
        (["--scenario", "swing"], "forecasts"),
        (["--set", "tau_union=0.05"], "forecasts"),
        (["--seed", "392"], "forecasts"),
        (["--worlds", "2000"], "worlds"),
        (["--timings"], "seconds"),
    ],
)
def test_every_option_changes_the_answer(
    folder: Path, options: list[str], changed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the option, the field it is about differs from the plain forecast's."""
    plain = json.loads(told(folder, ["--json"], capsys))
    other = json.loads(told(folder, ["--json", *options], capsys))
    assert other.get(changed) != plain.get(changed), options


@pytest.mark.slow
def test_json_and_store_change_where_things_go(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--json` prints one object instead of tables; `--store` says where runs are kept."""
    assert "Will it be ratified?" in told(folder, [], capsys)
    elsewhere = tmp_path / "elsewhere"
    assert json.loads(told(folder, ["--json", "--store", str(elsewhere)], capsys))["case"] == "made"
    assert list(elsewhere.glob("*/posterior.nc"))


@pytest.mark.slow
def test_intervals_nest_and_hold_what_is_known(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Quantiles are ordered, a counted union is a point, and nothing leaves 0 to 1."""
    found = json.loads(told(folder, ["--json"], capsys))
    for union in found["unions"]:
        for name in ("yes_share", "turnout"):
            q = union[name]
            assert 0 <= q["q05"] <= q["q50"] <= q["q95"] <= 1, union["unit"]
    counted = next(union for union in found["unions"] if union["unit"] == "a")
    assert counted["yes_share"]["q05"] == counted["yes_share"]["q95"] == 150 / 240
