"""Stakes: expected amounts by rule and scenario, their intervals and errors, and bad ones."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hand_made import TWO_ROUNDS, make_case
from made_runs import made_run
from ratification.answers.comparison import compared
from ratification.answers.estimates import Estimate
from ratification.answers.forecast import RuleForecast, Sensitivity
from ratification.answers.stakes import expected
from ratification.api import load
from ratification.case.rounds import Amount, Stake
from ratification.errors import CaseError
from ratification.output.page.page import Page
from ratification.output.page.render import render
from ratification.output.terminal import console
from ratification.output.views.comparison import comparison_object, comparison_view
from ratification.output.words import expectation
from small_case import edited, write_case
from test_page import COUNTED, ELECTORATE, RULES

NOTHING = Amount(low=0, high=0)
JOBS = Stake(name="jobs cut", ratified=NOTHING, defeated=Amount(low=6500, high=6500))
RANGED = Stake(
    name="savings",
    ratified=Amount(low=1.2, high=2.0, distribution="uniform"),
    defeated=Amount(low=-0.3, high=0.1, distribution="normal"),
    unit="billion dollars",
)


def rule(p: float, mcse: float = 0.01, standing: str = "open") -> RuleForecast:
    """A rule that ratifies with this chance."""
    return RuleForecast(
        bylaws="b",
        reading="r",
        title="B",
        scenario="as-voted",
        estimate=Estimate(probability=p, mcse=mcse),
        standing=standing,
        because="",
        sensitivity=Sensitivity(correlation=None, weaker=p, stronger=p),
    )


def test_a_fixed_amount_is_expected_in_proportion() -> None:
    """At 40%, 3,900 of 6,500 jobs; the error is the chance's times 6,500."""
    found = expected(JOBS, rule(0.4))
    assert (found.mean, found.mcse) == (pytest.approx(3900), pytest.approx(65))
    assert (found.q05, found.q95) == (0, pytest.approx(6500))
    nearly = expected(JOBS, rule(0.97))
    assert (nearly.q05, nearly.q95) == (0, 0)


@pytest.mark.parametrize("p", [0.02, 0.3, 0.5, 0.96])
def test_a_range_has_the_law_of_the_mixture(p: float) -> None:
    """Mean and 90% interval are those of a million draws of both amounts and of the result."""
    rng = np.random.default_rng(8)
    ratified = rng.random(10**6) < p
    spread = 0.4 / (2 * scipy.stats.norm.ppf(0.95))
    drawn = np.where(ratified, rng.uniform(1.2, 2.0, 10**6), rng.normal(-0.1, spread, 10**6))
    found = expected(RANGED, rule(p))
    assert found.mean == pytest.approx(drawn.mean(), abs=6 * drawn.std() / 1000)
    assert found.mcse == pytest.approx(0.01 * 1.7)
    for level, quantile in ((0.05, found.q05), (0.95, found.q95)):
        # Within six standard errors of the level, by how many draws lie below.
        reached = (drawn <= quantile).mean()
        assert reached == pytest.approx(level, abs=6 * np.sqrt(level * (1 - level) / 10**6))


def test_a_decided_rule_has_no_error() -> None:
    """Where arithmetic decides, the amount is that of the result, its range its own."""
    found = expected(RANGED, rule(1.0, 0.0, "ratified"))
    assert (found.mean, found.mcse) == (pytest.approx(1.6), 0.0)
    assert found.q05 == pytest.approx(1.2 + 0.05 * 0.8)
    assert found.q95 == pytest.approx(1.2 + 0.95 * 0.8)
    low = expected(RANGED, rule(0.0, 0.0, "defeated"))
    assert (low.q05, low.q95) == (pytest.approx(-0.3), pytest.approx(0.1))


def test_amounts_have_the_digits_that_tell_them_apart() -> None:
    """Jobs are whole, billions have two decimals; errors are rounded up; ranges show theirs."""
    assert expectation(expected(JOBS, rule(0.4)), JOBS) == "3,900 ±65"
    told = expectation(expected(RANGED, rule(0.5)), RANGED)
    assert told == "0.75 ±0.02 (-0.26 to 1.92)"
    assert expectation(expected(JOBS, rule(1.0, 0.0, "ratified")), JOBS) == "0"


STAKES = """
[[stake]]
name = "savings"
unit = "million dollars"
ratified = { low = 120, high = 200, distribution = "uniform" }
defeated = 0
"""


def test_every_cell_of_a_comparison_has_them(tmp_path: Path) -> None:
    """Terminal, JSON and page carry a stake by rule; without one nothing is shown."""
    settings = TWO_ROUNDS + STAKES
    case = make_case(tmp_path, ELECTORATE, COUNTED, bylaws=RULES, settings=settings)
    found = compared(made_run(case))
    told = comparison_object(found)
    assert told["stakes"][0]["unit"] == "million dollars"
    for cell, entry in zip(found.cells, told["cells"], strict=True):
        mean = 160 * cell.estimate.probability
        assert entry["stakes"]["savings"]["mean"] == pytest.approx(mean)
        assert entry["stakes"]["savings"]["mcse"] == pytest.approx(160 * cell.estimate.mcse)
    assert "savings (million dollars): 120 to 200 (anything between) if ratified, 0 if not" in (
        shown(found)
    )
    page = render(Page.from_runs([found.run]), bundle="/* charts */")
    assert "120 to 200 (anything between) if ratified" in page
    plain = compared(made_run(make_case(tmp_path, ELECTORATE, COUNTED, bylaws=RULES, name="none")))
    assert comparison_object(plain)["stakes"] == []
    assert "Expected" not in shown(plain)


def shown(found: object) -> str:
    """A comparison as a terminal shows it."""
    wide = console(width=300)
    with wide.capture() as captured:
        wide.print(comparison_view(found))  # type: ignore[arg-type]
    return captured.get()


def test_the_founding_case_states_what_was_at_stake() -> None:
    """The package's 1.6 billion, and the jobs cut without it."""
    stakes = {stake.name: stake for stake in load("sebac-2011").stakes}
    assert (stakes["savings"].ratified.mean, stakes["savings"].unit) == (1.6, "billion dollars")
    assert stakes["state jobs cut"].defeated.mean == 6500


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{ low = 1, high = 2 }", "defeated.distribution is missing: say 'uniform'"),
        ('{ low = 1, high = 2, distribution = "beta" }', "defeated.distribution is 'beta'"),
        ('{ low = 2, high = 2, distribution = "normal" }', "low must be below high"),
        ('{ low = 2, distribution = "normal" }', "defeated.high is missing"),
        ('{ low = "a", high = 2, distribution = "normal" }', "defeated.low is 'a', not a number"),
        ('{ low = 1, high = 2, sd = 1, distribution = "normal" }', "defeated has no 'sd'"),
        ('"many"', "defeated is 'many', not a number"),
    ],
)
def test_a_wrong_amount_is_told(tmp_path: Path, given: str, says: str) -> None:
    """Every mistake in an amount names the key, what was found, and what to write."""
    text = edited("case.toml", "defeated = 120", f"defeated = {given}")
    with pytest.raises(CaseError) as caught:
        load(write_case(tmp_path, {"case.toml": text}))
    told = [str(problem) for problem in caught.value.problems]
    assert any(says in text for text in told), told


def test_a_stake_stands_once(tmp_path: Path) -> None:
    """Two stakes of one name cannot be told apart."""
    more = '[[stake]]\nname = "jobs cut"\nratified = 1\ndefeated = 2\n'
    text = edited("case.toml", "defeated = 120\n", f"defeated = 120\n{more}")
    with pytest.raises(CaseError) as caught:
        load(write_case(tmp_path, {"case.toml": text}))
    assert "stake 'jobs cut' stands twice" in str(caught.value.problems[0])
