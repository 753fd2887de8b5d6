"""Truths for a case: parameters from its priors, and a complete result of every round from them.

It is a second, plain writing of docs/model.md, leaf by leaf and round by round, and shares nothing
with the fit. `telling.py` reports on what happens here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float, Int
from ratification.case.electorate import Electorate
from ratification.case.known import Known
from ratification.case.priors import Normal, Priors
from ratification.inference.numerics import expit
from ratification.inference.quantiles import scale_of
from ratification.inference.rosters import draw_rosters

LEVELS = ("union", "unit", "local")
Logits = tuple[np.ndarray, np.ndarray]  # of yes share and of turnout, by leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """A round's chances and complete result: yes share and turnout expected, yes and ballots."""

    p: Float[np.ndarray, " leaf"]
    t: Float[np.ndarray, " leaf"]
    yes: Int[np.ndarray, " leaf"]
    ballots: Int[np.ndarray, " leaf"]

    def of(self, leaves: Sequence[int]) -> "Votes":
        """Of some of the leaves."""
        at = list(leaves)
        return Votes(p=self.p[at], t=self.t[at], yes=self.yes[at], ballots=self.ballots[at])


def draw_logits(
    tree: Electorate,
    rounds: int,
    features: Mapping[str, Float[np.ndarray, " leaf"]],
    priors: Priors,
    rng: np.random.Generator,
) -> tuple[dict[str, float], list[Logits]]:
    """Parameters by name, and logit yes share and turnout of every leaf by round, but for kappa.

    One swing and one beta are drawn even where nothing uses them, so that of one seed coalitions
    with and without them have the same effects.
    """
    found = _parameters(rounds, list(features), priors, rng)
    base, effects = np.zeros(len(tree.leaves)), found["mu"]
    for name, column in features.items():
        base = base + found[f"beta, {name}"] * column
    logits = []
    for r in range(rounds):
        effects += found[swing_name(r)] if r else 0.0
        logits.append((base + effects, np.full(len(tree.leaves), found[f"nu {r}"])))
    for unit in tree.by_id:
        _add_effects(tree, unit, found, logits, rng)
    return found, logits


def swing_name(step: int) -> str:
    """The swing into a round, counted from 0; of the second it is plain "swing"."""
    return "swing" if step == 1 else f"swing {step}"


def _parameters(
    rounds: int, features: Sequence[str], priors: Priors, rng: np.random.Generator
) -> dict[str, float]:
    def normal(name: str) -> float:
        prior = getattr(priors, name)
        return float(rng.normal(prior.mean, prior.sd))

    found = {"mu": normal("mu")}
    found |= {swing_name(step): normal("swing") for step in range(1, max(rounds, 2))}
    found |= {f"beta, {name}": normal("beta") for name in features or ("none",)}
    found["kappa"] = normal("kappa")
    found |= {f"nu {r}": normal("nu") for r in range(rounds)}
    for name in [f"{of}_{level}" for of in ("tau", "tau_turnout") for level in LEVELS]:
        found[name] = float(scale_of(getattr(priors, name), rng.standard_normal(1))[0])
    found["correlation"] = draw_correlation(priors.correlation, rng)
    found["persistence"] = float(rng.beta(priors.persistence.a, priors.persistence.b))
    return found


def draw_correlation(prior: Normal, rng: np.random.Generator) -> float:
    """Of a union's yes effect with its turnout effect, kept within -1 and 1."""
    from scipy import stats

    ends = [(end - prior.mean) / prior.sd for end in (-1, 1)]
    found = stats.truncnorm.rvs(*ends, loc=prior.mean, scale=prior.sd, random_state=rng)
    return float(found)


def _add_effects(
    tree: Electorate,
    unit: str,
    found: Mapping[str, float],
    logits: Sequence[Logits],
    rng: np.random.Generator,
) -> None:
    """Add a unit's own effects, lasting and fresh, to all leaves under it."""
    old, new = np.sqrt(found["persistence"]), np.sqrt(1 - found["persistence"])
    rho = found["correlation"]
    depth, leaves = min(len(tree.paths[unit]) - 1, 2), sorted(tree.leaves_under[unit])
    lasting = rng.standard_normal(2)
    for yes, turnout in logits:
        z, z_turnout = old * lasting + new * rng.standard_normal(2)
        if depth == 0:
            z_turnout = rho * z + np.sqrt(1 - rho**2) * z_turnout
        yes[leaves] += found[f"tau_{LEVELS[depth]}"] * z
        turnout[leaves] += found[f"tau_turnout_{LEVELS[depth]}"] * z_turnout


def draw_members(
    tree: Electorate, round_id: str, rng: np.random.Generator
) -> Int[np.ndarray, " leaf"]:
    """The members that a round really has, from the roster with its errors and variants."""
    return np.asarray(draw_rosters(tree, Known(round=round_id), 1, rng).members[0])


def draw_votes(
    members: Int[np.ndarray, " leaf"],
    logits: Logits,
    rng: np.random.Generator,
    abstaining: Sequence[int] = (),
) -> Votes:
    """A round's complete result; leaves that abstain cast no ballots."""
    p, t = (expit(values) for values in logits)
    ballots = rng.binomial(members, t)
    ballots[list(abstaining)] = 0
    return Votes(p=p, t=t, yes=rng.binomial(ballots, p), ballots=ballots)
