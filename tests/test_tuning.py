"""`ratify tune` and the checks it tells: of a small case, by the instant engine."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand_made import CASE, TWO_ROUNDS, make_case, make_posterior
from ratification.answers.replication import replicate
from ratification.api import beliefs, load, tune
from ratification.case.case import Case
from ratification.cli.main import main
from ratification.errors import ConvergenceError, RequestError
from ratification.output.tuning_said import told
from ratification.output.views.tune import tuning_object
from ratification.validation import tuning as checks
from ratification.validation.tuning import Tuning
from small_case import write_case

TREE = "unit,parent,members\na,,400\nb,,300\nc,,200\nd,,500\n"
EVIDENCE = """\
a,june,2011-06-01,a,count,150,90,,,
b,june,2011-06-02,b,outcome,,,,,approved
c,june,2011-06-09,c,margin,,,-40,-20,
"""
BYLAWS = """\
[[bylaws]]
id = "old"
title = "Old bylaws"
[[bylaws.reading]]
id = "three"
title = "Three of four unions approve"
all = [{ measure = "approving unions", at_least = 3 }]
[[bylaws.reading]]
id = "one"
title = "One union approves"
all = [{ measure = "approving unions", at_least = 1 }]
"""
SCENARIO = (
    '[[scenario]]\nid = "up"\ntitle = "Up"\nround = "june"\nswing = { mean = 0.5, sd = 0.1 }\n'
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four unions: one counted, one approved, one behind by a margin, one open."""
    parent: Path = tmp_path_factory.mktemp("cases")
    make_case(parent, TREE, EVIDENCE, settings=CASE + SCENARIO, bylaws=BYLAWS)
    return parent / "made"


@pytest.fixture(scope="module")
def case(folder: Path) -> Case:
    """The same, read."""
    return load(str(folder))


@pytest.fixture(scope="module")
def found(case: Case) -> Tuning:
    """All its checks."""
    return tune(case)


def test_it_holds_the_forecast_and_the_same_before_any_report(found: Tuning) -> None:
    """Before any report there is nothing in force, and every rule is open."""
    assert found.run.forecast.reports == 3
    assert found.before.forecast.reports == 0
    assert {rule.standing for rule in found.before.forecast.rules} == {"open"}
    assert found.before.forecast.seed == found.run.forecast.seed


def test_only_priors_in_play_are_told(found: Tuning, case: Case, tmp_path: Path) -> None:
    """A case without units, repeated votes, features or polls has four priors that are said."""
    names = [belief.prior for belief in found.beliefs]
    assert names == ["mu", "nu", "tau_union", "tau_turnout_union"]
    said = {belief.prior: belief for belief in beliefs(case.priors)}
    assert found.beliefs == tuple(said[name] for name in names)
    several = load(str(write_case(tmp_path)))
    more = tune(several, leave_one_out=False)
    assert {"tau_unit", "swing", "poll_bias"} <= {belief.prior for belief in more.beliefs}
    assert more.left_out is None


def test_reported_unions_are_forecast_without_their_reports(found: Tuning, case: Case) -> None:
    """Each as another forecast says that leaves the report out; the open union is not there."""
    assert found.left_out is not None
    rows = {row.unit: row for row in found.left_out}
    assert list(rows) == ["a", "b", "c"]
    assert [row.approved for row in rows.values()] == [True, True, False]
    for unit in rows:
        other = tune(case, without=(unit,), leave_one_out=False).run.forecast
        union = next(entry for entry in other.unions if entry.unit == unit)
        assert rows[unit].approves == union.approves
        assert rows[unit].yes_share == union.yes_share
    assert rows["a"].share == 150 / 240
    assert rows["a"].inside is True
    assert rows["b"].rank is None


def test_assumed_results_are_left_out_like_reports(case: Case) -> None:
    """An assumption about a union does not foretell it."""
    found = tune(case, assume=("d rejected",))
    assert found.left_out is not None
    row = next(row for row in found.left_out if row.unit == "d")
    assert not row.approved
    assert row.approves.probability > 0.2


def test_replicates_hold_counts_margins_and_outcomes(found: Tuning) -> None:
    """Share and turnout of a count, the margin, and how often the union approves."""
    figures = [(entry.report.id, entry.quantity) for entry in found.replicated]
    assert figures == [
        ("a", "yes share"),
        ("a", "turnout"),
        ("b", "approves"),
        ("c", "margin"),
    ]
    turnout = found.replicated[1]
    assert turnout.seen == 240 / 400
    approves, margin = found.replicated[2:]
    assert set(np.unique(approves.drawn)) == {0.0, 1.0}
    assert approves.tail == approves.replicates.mean
    assert margin.seen == -30
    assert margin.tail == pytest.approx(2 * min(margin.rank, 1 - margin.rank))


def test_a_figure_the_model_cannot_make_is_found(tmp_path: Path) -> None:
    """A posterior fixed at a share of one half: 70% yes of 400 ballots are far out, 51% are not."""
    rows = "far,june,2011-06-01,a,count,280,120,,,\nnear,june,2011-06-02,b,outcome,,,,,rejected\n"
    case = make_case(tmp_path, "unit,parent,members\na,,800\nb,,800\n", rows)
    posterior = make_posterior(case, {"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5})
    reports = case.evidence().of_round("june")
    share, turnout, outcome = replicate(case, posterior, "june", reports, everything=True)
    assert share.tail < 0.001
    assert turnout.tail > 0.2
    # Of 400 ballots at even odds half reject, and a tie as well.
    assert outcome.tail == pytest.approx(0.51, abs=0.06)
    assert outcome.seen == 0.0
    [only] = replicate(case, posterior, "june", reports)
    assert (only.report.id, only.rank) == ("far", share.rank)


def test_turnout_of_a_union_whose_members_are_unknown_is_not_told(tmp_path: Path) -> None:
    """Its size is nominal: only its yes share can be looked at."""
    rows = "r,june,2011-06-01,a,count,28,12,,,\n"
    case = make_case(tmp_path, "unit,parent,members\na,,\nb,,800\n", rows)
    posterior = make_posterior(case, {"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5})
    reports = case.evidence().of_round("june")
    figures = replicate(case, posterior, "june", reports, everything=True)
    assert [entry.quantity for entry in figures] == ["yes share"]


def test_every_check_is_said(found: Tuning) -> None:
    """A table each, whose rows are as long as its heads; decided rules are not weighed."""
    tables = told(found)
    assert [entry.title for entry in tables] == [
        "What the priors say",
        "What follows from them, and from the reports",
        "What the reports taught",
        "Would the fitted model have produced the reports?",
        "What decides the chance of ratification",
        "What decides the parameters",
        "Each union as if it had not reported",
    ]
    for entry in tables:
        assert entry.rows
        assert {len(row) for row in entry.rows} == {len(entry.heads)}
    implied = {row[0]: row[1:] for row in tables[1].rows}
    assert implied["Ratified under old/one"][1] == "100%"
    assert "±" in implied["Ratified under old/one"][0]
    assert [row[0] for row in tables[4].rows] == ["old/three"]
    learnt = {row[0]: row for row in tables[2].rows}
    assert learnt["mu"][1:3] == ("the coalition's yes share", "36 to 80%")
    assert learnt["correlation"][2] == "-0.49 to 0.49"


def test_what_is_hidden_is_not_said(found: Tuning) -> None:
    """Neither a hidden report nor, where unions are hidden, any single union."""
    tables = told(found, frozenset({"a", "b"}), unions=False)
    assert [row[0] for row in tables[3].rows] == ["c"]
    assert "Each union as if it had not reported" not in [entry.title for entry in tables]


def test_a_surprise_is_named(found: Tuning) -> None:
    """A figure further out than one in twenty is named below its table."""
    odd = replace(found.replicated[0], rank=0.999)
    changed = replace(found, replicated=(odd, *found.replicated[1:]))
    assert "further out than 1 in 20: a. " in told(changed)[3].line
    assert "further out than 1 in 20: none. " in told(found)[3].line


def test_what_cannot_be_weighed_is_said(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reports tie too much together the other checks stand, and the reason is told."""

    def refuse(*_: object) -> None:
        raise ConvergenceError("too many rows")

    monkeypatch.setattr("ratification.api.tuning.power_scaled", refuse)
    found = tune(case, leave_one_out=False)
    assert (found.power, found.untold) == (None, "too many rows")
    assert tuning_object(found)["power_scaling"] == {"untold": "too many rows"}
    assert "What decides the parameters" not in [entry.title for entry in told(found)]


def test_a_move_that_is_assumed_is_not_scaled_and_said_so(tmp_path: Path) -> None:
    """Of a round without reports the earlier vote is fitted, and the move to it drawn forward."""
    rows = "a,may,2011-05-01,a,count,150,90,,,\n"
    case = make_case(tmp_path, TREE, rows, settings=TWO_ROUNDS, bylaws=BYLAWS)
    found = tune(case)
    assert found.replicated == ()
    assert found.left_out == ()
    line = next(e.line for e in told(found) if e.title == "What decides the chance of ratification")
    assert line.endswith("is assumed, and its prior not scaled.")


def test_one_scenario_at_a_time(case: Case) -> None:
    """Several are refused; one is what all the checks are about."""
    with pytest.raises(RequestError, match="one scenario: name one"):
        tune(case, scenarios=("up", "as-voted"))
    found = tune(case, scenarios=("up",), leave_one_out=False)
    assert found.before.simulations[0].name == "up"


def ratify(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints; what it says on stderr is not among it."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    out, err = capsys.readouterr()
    assert not stopped.value.code, err
    assert "before any report" in err
    return out


def test_the_command_prints_tables_or_one_object(
    folder: Path, found: Tuning, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For people every check; with --json the same numbers as the API gives, and nothing else."""
    plain = ["tune", str(folder), "--store", str(tmp_path)]
    out = ratify(plain, capsys)
    for entry in told(found):
        assert entry.title in out
    assert "How well it was sampled" in out
    given = json.loads(ratify([*plain, "--json"], capsys))
    assert given == json.loads(json.dumps(tuning_object(found)))


def test_what_takes_long_can_be_skipped(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then no union is left out; other options change what is told."""
    plain = ["tune", str(folder), "--store", str(tmp_path), "--json", "--skip", "leave-one-out"]
    found = json.loads(ratify(plain, capsys))
    assert found["left_out"] is None
    for option, field in (
        (["--set", "tau_union=0.3"], "beliefs"),
        (["--as-of", "2011-06-02"], "replicated"),
        (["--without", "a"], "replicated"),
        (["--assume", "d rejected"], "replicated"),
        (["--seed", "5"], "parameters"),
        (["--bylaws", "old/three"], "forecasts"),
        (["--scenario", "up"], "scenario"),
        (["--worlds", "1000"], "worlds"),
    ):
        assert json.loads(ratify([*plain, *option], capsys))[field] != found[field], option


def test_what_is_known_is_in_what_is_predicted(found: Tuning) -> None:
    """The number that approves keeps to the reports; shares are shares."""
    now = checks.predicted(found.run)
    assert 0 <= now.yes_share.q05 < now.yes_share.q95 <= 1
    assert now.approving.q05 >= 2  # a and b have approved
    assert now.approving.q95 <= 3  # c has not
