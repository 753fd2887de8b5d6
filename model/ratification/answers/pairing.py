"""Differences between chances: over the same simulated votes where there are any, else of two fits.

Two sets of worlds can be paired where they come from the same draws of the same posterior: world
i of one and world i of the other then share their parameters, and their random numbers too.
"""

import math
from dataclasses import fields

import numpy as np

from ratification.answers.estimates import Difference, Estimate, mean_error
from ratification.answers.judging import Results, judge
from ratification.answers.run import Run, Simulation
from ratification.arrays import Bool
from ratification.case.bylaws import ChosenReading
from ratification.inference.worlds import Worlds


def holds(run: Run, simulation: Simulation, chosen: ChosenReading) -> Bool[np.ndarray, " world"]:
    """In which worlds a reading ratifies: in all or none where arithmetic decides."""
    standing = run.rule(simulation, chosen).standing
    if standing != "open":
        return np.full(simulation.worlds.count, standing == "ratified")
    return judge(chosen.reading, Results.of(simulation.worlds, simulation.electorate))


def paired_with(first: Simulation, second: Simulation) -> bool:
    """Whether world i of one belongs to world i of the other: same posterior, same draws."""
    if first.posterior.seed != second.posterior.seed:
        return False
    same = np.array_equal(first.posterior.draws["mu"], second.posterior.draws["mu"])
    return same and np.array_equal(first.worlds.draw, second.worlds.draw)


def same_worlds(first: Simulation, second: Simulation) -> bool:
    """Whether both hold the same results, world by world."""
    return all(
        np.array_equal(getattr(first.worlds, each.name), getattr(second.worlds, each.name))
        for each in fields(Worlds)
    )


def paired(
    first: Bool[np.ndarray, " world"],
    second: Bool[np.ndarray, " world"],
    worlds: Worlds,
    *,
    decided: bool = False,
) -> Difference:
    """How much more often the first holds than the second, world by world.

    Where no world tells them apart, and arithmetic does not decide both, the error is what half a
    world more would make.
    """
    apart = first.astype(float) - second
    error = mean_error(apart, worlds)
    if not decided and not np.ptp(apart):
        error = 0.5 / (worlds.count + 1)
    return Difference(value=float(apart.mean()), mcse=error)


def unpaired(first: Estimate, second: Estimate) -> Difference:
    """The difference of two chances from two fits: their errors add up as squares."""
    return Difference(
        value=first.probability - second.probability, mcse=math.hypot(first.mcse, second.mcse)
    )
