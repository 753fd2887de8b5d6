"""Votes replayed: calibrated at any correlation, and the same end in whatever order they report."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from exact import FALSE_ALARM
from hand_made import make_case
from ratification.api import Runs, forecast
from ratification.case.case import Case
from ratification.case.evidence import Report
from ratification.inference.fit import Sampler
from scipy.special import expit

UNIONS = tuple("abcdefgh")
MEMBERS = (1500, 900, 700, 500, 400, 300, 200, 120)
LAX, STRICT = "lax/unions", "strict/unions"
RULES = """\
[[bylaws]]
id = "lax"
title = "Half of the unions"
[[bylaws.reading]]
id = "unions"
title = "Half of the unions"
all = [{ measure = "approving unions", at_least = 4 },
       { measure = "yes of ballots", more_than = "1/2" }]
[[bylaws]]
id = "strict"
title = "All unions but one"
[[bylaws.reading]]
id = "unions"
title = "All unions but one"
all = [{ measure = "approving unions", at_least = 7 },
       { measure = "members of approving unions", at_least = "80%" }]
"""
# Enough for a probability of two digits; a hundred fits should not take an hour.
SAMPLER = Sampler(draws=750, retry_draws=2000)


@pytest.fixture(scope="module")
def runs() -> Runs:
    """One engine for the file: one compilation."""
    return Runs(sampler=SAMPLER)


@pytest.fixture(scope="module")
def coalition(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Eight unions of different size, a lax rule and a strict one, and nothing reported."""
    parent: Path = tmp_path_factory.mktemp("coalition")
    rows = "".join(f"{u},,{m}\n" for u, m in zip(UNIONS, MEMBERS, strict=True))
    return make_case(parent, "unit,parent,members\n" + rows, bylaws=RULES)


def vote(correlation: float, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A complete result: logits 0.4 +- 0.7 in every union, correlated; turnout round 75%."""
    shared, own = rng.standard_normal(), rng.standard_normal(len(UNIONS))
    logits = 0.4 + 0.7 * (np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own)
    turnout = expit(np.log(3) + 0.3 * rng.standard_normal(len(UNIONS)))
    ballots = rng.binomial(MEMBERS, turnout)
    yes = rng.binomial(ballots, expit(logits))
    return [(int(y), int(b - y)) for y, b in zip(yes, ballots, strict=True)]


def reported(case: Case, result: Sequence[tuple[int, int]], unions: Sequence[str]) -> Case:
    """The case with the counts of some unions."""
    reports = [
        Report(
            id=f"count-{u}",
            round="june",
            reported="2011-06-01",
            units=u,
            kind="count",
            yes=result[UNIONS.index(u)][0],
            no=result[UNIONS.index(u)][1],
        )
        for u in unions
    ]
    return replace(case, reports=tuple(reports))


def passes(result: Sequence[tuple[int, int]]) -> dict[str, bool]:
    """What the rules say of a complete result, worked out anew."""
    approving = [yes > no for yes, no in result]
    yes, ballots = sum(y for y, _ in result), sum(y + n for y, n in result)
    held = sum(m for m, approves in zip(MEMBERS, approving, strict=True) if approves)
    return {
        LAX: sum(approving) >= 4 and 2 * yes > ballots,
        STRICT: sum(approving) >= 7 and Fraction(held, sum(MEMBERS)) >= Fraction(4, 5),
    }


def chances(case: Case, runs: Runs, seed: int) -> dict[str, tuple[float, str]]:
    """Probability and standing of both rules."""
    found = forecast(case, worlds=1500, seed=seed, runs=runs)
    return {f"{r.bylaws}/{r.reading}": (r.estimate.probability, r.standing) for r in found.rules}


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_calibrated_at_any_correlation(coalition: Case, runs: Runs, correlation: float) -> None:
    """As many votes pass as the chances add up to, and the chances beat the base rate."""
    rng = np.random.default_rng(int(1000 * correlation) + 7)
    said, happened = {LAX: [], STRICT: []}, {LAX: [], STRICT: []}
    for seed in range(10):
        result = vote(correlation, rng)
        some = rng.permutation(UNIONS)[:3].tolist()
        for rule, (probability, _) in chances(
            reported(coalition, result, some), runs, seed
        ).items():
            said[rule].append(probability)
            happened[rule].append(passes(result)[rule])
    for rule, values in said.items():
        p, passed = np.array(values), np.array(happened[rule])
        z = (passed.sum() - p.sum()) / np.sqrt((p * (1 - p)).sum())
        assert 2 * scipy.stats.norm.sf(abs(z)) > FALSE_ALARM, (rule, z)
        sure = (p < 0.01) | (p > 0.99)
        wrong = int((passed != (p > 0.5))[sure].sum())
        assert scipy.stats.binom.sf(wrong - 1, max(int(sure.sum()), 1), 0.01) > 1e-3, (rule, values)


@pytest.mark.slow
def test_every_order_of_reporting_ends_alike(coalition: Case, runs: Runs) -> None:
    """Early stages give open, finite chances in any order; the end is arithmetic, and the same."""
    rng = np.random.default_rng(2011)
    result = vote(0.3, rng)
    for order in orders(result, rng):
        for seed, stage in enumerate((1, 4)):
            case = reported(coalition, result, order[:stage])
            for rule, (probability, standing) in chances(case, runs, seed).items():
                assert standing != "open" or 0 < probability < 1, (order, stage, rule)
                if stage == 1:
                    assert 0.02 < probability < 0.98, (order, rule, probability)
        end = chances(reported(coalition, result, order), runs, 9)
        for rule, passed in passes(result).items():
            assert end[rule] == (float(passed), "ratified" if passed else "defeated"), order


def orders(result: Sequence[tuple[int, int]], rng: np.random.Generator) -> Iterator[list[str]]:
    """Largest last (as in 2011), most favourable first, least favourable first, at random."""
    share = {u: yes / (yes + no) for u, (yes, no) in zip(UNIONS, result, strict=True)}
    yield sorted(UNIONS, key=lambda u: MEMBERS[UNIONS.index(u)])
    yield sorted(UNIONS, key=lambda u: -share[u])
    yield sorted(UNIONS, key=lambda u: share[u])
    yield rng.permutation(UNIONS).tolist()
