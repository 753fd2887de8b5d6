"""Exact answers by enumeration, and tests of draws against them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np
import scipy.stats

FALSE_ALARM = 1e-6  # a right simulator fails a test this often; with a fixed seed, never again

Outcome = tuple[int, ...]


def leaf_law(members: int, yes_share: float, turnout: float) -> dict[tuple[int, int], float]:
    """Probability of every (yes, no) of one leaf."""
    chances = [turnout * yes_share, turnout * (1 - yes_share), 1 - turnout]
    return {
        (yes, no): float(
            scipy.stats.multinomial.pmf([yes, no, members - yes - no], members, chances)
        )
        for yes in range(members + 1)
        for no in range(members + 1 - yes)
    }


def joint_law(leaves: Sequence[Mapping[tuple[int, int], float]]) -> tuple[np.ndarray, np.ndarray]:
    """Every outcome of independent leaves, a row (yes of each, no of each), and its chance."""
    outcomes, chances = [], []
    for combination in product(*(leaf.items() for leaf in leaves)):
        votes = [outcome for outcome, _ in combination]
        outcomes.append([*(yes for yes, _ in votes), *(no for _, no in votes)])
        chances.append(np.prod([chance for _, chance in combination]))
    return np.array(outcomes), np.array(chances)


def law_pvalue(outcomes: np.ndarray, chances: np.ndarray, drawn: np.ndarray) -> float:
    """p-value of draws (rows) under a law of outcomes (rows); rare outcomes are merged.

    A draw that the law calls impossible has p-value 0.
    """
    position = {tuple(row): index for index, row in enumerate(outcomes.tolist())}
    observed = np.zeros(len(outcomes))
    for row in map(tuple, drawn.tolist()):
        if row not in position:
            return 0.0
        observed[position[row]] += 1
    return merged_pvalue(observed, chances / chances.sum() * len(drawn))


def merged_pvalue(observed: np.ndarray, expected: np.ndarray, least: float = 10.0) -> float:
    """Chi-square p-value after merging the cells in which little is expected."""
    cells: list[list[float]] = [[0.0, 0.0]]
    for index in np.argsort(expected, kind="stable"):
        if cells[-1][1] >= least:
            cells.append([0.0, 0.0])
        cells[-1][0] += observed[index]
        cells[-1][1] += expected[index]
    if len(cells) > 1 and cells[-1][1] < least:
        last = cells.pop()
        cells[-1] = [cells[-1][0] + last[0], cells[-1][1] + last[1]]
    if len(cells) == 1:
        return 1.0
    seen, hoped = np.array(cells).T
    return float(scipy.stats.chisquare(seen, hoped * seen.sum() / hoped.sum()).pvalue)


def number_law(chances: Iterable[float]) -> np.ndarray:
    """Poisson-binomial: the chance of 0, 1, 2, ... successes, one by one."""
    law = np.array([1.0])
    for chance in chances:
        law = np.append(law * (1 - chance), 0.0) + np.append(0.0, law * chance)
    return law


def margin_law(members: int, yes_share: float, turnout: float) -> np.ndarray:
    """Chance of every yes - no of a leaf, from -members to members: steps of 1, 0 or -1."""
    law, step = np.array([1.0]), [turnout * (1 - yes_share), 1 - turnout, turnout * yes_share]
    for _ in range(members):
        law = np.convolve(law, step)
    return law


def approval_chance(members: int, yes_share: float, turnout: float) -> float:
    """Exact chance that a leaf has more yes than no."""
    return float(margin_law(members, yes_share, turnout)[members + 1 :].sum())
