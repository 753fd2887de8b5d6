"""Who can block and who can carry a package: vetoes, minimal blocking and minimal winning sets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ratification.answers.game import Game, every_pattern
from ratification.answers.judging import Results, judge
from ratification.answers.power import MOST_PLAYERS
from ratification.arrays import Bool
from ratification.case.bylaws import All, Reading, Rule, Veto

MOST_LISTED = 20  # sets of the smallest size that are written out


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """Minimal sets of unions: how many, and those of the fewest unions (at most 20 of them).

    `smallest` is how many unions the smallest have, `number_smallest` how many sets are so small.
    """

    count: int
    smallest: int
    number_smallest: int
    listed: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoOf:
    """A union without which the package fails, and in which share of the simulated rosters."""

    unit: str
    rosters: float


def vetoes(game: Game) -> tuple[str, ...]:
    """Players without whose approval no set of the others wins; none where nobody can win."""
    if not game.with_all(game.players):
        return ()
    return tuple(
        player
        for player in game.players
        if not game.with_all([other for other in game.players if other != player])
    )


def named_vetoes(rule: Rule) -> tuple[str, ...]:
    """Unions that a rule names as having to approve, whatever else holds."""
    match rule:
        case Veto(union=union):
            return (union,)
        case All(parts=parts):
            return tuple(union for part in parts for union in named_vetoes(part))
    return ()


def roster_share(
    reading: Reading, results: Results, union: str, *, decided: Sequence[bool | None]
) -> float:
    """In which share of the worlds' rosters a union is needed by all the others together.

    `decided` by union: whether it approves, or None where it is open and approves here.
    """
    approves = np.ones_like(results.approves)
    for position, known in enumerate(decided):
        approves[:, position] = known is not False and not results.abstains[position]
    approves[:, results.unions.index(union)] = False
    return 1.0 - float(judge(reading, replace(results, approves=approves)).mean())


def minimal_sets(game: Game) -> tuple[Sets, Sets] | None:
    """Minimal winning and minimal blocking sets of the players; None with more than 20 of them.

    A set wins if its approvals ratify whatever the others do, and blocks if its rejections defeat
    whatever the others do; it is minimal if it needs each of its unions for that.
    """
    if len(game.players) > MOST_PLAYERS:
        return None
    won = every_pattern(game)
    blocked = ~won[::-1]  # a set blocks where all but it do not win
    return _minimal(won, game.players), _minimal(blocked, game.players)


def _minimal(can: Bool[np.ndarray, " pattern"], players: tuple[str, ...]) -> Sets:
    needs_all = can.copy()
    for player in range(len(players)):
        pairs = needs_all.reshape(-1, 2, 2**player)
        pairs[:, 1] &= ~can.reshape(-1, 2, 2**player)[:, 0]
    found = np.flatnonzero(needs_all)
    sizes = np.bitwise_count(found)
    smallest = int(sizes.min()) if len(found) else 0
    few = found[sizes == smallest]
    return Sets(
        count=len(found),
        smallest=smallest,
        number_smallest=len(few),
        listed=tuple(
            tuple(player for k, player in enumerate(players) if pattern >> k & 1)
            for pattern in few[:MOST_LISTED].tolist()
        ),
    )
