"""Simulation-based calibration of the model on a case (Talts et al. 2018).

Replicas of the case are fitted, and each truth is looked up among the draws. If engine and worlds
draw from the posterior, its place is uniform, whatever was reported. It stays so among replicas
that were fitted although others were refused: which are refused depends on the reports alone, not
on what is true behind them.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ratification.answers.judging import Results, judge
from ratification.case.bylaws import ChosenReading
from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.errors import ConvergenceError, RatificationError
from ratification.inference.fit import Progress, Sampler, no_progress
from ratification.inference.instant.adapting import Effort
from ratification.inference.layout import build_layout
from ratification.inference.numerics import stream
from ratification.inference.posterior import EngineChoice, Posterior
from ratification.inference.worlds import Worlds, draw_worlds
from ratification.validation.fitting import fitted
from ratification.validation.jobs import Job, JobSettings, Json, run_jobs
from ratification.validation.quantities import quantity_pairs
from ratification.validation.ranking import Coverage, coverage, place
from ratification.validation.reliability import Reliability, reliability
from ratification.validation.replicating import Replica, replicate
from ratification.validation.scores import simulated_chance

EFFORT = Effort(kept=1000)  # draws, and as many worlds
PLACED = 200  # draws among which the truth is placed: few, so that they are nearly independent
# Places need as many effective draws, not the thousands of a forecast: fewer and shorter chains.
# What is not well mixed can only make a right engine fail. Replicas are of all kinds of truth, so
# steps are smaller from the first: sampling again costs more.
SAMPLER = Sampler(
    target_accept=0.985,
    rhat=1.03,
    effective=PLACED,
    chains=2,
    draws=750,
    tune=500,
    cores=1,
    retry_draws=1500,
    retry_tune=1000,
)
ALARM = 0.01  # chance that a right engine fails any of all tests
FEWEST = 40  # places of a quantity that say something
FEWEST_FITS = 100  # that a verdict is given on
LARGEST_SEED = 2**31 - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one fit of a calibration is made from."""

    case: Case
    evidence: InForce
    round: str
    readings: tuple[ChosenReading, ...]
    engine: EngineChoice
    seed: int
    number: int
    effort: Effort = EFFORT
    sampler: Sampler = SAMPLER


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A quantity's coverage, and where each truth lay, from 0 to 1."""

    name: str
    coverage: Coverage
    places: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A test that a right engine would almost never fail."""

    name: str
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What many fits show: quantities, the chance of "ratified" by rule, and what was refused.

    `engines` counts the fits by the engine that made them, `refused` those that were not made by
    the reason.
    """

    fits: int
    engines: Mapping[str, int]
    refused: Mapping[str, int]
    quantities: tuple[Quantity, ...]
    rules: Mapping[str, Reliability]

    @property
    def fitted(self) -> int:
        """Replicas that were fitted."""
        return self.fits - sum(self.refused.values())

    @property
    def tests(self) -> int:
        """One a quantity; of a rule one of all forecasts together and one a group of chances."""
        return len(self.quantities) + sum(len(rule.ps) for rule in self.rules.values())

    @property
    def limit(self) -> float:
        """The p value below which a test fails (Bonferroni)."""
        return ALARM / max(self.tests, 1)

    @property
    def passes(self) -> bool | None:
        """Whether no test fails; None where there are too few fits to tell."""
        return None if self.fitted < FEWEST_FITS else not self.failures

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Tests that fail, the clearest first."""
        found = [Failure(name=q.name, p=q.coverage.uniform_p) for q in self.quantities]
        found += [
            Failure(name=f"ratified, {name}", p=min(rule.ps)) for name, rule in self.rules.items()
        ]
        return tuple(sorted((f for f in found if f.p < self.limit), key=lambda f: f.p))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What is calibrated, on which evidence pattern, from which seed; and what was found."""

    case: str
    title: str
    round: str
    round_title: str
    as_of: str | None
    reports: int
    engine: EngineChoice
    seed: int
    assumptions: tuple[str, ...]
    inputs: str
    versions: Mapping[str, str]
    found: Calibrated


def calibrate_on(
    case: Case,
    evidence: InForce,
    round_id: str,
    readings: tuple[ChosenReading, ...],
    *,
    engine: EngineChoice,
    fits: int,
    seed: int,
    progress: Progress = no_progress,
    **where: Unpack[JobSettings],
) -> Calibrated:
    """Fit replicas of a case and sum up; `where` goes to `run_jobs`."""
    jobs = [
        Job(
            name=f"{number}",
            given=Given(
                case=case,
                evidence=evidence,
                round=round_id,
                readings=readings,
                engine=engine,
                seed=seed,
                number=number,
            ),
        )
        for number in range(fits)
    ]
    return summed_up(run_jobs(one, jobs, doing="calibrating", progress=progress, **where))


def one(given: Given) -> Json:
    """One replica, fitted: places of its truth and chances of "ratified", or why there are none."""
    rng = stream(given.seed, "calibration", str(given.number))
    replica = replicate(given.case, given.evidence, given.round, rng)
    seed = int(rng.integers(LARGEST_SEED))
    case, evidence = replica.case, replica.case.evidence()
    try:
        layout = build_layout(case, evidence, given.round)
        posterior = fitted(layout, seed, given.engine, effort=given.effort, sampler=given.sampler)
        count = posterior.chains * posterior.per_chain
        worlds = draw_worlds(case, posterior, evidence, given.round, count)
    except RatificationError as error:
        return {"refused": reason(error)}
    return looked_up(replica, posterior, worlds, given.readings, rng)


def looked_up(
    replica: Replica,
    posterior: Posterior,
    worlds: Worlds,
    readings: Sequence[ChosenReading],
    rng: np.random.Generator,
) -> Json:
    """Places of a replica's truth among some of the draws, and chances with what came true."""
    rows = rng.choice(worlds.count, min(PLACED, worlds.count), replace=False)
    pairs = quantity_pairs(replica, posterior, worlds, rng)
    real, drawn = replica.results, Results.of(worlds, replica.case.electorate)
    rules = {
        chosen.key: [
            simulated_chance(int(judge(chosen.reading, drawn).sum()), worlds.count),
            bool(judge(chosen.reading, real)[0]),
        ]
        for chosen in readings
    }
    return {
        "engine": posterior.engine,
        "places": {name: place(true, draws[rows], rng) for name, (true, draws) in pairs.items()},
        "rules": rules,
    }


def reason(error: RatificationError) -> str:
    """Why there is no fit, without its numbers, so that many can share it."""
    message = str(error)
    if isinstance(error, ConvergenceError):
        message = message.partition(": ")[2] or message
    return re.sub(r"-?[0-9][0-9.,]*%?", "#", message.partition(" (")[0])


def summed_up(outcomes: Sequence[Json]) -> Calibrated:
    """What all fits show together."""
    made = [outcome for outcome in outcomes if "refused" not in outcome]
    refused = Counter(str(outcome["refused"]) for outcome in outcomes if "refused" in outcome)
    rules = {name: [found["rules"][name] for found in made] for name in _names(made, "rules")}
    return Calibrated(
        fits=len(outcomes),
        engines=dict(Counter(str(found["engine"]) for found in made)),
        refused=dict(refused.most_common()),
        quantities=quantities_of([found["places"] for found in made]),
        rules={
            name: reliability([chance for chance, _ in pairs], [true for _, true in pairs])
            for name, pairs in rules.items()
        },
    )


def quantities_of(places: Sequence[Mapping[str, float]]) -> tuple[Quantity, ...]:
    """Coverage of every quantity that has enough places."""
    names = dict.fromkeys(name for entry in places for name in entry)
    table = {name: [entry[name] for entry in places if name in entry] for name in names}
    return tuple(
        Quantity(name=name, coverage=coverage(found), places=tuple(found))
        for name, found in table.items()
        if len(found) >= FEWEST
    )


def _names(made: Sequence[Json], part: str) -> list[str]:
    return list(made[0][part]) if made else []
