"""The two engines give the same posterior: the short form of `benchmarks/engines.py`."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hand_made import tied_by_a_total
from ratification.case.case import Case
from ratification.case.folder import load
from ratification.inference.fit import Engine, Sampler
from ratification.inference.instant.adapting import Effort
from ratification.inference.instant.engine import fit
from ratification.inference.instant.resampling import together
from ratification.inference.layout import build_layout
from ratification.inference.numerics import effective_sample_size
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import draw_worlds
from small_case import write_case

MOST_OFF = 4.5  # standard errors; of a hundred quantities chance alone passes it once in 1,500
CAREFUL = Sampler(draws=4000, tune=1500, target_accept=0.98)
INSTANT_FITS = 6  # one alone could not tell a mean that is a twelfth of its sd off
LARGE = Effort(points=20_000, kept=8000)


@dataclass(frozen=True)
class Both:
    """A case with a posterior of each engine."""

    case: Case
    sampled: Posterior
    instant: Posterior


@pytest.fixture(scope="module", params=["every kind, two rounds", "tied by a total"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Fitted once for every test of a case."""
    parent = tmp_path_factory.mktemp("cases")
    tied = request.param == "tied by a total"
    case = tied_by_a_total(parent) if tied else load(write_case(parent))
    layout = build_layout(case, case.evidence(), case.target)
    sampled = Engine().fit(layout, 1, sampler=CAREFUL).posterior
    fits = [fit(layout, seed).posterior for seed in range(1, INSTANT_FITS + 1)]
    instant = replace(fits[0], draws=together([each.draws for each in fits]))
    return Both(case=case, sampled=sampled, instant=instant)


def measured(case: Case, posterior: Posterior) -> dict[str, tuple[float, float]]:
    """Means with standard errors: shared parameters, unions' logits, chances and yes shares."""
    found = {}
    for name in ("mu", "nu", "tau", "tau_turnout", "correlation", "persistence", "swing"):
        if name in posterior.draws:
            values = posterior.draws[name]
            for index, each in enumerate(np.moveaxis(values.reshape(*values.shape[:2], -1), 2, 0)):
                found[f"{name} {index}"] = averaged(each)
    count = posterior.chains * posterior.per_chain
    worlds = draw_worlds(case, posterior, case.evidence(), case.target, count)
    for index, union in enumerate(case.electorate.unions):
        share = worlds.yes[:, index] / np.maximum(worlds.ballots[:, index], 1)
        found[f"{union} approves"] = averaged(by_chain(worlds.approves[:, index], posterior))
        found[f"{union} yes share"] = averaged(by_chain(share, posterior))
    return found


def by_chain(values: np.ndarray, posterior: Posterior) -> np.ndarray:
    """World by world, as chains."""
    return values.astype(float).reshape(-1, posterior.chains).T


def averaged(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard error."""
    error = values.std() / np.sqrt(effective_sample_size(values))
    return float(values.mean()), float(max(error, 1e-4))


@pytest.mark.slow
def test_both_engines_have_the_same_posterior(both: Both) -> None:
    """Every shared parameter, and every union's chance and yes share, within its errors."""
    sampled, instant = (measured(both.case, each) for each in (both.sampled, both.instant))
    z = {
        name: (mean - sampled[name][0]) / np.hypot(error, sampled[name][1])
        for name, (mean, error) in instant.items()
    }
    worst = sorted(z, key=lambda name: -abs(z[name]))[:3]
    told = {name: (round(z[name], 1), sampled[name], instant[name]) for name in worst}
    assert abs(z[worst[0]]) < MOST_OFF, told
    assert np.mean(np.square(list(z.values()))) < 2.0, told


@pytest.mark.slow
def test_small_lots_of_points_agree_with_large_ones() -> None:
    """A fit has no more points than it needs, and reaches the far ends all the same.

    Lots weighed as drawn from each other's proposals, or draws that share one line at all points,
    had the turnout of Council 4 on 22 June off by four of these errors, and no check failed.
    """
    case = load("sebac-2011")
    layout = build_layout(case, case.evidence(as_of="2011-06-22"), case.target)
    few = [council_4(case, fit(layout, seed).posterior) for seed in range(16)]
    many = [council_4(case, fit(layout, seed, effort=LARGE).posterior) for seed in range(3)]
    error = np.hypot(np.std(few, ddof=1) / len(few) ** 0.5, np.std(many, ddof=1) / len(many) ** 0.5)
    assert abs(np.mean(few) - np.mean(many)) < 3 * error


def council_4(case: Case, posterior: Posterior) -> float:
    """The mean turnout of Council 4."""
    count = posterior.chains * posterior.per_chain
    evidence = case.evidence(as_of="2011-06-22")
    worlds = draw_worlds(case, posterior, evidence, case.target, count)
    at = case.electorate.unions.index("council-4")
    return float((worlds.ballots[:, at] / worlds.members[:, at]).mean())
