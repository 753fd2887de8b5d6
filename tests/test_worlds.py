"""Worlds have the law that posterior and evidence give them, and never contradict a report."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from exact import (
    FALSE_ALARM,
    approval_chance,
    law_pvalue,
    margin_law,
    merged_pvalue,
    number_law,
)
from hand_made import (
    TWO_ROUNDS,
    constant_draws,
    logit,
    make_case,
    make_posterior,
)
from ratification.case.case import Case
from ratification.case.evidence import InForce, Report
from ratification.case.folder import load
from ratification.case.priors import Normal
from ratification.case.rounds import Scenario
from ratification.case.unitsets import leaves_in, units_in
from ratification.errors import RatificationError
from ratification.inference.field import FieldMaker
from ratification.inference.layout import MOST_LEAVES, build_layout
from ratification.inference.numerics import stream
from ratification.inference.posterior import Posterior
from ratification.inference.rosters import Rosters
from ratification.inference.worlds import (
    Worlds,
    _replace_bad,
    approved,
    draw_index,
    draw_worlds,
)
from small_case import ELECTORATE, EVIDENCE, write_case

COUNT = 40_000


def worlds_of(case: Case, posterior: Posterior, count: int = COUNT) -> Worlds:
    """Worlds of the target round with all evidence."""
    return draw_worlds(case, posterior, case.evidence(), case.target, count)


# The law of what is open


FOUR = {"a": (101, 0.48, 0.8), "b": (64, 0.55, 0.6), "c": (33, 0.5, 0.75), "d": (8, 0.4, 0.5)}
FOUR_UNIONS = "unit,parent,members\n" + "".join(f"{u},,{m}\n" for u, (m, _, _) in FOUR.items())


def four(tmp_path: Path, evidence: str = "") -> tuple[Case, Posterior]:
    """Four small unions with exact rosters and known yes share and turnout."""
    case = make_case(tmp_path, FOUR_UNIONS, evidence)
    shares = {unit: p for unit, (_, p, _) in FOUR.items()}
    turnouts = {unit: t for unit, (_, _, t) in FOUR.items()}
    return case, make_posterior(case, shares, turnouts)


def test_unions_approve_with_their_exact_chance(tmp_path: Path) -> None:
    """Given yes share and turnout a union approves with its binomial chance; a tie rejects."""
    case, posterior = four(tmp_path)
    worlds = worlds_of(case, posterior)
    for position, (unit, setting) in enumerate(FOUR.items()):
        hits = int(worlds.approves[:, position].sum())
        test = scipy.stats.binomtest(hits, COUNT, approval_chance(*setting))
        assert test.pvalue > FALSE_ALARM, unit
        ballots = worlds.ballots[:, position]
        expected = scipy.stats.binom(setting[0], setting[2]).pmf(np.arange(setting[0] + 1))
        observed = np.bincount(ballots, minlength=setting[0] + 1)
        assert merged_pvalue(observed, expected * COUNT) > FALSE_ALARM, unit


def test_number_of_approving_unions_is_poisson_binomial(tmp_path: Path) -> None:
    """Unions are independent given their yes shares."""
    case, posterior = four(tmp_path)
    number = worlds_of(case, posterior).approves.sum(axis=1)
    law = number_law(approval_chance(*setting) for setting in FOUR.values())
    assert merged_pvalue(np.bincount(number, minlength=5), law * COUNT) > FALSE_ALARM


@pytest.mark.parametrize(("low", "high"), [("2", "2"), ("3", ""), ("", "1"), ("4", "")])
def test_number_of_approvals_conditions_exactly(tmp_path: Path, low: str, high: str) -> None:
    """A reported number of approvals leaves each set of approving unions its exact chance."""
    case, posterior = four(tmp_path, f"n,june,2011-06-01,*,approvals,,,{low},{high},\n")
    worlds = worlds_of(case, posterior)
    chances = [approval_chance(*setting) for setting in FOUR.values()]
    patterns = np.array(list(product([0, 1], repeat=4)))
    law = np.prod(np.where(patterns, chances, 1 - np.array(chances)), axis=1)
    number = patterns.sum(axis=1)
    agree = (number >= int(low or 0)) & (number <= int(high or 4))
    pvalue = law_pvalue(patterns[agree], law[agree], worlds.approves.astype(int))
    assert pvalue > FALSE_ALARM


def test_an_unlikely_number_of_approvals_conditions_well(tmp_path: Path) -> None:
    """At least three of four where that has a chance of 1 in 2,000: sets keep their chances.

    Who approves is then drawn by a normal approximation: unions of hundreds, as real ones are.
    """
    settings = {
        "a": (901, 0.47, 0.8),
        "b": (640, 0.46, 0.6),
        "c": (733, 0.45, 0.7),
        "d": (300, 0.44, 0.5),
    }
    case = make_case(
        tmp_path,
        "unit,parent,members\n" + "".join(f"{u},,{m}\n" for u, (m, _, _) in settings.items()),
        "n,june,2011-06-01,*,approvals,,,3,,\n",
    )
    shares, turnouts = ({u: entry[k] for u, entry in settings.items()} for k in (1, 2))
    posterior = make_posterior(case, shares, turnouts)
    worlds = worlds_of(case, posterior, 10_000)
    chances = np.array([approval_chance(*setting) for setting in settings.values()])
    patterns = np.array(list(product([0, 1], repeat=4)))
    law = np.prod(np.where(patterns, chances, 1 - chances), axis=1)
    agree = patterns.sum(axis=1) >= 3
    assert law[agree].sum() < 5e-4
    assert law_pvalue(patterns[agree], law[agree], worlds.approves.astype(int)) > FALSE_ALARM
    assert worlds.replaced == 0


def test_approvals_leave_what_is_counted_inside_their_units(tmp_path: Path) -> None:
    """A unit made to approve does so by its open leaves: its counted one stays as counted."""
    case = make_case(
        tmp_path,
        "unit,parent,members\na,,\na1,a,100\na2,a,300\nb,,400\nc,,500\n",
        "a1,june,2011-06-01,a1,count,30,55,,,\nn,june,2011-06-02,*,approvals,,,2,,\n",
    )
    posterior = make_posterior(
        case, {"a2": 0.49, "b": 0.45, "c": 0.45}, dict.fromkeys(("a2", "b", "c"), 0.7)
    )
    worlds = worlds_of(case, posterior, 10_000)
    check_worlds(case, case.evidence(), worlds)
    margin = margin_law(300, 0.49, 0.7)
    chances = np.array(
        [
            margin[300 + 26 :].sum(),  # 25 ahead make up for what is counted, 26 approve
            approval_chance(400, 0.45, 0.7),
            approval_chance(500, 0.45, 0.7),
        ]
    )
    patterns = np.array(list(product([0, 1], repeat=3)))
    law = np.prod(np.where(patterns, chances, 1 - chances), axis=1)
    agree = patterns.sum(axis=1) >= 2
    assert law[agree].sum() < 0.02
    assert law_pvalue(patterns[agree], law[agree], worlds.approves.astype(int)) > FALSE_ALARM


def test_approvals_reach_down_to_units_that_decide(tmp_path: Path) -> None:
    """A number of approvals that counts a union decided by its units conditions those units."""
    case = make_case(
        tmp_path,
        "unit,parent,members,decides\na,,101,\nb,,101,\nc,,,units\n"
        "c1,c,51,\nc2,c,51,\nc3,c,51,\nd,,,all-units\nd1,d,40,\nd2,d,40,\n",
        "n,june,2011-06-01,*,approvals,,,4,,\n",
    )
    settings = (
        {"a": (101, 0.47, 0.8), "b": (101, 0.47, 0.8)}
        | dict.fromkeys(("c1", "c2", "c3"), (51, 0.46, 0.8))
        | dict.fromkeys(("d1", "d2"), (40, 0.46, 0.8))
    )
    posterior = make_posterior(
        case, {unit: p for unit, (_, p, _) in settings.items()}, dict.fromkeys(settings, 0.8)
    )
    worlds = worlds_of(case, posterior, 5_000)
    assert worlds.approves.all()
    assert worlds.replaced == 0
    number = sum(
        2 * worlds.leaf_yes[:, leaf] > worlds.leaf_ballots[:, leaf]
        for leaf in sorted(case.electorate.leaves_under["c"])
    )
    one = approval_chance(51, 0.46, 0.8)
    law = number_law([one] * 3)[2:]
    observed = np.bincount(number, minlength=4)[2:]
    assert merged_pvalue(observed, law / law.sum() * 5_000) > FALSE_ALARM


def test_counted_leaves_are_what_was_counted(tmp_path: Path) -> None:
    """A count stands in every world; the rest of its union keeps its own law."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error\na,,300,\na1,a,120,\na2,a,180,\nb,,90,20\n",
        "a1,june,2011-06-01,a1,count,70,20,,,\nb,june,2011-06-01,b,count,40,45,,,\n",
    )
    posterior = make_posterior(case, {"a1": 0.2, "a2": 0.5}, {"a2": 0.6})
    worlds = worlds_of(case, posterior)
    a1, a2, b = (case.electorate.leaf_index[leaf] for leaf in ("a1", "a2", "b"))
    assert set(worlds.leaf_yes[:, a1]) == {70}
    assert set(worlds.leaf_ballots[:, a1]) == {90}
    assert set(worlds.yes[:, 1]) == {40}
    assert worlds.leaf_members[:, b].min() == 85
    expected = scipy.stats.binom(180, 0.3).pmf(np.arange(181))
    observed = np.bincount(worlds.leaf_yes[:, a2], minlength=181)
    assert merged_pvalue(observed, expected * COUNT) > FALSE_ALARM


# No world contradicts a report


def contradicting(case: Case, evidence: InForce, worlds: Worlds) -> list[str]:
    """Reports that some world contradicts, read from the reports themselves."""
    of_round = [report for report in evidence.reports if report.round == case.target]
    return [report.id for report in of_round if not _agrees(case, report, worlds).all()]


def _agrees(case: Case, report: Report, worlds: Worlds) -> np.ndarray:
    tree = case.electorate
    if report.kind == "approvals":
        columns = [
            approved(tree, unit, worlds.leaf_yes, worlds.leaf_ballots)
            for unit in units_in(report.units, tree)
        ]
        return _between(np.sum(columns, axis=0), report)
    leaves = sorted(leaves_in(report.units, tree))
    yes = worlds.leaf_yes[:, leaves].sum(axis=1, dtype=np.int64)
    ballots = worlds.leaf_ballots[:, leaves].sum(axis=1, dtype=np.int64)
    members = worlds.leaf_members[:, leaves].sum(axis=1, dtype=np.int64)
    if report.kind == "count":
        return (yes == report.yes) & (ballots == (report.yes or 0) + (report.no or 0))
    if report.kind == "partial":
        return (yes >= (report.yes or 0)) & (ballots - yes >= (report.no or 0))
    if report.kind == "outcome":
        if report.result == "abstained":
            return ballots == 0
        if report.units in tree.by_id:
            passed = approved(tree, report.units, worlds.leaf_yes, worlds.leaf_ballots)
        else:
            passed = 2 * yes > ballots
        return passed == (report.result == "approved")
    if report.kind in ("share", "turnout"):
        part, whole = (yes, ballots) if report.kind == "share" else (ballots, members)
        low, high = report.low or 0, 1 if report.high is None else report.high
        over = part * low.denominator >= low.numerator * whole
        return over & (part * high.denominator <= high.numerator * whole)
    if report.kind == "poll":
        return np.ones(worlds.count, dtype=bool)
    return _between(2 * yes - ballots if report.kind == "margin" else ballots, report)


def _between(values: np.ndarray, report: Report) -> np.ndarray:
    low = -np.inf if report.low is None else float(report.low)
    high = np.inf if report.high is None else float(report.high)
    return (values >= low) & (values <= high)


def check_worlds(case: Case, evidence: InForce, worlds: Worlds) -> None:
    """Every invariant of worlds."""
    assert contradicting(case, evidence, worlds) == []
    assert (worlds.leaf_yes >= 0).all()
    assert (worlds.leaf_yes <= worlds.leaf_ballots).all()
    assert (worlds.leaf_ballots <= worlds.leaf_members).all()
    for position, union in enumerate(case.electorate.unions):
        leaves = sorted(case.electorate.leaves_under[union])
        for by_leaf, by_union in (
            (worlds.leaf_members, worlds.members),
            (worlds.leaf_ballots, worlds.ballots),
            (worlds.leaf_yes, worlds.yes),
        ):
            np.testing.assert_array_equal(by_leaf[:, leaves].sum(axis=1), by_union[:, position])
        passed = approved(case.electorate, union, worlds.leaf_yes, worlds.leaf_ballots)
        np.testing.assert_array_equal(worlds.approves[:, position], passed)


def test_no_world_contradicts_any_kind_of_report(tmp_path: Path) -> None:
    """Counts, floors, outcomes, margins, shares, turnouts, approvals: every world agrees."""
    case = load(write_case(tmp_path))
    worlds = worlds_of(case, make_posterior(case, others=0.6), 4_000)
    check_worlds(case, case.evidence(), worlds)


@pytest.mark.parametrize("turnout", [0.5, 0.9])
@pytest.mark.parametrize(
    "day",
    [
        "2011-06-10",
        "2011-06-17",
        "2011-06-22",
        "2011-06-24",
        "2011-06-26",
    ],
)
def test_no_world_contradicts_the_founding_case(day: str, turnout: float) -> None:
    """On every day of the vote of 2011, though the posterior knows of none of the evidence."""
    case = load("sebac-2011")
    evidence = case.evidence(as_of=day)
    layout = build_layout(case, evidence, case.target)
    draws = constant_draws(layout.structure, (4, 50))
    draws["nu"] += logit(turnout)
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=3)
    worlds = draw_worlds(case, posterior, evidence, case.target, 400)
    check_worlds(case, evidence, worlds)


def test_unlikely_outcomes_still_give_worlds(tmp_path: Path) -> None:
    """A set of outcomes of less than one chance in a million is met in every world."""
    names = "abcdefgh"
    case = make_case(
        tmp_path,
        "unit,parent,members\n" + "".join(f"{u},,200\n" for u in names),
        "".join(f"{u},june,2011-06-01,{u},outcome,,,,,approved\n" for u in names[:6]),
    )
    posterior = make_posterior(case, dict.fromkeys(names, 0.44), dict.fromkeys(names, 0.7))
    assert approval_chance(200, 0.44, 0.7) ** 6 < 1e-6
    worlds = worlds_of(case, posterior, 5_000)
    assert worlds.approves[:, :6].all()
    assert worlds.replaced == 0
    hits = int(worlds.approves[:, 6].sum())
    test = scipy.stats.binomtest(hits, 5_000, approval_chance(200, 0.44, 0.7))
    assert test.pvalue > FALSE_ALARM


def test_an_abstaining_union_casts_nothing(tmp_path: Path) -> None:
    """A union that abstained has no ballots in any world, and is marked."""
    case = make_case(
        tmp_path,
        "unit,parent,members\na,,100\na1,a,50\na2,a,50\nb,,60\n",
        "a,june,2011-06-01,a,outcome,,,,,abstained\n",
    )
    worlds = worlds_of(case, make_posterior(case), 100)
    assert not worlds.ballots[:, 0].any()
    assert not worlds.approves[:, 0].any()
    assert worlds.abstains.tolist() == [True, False]


def test_worlds_that_cannot_agree_are_replaced_or_refused() -> None:
    """A few worlds are copied over from ones that agree; many are an error that says why."""
    members = np.arange(300).reshape(100, 3)
    rosters = Rosters(members=members.copy(), variant=np.arange(100))
    yes, no, good = members.copy(), members.copy(), np.ones(100, dtype=bool)
    good[[3, 50]] = False
    _replace_bad(rosters, yes, no, good, stream(1, "replace"))
    rows = {tuple(row) for row in members[good].tolist()}
    assert {tuple(row) for row in yes.tolist()} == rows
    np.testing.assert_array_equal(rosters.members, yes)
    np.testing.assert_array_equal(rosters.members[:, 0], 3 * rosters.variant)
    good[:4] = False
    with pytest.raises(RatificationError, match=r"5 of 100 simulated .* `ratify check`"):
        _replace_bad(rosters, yes, no, good, stream(1, "replace"))


# Who approves


DECIDING = """\
unit,parent,members,decides
half,,100,
two-thirds,,100,2/3
third,,100,1/3
most,,400,units
most-1,most,100,
most-2,most,100,
most-3,most,100,
most-4,most,100,
all,,350,all-units
all-1,all,100,
all-2,all,100,2/3
"""


@pytest.mark.parametrize(
    ("unit", "ballots", "expected"),
    [
        ("half", {"half": (50, 100)}, False),  # a tie
        ("half", {"half": (51, 100)}, True),
        ("half", {"half": (0, 0)}, False),
        ("two-thirds", {"two-thirds": (66, 99)}, True),  # exactly two thirds
        ("two-thirds", {"two-thirds": (65, 98)}, False),
        ("two-thirds", {"two-thirds": (0, 0)}, False),
        ("third", {"third": (33, 99)}, True),
        ("third", {"third": (33, 100)}, False),
        (
            "most",
            {"most-1": (9, 10), "most-2": (9, 10), "most-3": (5, 10), "most-4": (0, 0)},
            False,
        ),
        (
            "most",
            {"most-1": (6, 10), "most-2": (6, 10), "most-3": (6, 10), "most-4": (0, 90)},
            True,
        ),
        ("all", {"all-1": (6, 10), "all-2": (2, 3), "all/rest": (0, 150)}, True),  # no rest counts
        ("all", {"all-1": (6, 10), "all-2": (5, 8), "all/rest": (9, 9)}, False),
    ],
)
def test_deciding_rules(
    tmp_path: Path, unit: str, ballots: Mapping[str, tuple[int, int]], expected: bool
) -> None:
    """A tie rejects, a threshold is met when exactly reached, units decide by their own rules."""
    tree = make_case(tmp_path, DECIDING).electorate
    leaf_yes, leaf_ballots = (np.zeros((1, len(tree.leaves)), dtype=np.int32) for _ in range(2))
    for leaf, (yes, cast) in ballots.items():
        leaf_yes[0, tree.leaf_index[leaf]] = yes
        leaf_ballots[0, tree.leaf_index[leaf]] = cast
    assert approved(tree, unit, leaf_yes, leaf_ballots).tolist() == [expected]


def test_a_threshold_is_met_with_its_exact_chance(tmp_path: Path) -> None:
    """A union that needs two thirds gets them with their binomial chance."""
    case = make_case(tmp_path, "unit,parent,members,decides\na,,60,2/3\nb,,9,\n")
    worlds = worlds_of(case, make_posterior(case, {"a": 0.64}, {"a": 0.7}))
    cast = np.arange(1, 61)
    needed = -(-2 * cast // 3)
    chance = scipy.stats.binom.pmf(cast, 60, 0.7) @ scipy.stats.binom.sf(needed - 1, cast, 0.64)
    hits = int(worlds.approves[:, 0].sum())
    assert scipy.stats.binomtest(hits, COUNT, float(chance)).pvalue > FALSE_ALARM


# The same worlds every time


def shuffled(text: str, seed: int) -> str:
    """A table with its rows in another order; comments and the heading stay."""
    lines = text.splitlines(keepends=True)
    stop = next(k for k, line in enumerate(lines) if line.startswith(("unit,", "id,"))) + 1
    order = stream(seed, "rows").permutation(len(lines) - stop)
    return "".join([*lines[:stop], *(lines[stop + k] for k in order)])


def digest(case: Case) -> str:
    """A hash of every array of some worlds."""
    worlds = worlds_of(case, make_posterior(case, others=0.6), 500)
    found = hashlib.sha256()
    for name in ("leaf_members", "leaf_ballots", "leaf_yes", "members", "approves", "variant"):
        found.update(np.ascontiguousarray(getattr(worlds, name)).tobytes())
    return found.hexdigest()


def test_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    """Permuting units, unions and reports leaves every number of every unit as it is."""
    plain = digest(load(write_case(tmp_path)))
    for seed in (1, 2, 3):
        (tmp_path / str(seed)).mkdir()
        changed = {
            "electorate.csv": shuffled(ELECTORATE, seed),
            "evidence.csv": shuffled(EVIDENCE, seed),
        }
        assert digest(load(write_case(tmp_path / str(seed), changed))) == plain


def test_same_seed_same_bytes_in_every_process(tmp_path: Path) -> None:
    """Worlds do not depend on the process or on PYTHONHASHSEED, but do on the seed."""
    folder = write_case(tmp_path)
    code = (
        "import sys; from ratification.case.folder import load; from test_worlds import digest; "
        "print(digest(load(sys.argv[1])))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    case = load(folder)
    assert told == [digest(case)] * 2
    posterior = make_posterior(case)
    other = worlds_of(case, replace(posterior, seed=8), 500)
    assert (other.leaf_yes != worlds_of(case, posterior, 500).leaf_yes).any()


@pytest.mark.parametrize("count", [2000, 2001, 3999, 5000])
def test_more_worlds_than_draws_use_every_draw_alike(tmp_path: Path, count: int) -> None:
    """No draw has more than one world more than another."""
    _, posterior = four(tmp_path)
    used = np.bincount(draw_index(posterior, count), minlength=2000)
    assert used.sum() == count
    assert np.ptp(used) <= 1


@pytest.mark.parametrize("count", [1, 3, 100, 401, 1999])
def test_fewer_worlds_than_draws_spread_over_the_chains(tmp_path: Path, count: int) -> None:
    """Worlds take all chains alike, from their beginnings to their ends."""
    _, posterior = four(tmp_path)
    index = draw_index(posterior, count)
    assert len(index) == count
    chain, step = index % 4, index // 4
    assert np.ptp(np.bincount(chain, minlength=4)) <= 1
    if count >= 100:
        assert step.min() == 0
        assert step.max() == 499
        assert np.bincount(step * 10 // 500, minlength=10).min() >= count // 15


def test_each_world_follows_its_own_draw(tmp_path: Path) -> None:
    """World by world, yes share and turnout are those of the posterior draw it names."""
    case = make_case(tmp_path, "unit,parent,members\na,,100000\nb,,100\n")
    posterior = make_posterior(case, shape=(4, 50))
    posterior.draws["mu"][:] = np.linspace(-2, 2, 200).reshape(4, 50)
    worlds = worlds_of(case, posterior, 300)
    expected = 1 / (1 + np.exp(-posterior.flat("mu")[worlds.draw]))
    shares = worlds.yes[:, 0] / worlds.ballots[:, 0]
    assert (np.abs(shares - expected) < 6 * np.sqrt(0.25 / 50_000)).all()


# Fields: rounds and effects that the fit did not sample

FORWARD = "unit,parent,members\na,,100\nb,,100\nb1,b,50\nb2,b,50\n"
MAY = "a-may,may,2011-05-01,a,count,60,20,,,\n"
AGAIN = Scenario(
    id="again",
    title="Again",
    round="june",
    swing=Normal(mean=0.7, sd=0.5),
    turnout=Normal(mean=-0.4, sd=0.2),
)


def forward(tmp_path: Path) -> tuple[Case, Posterior, np.ndarray, np.ndarray]:
    """Logit yes share and turnout (world, leaf) of a round without evidence, in a scenario."""
    case = make_case(tmp_path, FORWARD, MAY, settings=TWO_ROUNDS)
    layout = build_layout(case, case.evidence(), "june", AGAIN)
    assert layout.structure.rounds == ("may",)
    draws = constant_draws(layout.structure, (4, 500))
    draws["mu"] += 0.3
    draws["correlation"] += 0.6
    draws["z"] += 1.5
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    field = FieldMaker(case, posterior, "june", AGAIN).field(
        draw_index(posterior, COUNT), stream(1, "forward")
    )
    return case, posterior, *(np.log(f / (1 - f)) for f in (field.yes_share, field.turnout))


def test_a_round_without_evidence_swings_as_the_scenario_says(tmp_path: Path) -> None:
    """A union of which nothing is known has the normal law of mean, swing and its own effect."""
    case, posterior, yes, turnout = forward(tmp_path)
    b1 = case.electorate.leaf_index["b1"]
    nu = posterior.layout.priors.nu
    tau_unit = posterior.layout.priors.tau_unit.sd
    # b1 lies in a union and is a unit of it: scale 1 of the union was sampled, the unit's was not.
    tau = np.abs(scipy.stats.norm.ppf((np.arange(400) + 0.5) / 400)) * tau_unit
    sd = np.sqrt(0.5**2 + 1 + tau**2)
    law = scipy.stats.norm(1.0, sd[:, None])
    assert scipy.stats.kstest(yes[::20, b1], lambda x: law.cdf(x).mean(axis=0)).pvalue > FALSE_ALARM
    assert nu.mean - 0.4 == pytest.approx(turnout[:, b1].mean(), abs=0.1)


def test_a_union_keeps_what_persists_of_its_effect(tmp_path: Path) -> None:
    """A union sampled in the first vote has persistence times its effect in the second."""
    case, posterior, yes, turnout = forward(tmp_path)
    a = case.electorate.leaf_index["a"]
    points, weights = np.polynomial.legendre.leggauss(200)
    share, weights = (points + 1) / 2, weights / 2
    weights = weights * scipy.stats.beta.pdf(share, 2, 2)
    law = scipy.stats.norm(1.0 + 1.5 * share[:, None], np.sqrt(0.25 + 1 - share[:, None] ** 2))
    result = scipy.stats.kstest(yes[:, a], lambda x: weights @ law.cdf(x))
    assert result.pvalue > FALSE_ALARM
    # Turnout: nu + scenario, and the union's effect 0.6 of its yes effect and 0.8 of its own.
    nu = posterior.layout.priors.nu
    spread = 0.6**2 * (1 - share**2) + 0.8**2 * (1 - share**2)
    mean = nu.mean - 0.4 + 0.6 * 1.5 * share
    own = scipy.stats.norm(mean[:, None], np.sqrt(spread + nu.sd**2 + 0.2**2)[:, None])
    result = scipy.stats.kstest(turnout[:, a], lambda x: weights @ own.cdf(x))
    assert result.pvalue > FALSE_ALARM


def test_yes_and_turnout_effects_of_a_union_are_correlated(tmp_path: Path) -> None:
    """An unsampled union's two effects have the correlation of the draw."""
    case = make_case(tmp_path, FORWARD + "c,,100\n", MAY, settings=TWO_ROUNDS)
    layout = build_layout(case, case.evidence(), "june")
    draws = constant_draws(layout.structure, (4, 500))
    draws["correlation"] += 0.6
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    still = replace(AGAIN, swing=Normal(mean=0, sd=1e-9), turnout=None)
    tight = replace(layout.priors, nu=Normal(mean=0, sd=1e-9))
    posterior = replace(posterior, layout=replace(layout, priors=tight))
    field = FieldMaker(case, posterior, "june", still).field(np.arange(2000), stream(2, "field"))
    c = case.electorate.leaf_index["c"]
    yes, turnout = (np.log(f / (1 - f))[:, c] for f in (field.yes_share, field.turnout))
    observed = np.arctanh(np.corrcoef(yes, turnout)[0, 1])
    z = (observed - np.arctanh(0.6)) * np.sqrt(2000 - 3)
    assert 2 * scipy.stats.norm.sf(abs(z)) > FALSE_ALARM


def test_a_round_fitted_with_an_earlier_one_adds_its_parts(tmp_path: Path) -> None:
    """Mean, swing, lasting and fresh effects, and correlation add up as the model says."""
    case = make_case(
        tmp_path, FORWARD, MAY + "b1,june,2011-06-01,b1,count,20,10,,,\n", settings=TWO_ROUNDS
    )
    layout = build_layout(case, case.evidence(), "june")
    structure = layout.structure
    assert structure.rounds == ("may", "june")
    assert structure.repeated == ("a",)
    draws = constant_draws(structure, (2, 3))
    rng = stream(1, "draws")
    for name, values in draws.items():
        values += 0.1 if name in ("persistence", "correlation") else rng.normal(size=values.shape)
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    field = FieldMaker(case, posterior, "june", None)
    assert field.complete
    made = field.field(np.arange(6), stream(1, "none"))
    flat = {name: posterior.flat(name) for name in draws}
    node = {name: k for k, name in enumerate(structure.nodes)}

    def effect(unit: str, level: int) -> tuple[np.ndarray, np.ndarray]:
        yes, turnout = (flat[name][:, node[unit, 1]] for name in ("z", "z_turnout"))
        if unit == "a":
            old, new = np.sqrt(0.6), np.sqrt(0.4)
            yes = old * flat["lasting"][:, 0] + new * yes
            turnout = old * flat["lasting_turnout"][:, 0] + new * turnout
        if level == 0:
            turnout = 0.1 * yes + np.sqrt(1 - 0.1**2) * turnout
        return flat["tau"][:, level] * yes, flat["tau_turnout"][:, level] * turnout

    mu = flat["mu"] + flat["swing"][:, 0]
    for leaf, path in (("a", ["a"]), ("b2", ["b", "b2"])):
        parts = [effect(unit, level) for level, unit in enumerate(path)]
        at = case.electorate.leaf_index[leaf]
        yes = 1 / (1 + np.exp(-mu - sum(part[0] for part in parts)))
        turnout = 1 / (1 + np.exp(-flat["nu"][:, 1] - sum(part[1] for part in parts)))
        np.testing.assert_allclose(made.yes_share[:, at], yes, rtol=1e-12)
        np.testing.assert_allclose(made.turnout[:, at], turnout, rtol=1e-12)


# Large trees


def large_tree(unions: int, leaves: int) -> str:
    """Unions with leaves of different sizes."""
    rows = ["unit,parent,members\n"]
    for union in range(unions):
        rows.append(f"u{union:03},,\n")
        rows += [f"u{union:03}-{leaf:03},u{union:03},{50 + 7 * leaf}\n" for leaf in range(leaves)]
    return "".join(rows)


def large_case(tmp_path: Path) -> Case:
    """1,200 leaves in 12 unions, with 30 reports."""
    counts = "".join(
        f"c{k},june,2011-06-01,u{k % 12:03}-{k:03},count,20,25,,,\n" for k in range(20)
    )
    outcomes = "".join(f"o{k},june,2011-06-01,u{k:03},outcome,,,,,approved\n" for k in range(5))
    margins = "".join(f"m{k},june,2011-06-02,u{k:03},margin,,,-900,900,\n" for k in range(6, 10))
    share = "s,june,2011-06-02,u010 + u011,share,,,0.4,0.6,\n"
    return make_case(tmp_path, large_tree(12, 100), counts + outcomes + margins + share)


def test_a_large_tree_has_a_small_structure(tmp_path: Path) -> None:
    """1,200 leaves and 30 reports: what no report tells apart is sampled as one, and is drawn."""
    case = large_case(tmp_path)
    assert len(case.electorate.leaves) == 1200 > MOST_LEAVES
    assert len(case.reports) == 30
    layout = build_layout(case, case.evidence(), "june")
    assert len(layout.structure.cells) <= 60
    assert len(layout.structure.nodes) <= 80
    draws = constant_draws(layout.structure, (4, 50))
    draws["tau"] *= 0.3
    draws["tau_turnout"] *= 0.3
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    worlds = draw_worlds(case, posterior, case.evidence(), "june", 400)
    check_worlds(case, case.evidence(), worlds)


def test_merged_leaves_keep_their_weighted_mean(tmp_path: Path) -> None:
    """Leaves sampled as one are split so that their mean by members is what was sampled."""
    case = large_case(tmp_path)
    layout = build_layout(case, case.evidence(), "june")
    structure = layout.structure
    draws = constant_draws(structure, (4, 50))
    rng = stream(1, "draws")
    for name in ("z", "z_turnout", "mu", "nu"):
        draws[name] += rng.normal(size=draws[name].shape)
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    field = FieldMaker(case, posterior, "june", None).field(np.arange(200), stream(1, "split"))
    yes, turnout = (np.log(f / (1 - f)) for f in (field.yes_share, field.turnout))
    members = layout.members["june"]
    merged = [group for _, group in structure.cells if len(group.leaves) > 1]
    assert len(merged) >= 10
    for group in merged:
        leaves = list(group.leaves)
        weights = members[leaves] / members[leaves].sum()
        union, own = ((name, 0) for name in group.path)
        size = np.sqrt(np.square(weights).sum())
        for logits, mean, name in (
            (yes, posterior.flat("mu"), "z"),
            (turnout, posterior.flat("nu")[:, 0], "z_turnout"),
        ):
            z = posterior.flat(name)
            expected = mean + z[:, structure.nodes.index(union)]
            expected = expected + size * z[:, structure.nodes.index(own)]
            np.testing.assert_allclose(logits[:, leaves] @ weights, expected, atol=1e-9)


def test_merged_leaves_vary_like_single_ones(tmp_path: Path) -> None:
    """Over draws of their mean, leaves sampled as one have standard normal, independent effects."""
    case = large_case(tmp_path)
    layout = build_layout(case, case.evidence(), "june")
    draws = constant_draws(layout.structure, (4, 1000))
    rng = stream(2, "draws")
    own = [k for k, (name, _) in enumerate(layout.structure.nodes) if "+" in name]
    draws["z"][..., own] = rng.normal(size=(4, 1000, len(own)))
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    field = FieldMaker(case, posterior, "june", None).field(np.arange(4000), stream(3, "split"))
    group = next(g for _, g in layout.structure.cells if len(g.leaves) > 1)
    first, last = (
        np.log(field.yes_share / (1 - field.yes_share))[:, group.leaves[k]] for k in (0, -1)
    )
    for sample in (first, last, (first + last) / np.sqrt(2), (first - last) / np.sqrt(2)):
        assert scipy.stats.kstest(sample, "norm").pvalue > FALSE_ALARM


def test_merged_unions_keep_the_correlation_of_their_effects(tmp_path: Path) -> None:
    """Unions without units, sampled as one, have correlated yes and turnout effects, too."""
    case = make_case(
        tmp_path,
        "unit,parent,members\n" + "".join(f"u{k:03},,{90 + k}\n" for k in range(600)),
        "s,june,2011-06-01,*,share,,,0.2,0.8,\n",
    )
    layout = build_layout(case, case.evidence(), "june")
    assert len(layout.structure.nodes) == 1
    draws = constant_draws(layout.structure, (4, 500))
    draws["correlation"] -= 0.7
    rng = stream(2, "draws")
    for name in ("z", "z_turnout"):
        draws[name] += rng.normal(size=draws[name].shape)
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    field = FieldMaker(case, posterior, "june", None).field(np.arange(2000), stream(3, "split"))
    yes, turnout = (np.log(f / (1 - f))[:, 17] for f in (field.yes_share, field.turnout))
    z = (np.arctanh(np.corrcoef(yes, turnout)[0, 1]) - np.arctanh(-0.7)) * np.sqrt(1997)
    assert 2 * scipy.stats.norm.sf(abs(z)) > FALSE_ALARM


@pytest.mark.parametrize("reports", [0, 1, 2])
def test_a_large_tree_with_few_reports_has_worlds(tmp_path: Path, reports: int) -> None:
    """0, 1 and 2 reports on a large tree give worlds as wide as the prior."""
    evidence = "".join(f"c{k},june,2011-06-01,u00{k}-000,count,20,25,,,\n" for k in range(reports))
    case = make_case(tmp_path, large_tree(6, 100), evidence)
    layout = build_layout(case, case.evidence(), "june")
    draws = constant_draws(layout.structure, (4, 100))
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    worlds = draw_worlds(case, posterior, case.evidence(), "june", 400)
    check_worlds(case, case.evidence(), worlds)
    share = worlds.yes[:, 5] / worlds.ballots[:, 5]
    assert share.std() > 0.1
