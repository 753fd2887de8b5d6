"""Backtest fits a minute on one core, for a flat case of 26 units, and what a job is made of.

A job is a fit by the instant engine, its worlds, standing, four baselines and all scores. The 26
units are made up as Swiss cantons vote: logit yes shares spread by 0.36, turnouts by 0.3. The
goal is in processor time, since other programs on the machine do not belong to a job.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from measuring import Ratio, print_table, show
from ratification.case.bylaws import All, Bylaws, Condition, Reading
from ratification.case.case import Case
from ratification.case.electorate import COALITION, Electorate, Figure, Unit, canonical
from ratification.case.evidence import Report
from ratification.case.rounds import Round
from ratification.errors import ConvergenceError
from ratification.inference.layout import build_layout
from ratification.inference.numerics import expit
from ratification.inference.worlds import draw_worlds
from ratification.validation import backtest as replays
from ratification.validation.fitting import fitted
from ratification.validation.jobs import Job, Json
from ratification.validation.replay import EFFORT, Replay, replayed

UNITS = 26
GOAL = 300  # fits a minute


def main() -> None:
    """Replay made-up votes and print fits a minute, and the seconds of each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=12, help="(default: 12)")
    parser.add_argument("--seed", type=int, default=26, help="(default: 26)")
    asked = parser.parse_args()

    rng = np.random.default_rng(asked.seed)
    jobs = jobs_of([made_up(number, rng) for number in range(asked.votes)])
    replayed(jobs[0].given)  # imports SciPy and scoringrules
    start = time.process_time()
    answers = [replayed(job.given) for job in jobs]
    spent = time.process_time() - start
    refused = sum(answer["no_answer"] is not None for answer in answers)
    rate = 60 * len(jobs) / spent
    fastest = Ratio(
        name=f"{UNITS} units, {len(jobs)} jobs", value=rate, yardstick=GOAL, unit="/min", at_least=1
    )
    show("Backtest fits a minute on one core", [fastest])
    print(f"{refused} of {len(jobs)} jobs without an answer")
    parts(jobs, spent)


def jobs_of(cases: Sequence[Case]) -> list[Job]:
    """The jobs of a backtest of these cases in one random order each."""
    found: list[Job] = []

    def keep(_: Any, jobs: Sequence[Job], **__: Any) -> list[Json]:
        found.extend(jobs)
        return [{"no_answer": "not run"} for _ in jobs]

    replays.backtest(cases, orders=("random",), random_orders=1, seed=391, run=keep)
    return found


def made_up(number: int, rng: np.random.Generator) -> Case:
    """A finished vote of 26 cantons: half of the ballots, and half of the cantons."""
    day = f"{1900 + number}-06-01"
    names = [f"canton-{place:02d}" for place in range(UNITS)]
    members = np.rint(np.geomspace(10_000, 900_000, UNITS)).astype(int)
    turnout = expit(rng.normal(0.0, 0.3) + 0.3 * rng.standard_normal(UNITS))
    share = expit(rng.normal(0.1, 0.4) + 0.36 * rng.standard_normal(UNITS))
    ballots = rng.binomial(members, turnout)
    yes = rng.binomial(ballots, share)
    units = [
        Unit(id=name, parent=None, name=name, figure=Figure(members=int(size)))
        for name, size in zip(names, members, strict=True)
    ]
    reports = [
        Report(
            id=name, round="vote", reported=day, units=name, kind="count", yes=int(y), no=int(b - y)
        )
        for name, y, b in zip(names, yes, ballots, strict=True)
    ]
    return Case(
        id=f"made-up-{number}",
        title="Made up",
        target="vote",
        rounds=(Round(id="vote", title="The vote"),),
        electorate=Electorate(
            units=canonical(units),
            coalition=Unit(id=COALITION, parent=None, name="the nation"),
            listed=tuple(names),
        ),
        reports=tuple(reports),
        bylaws=(Bylaws(id="both", title="Both majorities", readings=(_reading(),)),),
    )


def _reading() -> Reading:
    half = Fraction(1, 2)
    people = Condition(
        measure="yes of ballots", comparison="more_than", threshold=half, share=True, text="1/2"
    )
    cantons = Condition(
        measure="approving unions", comparison="more_than", threshold=half, share=True, text="1/2"
    )
    return Reading(id="both", title="People and cantons", rule=All(parts=(people, cantons)))


def parts(jobs: Sequence[Job], whole: float) -> None:
    """Print what layout, fit and worlds take of a job; the rest is judging and scores."""
    seconds = {"layout": 0.0, "fit": 0.0, "worlds": 0.0}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = time.process_time()
        try:
            return work()
        finally:
            seconds[name] += time.process_time() - start

    for job in jobs:
        given: Replay = job.given
        case, evidence = given.case, given.case.evidence()
        layout = timed("layout", partial(build_layout, case, evidence, case.target))
        try:
            fit = timed("fit", partial(fitted, layout, given.seed, "instant", effort=EFFORT))
        except ConvergenceError:
            continue
        timed("worlds", partial(draw_worlds, case, fit, evidence, case.target, given.worlds))
    seconds["standing, baselines, scores"] = max(0.0, whole - sum(seconds.values()))
    rows = [
        (name, f"{1000 * spent / len(jobs):.1f}", f"{spent / whole:.0%}")
        for name, spent in seconds.items()
    ]
    print_table("Of a job", ("", "ms", "share"), rows)


if __name__ == "__main__":
    main()
