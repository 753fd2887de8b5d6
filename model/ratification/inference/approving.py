"""Who approves: the deciding rules over complete results, and worlds given how many approve.

Worlds with the wrong number of approvals are drawn again as long as that mends enough of them,
which is exact. In those left, who approves is drawn first: unit by unit from the Poisson-binomial
given p and t, as likelihood and evidence have it, until no report rules the choice out. Then every
unit's margin is bound by it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache, partial

import numpy as np

from ratification.arrays import Bool, Int
from ratification.case.electorate import Electorate
from ratification.case.known import Approvals, Known, counted_children
from ratification.case.verdicts import needed
from ratification.inference.conditioning import TRIES, WORTH_ANOTHER, condition, draw_free
from ratification.inference.constraints import FREE, Constraint
from ratification.inference.normal import normal_cdf
from ratification.inference.poisson_binomial import given_number, number_law
from ratification.inference.so_far import SoFar
from ratification.inference.tied import Ballots

# With other reports a free draw costs sweeps too, and on SEBAC's last day choosing the pattern at
# once gives the same law within Monte Carlo error.
WORTH_SWEEPS = 0.5
PATTERNS = 3  # who approves is drawn anew, and bound anew, for worlds that could not follow
FAR = 10**13  # a margin beyond any
PICKS = 50  # draws of who approves until no report rules it out
FEW_LEAVES = 16  # whose columns are added faster than numpy sums a short axis
BY_UNITS = ("units", "all-units")

Chances = Callable[[str], np.ndarray]  # of a unit to approve, by world


def unit_total(tree: Electorate, unit: str, values: np.ndarray) -> np.ndarray:
    """Sum of a unit's leaves in every world."""
    leaves = sorted(tree.leaves_under[unit])  # neighbours, in canonical order
    if len(leaves) > FEW_LEAVES:
        total: np.ndarray = values[:, leaves[0] : leaves[-1] + 1].sum(axis=1, dtype=np.int64)
        return total
    total = values[:, leaves[0]].astype(np.int64)
    for leaf in leaves[1:]:
        total += values[:, leaf]
    return total


def approved(
    tree: Electorate, unit: str, leaf_yes: np.ndarray, leaf_ballots: np.ndarray
) -> Bool[np.ndarray, " world"]:
    """Whether a unit approves in every world, by its own deciding rule. A tie rejects."""
    decides = tree.by_id[unit].decides
    if decides in BY_UNITS:
        children = counted_children(tree, unit)
        parts = [approved(tree, child, leaf_yes, leaf_ballots) for child in children]
        number: np.ndarray = np.sum(parts, axis=0)
        return number >= needed(tree, unit)
    yes, ballots = (unit_total(tree, unit, values) for values in (leaf_yes, leaf_ballots))
    return pooled(tree, unit, yes, ballots)


def pooled(
    tree: Electorate, unit: str, yes: Int[np.ndarray, " world"], ballots: Int[np.ndarray, " world"]
) -> Bool[np.ndarray, " world"]:
    """Whether a unit that decides by all its ballots together approves, given their totals."""
    decides = tree.by_id[unit].decides
    if isinstance(decides, Fraction):
        return (yes * decides.denominator >= decides.numerator * ballots) & (ballots > 0)
    return 2 * yes > ballots


def approvals_hold(
    tree: Electorate, approvals: Sequence[Approvals], yes: np.ndarray, no: np.ndarray
) -> Bool[np.ndarray, " world"]:
    """Which worlds have the reported numbers of approvals."""
    good = np.ones(len(yes), dtype=bool)
    for entry in approvals:
        number = np.sum([approved(tree, unit, yes, yes + no) for unit in entry.units], axis=0)
        good &= (number >= entry.low) & (number <= entry.high)
    return good


def agree_on_approvals(
    tree: Electorate,
    facts: Known,
    ballots: Ballots,
    base: Sequence[Constraint],
    yes: np.ndarray,
    no: np.ndarray,
    wrong: np.ndarray,
    rng: np.random.Generator,
) -> Bool[np.ndarray, " world"]:
    """Change the wrong worlds, in place, into some that agree with all evidence.

    Returns which of them do now.
    """
    mended = np.zeros(len(yes), dtype=bool)

    def keep(part: Ballots, bound: Sequence[Constraint]) -> int:
        """Take over the worlds that agree now; returns how many."""
        agrees = condition(part, bound, part_yes, part_no, rng)
        agrees &= approvals_hold(tree, facts.approvals, part_yes, part_no)
        took = wrong[agrees]
        yes[took], no[took], mended[took] = part_yes[agrees], part_no[agrees], True
        return len(took)

    leaves = [leaf for leaf in range(len(tree.leaves)) if leaf not in facts.counted]
    worth = WORTH_SWEEPS if base else WORTH_ANOTHER
    for _ in range(TRIES):
        part, part_yes, part_no = ballots.of(wrong), yes[wrong], no[wrong]
        part_yes[:, leaves], part_no[:, leaves] = draw_free(part, leaves, slice(None), rng)
        few = keep(part, _of_worlds(base, wrong)) < max(1.0, worth * len(wrong))
        wrong = wrong[~mended[wrong]]
        if few:
            break
    for _ in range(PATTERNS):
        if not len(wrong):
            break
        part, part_yes, part_no = ballots.of(wrong), yes[wrong], no[wrong]
        known = _of_worlds(base, wrong)
        keep(part, [*known, *_who(tree, facts, part, known, rng)])
        wrong = wrong[~mended[wrong]]
    return mended


def _of_worlds(constraints: Sequence[Constraint], worlds: np.ndarray) -> list[Constraint]:
    return [replace(entry, low=entry.low[worlds], high=entry.high[worlds]) for entry in constraints]


def _who(
    tree: Electorate,
    facts: Known,
    ballots: Ballots,
    base: Sequence[Constraint],
    rng: np.random.Generator,
) -> list[Constraint]:
    """Who approves in every world, as constraints on the margins of pooled units."""
    decided: dict[str, np.ndarray] = {}
    unclear = np.arange(len(ballots.members))
    chances = cache(lambda unit: _chance(tree, facts, unit, ballots))
    for _ in range(PICKS):
        fresh: dict[str, np.ndarray] = {}
        part = partial(_of_some, chances, unclear)
        for entry in facts.approvals:
            _decide(tree, facts, entry.units, entry.low, entry.high, part, fresh, rng)
        for unit, approves in fresh.items():
            decided.setdefault(unit, np.zeros(len(ballots.members), dtype=bool))[unclear] = approves
        unclear = unclear[~_possible(tree, facts, _of_worlds(base, unclear), fresh)]
        if not len(unclear):
            break
    return _bounds(tree, facts, decided)


def _of_some(chances: Chances, worlds: np.ndarray, unit: str) -> np.ndarray:
    return np.asarray(chances(unit)[worlds])


def _decide(
    tree: Electorate,
    facts: Known,
    units: Sequence[str],
    low: int | np.ndarray,
    high: int | np.ndarray,
    chance_of: Chances,
    decided: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> None:
    """Draw which of the units approve, given how many, and so on down where units decide."""
    chances = np.stack(
        [decided[unit].astype(float) if unit in decided else chance_of(unit) for unit in units]
    )
    picked = given_number(chances, low, high, rng)
    for unit, approves in zip(units, picked, strict=True):
        if unit in decided:
            continue
        decided[unit] = approves
        if tree.by_id[unit].decides in BY_UNITS:
            children, need = counted_children(tree, unit), needed(tree, unit)
            least, most = np.where(approves, need, 0), np.where(approves, len(children), need - 1)
            _decide(tree, facts, children, least, most, chance_of, decided, rng)


def _possible(
    tree: Electorate, facts: Known, base: Sequence[Constraint], decided: Mapping[str, np.ndarray]
) -> Bool[np.ndarray, " world"]:
    """Which worlds' choice of who approves neither the numbers nor any margin rules out."""
    possible = np.ones(len(next(iter(decided.values()))), dtype=bool)
    for entry in facts.approvals:
        number = np.sum([decided[unit] for unit in entry.units], axis=0)
        possible &= (number >= entry.low) & (number <= entry.high)
    said = [*base, *_bounds(tree, facts, decided)]
    margins = [entry for entry in said if (entry.alpha, entry.beta) == (1, -1)]
    scopes = [frozenset(entry.leaves.tolist()) for entry in margins]
    low = [np.maximum(entry.low, -FAR) for entry in margins]
    high = [np.minimum(entry.high, FAR) for entry in margins]
    for whole in range(len(margins)):
        for parts in _parts(scopes, whole):
            possible &= sum(low[k] for k in parts) <= high[whole]
            possible &= sum(high[k] for k in parts) >= low[whole]
    return possible


def _parts(scopes: Sequence[frozenset[int]], whole: int) -> list[list[int]]:
    """Other scopes, none overlapping, that make up a scope: small ones, and large ones."""
    inside = [k for k, scope in enumerate(scopes) if k != whole and scope <= scopes[whole]]
    inside.sort(key=lambda k: len(scopes[k]))
    found = []
    for order in (inside, inside[::-1]):
        parts: list[int] = []
        held: frozenset[int] = frozenset()
        for k in order:
            if not scopes[k] & held:
                parts.append(k)
                held |= scopes[k]
        if held == scopes[whole]:
            found.append(parts)
    return found


def _form(tree: Electorate, unit: str) -> tuple[int, int, int]:
    """alpha, beta and the least value of alpha * yes + beta * no that approves."""
    decides = tree.by_id[unit].decides
    if isinstance(decides, Fraction):
        return decides.denominator - decides.numerator, -decides.numerator, 0
    return 1, -1, 1


def _bounds(tree: Electorate, facts: Known, decided: Mapping[str, np.ndarray]) -> list[Constraint]:
    """The margins of units' uncounted leaves, as who approves asks for them."""
    found = []
    for unit, approves in decided.items():
        leaves, alpha, beta, cut = _left(tree, facts, unit)
        if tree.by_id[unit].decides not in BY_UNITS and len(leaves):
            low, high = np.where(approves, cut, -FREE), np.where(approves, FREE, cut - 1)
            found.append(Constraint(leaves, alpha, beta, low, high))
    return found


def _left(tree: Electorate, facts: Known, unit: str) -> tuple[np.ndarray, int, int, int]:
    """A unit's uncounted leaves, and alpha, beta and least value that approves, over them."""
    alpha, beta, cut = _form(tree, unit)
    counted = facts.counted
    inside = tree.leaves_under[unit]
    for leaf in inside & counted.keys():
        yes, no = counted[leaf]
        cut -= alpha * yes + beta * no
    return np.array(sorted(inside - counted.keys()), dtype=np.int64), alpha, beta, cut


def _chance(tree: Electorate, facts: Known, unit: str, ballots: Ballots) -> np.ndarray:
    """A unit's chance to approve, by world; of a pooled one by normal approximation."""
    if tree.by_id[unit].decides in BY_UNITS:
        children = counted_children(tree, unit)
        parts = np.stack([_chance(tree, facts, part, ballots) for part in children])
        whole = np.asarray(number_law(parts)[0, needed(tree, unit) :].sum(axis=0))
        return np.asarray(np.clip(whole, 0.0, 1.0))
    leaves, alpha, beta, cut = _left(tree, facts, unit)
    if not len(leaves):
        return np.full(len(ballots.members), float(cut <= 0))
    m, p, t = (a[:, leaves] for a in (ballots.members, ballots.yes_share, ballots.turnout))
    seen_yes, seen_no = ballots.seen_yes[leaves], ballots.seen_no[leaves]
    cut -= int(alpha * seen_yes.sum() + beta * seen_no.sum())
    each = alpha * p + beta * (1 - p)  # of a ballot that is still to be counted
    left = np.maximum(m * t - seen_yes - seen_no, 0.0)
    variance = left * (alpha**2 * p + beta**2 * (1 - p) - each**2) + m * t * (1 - t) * each**2
    mean, variance = (left * each).sum(axis=1), variance.sum(axis=1)
    for entry in ballots.shares_of(leaves):
        gain, surprise, covariance = _told(ballots, entry, leaves, alpha, beta)
        mean, variance = mean + gain * surprise, variance - gain * covariance
    chance = normal_cdf((mean - cut + 0.5) / np.sqrt(np.maximum(variance, 0.0) + 0.25))
    return np.asarray(np.clip(chance, 1e-9, 1 - 1e-9))


def _told(
    ballots: Ballots, entry: SoFar, leaves: np.ndarray, alpha: int, beta: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a share so far tells of alpha * yes + beta * no of some leaves: a linear update.

    Its gain, how far the share is from what is expected, and their covariance, by world.
    """
    m, p, t = (a[:, entry.leaves] for a in (ballots.members, ballots.yes_share, ballots.turnout))
    yes, no = t * p, t * (1 - p)
    cast = (m * t).sum(axis=1) + entry.known_yes + entry.known_no
    share = ((m * yes).sum(axis=1) + entry.known_yes) / cast
    by_yes, by_no = ((1 - share) / cast)[:, None], (-share / cast)[:, None]
    inside = np.isin(entry.leaves, leaves)

    def covariance(a: np.ndarray | int, b: np.ndarray | int) -> np.ndarray:
        both = a * by_yes * yes + b * by_no * no
        return np.asarray(m * (both - (a * yes + b * no) * (by_yes * yes + by_no * no)))

    noise = entry.sd**2 + (entry.high - entry.low) ** 2 / 12
    together = covariance(alpha, beta)[:, inside].sum(axis=1)
    gain = together / (covariance(by_yes, by_no).sum(axis=1) + noise)
    return gain, (entry.low + entry.high) / 2 - share, together
