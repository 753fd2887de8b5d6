"""Rosters: exact figures stay, parts add up to wholes, and no roster is under its ballots."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from exact import FALSE_ALARM
from hand_made import CASE, facts_of, make_case
from ratification.case.case import Case
from ratification.inference.numerics import stream
from ratification.inference.rosters import (
    Rosters,
    ballot_floors,
    central_members,
    draw_rosters,
    nominal_members,
)

WORLDS = 20_000


def rosters_of(case: Case, seed: int = 1, worlds: int = WORLDS) -> Rosters:
    """Rosters of the target round."""
    return draw_rosters(case.electorate, facts_of(case), worlds, stream(seed, "rosters"))


def sizes(case: Case, rosters: Rosters, unit: str) -> np.ndarray:
    """Members of a unit, or of `*`, by world."""
    total: np.ndarray = rosters.members[:, sorted(case.electorate.leaves_under[unit])].sum(axis=1)
    return total


def test_exact_figures_stay_and_parts_add_up(tmp_path: Path) -> None:
    """Exact figures are the same in every world; uncertain ones take up what is left of a whole."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error\n"
        "a,,1000,\na1,a,300,\na2,a,400,60\na3,a,300,30\n"
        "b,,501,\nc,,900,90\nc1,c,500,50\nc2,c,400,\n",
    )
    rosters = rosters_of(case)
    assert set(sizes(case, rosters, "a")) == {1000}
    assert set(sizes(case, rosters, "a1")) == {300}
    assert set(sizes(case, rosters, "b")) == {501}
    assert set(sizes(case, rosters, "c2")) == {400}
    assert sizes(case, rosters, "a2").std() > 10
    assert sizes(case, rosters, "c1").std() > 10


def test_exact_total_holds_in_every_world(tmp_path: Path) -> None:
    """With an exact figure of `*`, the unions of every world add up to it, to the member."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error,low,high\n*,,1777,,,\n"
        "a,,500,50,,\nb,,333,,,\nc,,200,80,150,\nd,,400,90,,450\ne,,300,70,,\ne1,e,120,20,,\n",
    )
    rosters = rosters_of(case)
    assert set(sizes(case, rosters, "*")) == {1777}
    assert set(sizes(case, rosters, "b")) == {333}
    assert sizes(case, rosters, "c").min() >= 150
    assert sizes(case, rosters, "d").max() <= 450
    assert (rosters.members >= 0).all()


def test_bounds_and_counted_ballots_hold(tmp_path: Path) -> None:
    """No roster leaves its bounds, nor falls under the ballots that are known to be cast."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error,low,high\n*,,2400,40,,\n"
        "a,,500,100,450,560\nb,,600,200,,\nc,,900,300,,\nc1,c,400,200,,\nc2,c,300,150,,\n",
        "b,june,2011-06-01,b,count,300,285,,,\n"
        "c1,june,2011-06-01,c1,partial,200,190,,,\n"
        "c,june,2011-06-01,c,returned,,,820,,\n"
        "a,june,2011-06-01,a,margin,,,-480,-470,\n",
    )
    rosters = rosters_of(case)
    a, b, c = (sizes(case, rosters, unit) for unit in "abc")
    assert a.min() >= 470
    assert a.max() <= 560
    assert b.min() == 585
    assert sizes(case, rosters, "c1").min() == 390
    assert c.min() >= 820


def test_ballots_of_several_units_need_members(tmp_path: Path) -> None:
    """A count over units that no unit holds together bounds their members; exact ones stay."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error\na,,900,\nb,,200,40\nc,,100,40\n",
        "ab,june,2011-06-01,a + b,count,600,520,,,\nbc,june,2011-06-01,b + c,returned,,,330,,\n",
    )
    rosters = rosters_of(case)
    assert set(sizes(case, rosters, "a")) == {900}
    assert sizes(case, rosters, "b").min() >= 220
    assert (sizes(case, rosters, "b") + sizes(case, rosters, "c")).min() >= 330


def test_a_claim_on_rosters_says_what_its_slopes_allow(tmp_path: Path) -> None:
    """Where a third of ballots decides, 2 yes - no of 50 needs 25 ballots, not 50."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error,decides\na,,300,90,1/3\na1,a,150,40,\na2,a,150,40,\n",
        "a1,june,2011-06-01,a1,count,20,90,,,\na,june,2011-06-01,a,outcome,,,,,approved\n",
    )
    floors = ballot_floors(case.electorate, facts_of(case))
    assert floors["a1"] == 110
    assert floors["a2"] == 25  # 2 yes - no >= 50 of what is left
    assert floors["a"] == 135


def test_variants_are_drawn_by_weight(tmp_path: Path) -> None:
    """Each world has one of the competing rosters, as often as its weight says."""
    variants = (
        '[[roster]]\nid = "lean"\nweight = "1/3"\nmembers = { a = 400 }\n'
        '[[roster]]\nid = "full"\nweight = "2/3"\nmembers = { a = 700, "*" = 900 }\n'
    )
    case = make_case(
        tmp_path,
        "unit,parent,members,error\n*,,600,\na,,400,\nb,,200,30\n",
        settings=CASE + variants,
    )
    rosters = rosters_of(case)
    full = int((rosters.variant == 1).sum())
    assert scipy.stats.binomtest(full, WORLDS, 2 / 3).pvalue > FALSE_ALARM
    a, total = sizes(case, rosters, "a"), sizes(case, rosters, "*")
    np.testing.assert_array_equal(a, np.where(rosters.variant == 1, 700, 400))
    np.testing.assert_array_equal(total, np.where(rosters.variant == 1, 900, 600))


def test_unions_are_conditioned_on_the_published_total(tmp_path: Path) -> None:
    """Given the total, two unions have the means, variances and covariance of Gaussians."""
    case = make_case(
        tmp_path, "unit,parent,members,error\n*,,31000,120\na,,20000,200\nb,,10000,100\n"
    )
    rosters = rosters_of(case, worlds=40_000)
    prior = np.diag([200.0**2, 100.0**2])
    seen = np.ones(2)
    gain = prior @ seen / (seen @ prior @ seen + 120.0**2)
    mean = np.array([20000, 10000]) + gain * 1000
    covariance = prior - np.outer(gain, seen @ prior)
    for weights in ([1, 0], [0, 1], [1, 1], [1, -1]):
        expected = scipy.stats.norm(
            np.dot(weights, mean), np.sqrt(np.dot(weights, covariance @ weights))
        )
        drawn = rosters.members @ np.array(weights)
        assert scipy.stats.kstest(drawn, expected.cdf).pvalue > FALSE_ALARM, weights


def test_a_figure_with_an_error_is_lognormal_between_its_bounds(tmp_path: Path) -> None:
    """A lone figure has the law of a lognormal cut off at its bounds."""
    case = make_case(
        tmp_path, "unit,parent,members,error,low,high\na,,20000,8000,12000,41000\nb,,10,,,\n"
    )
    drawn = sizes(case, rosters_of(case), "a")
    full = scipy.stats.lognorm(np.sqrt(np.log1p(0.4**2)), scale=20000)
    low, high = full.cdf([12000, 41000])
    pvalue = scipy.stats.kstest(drawn, lambda x: (full.cdf(x) - low) / (high - low)).pvalue
    assert pvalue > FALSE_ALARM


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    """The seed decides a roster, another seed gives another one, and the central one has none."""
    case = make_case(
        tmp_path, "unit,parent,members,error\n*,,900,9\na,,500,50\nb,,400,40\nb1,b,100,10\n"
    )
    first = rosters_of(case, worlds=50)
    assert rosters_of(case, worlds=50).members.tobytes() == first.members.tobytes()
    assert rosters_of(case, seed=2, worlds=50).members.tobytes() != first.members.tobytes()
    facts = facts_of(case)
    central = central_members(case.electorate, facts)
    np.testing.assert_array_equal(central, central_members(case.electorate, facts))
    assert central.sum() == pytest.approx(900, abs=3)


def test_a_rest_takes_what_its_siblings_leave(tmp_path: Path) -> None:
    """The implicit rest is what is left of its parent; it may be empty, and never negative."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error\na,,1000,\na1,a,600,40\na2,a,380,40\nb,,70,30\nb1,b,60,\n",
    )
    rosters = rosters_of(case)
    assert case.electorate.leaves == ("a/rest", "a1", "a2", "b/rest", "b1")
    assert set(sizes(case, rosters, "a")) == {1000}
    rest = sizes(case, rosters, "a/rest")
    assert rest.min() == 0
    assert rest.max() > 60
    assert set(sizes(case, rosters, "b1")) == {60}
    assert sizes(case, rosters, "b/rest").min() >= 0
    assert sizes(case, rosters, "b").min() >= 60


def test_ballots_counted_in_a_rest_stay_inside_its_parent(tmp_path: Path) -> None:
    """Ballots counted in the rest leave its siblings no more than what the parent has left."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error\na,,1000,\na1,a,500,90\na2,a,400,90\n",
        "r,june,2011-06-01,a/rest,count,80,70,,,\n",
    )
    rosters = rosters_of(case)
    assert set(sizes(case, rosters, "a")) == {1000}
    assert sizes(case, rosters, "a/rest").min() == 150


def test_a_union_whose_units_are_exact_is_exact(tmp_path: Path) -> None:
    """A published error adds nothing where the units' own figures leave none."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error\n*,,1000,\na,,600,60\na1,a,400,\na2,a,200,\nb,,390,90\n",
    )
    rosters = rosters_of(case)
    assert set(sizes(case, rosters, "a")) == {600}
    assert set(sizes(case, rosters, "b")) == {400}


def test_blank_members_are_nominal(tmp_path: Path) -> None:
    """A leaf without a figure gets the median of the others, or more where more have voted."""
    case = make_case(
        tmp_path,
        "unit,parent,members,error\na,,100,\nb,,300,\nc,,800,\nd,,,\ne,,,\n",
        "e,june,2011-06-01,e,count,500,300,,,\n",
    )
    assert nominal_members(case.electorate, "june") == 300
    rosters = rosters_of(case, worlds=10)
    assert set(sizes(case, rosters, "d")) == {300}
    assert set(sizes(case, rosters, "e")) == {1000}
