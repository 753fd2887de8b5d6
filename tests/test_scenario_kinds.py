"""Scenarios about the coalition itself: who abstains, leaves or joins; how far units regress."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hand_made import TWO_ROUNDS, constant_draws, make_case, make_posterior
from made_runs import MadeRuns, made_run
from ratification.answers.judging import Results, judge
from ratification.answers.run import Run, Simulation
from ratification.api import load, run
from ratification.case.case import Case
from ratification.case.priors import Normal
from ratification.case.rounds import Joining, Scenario
from ratification.errors import CaseError, RequestError
from ratification.inference.field import FieldMaker
from ratification.inference.layout import build_layout
from ratification.inference.membership import in_scenario
from ratification.inference.numerics import stream
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import draw_index, draw_worlds
from small_case import CASE, edited, write_case

FALSE_ALARM = 1e-6
ROWS = """\
unit,parent,members,decides
a,,400,
a1,a,250,
a2,a,150,
b,,300,units
b1,b,100,
b2,b,100,
b3,b,100,
c,,200,2/3
d,,150,
"""
RULES = "".join(
    f"""\
[[bylaws]]
id = "{abstaining}"
[[bylaws.reading]]
id = "both"
abstaining = "{abstaining}"
all = [
    {{ measure = "approving unions", at_least = "1/2" }},
    {{ measure = "members of approving unions", more_than = "45%" }},
]
[[bylaws.reading]]
id = "any"
abstaining = "{abstaining}"
any = [
    {{ measure = "opposed unions", at_most = "1/4" }},
    {{ measure = "yes of ballots", at_least = "3/5" }},
    {{ measure = "turnout", less_than = "60%" }},
]
"""
    for abstaining in ("stays", "leaves")
)


def four_unions(parent: Path, evidence: str = "", **more: str) -> Case:
    """Unions that decide in each of the ways there are; rules by union, members and ballots."""
    return make_case(parent, ROWS, evidence, bylaws=RULES, **more)


def with_scenario(case: Case, **what: object) -> Case:
    """The case with one scenario more, `s`."""
    scenario = Scenario(id="s", title="S", round="june", **what)  # type: ignore[arg-type]
    return replace(case, scenarios=(scenario,))


def both(case: Case, **asked: object) -> tuple[Run, Simulation, Simulation]:
    """A run as voted and in scenario s."""
    found = made_run(case, scenarios=["as-voted", "s"], **asked)
    return found, *found.simulations


def ratified(reading_id: str, stays: bool, unions: list[dict[str, float]]) -> bool:
    """The rules above on one result, by plain arithmetic over the unions that belong."""
    counted = unions if stays else [u for u in unions if not u["abstains"]]
    voting = [u for u in counted if not u["abstains"]]
    members = sum(u["members"] for u in counted)
    ballots = sum(u["ballots"] for u in counted)
    if reading_id == "both":
        approving = [u for u in counted if u["approves"]]
        held = sum(u["members"] for u in approving)
        return 2 * len(approving) >= len(counted) and 100 * held > 45 * members
    opposed = sum(not u["approves"] for u in voting)
    return (
        4 * opposed <= len(counted)
        or 5 * sum(u["yes"] for u in counted) >= 3 * ballots > 0
        or 10 * ballots < 6 * members
    )


def by_hand(found: Simulation, case: Case) -> list[list[dict[str, float]]]:
    """Every world's unions, decided leaf by leaf."""
    tree, worlds = case.electorate, found.worlds
    silent = {
        leaf
        for unit in (found.scenario.abstaining if found.scenario else ())
        for leaf in tree.leaves_under[unit]
    }
    told = []
    for w in range(worlds.count):
        unions = []
        for union in tree.unions:
            leaves = sorted(tree.leaves_under[union])
            yes = {leaf: 0 if leaf in silent else int(worlds.leaf_yes[w, leaf]) for leaf in leaves}
            cast = {
                leaf: 0 if leaf in silent else int(worlds.leaf_ballots[w, leaf]) for leaf in leaves
            }
            total, ballots = sum(yes.values()), sum(cast.values())
            approves = {
                "b": sum(2 * yes[leaf] > cast[leaf] for leaf in leaves) >= 2,
                "c": 3 * total >= 2 * ballots > 0,
            }.get(union, 2 * total > ballots)
            unions.append(
                {
                    "members": int(worlds.leaf_members[w, leaves].sum()),
                    "ballots": ballots,
                    "yes": total,
                    "approves": approves,
                    "abstains": set(leaves) <= silent,
                    "name": union,  # type: ignore[dict-item]
                }
            )
        told.append(unions)
    return told


@pytest.mark.parametrize("units", [("d",), ("a1",), ("b1", "b2"), ("c", "a1"), ("b",)])
def test_who_abstains_casts_no_ballots(tmp_path: Path, units: tuple[str, ...]) -> None:
    """The same worlds without their ballots, and the rules as their bylaws treat abstaining."""
    case = with_scenario(four_unions(tmp_path), abstaining=units)
    found, plain, silent = both(case, worlds=400)
    assert np.array_equal(plain.worlds.leaf_members, silent.worlds.leaf_members)
    results = by_hand(replace(plain, scenario=silent.scenario), case)
    for name in ("ballots", "yes", "approves"):
        expected = [[union[name] for union in unions] for unions in results]
        assert np.array_equal(getattr(silent.worlds, name), np.array(expected)), name
    for chosen in found.readings:
        stays = chosen.reading.abstaining == "stays"
        expected = [ratified(chosen.reading.id, stays, unions) for unions in results]
        held = judge(chosen.reading, Results.of(silent.worlds, silent.electorate))
        assert held.tolist() == expected, chosen.key


@pytest.mark.parametrize("gone", [("d",), ("a", "c")])
def test_a_union_that_leaves_is_counted_nowhere(tmp_path: Path, gone: tuple[str, ...]) -> None:
    """Rules say of the rest what they would say if the union had never been there."""
    case = with_scenario(four_unions(tmp_path), leaving=gone)
    found, plain, left = both(case, worlds=400)
    results = [
        [union for union in unions if union["name"] not in gone] for unions in by_hand(plain, case)
    ]
    for chosen in found.readings:
        stays = chosen.reading.abstaining == "stays"
        expected = [ratified(chosen.reading.id, stays, unions) for unions in results]
        held = judge(chosen.reading, Results.of(left.worlds, left.electorate))
        assert held.tolist() == expected, chosen.key
    listed = [union.unit for union in found.forecast.unions if union.scenario == "s"]
    assert listed == [union for union in "abcd" if union not in gone]


def test_a_joining_union_votes_as_the_fitted_population_does(tmp_path: Path) -> None:
    """Its logit share is normal round the worlds' own mean, its size is given, others stay."""
    case = with_scenario(four_unions(tmp_path), joining=(Joining(id="z", name="Z", members=10**8),))
    posterior = make_posterior(case, shape=(4, 1000))
    posterior = replace(
        posterior,
        draws=dict(posterior.draws)
        | {
            "mu": np.full((4, 1000), 0.3),
            "nu": np.full((4, 1000, 1), 0.8),
            "correlation": np.full((4, 1000), 0.6),
        },
    )
    (scenario,) = case.scenarios
    worlds = draw_worlds(case, posterior, case.evidence(), "june", 4000)
    joined = in_scenario(worlds, case, posterior, "june", scenario)
    assert np.array_equal(joined.yes[:, :4], worlds.yes)
    assert np.array_equal(
        joined.leaf_ballots[:, : worlds.leaf_ballots.shape[1]], worlds.leaf_ballots
    )
    assert (joined.members[:, 4] == 10**8).all()
    share, turnout = joined.yes[:, 4] / joined.ballots[:, 4], joined.ballots[:, 4] / 10**8
    yes, cast = (np.log(x / (1 - x)) for x in (share, turnout))
    assert scipy.stats.kstest(yes, scipy.stats.norm(0.3, 1).cdf).pvalue > FALSE_ALARM
    assert scipy.stats.kstest(cast, scipy.stats.norm(0.8, 1).cdf).pvalue > FALSE_ALARM
    z = (np.arctanh(np.corrcoef(yes, cast)[0, 1]) - np.arctanh(0.6)) * np.sqrt(4000 - 3)
    assert 2 * scipy.stats.norm.sf(abs(z)) > FALSE_ALARM


def test_a_joining_union_shares_the_swing_of_its_world(tmp_path: Path) -> None:
    """In a vote still to come it moves with the coalition's drawn swing and turnout."""
    may = "m,may,2011-05-01,a,outcome,,,,,approved\n"
    case = four_unions(tmp_path, may, settings=TWO_ROUNDS)
    joining = (Joining(id="z", name="Z", members=10**8),)
    scenario = Scenario(
        id="s", title="S", round="june", swing=Normal(mean=0.4, sd=0.9), joining=joining
    )
    layout = build_layout(case, case.evidence(), "june", scenario)
    draws = constant_draws(layout.structure, (4, 500))
    draws["tau"] *= 1e-9
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=3)
    worlds = draw_worlds(case, posterior, case.evidence(), "june", 2000, scenario=scenario)
    joined = in_scenario(worlds, case, posterior, "june", scenario)
    shares = joined.yes / joined.ballots
    d, z = case.electorate.unions.index("d"), 4
    assert np.abs(shares[:, z] - shares[:, d]).max() < 0.3
    assert np.corrcoef(shares[:, z], shares[:, d])[0, 1] > 0.9


def test_standing_follows_the_coalition_of_a_scenario(tmp_path: Path) -> None:
    """With a gone, which approved, the rest decide; with a joiner more, nothing is decided yet."""
    rows = "".join(
        f"r{u},june,2011-06-01,{u},outcome,,,,,{r}\n"
        for u, r in (("a", "approved"), ("b", "rejected"), ("c", "rejected"), ("d", "approved"))
    )
    case = four_unions(tmp_path, rows)
    plain = run_of(case)
    assert plain["stays/both"] == "ratified"
    assert run_of(case, leaving=("a",))["stays/both"] == "defeated"
    assert run_of(case, leaving=("b", "c"))["stays/both"] == "ratified"
    joining = (Joining(id="z", name="Z", members=400),)
    assert run_of(case, joining=joining)["stays/both"] == "open"
    small = (Joining(id="z", name="Z", members=1), Joining(id="y", name="Y", members=1))
    assert run_of(case, joining=small)["stays/both"] == "open"


def run_of(case: Case, **what: object) -> dict[str, str]:
    """Standing of every rule in a scenario, which its own simulated votes bear out."""
    found = made_run(with_scenario(case, **what), scenarios=["s"], worlds=400)
    (made,) = found.simulations
    for chosen in found.readings:
        held = judge(chosen.reading, Results.of(made.worlds, made.electorate))
        standing = found.rule(made, chosen).standing
        if standing != "open":
            assert (held == (standing == "ratified")).all(), chosen.key
    return {chosen.key: found.rule(made, chosen).standing for chosen in found.readings}


@pytest.mark.parametrize("seed", range(40))
def test_no_world_contradicts_the_standing_of_a_scenario(tmp_path: Path, seed: int) -> None:
    """Random reports, random changes of the coalition: worlds bear out what arithmetic decides."""
    rng = np.random.default_rng(seed)
    units = rng.permutation(["a", "b", "c", "d"])[: rng.integers(1, 4)]
    rows = "".join(
        f"r{u},june,2011-06-01,{u},outcome,,,,,{rng.choice(['approved', 'rejected'])}\n"
        for u in units
    )
    if rng.random() < 0.5:
        rows += "n,june,2011-06-02,*,approvals,,,1,3,\n"
    case = four_unions(tmp_path, rows)
    left = [u for u in "abcd" if u not in units]
    what: dict[str, object] = {"leaving": tuple(rng.permutation(["a", "b"])[: rng.integers(0, 3)])}
    if rng.random() < 0.5:
        joining = (Joining(id="z", name="Z", members=int(rng.integers(1, 600))),)
        what["joining"] = joining
    silent = [u for u in left if u not in what["leaving"]]  # type: ignore[operator]
    if silent and rng.random() < 0.5:
        what["abstaining"] = (silent[0],)
    run_of(case, **what)


def test_abstaining_is_news_only_where_reports_need_it(tmp_path: Path) -> None:
    """Where a report covers the ballots of who abstains, the fit is told; else it is the same."""
    free = with_scenario(four_unions(tmp_path), abstaining=("d",))
    _, plain, silent = both(free)
    assert plain.posterior.layout.facts == silent.posterior.layout.facts
    total = "t,june,2011-06-02,*,share,,,0.4,0.6,\n"
    tied = with_scenario(four_unions(tmp_path, total, name="tied"), abstaining=("d",))
    _, plain, silent = both(tied)
    assert silent.posterior.layout.facts["june"].outcomes == {"d": "abstained"}
    share = silent.worlds.yes.sum(axis=1) / silent.worlds.ballots.sum(axis=1)
    assert ((share >= 0.4) & (share <= 0.6)).all()
    assert not silent.worlds.ballots[:, 3].any()


def test_who_has_voted_cannot_abstain(tmp_path: Path) -> None:
    """A unit with counted ballots cannot boycott the vote: the error names the scenario."""
    counted = "r,june,2011-06-02,d,count,50,40,,,\n"
    case = with_scenario(four_unions(tmp_path, counted), abstaining=("d",))
    with pytest.raises(RequestError, match=r"scenario 's': .*d abstained.*ask for an earlier day"):
        both(case)


def test_a_veto_of_a_union_that_left_is_refused(tmp_path: Path) -> None:
    """Bylaws that need a union's approval say nothing of a coalition without it."""
    veto = '[[bylaws]]\nid = "v"\n[[bylaws.reading]]\nid = "v"\nall = [{ approves = "d" }]\n'
    case = with_scenario(make_case(tmp_path, ROWS, bylaws=veto), leaving=("d",))
    with pytest.raises(RequestError, match="'v/v' need the approval of 'd', which leaves in"):
        both(case)


@pytest.mark.parametrize(("regression", "kept"), [(0.0, 1.0), (0.4, 0.6), (1.0, 0.0)])
def test_units_regress_toward_the_coalition(tmp_path: Path, regression: float, kept: float) -> None:
    """Of a union's distance from the mean that share is kept on average; the spread stays."""
    may = "m,may,2011-05-01,c,outcome,,,,,approved\n"
    case = four_unions(tmp_path, may, settings=TWO_ROUNDS)
    scenario = Scenario(
        id="s", title="S", round="june", swing=Normal(mean=0.5, sd=0), regression=regression
    )
    layout = build_layout(case, case.evidence(), "june", scenario)
    draws = constant_draws(layout.structure, (4, 500))
    draws["z"] += 1.5
    posterior = Posterior(layout, draws, make_posterior(case).diagnostics, seed=1)
    field = FieldMaker(case, posterior, "june", scenario).field(
        draw_index(posterior, 2000), stream(1, "regress")
    )
    c = case.electorate.leaf_index["c"]
    yes = np.log(field.yes_share / (1 - field.yes_share))[:, c]
    spread = np.sqrt(1 - kept**2)
    if spread == 0:
        assert yes == pytest.approx(0.5 + 1.5)
    else:
        law = scipy.stats.norm(0.5 + 1.5 * kept, spread)
        assert scipy.stats.kstest(yes, law.cdf).pvalue > FALSE_ALARM


def test_regression_changes_nothing_where_reports_tell(tmp_path: Path) -> None:
    """In a round with reports of its own the forecast says that regression has no effect."""
    rows = "m,may,2011-05-01,c,outcome,,,,,approved\nj,june,2011-06-01,a1,count,90,60,,,\n"
    case = with_scenario(four_unions(tmp_path, rows, settings=TWO_ROUNDS), regression=0.5)
    found, plain, told = both(case)
    assert any("regression acts on rounds without reports" in t for t in found.forecast.assumptions)
    assert np.array_equal(plain.worlds.yes, told.worlds.yes)


def scenario_toml(extra: str) -> str:
    """The small case with more lines in its scenario."""
    return CASE.replace('returns = "withheld"', f'returns = "withheld"\n{extra}')


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ('abstaining = ["bta"]', "no unit 'bta' in electorate.csv. Did you mean 'beta'?"),
        ('leaving = ["bta"]', "no union 'bta' in electorate.csv. Did you mean 'beta'?"),
        ('leaving = ["local-391"]', "'local-391' is a unit of 'council-4': only a whole union"),
        ('leaving = ["beta", "gamma", "delta", "council-4"]', "every union leaves"),
        ('abstaining = ["beta", "gamma", "delta", "council-4"]', "nobody is left to vote"),
        ('leaving = ["beta"]\nabstaining = ["beta"]', "'beta' both abstains and leaves"),
        ("leaving = []", "leaving names no unit: name one, or leave leaving out"),
        ('leaving = "beta"', 'leaving must be a list of units, such as ["council-4"]'),
        ('abstaining = ["beta", "beta"]', "abstaining names 'beta' twice"),
        ("regression = 1.5", "regression is 1.5: from 0 (every unit keeps its distance"),
        ('regression = "half"', "regression is 'half', not a number"),
        ("joining = []", "joining names no union"),
        ('joining = ["nurses"]', "joining must be a list such as"),
        ('joining = [{ id = "nurses" }]', "members of 'nurses', which joins, is None"),
        ('joining = [{ id = "nurses", members = 0 }]', "a whole number from 1 to"),
        (
            'joining = [{ id = "beta", members = 9 }]',
            "joining 'beta': there is such a unit already",
        ),
        ('joining = [{ id = "n", members = 9, low = 1 }]', "a joining union has no 'low'"),
        ("joining = [{ id = 5, members = 9 }]", "the id of a joining union is 5, not a string"),
    ],
)
def test_a_wrong_scenario_is_told_with_its_line(tmp_path: Path, extra: str, says: str) -> None:
    """Every mistake in a scenario's coalition names what was found and what to do."""
    with pytest.raises(CaseError) as caught:
        load(write_case(tmp_path, {"case.toml": scenario_toml(extra)}))
    told = [str(problem) for problem in caught.value.problems]
    line = CASE[: CASE.index('returns = "withheld"')].count("\n") + 2
    assert any(says in text for text in told), told
    assert all(f"case.toml:{n}:" in text for text, n in zip(told, [line], strict=False)), told


def test_regression_needs_an_earlier_vote(tmp_path: Path) -> None:
    """A round that repeats none has nothing to regress from."""
    text = scenario_toml("regression = 0.5").replace('repeats = "may"\n', "")
    with pytest.raises(CaseError) as caught:
        load(write_case(tmp_path, {"case.toml": text}))
    said = [str(problem) for problem in caught.value.problems]
    assert any("regression needs an earlier vote to regress from" in text for text in said), said


def test_adoption_must_be_a_chance(tmp_path: Path) -> None:
    """Bylaws take adoption = 0.7, and refuse what is no chance."""
    good = edited("bylaws.toml", 'title = "New bylaws"', 'title = "New bylaws"\nadoption = 0.7')
    case = load(write_case(tmp_path / "good", {"bylaws.toml": good}))
    assert [entry.adoption for entry in case.bylaws] == [None, 0.7]
    with pytest.raises(CaseError) as caught:
        load(write_case(tmp_path / "bad", {"bylaws.toml": good.replace("0.7", "70")}))
    assert "adoption is 70: a chance from 0 to 1" in str(caught.value.problems[0])


def test_a_report_shows_scenarios_of_another_coalition(tmp_path: Path) -> None:
    """The page is made where unions have left, joined or abstain, also as its first scenario."""
    from ratification.output.page.page import Page
    from ratification.output.page.render import render

    joining = (Joining(id="z", name="The Zs", members=300),)
    case = with_scenario(four_unions(tmp_path), leaving=("d",), abstaining=("a1",), joining=joining)
    for scenarios in (["s"], ["as-voted", "s"]):
        found = run(case, scenarios=scenarios, runs=MadeRuns(), worlds=400)
        page = render(Page.from_runs([found]), bundle="/* charts */")
        assert "The Zs" in page or scenarios[0] == "as-voted"


def test_reasons_count_the_unions_that_belong(tmp_path: Path) -> None:
    """Of four unions one has left and one has joined: the reason counts three, then five."""
    for name, what, says in (
        ("left", {"leaving": ("d",)}, "2 of 3 unions must approve"),
        ("joined", {"joining": (Joining(id="z", name="Z", members=9),)}, "3 of 5 unions must"),
    ):
        case = with_scenario(four_unions(tmp_path, name=name), **what)
        found = made_run(case, scenarios=["s"], worlds=200, bylaws=["stays/both"])
        assert says in found.forecast.rules[0].because
