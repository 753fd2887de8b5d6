"""Power: how often a union's decision settles the result, by the rule alone.

No evidence and no forecast enters: every pattern (Banzhaf) or every order (Shapley-Shubik) of
decisions weighs the same. Felsenthal and Machover, The Measurement of Voting Power, 1998: Penrose's
measure is the share of the others' patterns in which a union is decisive, the Banzhaf index is
Penrose's measure as a share of all unions', the Shapley-Shubik index the share of orders in which a
union's approval is the one that ratifies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, gcd, prod
from typing import Literal

import numpy as np

from ratification.answers.game import Game, every_pattern
from ratification.arrays import Float, Int

MOST_PLAYERS = 20  # whose patterns are gone through one by one
MOST_ADDED = 500_000_000  # cells of tables of sums: a second or two, and under 50 MB a table
MOST_BY_TABLE = 1000  # players: more have more patterns than a double can hold
DRAWS = 100_000  # orders that are drawn
BLOCK = 200_000  # cells of a block of draws
Method = Literal["enumeration", "dynamic programming", "sampling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A power index of one player, and its standard error: 0 unless it was sampled."""

    value: float
    error: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """The power of the players, in their order, and how it was found (`draws`: if by sampling)."""

    penrose: tuple[Index, ...]
    banzhaf: tuple[Index, ...]
    shapley: tuple[Index, ...]
    method: Method
    draws: int | None = None


def power(game: Game, rng: np.random.Generator) -> Power:
    """Exactly where the patterns, or a table of sums, are few enough; else from random draws."""
    if len(game.players) <= MOST_PLAYERS:
        return by_enumeration(game)
    if len(game.players) <= MOST_BY_TABLE and _Table(game).added <= MOST_ADDED:
        return by_dynamic_programming(game)
    return by_sampling(game, rng)


def by_enumeration(game: Game) -> Power:
    """Exact, from all 2**n patterns."""
    count = len(game.players)
    won = every_pattern(game)
    sizes = np.bitwise_count(np.arange(len(won), dtype=np.uint32))
    swings = np.zeros((count, max(count, 1)))
    for player in range(count):
        without, added = won.reshape(-1, 2, 2**player).swapaxes(0, 1)
        decisive = added & ~without
        approving = sizes.reshape(-1, 2, 2**player)[:, 0][decisive]
        swings[player] = np.bincount(approving, minlength=count)
    return _exactly(swings, "enumeration")


def by_dynamic_programming(game: Game) -> Power:
    """Exact, from how many patterns of the others there are by their number and their sums.

    A table per player that leaves that player out is built by halving: no count is ever taken
    back out of a sum, so nothing cancels and doubles are exact to their last digits.
    """
    count = len(game.players)
    table = _Table(game)
    lost = ~table.wins(None)
    swings = np.zeros((count, count))
    for player, ways in table.without_each():
        decisive = table.wins(player) & lost
        swings[player] = np.where(decisive, ways, 0).reshape(count, -1).sum(axis=1)
    return _exactly(swings, "dynamic programming")


def _exactly(swings: Float[np.ndarray, "player size"], method: Method) -> Power:
    """Indices from how many patterns of so many approving others a player is decisive in."""
    count = len(swings)
    orders = np.array([count * comb(count - 1, size) for size in range(count)], dtype=float)
    penrose = swings.sum(axis=1) / 2.0 ** (count - 1)
    total = penrose.sum()
    return Power(
        penrose=_indices(penrose),
        banzhaf=_indices(penrose / total if total else penrose),
        shapley=_indices((swings / orders).sum(axis=1) if count else penrose),
        method=method,
    )


def _indices(
    values: Float[np.ndarray, " player"], errors: Float[np.ndarray, " player"] | None = None
) -> tuple[Index, ...]:
    errors = np.zeros(len(values)) if errors is None else errors
    found = zip(values.tolist(), errors.tolist(), strict=True)
    return tuple(Index(value=value, error=error) for value, error in found)


class _Table:
    """A table over the number of approving others and the sums of every form over them."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.units = [gcd(*form.tolist()) or 1 for form in game.forms]
        self.weights = game.forms // np.array(self.units, dtype=np.int64)[:, None]
        # A form that weighs all players alike is their number: it needs no axis.
        self.own = [f for f, weights in enumerate(self.weights) if len(set(weights.tolist())) > 1]
        self.shape = (len(game.players), *(int(self.weights[f].sum()) + 1 for f in self.own))

    @property
    def added(self) -> int:
        """How many cells are added up to leave out each player: a whole number of any size."""
        players = self.shape[0]
        return prod(self.shape) * players * players.bit_length()

    def wins(self, player: int | None) -> np.ndarray:
        """Whether the rule holds in every cell, where this player approves too."""
        sums = []
        for f, unit in enumerate(self.units):
            axis = 1 + self.own.index(f) if f in self.own else 0
            steps = np.arange(self.shape[axis]) * (1 if axis else int(self.weights[f][0]))
            added = 0 if player is None else int(self.game.forms[f, player])
            along = [1] * len(self.shape)
            along[axis] = -1
            sums.append((self.game.base[f] + steps * unit + added).reshape(along))
        return np.broadcast_to(self.game.wins(sums), self.shape)

    def without_each(self) -> Iterator[tuple[int, np.ndarray]]:
        """Every player, with the number of patterns of the others in each cell."""
        start = np.zeros(self.shape)
        start[(0,) * len(self.shape)] = 1.0
        return self._halved(start, range(self.shape[0]))

    def _halved(self, ways: np.ndarray, players: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        if len(players) == 1:
            yield players[0], ways
            return
        half = len(players) // 2
        for own, others in ((players[:half], players[half:]), (players[half:], players[:half])):
            added = ways.copy()
            for other in others:
                self._add(added, other)
            yield from self._halved(added, own)

    def _add(self, ways: np.ndarray, player: int) -> None:
        """Let a player approve or not, in place."""
        steps = [1, *(int(self.weights[f][player]) for f in self.own)]
        to = tuple(slice(step, None) for step in steps)
        of = tuple(slice(0, length - step) for step, length in zip(steps, self.shape, strict=True))
        ways[to] += ways[of].copy()


def by_sampling(game: Game, rng: np.random.Generator, draws: int = DRAWS) -> Power:
    """From random orders, each index with its standard error.

    Whoever is pivotal in a random order is decisive among those before it, of whom there are
    equally often 0 to n - 1: weighed by how many patterns have so many, the same orders give
    Penrose's measure, however rarely a pattern drawn at random would have a decisive union.
    """
    count = len(game.players)
    sizes = np.array([count * (comb(count - 1, k) / 2 ** (count - 1)) for k in range(count)])
    pivots, weight, squared = np.zeros((3, count))
    heaviest = 0.0
    block = max(1, BLOCK // count)
    for start in range(0, draws, block):
        pivotal, before = _pivots(game, rng, min(block, draws - start))
        pivots += np.bincount(pivotal, minlength=count)
        weight += np.bincount(pivotal, weights=sizes[before], minlength=count)
        squared += np.bincount(pivotal, weights=sizes[before] ** 2, minlength=count)
        heaviest = max(heaviest, float(sizes[before].max(initial=0.0)))
    all_of = max(float(weight.sum()), np.finfo(float).tiny)
    shapley, penrose, banzhaf = pivots / draws, weight / draws, weight / all_of
    # What was never, or always, seen proves nothing: half a draw stands for it.
    half = 0.5 / (draws + 1)
    # The error of a ratio: rounding must not take it below 0.
    apart = np.maximum((1 - 2 * banzhaf) * squared + banzhaf**2 * squared.sum(), 0.0)
    return Power(
        penrose=_indices(
            penrose,
            np.maximum(
                np.sqrt(np.maximum(squared / draws - penrose**2, 0.0) / draws), half * heaviest
            ),
        ),
        banzhaf=_indices(
            banzhaf, np.maximum(np.sqrt(apart) / all_of, half * heaviest * draws / all_of)
        ),
        shapley=_indices(shapley, np.maximum(np.sqrt(shapley * (1 - shapley) / draws), half)),
        method="sampling",
        draws=draws,
    )


def _pivots(
    game: Game, rng: np.random.Generator, draws: int
) -> tuple[Int[np.ndarray, " draw"], Int[np.ndarray, " draw"]]:
    """Whose approval ratifies in random orders, and how many come before; none if nobody's can."""
    if game.with_all([]) or not game.with_all(game.players):
        nobody = np.zeros(0, dtype=np.int64)
        return nobody, nobody
    order = rng.permuted(np.tile(np.arange(len(game.players)), (draws, 1)), axis=1)
    sums = [
        base + np.cumsum(form[order], axis=1)
        for base, form in zip(game.base, game.forms, strict=True)
    ]
    before = game.wins(sums).argmax(axis=1)
    return order[np.arange(draws), before], before
