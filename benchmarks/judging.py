"""Judging worlds under one rule, against `sum()` over every array that the rule reads."""

import argparse
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from measuring import Ratio, alternately, median, show
from ratification.answers.judging import PEOPLE, Results, judge
from ratification.api import load
from ratification.case.bylaws import All, Any, Condition, Not, Reading, Rule

UNIONS = 15
GOAL = 5.0


def main() -> None:
    """Judge made-up worlds under every reading of the founding case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=1_000_000, help="(default: 1,000,000)")
    parser.add_argument("--runs", type=int, default=7, help="of each, in turn (default: 7)")
    asked = parser.parse_args()

    results = made_up(asked.worlds)
    ratios = []
    for bylaws in load("sebac-2011").bylaws:
        for reading in bylaws.readings:
            ratios.append(judged(f"{bylaws.id}/{reading.id}", reading, results, asked.runs))
    show(f"Judging {asked.worlds:,} worlds of {UNIONS} unions against sum()", ratios)


def made_up(worlds: int) -> Results:
    """Results in the types and the memory order that drawn worlds have."""
    rng = np.random.default_rng(1)
    size = (UNIONS, worlds)  # transposed below: Fortran order, as drawn worlds have it
    sizes = np.geomspace(40, 15_000, UNIONS)[:, None]
    members = np.rint(sizes * rng.uniform(0.9, 1.1, size)).astype(np.int32)
    ballots = np.rint(members * rng.uniform(0.6, 0.95, size)).astype(np.int32)
    yes = np.rint(ballots * rng.uniform(0.3, 0.9, size)).astype(np.int32)
    return Results(
        members=members.T,
        ballots=ballots.T,
        yes=yes.T,
        approves=(2 * yes > ballots).T,
        abstains=np.zeros(UNIONS, dtype=bool),
        weights=(Fraction(1),) * UNIONS,
        unions=tuple(f"union-{index}" for index in range(UNIONS)),
    )


def judged(name: str, reading: Reading, results: Results, runs: int) -> Ratio:
    """Median time to judge under a reading over that of summing what it reads, once each."""
    read = [getattr(results, name) for name in sorted(arrays_read(reading.rule))]
    judging, summing = alternately(
        lambda: seconds(lambda: judge(reading, results)),
        lambda: seconds(lambda: [array.sum() for array in read]),
        runs,
    )
    return Ratio(name=name, value=median(judging), yardstick=median(summing), at_most=GOAL)


def arrays_read(rule: Rule) -> set[str]:
    """Names of the arrays of results that a rule needs."""
    match rule:
        case Condition(measure="approving unions" | "opposed unions"):
            return {"approves"}
        case Condition():
            above, approving, below = PEOPLE[rule.measure]
            return {above, below} | ({"approves"} if approving else set())
        case Not(part=part):
            return arrays_read(part)
        case All(parts=parts) | Any(parts=parts):
            return {name for part in parts for name in arrays_read(part)}
    return {"approves"}  # a veto


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
