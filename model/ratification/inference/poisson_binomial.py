"""How many of several units approve, each with a chance of its own, and which, given how many."""

import numpy as np

from ratification.arrays import Bool

CELLS = 30_000_000  # numbers in one table: more worlds are split up


def number_law(chances: np.ndarray) -> np.ndarray:
    """P(k successes among the units from u on), as (u, k, world)."""
    units, worlds = chances.shape
    later = np.zeros((units + 1, units + 1, worlds))
    later[units, 0] = 1.0
    for u in range(units - 1, -1, -1):
        later[u] = later[u + 1] * (1 - chances[u])
        later[u, 1:] += later[u + 1, :-1] * chances[u]
    return later


def given_number(
    chances: np.ndarray, low: int | np.ndarray, high: int | np.ndarray, rng: np.random.Generator
) -> Bool[np.ndarray, "unit world"]:
    """Who succeeds, given that between low and high of them do: unit by unit, exact."""
    units, worlds = chances.shape
    low, high = np.broadcast_to(low, (worlds,)), np.broadcast_to(high, (worlds,))
    at_once = max(1, CELLS // (units + 1) ** 2)
    picked = np.zeros((units, worlds), dtype=bool)
    for start in range(0, worlds, at_once):
        part = slice(start, start + at_once)
        picked[:, part] = _given_number_block(chances[:, part], low[part], high[part], rng)
    return picked


def _given_number_block(
    chances: np.ndarray, low: np.ndarray, high: np.ndarray, rng: np.random.Generator
) -> Bool[np.ndarray, "unit world"]:
    units, worlds = chances.shape
    later = number_law(chances)
    picked = np.zeros((units, worlds), dtype=bool)
    done = np.zeros(worlds, dtype=np.int64)
    number = np.arange(units + 1)[:, None]

    def reachable(u: int, have: np.ndarray) -> np.ndarray:
        wanted = (number >= low - have) & (number <= high - have)
        return np.asarray(np.where(wanted, later[u], 0.0).sum(axis=0))

    for u in range(units):
        success = chances[u] * reachable(u + 1, done + 1)
        failure = (1 - chances[u]) * reachable(u + 1, done)
        picked[u] = rng.random(worlds) * (success + failure) < success
        done += picked[u]
    return picked
