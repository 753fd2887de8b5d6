"""What-ifs: conditional frequencies on the same worlds, two fits, each open union, the command."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand_made import make_case
from made_runs import MadeRuns
from ratification.answers.conditioning import FEWEST, conditioned, effective_left
from ratification.answers.estimates import estimate
from ratification.answers.judging import Results, judge
from ratification.answers.run import Run, Simulation
from ratification.answers.whatif import WhatIf
from ratification.api import whatif, whatif_each
from ratification.case.bylaws import ChosenReading
from ratification.case.case import Case
from ratification.case.rounds import Scenario
from ratification.cli.asking import Asked
from ratification.cli.main import main
from ratification.errors import RequestError
from ratification.inference.worlds import Worlds
from test_page import COUNTED, RULES

ROWS = "unit,parent,members\na,,100\nb,,200\nc,,300\nc1,c,180\nc2,c,120\nd,,250\n"


def four_unions(parent: Path, evidence: str = COUNTED, **more: str) -> Case:
    """One union counted, one that approved, two still out, one of them with two locals."""
    return make_case(parent, ROWS, evidence, bylaws=RULES, **more)


def no_unions(count: int, *, chains: int) -> Worlds:
    """Worlds in which nobody votes, one a draw: what is said of them lies elsewhere."""
    nobody, leaves = np.zeros((count, 0), dtype=int), np.zeros((count, 0), dtype=int)
    return Worlds(
        members=nobody,
        ballots=nobody,
        yes=nobody,
        approves=nobody > 0,
        abstains=np.zeros(0, dtype=bool),
        draw=np.arange(count),
        variant=np.zeros(count, dtype=int),
        chains=chains,
        leaf_members=leaves,
        leaf_ballots=leaves,
        leaf_yes=leaves,
    )


def asked_what(case: Case, **asked: object) -> WhatIf:
    """A what-if on draws that are made."""
    options = {"runs": MadeRuns(), "worlds": 4000} | asked
    return whatif(case, **options)  # type: ignore[arg-type]


def held(run: Run, made: Simulation, chosen: ChosenReading) -> np.ndarray:
    """In which worlds a reading ratifies."""
    return judge(chosen.reading, Results.of(made.worlds, made.electorate))


def test_an_assumed_result_is_a_conditional_frequency(tmp_path: Path) -> None:
    """After: how often the rule holds in the worlds that end so; before: in all of them."""
    found = asked_what(four_unions(tmp_path), assume=["c rejected"])
    assert found.method == "same worlds"
    (made,) = found.run.simulations
    event = ~made.worlds.approves[:, found.run.case.electorate.unions.index("c")]
    assert found.chance["as-voted"].probability == pytest.approx(event.mean())
    for effect, chosen in zip(found.effects, found.run.readings, strict=True):
        holds = held(found.run, made, chosen)
        assert effect.before.probability == pytest.approx(holds.mean())
        assert effect.after.probability == pytest.approx(holds[event].mean())
        assert effect.difference.value == pytest.approx(holds[event].mean() - holds.mean())


def test_units_below_a_union_and_several_at_once(tmp_path: Path) -> None:
    """A local's result is read off its own ballots; several assumptions must all come true."""
    found = asked_what(four_unions(tmp_path), assume=["c1 approved", "d rejected"])
    (made,) = found.run.simulations
    tree, worlds = found.run.case.electorate, made.worlds
    leaf = tree.leaf_index["c1"]
    event = 2 * worlds.leaf_yes[:, leaf] > worlds.leaf_ballots[:, leaf]
    event &= ~worlds.approves[:, tree.unions.index("d")]
    for effect, chosen in zip(found.effects, found.run.readings, strict=True):
        expected = held(found.run, made, chosen)[event].mean()
        assert effect.after.probability == pytest.approx(expected)


def test_a_paired_difference_is_sharper_than_its_sides(tmp_path: Path) -> None:
    """On the same worlds the error is below both errors added; two fits carry just that."""
    found = asked_what(four_unions(tmp_path), assume=["c rejected"])
    for effect in found.effects:
        assert effect.standing == "open"
        assert effect.difference.mcse < effect.after.mcse
        assert effect.difference.mcse < 0.8 * np.hypot(effect.before.mcse, effect.after.mcse)
    two = asked_what(four_unions(tmp_path, name="two"), assume=["c 60-150"])
    assert two.method == "two fits"
    assert (two.chance, two.left) == ({}, {})
    for effect in two.effects:
        expected = np.hypot(effect.before.mcse, effect.after.mcse)
        assert effect.difference.mcse == pytest.approx(expected)


def test_the_errors_are_those_of_repeated_samples() -> None:
    """Over a thousand independent sets of worlds both errors are as large as they say."""
    rng = np.random.default_rng(5)
    values, errors = [], []
    for _ in range(1000):
        latent = rng.standard_normal(500)
        event = latent + rng.standard_normal(500) > 0.3
        holds = latent + rng.standard_normal(500) > 0
        worlds = no_unions(500, chains=4)
        found = conditioned(holds, event, worlds)
        values.append((found.estimate.probability, found.difference.value))
        errors.append((found.estimate.mcse, found.difference.mcse))
    spread, told = np.std(values, axis=0), np.sqrt(np.mean(np.square(errors), axis=0))
    assert told == pytest.approx(spread, rel=0.1)  # 4.5 standard errors of a spread of 1,000


def test_a_second_fit_may_be_asked_for(tmp_path: Path) -> None:
    """With refit an outcome is fitted anew, although its worlds would do."""
    found = asked_what(four_unions(tmp_path), assume=["c rejected"], refit=True)
    assert found.method == "two fits"
    assert found.effects[0].difference.mcse > found.effects[0].after.mcse


def test_what_few_worlds_show_gets_a_fit(tmp_path: Path) -> None:
    """Under 100 independent worlds the evidence is fitted anew; the difference has both errors."""
    found = asked_what(four_unions(tmp_path), assume=["c rejected"], worlds=150)
    assert found.method == "two fits"
    assert all(effect.difference.mcse > effect.after.mcse for effect in found.effects)


def test_arithmetic_decides_after_an_assumption(tmp_path: Path) -> None:
    """Where the assumed result defeats a rule for certain, the chance is exactly 0, and why."""
    rows = COUNTED.replace("60,30", "30,60")
    found = asked_what(four_unions(tmp_path, rows), assume=["c rejected", "d rejected"])
    old = found.effects[0]
    assert (old.standing_before, old.standing) == ("open", "defeated")
    assert (old.after.probability, old.after.mcse) == (0.0, 0.0)
    assert old.difference.value == -old.before.probability
    assert old.difference.mcse == old.before.mcse
    assert "rejected" in old.because


def test_what_is_certain_already_changes_nothing(tmp_path: Path) -> None:
    """Assuming what a report says leaves every chance where it is."""
    found = asked_what(four_unions(tmp_path), assume=["b approved"])
    assert all(effect.difference.value == 0 for effect in found.effects)
    assert all(effect.difference.mcse == 0 for effect in found.effects)


def test_a_report_left_out_is_a_second_fit(tmp_path: Path) -> None:
    """Without b's approval, b is open again in the second fit and not in the first."""
    found = asked_what(four_unions(tmp_path), without=["r2"])
    assert (found.method, found.changes) == ("two fits", ("left out: r2",))
    assert found.effects[0].after.probability < found.effects[0].before.probability


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "nothing changes: assume a result"),
        ({"assume": ["cc rejected"]}, "assumption 'cc rejected'"),
        ({"assume": ["b rejected"]}, "contradicts the evidence"),
        ({"without": ["r9"]}, "no report has id 'r9'"),
    ],
)
def test_a_wrong_question_is_refused(
    tmp_path: Path, asked: dict[str, list[str]], says: str
) -> None:
    """Nothing to change, unknown units or reports, or what the evidence rules out."""
    with pytest.raises(RequestError, match=says):
        asked_what(four_unions(tmp_path), **asked)


def test_each_open_union_in_turn(tmp_path: Path) -> None:
    """Both results of every open union; their chances add up, and weighted effects cancel."""
    run, found = whatif_each(four_unions(tmp_path), runs=MadeRuns(), worlds=4000)
    assert [(o.unit, o.result) for o in found] == [
        (unit, result) for unit in "cd" for result in ("approved", "rejected")
    ]
    for yes, no in zip(found[::2], found[1::2], strict=True):
        assert yes.chance.probability + no.chance.probability == pytest.approx(1)
        for first, second in zip(yes.effects, no.effects, strict=True):
            if "open" == first.standing == second.standing:
                total = yes.chance.probability * first.difference.value
                total += no.chance.probability * second.difference.value
                assert total == pytest.approx(0, abs=1e-12)
    alone = asked_what(run.case, assume=["d rejected"])
    assert found[3].effects == alone.effects
    assert found[3].left == pytest.approx(alone.left["as-voted"])


def test_too_few_worlds_are_left_blank(tmp_path: Path) -> None:
    """A result that fewer than 100 independent worlds show has a chance but no effects."""
    _, found = whatif_each(four_unions(tmp_path), runs=MadeRuns(), worlds=200)
    assert {bool(o.effects) for o in found} == {True, False}
    for outlook in found:
        assert bool(outlook.effects) is (outlook.left >= FEWEST)


def test_worlds_of_repeated_draws_count_for_less() -> None:
    """Worlds that share their parameters tell less than as many that do not."""
    rng = np.random.default_rng(2)
    slow = np.repeat(rng.random(50) < 0.5, 40)  # one draw like the one before, 40 times
    worlds = no_unions(2000, chains=1)
    assert effective_left(slow, worlds) < 0.1 * slow.sum()
    quick = rng.permutation(slow)
    assert effective_left(quick, worlds) > 0.6 * quick.sum()
    assert estimate(quick, worlds).mcse < 0.2 * np.sqrt(0.25 / 50) * 3


def test_a_what_if_in_a_scenario_keeps_its_coalition(tmp_path: Path) -> None:
    """Who abstains in the scenario abstains after the assumption, and so say the standings."""
    case = four_unions(tmp_path, "")
    scenario = Scenario(id="s", title="S", round="june", abstaining=("d",))
    case = replace(case, scenarios=(scenario,))
    found = asked_what(case, scenarios=["as-voted", "s"], assume=["a rejected", "b rejected"])
    assert found.method == "same worlds"
    old = {effect.scenario: effect for effect in found.effects if effect.bylaws == "old"}
    assert old["as-voted"].standing == "open"
    assert old["s"].standing == "defeated"


# The command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A case in the folder the command runs in; nothing is fitted."""
    four_unions(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Asked, "runs", lambda *_, **_settings: MadeRuns())
    return tmp_path


def ratify(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as stopped:
        main(["whatif", "made", "--worlds", "1000", *arguments])
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_the_table_says_how_it_was_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Now, then and the difference; how many votes end so; two fits where there were two."""
    code, out, _ = ratify(["--assume", "c rejected"], capsys)
    assert code == 0
    for words in ("assumed: c rejected", "Now", "Then", "differences are paired", "old/members"):
        assert words in out, words
    code, out, _ = ratify(["--without", "r2"], capsys)
    assert code == 0
    assert "left out: r2" in out
    assert "between two fits" in out
    code, out, _ = ratify(["--assume", "c rejected", "--refit"], capsys)
    assert code == 0
    assert "between two fits" in out


def test_each_shows_the_bylaws_in_force_or_those_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One table under the main reading; with --bylaws, one under each of them."""
    code, out, _ = ratify(["--each"], capsys)
    assert code == 0
    assert out.count("What each result would do under") == 1
    assert "under old/members" in out
    code, out, _ = ratify(["--each", "--bylaws", "new"], capsys)
    assert "under new/yes" in out


def test_json_and_csv(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, or a row a union, result and reading."""
    code, out, _ = ratify(["--assume", "c rejected", "--json"], capsys)
    assert code == 0
    found = json.loads(out)
    assert (found["method"], found["changes"]) == ("same worlds", ["assumed: c rejected"])
    assert found["worlds_left"]["as-voted"] >= FEWEST
    assert len(found["effects"]) == 2
    code, out, _ = ratify(["--each", "--json"], capsys)
    each = json.loads(out)
    assert [(r["unit"], r["result"]) for r in each["results"]][:2] == [
        ("c", "approved"),
        ("c", "rejected"),
    ]
    effect = next(r for r in each["results"] if (r["unit"], r["result"]) == ("c", "rejected"))
    assert effect["effects"] == found["effects"]
    code, out, _ = ratify(["--each", "--csv"], capsys)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 8
    assert float(rows[0]["after"]) == each["results"][0]["effects"][0]["after"]["probability"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "nothing changes"),
        (["--assume", "c rejectd"], "is not understood"),
        (["--each", "--json", "--csv"], "ask for one"),
        (["--assume", "c rejected", "--csv"], "--csv goes with --each"),
        (["--each", "--refit"], "no --refit"),
    ],
)
def test_wrong_usage_is_told(
    arguments: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the reason in one line, nothing on stdout."""
    code, out, err = ratify(arguments, capsys)
    assert (code, out) == (2, "")
    assert says in err
