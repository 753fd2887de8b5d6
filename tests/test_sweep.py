"""Sweeps: whole surfaces from one pass, held cell by cell against plain forecasts."""

import csv
import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import make_case
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import MadeRuns
from ratification.answers.axes import axis_of
from ratification.answers.estimates import estimate
from ratification.answers.judging import Results, judge
from ratification.answers.rule_parts import replaced, without
from ratification.answers.standing import rule_standing
from ratification.answers.surface import surface
from ratification.answers.surface_errors import errors
from ratification.answers.sweep import Sweep
from ratification.api import load, sweep
from ratification.case.bylaws import (
    COUNTED,
    MEASURES,
    All,
    Condition,
    Not,
    Reading,
    Rule,
    Veto,
    conditions,
)
from ratification.case.bylaws import (
    Any as AnyOf,
)
from ratification.case.case import Case
from ratification.cli.main import main
from ratification.errors import ConvergenceError, RequestError
from ratification.inference.worlds import Worlds
from ratification.output.terminal import console
from ratification.output.views.sweep import sweep_object, sweep_rows, sweep_view

UNIONS = "abcde"
TOPS = ("60%", "70%", "80%", "90%", "100%")
RULES = """\
[[bylaws]]
id = "old"
title = "Old bylaws"
in_force = { until = 2011-12-31 }
[[bylaws.reading]]
id = "members"
title = "4 of 5 unions, which hold 80% of members"
all = [
    { measure = "approving unions", at_least = 4 },
    { measure = "members of approving unions", at_least = "80%" },
]
[[bylaws.reading]]
id = "ballots"
title = "4 of 5 unions, or two thirds of ballots are yes"
any = [
    { measure = "approving unions", at_least = 4 },
    { measure = "yes of ballots", at_least = "2/3" },
]
[[bylaws]]
id = "lax"
title = "Lax bylaws"
[[bylaws.reading]]
id = "half"
title = "3 of 5 unions, which hold more than half of members"
all = [
    { measure = "approving unions", at_least = 3 },
    { measure = "members of approving unions", more_than = "1/2" },
]
[[bylaws]]
id = "turnout"
title = "Low turnout asks for less"
[[bylaws.reading]]
id = "either"
title = "Half of ballots, or a third at low turnout"
any = [
    { measure = "yes of ballots", more_than = "1/2" },
    { all = [
        { measure = "turnout", less_than = "1/2" },
        { measure = "yes of ballots", more_than = "1/3" },
    ] },
]
[[bylaws]]
id = "veto"
title = "Veto bylaws"
[[bylaws.reading]]
id = "b"
title = "Union b must approve, and no third may be opposed"
abstaining = "leaves"
all = [{ approves = "b" }, { not = { measure = "opposed unions", at_least = "1/3" } }]
[[bylaws.reading]]
id = "named"
title = "Unions a and b approve"
all = [{ approves = "a" }, { approves = "b" }]
"""


def five(parent: Path, evidence: str = "r1,june,2011-06-01,a,count,120,60,,,\n") -> Case:
    """Five unions, one counted."""
    rows = "".join(f"{u},,{u.upper()} union,{300 + 97 * i}\n" for i, u in enumerate(UNIONS))
    return make_case(parent, "unit,parent,name,members\n" + rows, evidence, bylaws=RULES)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The five unions."""
    return five(tmp_path_factory.mktemp("sweep"))


def swept(case: Case, rule: str = "", **asked: Any) -> Sweep:
    """A sweep over 800 worlds on draws that are made instead of fitted."""
    return sweep(case, rule=rule, **({"runs": MadeRuns(), "worlds": 800} | asked))


@pytest.mark.parametrize("rule", ["old/members", "old/ballots", "lax/half", "veto/b", "turnout"])
def test_every_corner_is_a_plain_forecast(case: Case, rule: str) -> None:
    """At every threshold: the probability and error of that rule judged alone, same worlds."""
    found = swept(case, rule)
    worlds = found.simulation.worlds
    results = Results.of(worlds, case.electorate)
    for at in found.places[:: 31 if len(found.places) > 1000 else 3]:
        reading = found.surface.rule(at)
        alone = estimate(judge(reading, results), worlds)
        assert found.surface.probability(at) == judge(reading, results).mean(), at
        told = found.estimate(at)
        if found.standing(at) == "open":
            assert (told.probability, told.mcse) == (alone.probability, alone.mcse), at
        else:
            assert told.probability in (0.0, 1.0)
            assert judge(reading, results).all() == (told.probability == 1.0), at


@pytest.mark.parametrize("rule", ["old/members", "old/ballots", "veto/b"])
def test_it_is_monotone_in_both_thresholds(case: Case, rule: str) -> None:
    """A threshold that is harder to meet never helps."""
    found = swept(case, rule)
    for axis, part in enumerate(found.surface.axes):
        passes = np.take(found.surface.passes, part.easiest_first, axis=axis)
        assert (np.diff(passes, axis=axis) <= 0).all()
        assert (np.diff(passes, axis=axis) < 0).any()


def test_what_arithmetic_decides_is_what_standing_says(tmp_path: Path) -> None:
    """A cell is decided where the standing of its rule is, and the same way; else it is open."""
    rows = "r1,june,2011-06-01,a,count,120,60,,,\nr2,june,2011-06-02,e,outcome,,,,,rejected\n"
    case = five(tmp_path, rows)
    found = swept(case, "old/members", worlds=300)
    facts = found.run.facts
    assert set(np.unique(found.decided).tolist()) == {-1, 0, 1}
    for at in found.places[::17]:
        alone = rule_standing(found.surface.rule(at), case.electorate, facts).status
        assert found.standing(at) == alone, at


def test_bylaws_lie_on_the_surface_where_they_stand(case: Case) -> None:
    """Readings of the same kind are marked at their own thresholds, others are not."""
    found = swept(case)
    marks = {mark.chosen.key: mark for mark in found.marks}
    assert found.chosen.key == "old/members"
    assert [key for key, mark in marks.items() if mark.at is not None] == [
        "old/members",
        "lax/half",
    ]
    for mark in marks.values():
        rule = found.run.rule(found.simulation, mark.chosen)
        assert mark.estimate == rule.estimate
        if mark.at is not None:
            assert found.estimate(mark.at) == rule.estimate
            assert found.surface.rule(mark.at).rule == mark.chosen.reading.rule
    assert marks["old/ballots"].in_force
    assert not marks["lax/half"].in_force


def test_axes_are_chosen_by_measure_or_number(case: Case) -> None:
    """One axis or two, in the order asked for; the rest of the rule stays."""
    [only] = swept(case, "turnout", axes=["turnout"]).surface.axes
    assert (only.position, only.upward) == (1, False)
    first, second = swept(case, "turnout", axes=["3", "1"]).surface.axes
    assert (first.position, second.position) == (2, 0)
    assert swept(case, "veto/b").surface.axes[0].position == 1


@pytest.mark.parametrize(
    ("rule", "axes", "says"),
    [
        ("veto/named", [], "no threshold to move"),
        (
            "old/members",
            ["turnout"],
            "names no condition .* It has 1: approving unions; 2: members",
        ),
        ("old/members", ["approves"], "names no condition"),
        (
            "turnout",
            ["yes of ballots"],
            "names several conditions .* 1: yes of ballots; 2: turnout",
        ),
        ("turnout", ["1", "2", "3"], "one or two different conditions"),
        ("old/members", ["1", "approving unions"], "one or two different conditions"),
        ("veto/b", ["1"], "names no condition with a threshold"),
        ("older", [], "no bylaws 'older'"),
    ],
)
def test_axes_that_are_not_there_are_refused(
    case: Case, rule: str, axes: list[str], says: str
) -> None:
    """It says what the rule has instead."""
    with pytest.raises(RequestError, match=says):
        swept(case, rule, axes=axes)


def test_several_scenarios_are_refused() -> None:
    """A sweep is of one."""
    case = load("sebac-2011")
    with pytest.raises(RequestError, match="one scenario"):
        sweep(case, scenarios=["revote", "revote-no-swing"], runs=MadeRuns())


def test_a_rule_left_out_of_the_bylaws_asked_for_is_swept_all_the_same(case: Case) -> None:
    """`bylaws` say what is marked; the rule itself always is."""
    found = swept(case, "lax/half", bylaws=["old/ballots"])
    assert [mark.chosen.key for mark in found.marks] == ["old/ballots", "lax/half"]


def test_parts_are_replaced_settled_and_struck_out() -> None:
    """Truth values are worked out; what is struck out goes from its list, not from the rule."""
    a, b, c = (Veto(union=u) for u in "abc")
    rule = AnyOf(parts=(a, All(parts=(b, Not(part=c)))))
    assert replaced(rule, {0: True}) is True
    assert replaced(rule, {0: False, 2: True}) is False
    assert replaced(rule, {0: False, 2: False}) == AnyOf(parts=(All(parts=(b,)),))
    assert replaced(rule, {1: c}) == AnyOf(parts=(a, All(parts=(c, Not(part=c)))))
    assert without(rule, {1, 2}) == AnyOf(parts=(a,))
    assert without(rule, {2}) == AnyOf(parts=(a, All(parts=(b,))))
    assert without(rule, {0, 1, 2}) is None


def rules() -> st.SearchStrategy[Rule]:
    """Any rule of up to four conditions, with thresholds on and between whole percents."""
    fractions = st.sampled_from([Fraction(k, n) for n in (2, 3, 7, 100) for k in range(n + 1)])

    def made(measure: Any, comparison: Any, share: bool, threshold: Fraction) -> Condition:
        counted = measure in COUNTED and not share
        return Condition(
            measure=measure,
            comparison=comparison,
            threshold=Fraction(round(threshold * 6), 2) if counted else threshold,
            share=not counted,
            text="x",
        )

    condition = st.builds(
        made,
        st.sampled_from(MEASURES),
        st.sampled_from(["at_least", "more_than", "at_most", "less_than"]),
        st.booleans(),
        fractions,
    )
    leaf = condition | st.sampled_from([Veto(union=u) for u in "abc"])

    def grown(inner: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
        parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return (
            st.builds(All, parts=parts) | st.builds(AnyOf, parts=parts) | st.builds(Not, part=inner)
        )

    return st.recursive(leaf, grown, max_leaves=4).filter(
        lambda rule: any(isinstance(part, Condition) for part in conditions(rule))
    )


def few_worlds(rng: np.random.Generator) -> tuple[Results, Worlds]:
    """Forty worlds of three unions, small enough for ties and empty votes; one weighs a half."""
    members = np.asfortranarray(rng.integers(1, 6, (40, 3)).astype(np.int32))
    ballots = np.asfortranarray(rng.integers(0, members + 1).astype(np.int32))
    yes = np.asfortranarray(rng.integers(0, ballots + 1).astype(np.int32))
    abstains = np.array([False, False, True])
    yes[:, 2] = ballots[:, 2] = 0
    approves = np.asfortranarray(2 * yes > ballots)
    results = Results(
        members=members,
        ballots=ballots,
        yes=yes,
        approves=approves,
        abstains=abstains,
        weights=(Fraction(1), Fraction(1, 2), Fraction(1)),
        unions=("a", "b", "c"),
    )
    drawn = Worlds(
        members=members,
        ballots=ballots,
        yes=yes,
        approves=approves,
        abstains=abstains,
        draw=np.arange(40, dtype=np.int32) % 20,
        variant=np.zeros(40, dtype=np.int32),
        chains=2,
        leaf_members=members,
        leaf_ballots=ballots,
        leaf_yes=yes,
    )
    return results, drawn


@settings(max_examples=60)
@given(
    rule=rules(),
    seed=st.integers(0, 1000),
    abstaining=st.sampled_from(["stays", "leaves"]),
    data=st.data(),
)
def test_any_rule_is_swept_exactly(rule: Rule, seed: int, abstaining: Any, data: Any) -> None:
    """Of any rule, nested at will, every cell is what judging that rule says; and its error."""
    results, worlds = few_worlds(np.random.default_rng(seed))
    reading = Reading(id="x", title="x", rule=rule, abstaining=abstaining)
    movable = [i for i, part in enumerate(conditions(rule)) if isinstance(part, Condition)]
    chosen = data.draw(st.lists(st.sampled_from(movable), min_size=1, max_size=2, unique=True))
    axes = [axis_of(rule, position, Fraction(5, 2)) for position in chosen]
    found = surface(reading, axes, results)
    error, _ = errors(found, worlds)
    places = list(np.ndindex(*found.passes.shape))
    for at in [
        places[i] for i in data.draw(st.lists(st.integers(0, len(places) - 1), max_size=12))
    ]:
        holds = judge(found.rule(at), results)
        assert found.passes[at] == holds.sum(), at
        assert error[at] == estimate(holds, worlds).mcse, at


# How it is told


def test_the_json_and_the_csv_carry_every_cell_with_its_error(case: Case) -> None:
    """Arrays in the order of the axes; the same figures by row; a rule is named where it stands."""
    found = swept(case)
    told = json.loads(json.dumps(sweep_object(found)))
    assert (told["schema_version"], told["scenario"], told["worlds"]) == (1, "as-voted", 800)
    assert told["rule"] == {
        "bylaws": "old",
        "reading": "members",
        "words": "4 of 5 unions and 80% of members",
    }
    shape = tuple(len(axis["thresholds"]) for axis in told["axes"])
    for name in ("probability", "mcse", "standing"):
        assert np.array(told[name]).shape == shape == (6, 102)
    lax = next(mark for mark in told["marks"] if mark["bylaws"] == "lax")
    row, column = lax["at"]
    assert told["probability"][row][column] == lax["probability"]
    assert told["mcse"][row][column] == lax["mcse"] > 0
    there = told["axes"][1]["thresholds"][column]
    assert there == {"comparison": "more_than", "value": 0.5, "exact": "1/2"}
    for name in ("diagnostics", "assumptions", "warnings", "inputs", "versions"):
        assert name in told

    heads, *rows = sweep_rows(found)
    assert len(rows) == 6 * 102
    by_name = [dict(zip(heads, row, strict=True)) for row in rows]
    assert [row["probability"] for row in by_name] == [
        p for row in told["probability"] for p in row
    ]
    assert [row["mcse"] for row in by_name] == [e for row in told["mcse"] for e in row]
    named = {row["bylaws"]: row for row in by_name if row["bylaws"]}
    assert set(named) == {"old/members", "lax/half"}
    assert named["old/members"]["threshold_1"] == 4.0
    assert named["lax/half"]["comparison_2"] == "more_than"


def test_the_table_is_readable_and_marked_without_colour(case: Case) -> None:
    """A dozen columns, a letter in the cell of each rule of this kind, and what the others say."""
    shown = console(width=160)
    with shown.capture() as captured:
        shown.print(sweep_view(swept(case)))
    lines = captured.get().splitlines()
    heads = next(line for line in lines if "10%" in line and ">1/2" in line)
    assert heads.split() == [*(f"{t}%" for t in range(10, 60, 10)), ">1/2", *TOPS]
    row = next(line for line in lines if line.split()[:1] == ["4"])
    assert row.count(" A") == 1
    assert any(line.strip().startswith("A ") and "old/members (in force)" in line for line in lines)
    assert any(line.strip().startswith("- ") and "veto/b" in line for line in lines)
    assert max(len(heads.rstrip()), len(row.rstrip())) <= 80


def test_a_rule_of_one_threshold_is_a_column(case: Case) -> None:
    """Chance, error and standing of every number of unions."""
    found = swept(load("rail-2022"), as_of="2022-10-10")
    shown = console(width=120)
    with shown.capture() as captured:
        shown.print(sweep_view(found))
    told = captured.get()
    assert "approving unions, at least" in told
    assert "ratified" in told
    assert "0% A" in told
    assert found.surface.passes.shape == (13,)


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


def test_the_command_prints_a_table_json_or_csv(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the founding case, with the instant engine; all from the same worlds."""
    asked = ["sweep", "sebac-2011", "--as-of", "2011-06-17", "--worlds", "1000"]
    asked += ["--engine", "instant", "--store", str(store)]
    code, table, err = ratify(asked, capsys)
    assert (code, "Traceback" in err) == (0, False)
    assert "1996/per-capita (in force)" in table
    code, text, _ = ratify([*asked, "--json"], capsys)
    told = json.loads(text)
    assert told["engine"] == "instant"
    code, text, _ = ratify([*asked, "--csv"], capsys)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 16 * 102
    [now] = [row for row in rows if row["bylaws"] == "1996/per-capita"]
    mark = next(m for m in told["marks"] if (m["bylaws"], m["reading"]) == ("1996", "per-capita"))
    assert float(now["probability"]) == mark["probability"]
    code, text, _ = ratify([*asked, "--rule", "1996/ballots", "--axis", "2", "--json"], capsys)
    assert [axis["measure"] for axis in json.loads(text)["axes"]] == ["yes of ballots"]


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (["--rule", "1997"], "no bylaws '1997'"),
        (["--axis", "turnout"], "names no condition"),
        (["--json", "--csv"], "exclude each other"),
    ],
)
def test_wrong_requests_end_in_one_clear_line(
    extra: list[str], says: str, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, nothing on stdout."""
    asked = ["sweep", "sebac-2011", "--as-of", "2011-06-17", "--worlds", "1000"]
    code, out, err = ratify([*asked, "--engine", "instant", "--store", str(store), *extra], capsys)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_chances_that_rest_on_few_draws_are_said_to_be_rough() -> None:
    """Where a forecast of the rule alone would be refused, the surface knows its error as rough."""
    chains, per_chain = 4, 500
    draw = np.arange(chains * per_chain, dtype=np.int32)
    early = draw < draw.size / 2  # every chain changes its mind once, half way
    votes = np.asfortranarray(np.stack([np.where(early, 3, 1), np.where(draw % 7 < 3, 3, 1)], 1))
    fours = np.full_like(votes, 4, order="F")
    approves = np.asfortranarray(2 * votes > fours)
    worlds = Worlds(
        members=fours,
        ballots=fours,
        yes=votes,
        approves=approves,
        abstains=np.zeros(2, dtype=bool),
        draw=draw,
        variant=np.zeros_like(draw),
        chains=chains,
        leaf_members=fours,
        leaf_ballots=fours,
        leaf_yes=votes,
    )
    results = Results(
        members=fours,
        ballots=fours,
        yes=votes,
        approves=approves,
        abstains=worlds.abstains,
        weights=(Fraction(1), Fraction(1)),
        unions=("a", "b"),
    )
    [condition, _] = conditions(load("sebac-2011").bylaws[0].readings[0].rule)
    reading = Reading(id="x", title="x", rule=All(parts=(condition, Veto(union="a"))))
    found = surface(reading, [axis_of(reading.rule, 0, Fraction(2))], results)
    _, ess = errors(found, worlds)
    assert ess[1] < 400
    with pytest.raises(ConvergenceError, match="worth only"):
        estimate(judge(found.rule((1,)), results), worlds)
