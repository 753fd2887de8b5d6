"""The Monte Carlo errors of a whole surface, each the same as a forecast of that rule alone has."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from ratification.answers.axes import Axis
from ratification.answers.estimates import Draws
from ratification.answers.surface import Surface, reached
from ratification.arrays import Float
from ratification.inference.worlds import Worlds


def errors(
    found: Surface, worlds: Worlds
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """The Monte Carlo standard error of every probability, each the same as `estimate` gives.

    And how many independent draws each rests on, infinite where that is no matter.
    """
    draws = Draws(worlds)
    ess = np.full(found.passes.shape, np.inf)
    out = np.full(found.passes.shape, 0.5 / (found.worlds + 1))  # where all worlds agree
    *before, last = found.axes
    size = len(last.thresholds)
    for row in np.ndindex(*found.passes.shape[:-1]):
        truth = [_holds(axis, found.met[place], row[place]) for place, axis in enumerate(before)]
        without, gain = _along(found, truth)
        table = draws.tally(found.met[-1], size + 1, gain)
        hold = reached(table, 1, upward=last.upward) + draws.tally(None, 1, without)
        for index in range(size):
            at = (*row, index)
            hits = int(found.passes[at])
            if hits in (0, found.worlds):
                continue
            if index and hits == found.passes[(*row, index - 1)]:  # then in the same worlds
                out[at], ess[at] = out[(*row, index - 1)], ess[(*row, index - 1)]
                continue
            out[at], held = draws.mcse(hold[:, index])
            ess[at] = draws.worth(hits / found.worlds, held)
    return out, ess


def _holds(axis: Axis, met: np.ndarray, index: int) -> np.ndarray:
    if axis.upward:
        return met > index
    return met >= len(axis.thresholds) - index


def _along(found: Surface, truth: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Whether the rule holds where the last condition does not, and the difference where it does.

    By world; `truth` says whether the other axes' conditions hold.
    """
    by_truth = found.judged.by_truth
    ends = []
    for end in (False, True):
        total = np.zeros(found.worlds, dtype=np.int64)
        for choice in product((False, True), repeat=len(truth)):
            chosen = np.ones(found.worlds, dtype=np.int64)
            for holds, wanted in zip(truth, choice, strict=True):
                chosen &= holds == wanted
            total += chosen * by_truth[(*choice, end)]
        ends.append(total)
    return ends[0], ends[1] - ends[0]
