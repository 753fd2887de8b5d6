"""Two processes against one: instant fits of a vote of 26 units, half of them counted.

Goal: two processes do at least 1.7 times the jobs of one. Starting them is not in it: both runs are
timed from the first end of a job to the last.
"""

import argparse
import math
import sys
import time
from collections.abc import Mapping
from typing import Any

from engine_cases import VOTE, coalition, flat, report
from measuring import Ratio, median, show, spread
from ratification.case.case import Case
from ratification.inference.instant.engine import fit
from ratification.inference.layout import build_layout
from ratification.inference.numerics import stream
from ratification.validation.jobs import Job, run_jobs

UNITS = 26
COUNTED = 13


def case(seed: int) -> Case:
    """A flat vote, the first units counted, three members of four having voted."""
    tree = flat(UNITS, seed)
    logits = stream(seed, "benchmark of jobs").normal(0.2, 0.4, COUNTED)
    reports = []
    for number, (unit, logit) in enumerate(zip(tree, logits, strict=False)):
        ballots = tree[unit][1] * 3 // 4
        yes = round(ballots / (1 + math.exp(-logit)))
        reports.append(report(number, unit, "count", yes=yes, no=ballots - yes))
    return coalition(tree, reports)


def one_fit(given: Mapping[str, Any]) -> dict[str, float]:
    """Mean and spread of the coalition's mean yes share."""
    vote = case(given["seed"])
    mu = fit(build_layout(vote, vote.evidence(), VOTE), given["seed"]).posterior.flat("mu")
    return {"mean": float(mu.mean()), "sd": float(mu.std())}


def seconds_a_job(processes: int, jobs: list[Job]) -> tuple[float, list[Any]]:
    """Wall seconds of a job once work is under way, and what all jobs found."""
    ends: list[float] = []

    def told(*said: object) -> None:
        if said[1]:
            ends.append(time.perf_counter())

    found = run_jobs(one_fit, jobs, doing="fitting", progress=told, processes=processes)
    warm = len(jobs) // 5  # the first jobs of each process load libraries
    return (ends[-1] - ends[warm]) / (len(jobs) - warm - 1), list(found)


def main() -> None:
    """Time one process and two in turn, and hold their results to each other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200, help="(default: 200)")
    parser.add_argument("--runs", type=int, default=3, help="(default: 3)")
    asked = parser.parse_args()
    jobs = [Job(name=f"fit {n}", given={"seed": n}) for n in range(asked.jobs)]
    seconds: dict[int, list[float]] = {1: [], 2: []}
    results = []
    for turn in range(asked.runs):
        for processes in (1, 2) if turn % 2 == 0 else (2, 1):
            each, found = seconds_a_job(processes, jobs)
            seconds[processes].append(each)
            results.append(found)
            print(f"{processes}: {60 / each:.0f} fits a minute", file=sys.stderr)
    if any(found != results[0] for found in results):
        sys.exit("error: results differ between runs")
    one, two = (median(seconds[processes]) for processes in (1, 2))
    per_minute = Ratio(
        name="two processes over one",
        value=60 / two,
        yardstick=60 / one,
        unit="fits a minute",
        at_least=1.7,
    )
    show(f"{asked.jobs} instant fits of {UNITS} units, {COUNTED} counted", [per_minute])
    print(f"ms a fit: one {spread([1e3 * s for s in seconds[1]])}, two", end=" ")
    print(spread([1e3 * s for s in seconds[2]]))


if __name__ == "__main__":
    main()
