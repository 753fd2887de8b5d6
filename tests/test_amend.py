"""Amendments: what they find is forecast alone, and everything smaller is tried."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import make_case
from made_runs import MadeRuns, WrittenRuns
from ratification.answers.amend import Amendments
from ratification.answers.estimates import estimate
from ratification.answers.judging import Results, judge
from ratification.answers.rule_words import rule_in_words
from ratification.answers.surface import Index
from ratification.answers.swing import MOST, Shift, gains_by_yes
from ratification.api import Runs, amend, load, run
from ratification.case.bylaws import Bylaws, Reading
from ratification.case.case import Case
from ratification.case.rounds import Joining, Scenario
from ratification.cli.main import main
from ratification.errors import RequestError
from ratification.inference.approving import approvals_hold
from ratification.inference.constraints import constraints_of, satisfied
from ratification.output.terminal import console
from ratification.output.views.amend import amend_object, amend_view
from ratification.output.views.amend_words import finding, swing_in_words
from test_sweep import five

ELECTORATE = "unit,parent,name,members\n" + "".join(
    f"{u},,{u.upper()} union,{300 + 97 * i}\n" for i, u in enumerate("abcde")
)
VETO = """\
[[bylaws]]
id = "veto"
title = "Union e must approve"
[[bylaws.reading]]
id = "e"
title = "3 of 5 unions, half of members, and union e"
all = [
    { measure = "approving unions", at_least = 3 },
    { measure = "members of approving unions", more_than = "1/2" },
    { approves = "e" },
]
"""
SPLIT = """\
unit,parent,name,class,members,decides
a,,A union,,400,
b,,B union,,500,units
b1,b,B one,local,200,
b2,b,B two,local,300,
c,,C union,,600,
c1,c,C one,local,250,
c2,c,C two,local,350,
d,,D union,,700,
e,,E union,,300,
"""
EVERYTHING = """\
r1,june,2011-06-01,a,count,120,60,,,
r2,june,2011-06-02,b1,count,90,70,,,
r3,june,2011-06-03,c1,margin,,,-30,10,
r4,june,2011-06-03,c,partial,150,160,,,
r5,june,2011-06-04,d,partial,100,140,,,
r6,june,2011-06-05,*,approvals,,,1,,
r7,june,2011-06-05,d,turnout,,,50%,70%,
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The five unions of the sweeps."""
    return five(tmp_path_factory.mktemp("amend"))


def amended(case: Case, target: float = 0.9, **asked: Any) -> Amendments:
    """Amendments over 1,000 worlds on draws that are made instead of fitted."""
    return amend(case, target=target, **({"runs": MadeRuns(), "worlds": 1000} | asked))


def alone(case: Case, reading: Reading, found: Amendments) -> Any:
    """The forecast of a case that has this rule and no other."""
    bylaws = (Bylaws(id="only", title="Only", readings=(reading,)),)
    forecast = run(replace(case, bylaws=bylaws), runs=MadeRuns(), worlds=1000).forecast
    assert forecast.worlds == found.run.forecast.worlds
    return forecast.rules[0]


@pytest.mark.parametrize(
    ("rule", "target"), [("old/members", 0.9), ("old/ballots", 0.9), ("veto/b", 0.6)]
)
def test_what_it_finds_reaches_the_target_when_forecast_alone(
    case: Case, rule: str, target: float
) -> None:
    """Each point of the frontier, and each other change, has the chance that it says."""
    found = amended(case, target, rule=rule)
    assert found.frontier
    for entry in found.frontier:
        told = alone(case, entry.reading, found)
        assert told.estimate == entry.estimate
        assert told.standing == entry.standing
        assert told.estimate.probability >= target
    for entry in found.others:
        told = alone(case, entry.reading, found)
        assert (told.estimate, told.standing) == (entry.estimate, entry.standing)
        assert entry.reaches(target) == (told.estimate.probability >= target)


@pytest.mark.parametrize("rule", ["old/members", "old/ballots", "lax/half"])
@pytest.mark.parametrize("target", [0.5, 0.8, 0.95])
def test_nothing_smaller_does(case: Case, rule: str, target: float) -> None:
    """A pair of looser thresholds reaches where it moves as far as some point of the frontier.

    On both axes; so whatever moves less on one and no more on the other falls short.
    """
    found = amended(case, target, rule=rule)
    assert found.sweep is not None
    if found.today.reaches(target):
        assert found.frontier == ()
        return
    now = found.sweep.surface.place(found.chosen.reading)
    assert now is not None
    points = [_steps(found, now, entry.at) for entry in found.frontier if entry.at is not None]
    assert points
    for at in found.sweep.places:
        steps = _steps(found, now, at)
        idle = any(a.idle(i) for a, i in zip(found.sweep.surface.axes, at, strict=True))
        if min(steps) < 0 or idle:
            continue
        reaches = found.sweep.estimate(at).probability >= target
        covers = any(all(np.array(steps) >= np.array(point)) for point in points)
        assert reaches == covers, (at, steps, points)


def _steps(found: Amendments, now: Index, at: Index) -> tuple[int, ...]:
    """How many thresholds looser than today's, by axis."""
    assert found.sweep is not None
    orders = [axis.easiest_first for axis in found.sweep.surface.axes]
    return tuple(o.index(n) - o.index(i) for o, n, i in zip(orders, now, at, strict=True))


def test_the_frontier_begins_nearest_to_todays_text(case: Case) -> None:
    """Departure adds up both moves, each as a share of its whole scale."""
    found = amended(case, 0.8)
    departures = [entry.departure for entry in found.frontier]
    assert departures == sorted(departures)
    words = rule_in_words(found.frontier[0].reading.rule, case.electorate)
    unions, _, share = words.partition(" of 5 unions and ")
    percent = float(share.removesuffix("% of members"))
    assert departures[0] == pytest.approx((4 - int(unions)) / 5 + (80 - percent) / 100)


def test_a_target_within_two_errors_is_said_to_be(case: Case) -> None:
    """Where the chance lies that close, the change is listed with the doubt; else without."""
    found = amended(case)
    for entry in [*found.frontier, *found.others]:
        close = abs(entry.estimate.probability - 0.9) <= 2 * entry.estimate.mcse
        assert entry.near(0.9) == close
    exact = amended(case, found.frontier[0].estimate.probability)
    assert any(entry.near(exact.target) for entry in exact.frontier)
    assert "~ the target lies within two errors" in shown(exact)
    assert "too close to the target to be sure" in finding(exact)


def test_what_no_threshold_can_reach_is_said_plainly(tmp_path: Path) -> None:
    """Union e has rejected and must approve: no threshold helps, striking it out does."""
    rows = "r1,june,2011-06-01,e,outcome,,,,,rejected\n"
    case = make_case(tmp_path, ELECTORATE, rows, bylaws=VETO)
    found = amended(case, 0.5)
    assert (found.frontier, found.today.standing) == ((), "defeated")
    assert found.loosest is not None
    assert found.loosest.estimate.probability == 0
    assert finding(found) == "No change of these thresholds reaches 50%: at most 0%."
    told = amend_object(found)
    assert (told["thresholds_can_reach"], told["frontier"]) == (False, [])
    strikes = {entry["words"]: entry["reaches"] for entry in told["other_changes"]}
    assert strikes["strike out the veto of E union"]
    assert not strikes["strike out “3 of 5 unions”"]
    assert found.swing.points is None
    assert "since arithmetic has decided it" in swing_in_words(found)


def test_a_rule_that_reaches_needs_no_change(case: Case) -> None:
    """The frontier is empty, no swing is needed, and it says so."""
    found = amended(case, 0.01)
    assert (found.frontier, found.swing.points) == ((), 0.0)
    assert finding(found).startswith("The rule as it stands reaches 1%")
    assert swing_in_words(found) == "No swing of opinion is needed."


def test_a_rule_of_the_case_is_placed_beside_the_frontier(case: Case) -> None:
    """Made into bylaws, a point of the frontier lies on it; a looser rule is looser than needed."""
    found = amended(case, 0.75)
    first = found.frontier[0]
    assert first.at is not None
    bylaws = Bylaws(id="found", title="Found", readings=(replace(first.reading, id="f"),))
    again = amended(replace(case, bylaws=(*case.bylaws, bylaws)), 0.75)
    places = {entry.key: entry.place for entry in again.others}
    assert places["found/f"] == "on the frontier"
    assert places["old/ballots"] is None
    strict = {entry.key: entry.place for entry in amended(case, 0.999).others}
    assert strict["lax/half"] == "does not reach"


def test_vetoes_are_struck_out_together_where_one_is_not_enough() -> None:
    """Four of twelve unions rejected: without exactly these four the rule ratifies."""
    found = amended(load("rail-2022"), rule="each-can-block/vetoes")
    assert (found.sweep, found.frontier) == (None, ())
    assert "no threshold to change" in finding(found)
    [reaching] = [entry for entry in found.others if entry.reaches(0.9)]
    unions = [getattr(part, "union", None) for part in reaching.struck]
    assert unions == ["bmwed", "brs", "smart-td", "ibb"]
    assert (reaching.estimate.probability, reaching.standing) == (1.0, "ratified")


def test_the_rail_agreement_needed_four_unions_fewer() -> None:
    """Eight ratified: 8 of 12, or at most 4 opposed, would have been enough, nothing stricter."""
    for rule, words in (
        ("", "8 of 12 unions"),
        ("each-can-block/none-opposed", "at most 4 of 12 unions opposed"),
    ):
        found = amended(load("rail-2022"), rule=rule)
        [only] = found.frontier
        assert rule_in_words(only.reading.rule, found.run.case.electorate) == words
        assert (only.standing, only.estimate.probability) == ("ratified", 1.0)
        assert only.departure == pytest.approx(4 / 12)
        assert swing_in_words(found) == "No vote is left that a swing of opinion could move."


# Opinion


def test_the_swing_reaches_and_a_tenth_less_does_not(case: Case) -> None:
    """The least swing in tenths of a point, judged under today's rule in the moved worlds."""
    found = amended(case, 0.8)
    assert found.swing.points is not None
    tenths = round(10 * found.swing.points)
    worlds = found.simulation.worlds
    shift = Shift(case.electorate, found.run.facts, worlds, "bcde")
    held = [
        judge(found.chosen.reading, Results.of(shift.worlds(t), case.electorate)).mean()
        for t in (tenths - 1, tenths)
    ]
    assert held[0] < 0.8 <= held[1] == found.swing.estimate.probability
    assert found.swing.after > found.swing.before
    assert found.swing.error is not None
    assert "would have to move by +" in swing_in_words(found)


def test_moved_worlds_agree_with_the_evidence(tmp_path: Path) -> None:
    """Counts, margins, parts counted, turnout and approvals hold as before; the rest rises."""
    case = make_case(tmp_path, SPLIT, EVERYTHING, bylaws=VETO)
    found = run(case, runs=MadeRuns(), worlds=500)
    worlds, facts, tree = found.simulations[0].worlds, found.facts, case.electorate
    shift = Shift(tree, facts, worlds, "bcde")
    leaf = tree.leaf_index
    assert shift.held == ("a",)
    assert shift.tied == ("c1",)
    assert set(shift.leaves) == {leaf["b2"], leaf["c2"], leaf["d"], leaf["e"]}
    before = worlds
    for tenths in (1, 40, 200, MOST):
        moved = shift.worlds(tenths)
        no = moved.leaf_ballots - moved.leaf_yes
        assert satisfied(constraints_of(facts, moved.leaf_members), moved.leaf_yes, no).all()
        assert approvals_hold(tree, facts.approvals, moved.leaf_yes, no).all()
        assert (moved.leaf_yes >= before.leaf_yes).all()
        assert (moved.yes.sum(axis=1) == moved.leaf_yes.sum(axis=1)).all()
        assert (moved.approves >= before.approves).all()
        for name in ("a", "b1", "c1"):
            assert (moved.leaf_yes[:, leaf[name]] == worlds.leaf_yes[:, leaf[name]]).all()
        before = moved
    e = leaf["e"]
    assert (moved.leaf_yes[:, e] > worlds.leaf_yes[:, e]).mean() > 0.9
    b = tree.unions.index("b")
    both = (2 * moved.leaf_yes > moved.leaf_ballots)[:, [leaf["b1"], leaf["b2"]]].all(axis=1)
    assert (moved.approves[:, b] == both).all()


def test_a_swing_that_would_not_do_is_refused_with_words(tmp_path: Path) -> None:
    """Fifty points do not turn a vote of 5% into 80% of ballots."""
    rule = VETO.replace('{ approves = "e" }', '{ measure = "yes of ballots", at_least = "80%" }')
    case = make_case(tmp_path, ELECTORATE, bylaws=rule)
    hopeless: Mapping[str, Any] = {u: [(300, 10, 190), (300, 12, 180)] for u in "abcde"}
    found = amend(case, target=0.9, runs=WrittenRuns(hopeless), worlds=200)
    assert found.swing.points is None
    assert "Even +50 points of yes in every vote still out" in swing_in_words(found)
    assert "since arithmetic" not in swing_in_words(found)


def test_no_swing_is_searched_for_a_rule_that_yes_votes_can_lose(case: Case) -> None:
    """Some rules ask for opposition: then it says that more yes does not help."""
    assert gains_by_yes(case.bylaws[0].readings[0].rule)
    rules = {c.key: c.reading.rule for c in amended(case).run.readings}
    assert gains_by_yes(rules["veto/b"])
    assert gains_by_yes(rules["turnout/either"])
    reading = case.bylaws[0].readings[0]
    from ratification.case.bylaws import Not

    against = replace(reading, rule=Not(part=reading.rule))
    bylaws = (Bylaws(id="against", title="Against", readings=(against,)),)
    found = amended(replace(case, bylaws=bylaws), 0.999)
    assert (found.swing.helps, found.swing.points) == (False, None)
    assert "More yes votes can lose this rule" in swing_in_words(found)


# How it is told


def shown(found: Amendments) -> str:
    """What the terminal shows."""
    made = console(width=160)
    with made.capture() as captured:
        made.print(amend_view(found))
    return captured.get()


def test_the_json_says_everything(case: Case) -> None:
    """Every change has its chance, error, paired difference, and whether it reaches."""
    found = amended(case)
    told = json.loads(json.dumps(amend_object(found)))
    assert (told["schema_version"], told["target"], told["scenario"]) == (1, 0.9, "as-voted")
    assert (told["rule"]["bylaws"], told["rule"]["reading"]) == ("old", "members")
    assert told["rule"]["difference"] == {"value": 0.0, "mcse": 0.0}
    entries = [*told["frontier"], *told["other_changes"], told["loosest"]]
    for entry in entries:
        assert set(entry["difference"]) == {"value", "mcse"}
        assert entry["reaches"] == (entry["probability"] >= 0.9)
        gained = entry["probability"] - told["rule"]["probability"]
        assert entry["difference"]["value"] == pytest.approx(gained, abs=0.001)
    for entry in told["frontier"]:
        assert [t["measure"] for t in entry["thresholds"]] == [
            "approving unions",
            "members of approving unions",
        ]
        assert entry["departure"] > 0
    kinds = [entry["kind"] for entry in told["other_changes"]]
    assert kinds == ["strike"] * 2 + ["other reading"] + ["other bylaws"] * 4
    assert told["swing"]["moving"] == ["b", "c", "d", "e"]
    assert told["swing"]["decided"] == ["a"]
    for name in ("diagnostics", "assumptions", "warnings", "inputs", "versions"):
        assert name in told


def test_the_view_answers_first(case: Case) -> None:
    """The rule, the target, the nearest change in words, then the tables and the swing."""
    found = amended(case)
    told = shown(found)
    assert "4 of 5 unions and 80% of members" in told
    words = rule_in_words(found.frontier[0].reading.rule, case.electorate)
    assert f"The change nearest to today's text: {words}" in told
    assert told.index("Smallest changes") < told.index("Other changes")
    assert "Does not move: decided: A union; and ballots already counted." in " ".join(told.split())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run store that the commands share."""
    return tmp_path_factory.mktemp("store")


def ratify(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


ASKED = ["amend", "sebac-2011", "--worlds", "1000", "--engine", "instant"]


def test_on_24_june_the_july_bylaws_are_looser_than_needed(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No rule of 13 unions can pass any more; 12 or 11 with half of members would, and July's 8."""
    arguments = [*ASKED, "--as-of", "2011-06-24", "--store", str(store)]
    code, text, _ = ratify([*arguments, "--json"], capsys)
    told = json.loads(text)
    assert (code, told["rule"]["standing"]) == (0, "defeated")
    unions = [entry["thresholds"][0]["value"] for entry in told["frontier"]]
    assert len(unions) > 0
    assert max(unions) <= 13
    july = next(e for e in told["other_changes"] if e.get("key") == "july-2011/per-capita")
    assert (july["reaches"], july["frontier"]) == (True, "looser than needed")
    code, table, err = ratify([*arguments, "--target", "99%"], capsys)
    assert (code, "Traceback" in err) == (0, False)
    assert "Target: 99%" in table


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (["--target", "1"], "'1' is no chance between 0 and 1"),
        (["--target", "0"], "'0' is no chance between 0 and 1"),
        (["--target", "90"], "write 0.9 or '90%'"),
        (["--target=-0.5"], "is no chance"),
        (["--target", "likely"], "'likely' is no chance"),
        (["--rule", "1997"], "no bylaws '1997'"),
        (["--axis", "turnout"], "names no condition"),
        (["--scenario", "revote", "--scenario", "revote-no-swing"], "one scenario"),
    ],
)
def test_wrong_requests_end_in_one_clear_line(
    extra: list[str], says: str, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, nothing on stdout."""
    arguments = [*ASKED, "--as-of", "2011-06-24", "--store", str(store), *extra]
    code, out, err = ratify(arguments, capsys)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize("target", [0.0, 1.0, -1.0, 90.0, float("nan")])
def test_a_target_that_is_no_chance_is_refused(case: Case, target: float) -> None:
    """Also from Python, before anything slow is done."""
    with pytest.raises(RequestError, match="no chance between 0 and 1"):
        amend(case, target=target, runs=Runs())


def test_neither_command_imports_anything_heavy(store: Path) -> None:
    """On a kept fit of the instant engine, sweeps and amendments start without PyMC or SciPy."""
    heavy = ("pymc", "pytensor", "nutpie", "arviz", "xarray", "pandas", "scipy", "altair")
    for name in ("sweep", "amend"):
        arguments = [name, *ASKED[1:], "--as-of", "2011-06-24", "--store", str(store)]
        code = (
            "import sys\nfrom ratification.cli.main import main\n"
            f"try:\n    main({arguments!r})\nexcept SystemExit as stop:\n    assert not stop.code\n"
            f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr.strip().endswith("[]"), done.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"leaving": ("c",)},
        {"abstaining": ("d",)},
        {"joining": (Joining(id="f", name="F union", members=500),)},
    ],
)
def test_a_scenario_about_the_coalition_is_amended_as_it_is_there(
    case: Case, change: dict[str, Any]
) -> None:
    """Who left is counted nowhere: marks, frontier and swing are of that scenario's unions."""
    scenario = Scenario(id="other", title="Another coalition", round="june", **change)
    other = replace(case, scenarios=(scenario,))
    found = amended(other, scenarios=["other"])
    worlds, tree = found.simulation.worlds, found.simulation.electorate
    results = Results.of(worlds, tree)
    assert found.sweep is not None
    for mark in found.sweep.marks:
        if mark.at is not None:
            assert found.sweep.estimate(mark.at) == mark.estimate
    for entry in [found.today, *found.frontier]:
        told = estimate(judge(entry.reading, results), worlds)
        assert entry.estimate == told or entry.standing != "open"
    counted = 5 - len(scenario.leaving) + len(scenario.joining)
    assert f"4 of {counted} unions" in rule_in_words(found.today.reading.rule, tree)
    moving = {"b", "c", "d", "e"} - {*scenario.leaving, *scenario.abstaining}
    assert set(found.swing.moving) == moving | {entry.id for entry in scenario.joining}
    assert amend_object(found)["scenario"] == "other"
    assert "scenario other" in shown(found)
