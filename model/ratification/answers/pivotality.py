"""Pivotality: how often a union's vote, turned around, would turn the result; and what it tells."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from ratification.answers.cuts import Atom, Cut, combined
from ratification.answers.estimates import Difference, Estimate, mean_error
from ratification.answers.judging import Measured, Results, measure
from ratification.arrays import Bool, Float, Int
from ratification.case.bylaws import COUNTED, Condition, Measure, Reading, conditions
from ratification.inference.normal import normal_cdf
from ratification.inference.worlds import Worlds

FEWEST = 100  # worlds on either side: fewer do not tell what a result moves
BINS = 10  # into which a unit's margins are sorted, by number of worlds
BLOCKS = 40  # of draws, whose spread tells how far a sum over half of them may be off

_Key = tuple[Measure, bool]


def flips(reading: Reading, results: Results) -> Iterator[tuple[str, Bool[np.ndarray, " world"]]]:
    """Every union that votes, with the worlds in which its yes and no exchanged turn the result.

    Its approval turns around with its ballots; who voted, and everything else, stays. A union that
    counts its units turns as a whole.
    """
    base = {
        (part.measure, part.share): measure(
            part.measure, results, share=part.share, abstaining=reading.abstaining
        )
        for part in conditions(reading.rule)
        if isinstance(part, Condition)
    }
    before = _holds(reading, results, base, None)
    for position, union in enumerate(results.unions):
        if not results.abstains[position]:
            turned = {
                key: Measured(
                    numerator=found.numerator + _change(key[0], results, position),
                    denominator=found.denominator,
                )
                for key, found in base.items()
            }
            yield union, _holds(reading, results, turned, position) != before


def _change(
    name: Measure, results: Results, union: int
) -> Int[np.ndarray, " world"] | Int[np.ndarray, ""]:
    """What exchanging a union's yes and no adds to the numerator of a measure."""
    turns = np.where(results.approves[:, union], -1, 1)
    if name in COUNTED:
        scale = lcm(*(weight.denominator for weight in results.weights))
        weight = int(results.weights[union] * scale)
        return turns * (weight if name == "approving unions" else -weight)
    if name == "members of approving unions":
        return turns * results.members[:, union].astype(np.int64)
    if name == "ballots of approving unions":
        return turns * results.ballots[:, union].astype(np.int64)
    if name == "turnout":
        return np.array(0, dtype=np.int64)
    return results.ballots[:, union].astype(np.int64) - 2 * results.yes[:, union].astype(np.int64)


def _holds(
    reading: Reading, results: Results, measured: dict[_Key, Measured], turned: int | None
) -> np.ndarray:
    """The rule in every world, from its measures; one union's approval turned around."""

    def verdict_of(atom: Atom) -> np.ndarray:
        if isinstance(atom, Cut):
            return _side(atom, measured[atom.measure, atom.share])
        position = results.unions.index(atom.union)
        return np.where(results.approves[:, position] ^ (position == turned), 1, -1)

    return np.asarray(combined(reading.rule, verdict_of)) > 0


def _side(cut: Cut, found: Measured) -> np.ndarray:
    threshold: Fraction = cut.threshold
    left = found.numerator * threshold.denominator
    right = np.maximum(found.denominator, 1) * threshold.numerator
    return np.where(left > right if cut.strict else left >= right, 1, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The worlds of one result of a union, and in how many of them the package is ratified."""

    worlds: int
    ratified: int
    estimate: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tells:
    """P(ratified | approves) and P(ratified | rejects), and their difference with its own error.

    Estimates and difference are None where either side has fewer than 100 worlds.
    """

    approves: Given
    rejects: Given
    difference: Difference | None


def tells(
    approves: Bool[np.ndarray, " world"], holds: Bool[np.ndarray, " world"], worlds: Worlds
) -> Tells:
    """What a union's result would tell about ratification.

    The two shares are of other worlds, yet of the same chains: the error of each, and of their
    difference, is that of the sum of what every world adds to it.
    """
    enough = FEWEST <= int(approves.sum()) <= worlds.count - FEWEST
    sides, adds = [], []
    for side in (approves, ~approves):
        count, ratified = int(side.sum()), int((side & holds).sum())
        found = None
        if enough:
            add = np.where(side, holds - ratified / count, 0.0) * (worlds.count / count)
            adds.append(add)
            found = _share(count, ratified, mean_error(add, worlds))
        sides.append(Given(worlds=count, ratified=ratified, estimate=found))
    first, second = sides
    if first.estimate is None or second.estimate is None:
        return Tells(approves=first, rejects=second, difference=None)
    return Tells(
        approves=first,
        rejects=second,
        difference=Difference(
            value=first.ratified / first.worlds - second.ratified / second.worlds,
            mcse=max(
                mean_error(adds[0] - adds[1], worlds),
                *(unseen(given.worlds) for given in sides if given.ratified in (0, given.worlds)),
                0.0,
            ),
        ),
    )


def unseen(worlds: int) -> float:
    """Half a world stands for what was not seen in any, or was seen in all."""
    return 0.5 / (worlds + 1)


def _share(worlds: int, ratified: int, error: float) -> Estimate:
    if 0 < ratified < worlds:
        return Estimate(probability=ratified / worlds, mcse=error)
    half = unseen(worlds)
    return Estimate(probability=half if ratified == 0 else 1 - half, mcse=half)


# What is still out


def sorted_margins(
    margin: Int[np.ndarray, " world"], approves: Bool[np.ndarray, " world"]
) -> Int[np.ndarray, " world"]:
    """The bin of every world by a unit's margin; approvals and rejections share none.

    About ten bins of as many worlds each, fewer where margins are alike.
    """
    bins = np.zeros(len(margin), dtype=np.int64)
    start = 0
    for side in (approves, ~approves):
        count = int(side.sum())
        if not count:
            continue
        number = max(1, round(BINS * count / len(margin)))
        edges = np.unique(np.quantile(margin[side], np.arange(1, number) / number))
        bins[side] = start + np.searchsorted(edges, margin[side], side="right")
        start += number
    return bins


def expected_movement(
    bins: Int[np.ndarray, " world"], holds: Bool[np.ndarray, " world"], worlds: Worlds
) -> Difference:
    """Expected |P(ratified) after a unit's result - P(ratified) now|, and its error.

    Half the draws say in which direction each bin moves the chance, the other half how far: noise
    alone has no direction that both agree on, so it adds nothing on average. What is too small to
    be seen, and what lies inside a bin, is lost: the figure errs towards less.
    """
    count = int(bins.max(initial=0)) + 1
    block = _blocks(worlds)
    apart: Float[np.ndarray, " world"] = holds - holds.mean()
    cells = np.bincount(bins * BLOCKS + block, weights=apart, minlength=count * BLOCKS)
    sums = cells.reshape(count, 2, BLOCKS // 2)
    direction = np.sign(sums.sum(axis=2))[bins, 1 - block // (BLOCKS // 2)]
    return Difference(
        value=max(float((direction * apart).mean()), 0.0),
        mcse=math.hypot(
            # The chance now is from the same worlds: it moves with them.
            mean_error((direction - direction.mean()) * apart, worlds),
            _error_of_directions(sums) / worlds.count,
        ),
    )


def _blocks(worlds: Worlds) -> Int[np.ndarray, " world"]:
    """Blocks of neighbouring draws, which are alike: whole chains, or draws of one point."""
    length = int(worlds.draw.max()) // worlds.chains + 1
    place = worlds.draw % worlds.chains * length + worlds.draw // worlds.chains
    return np.asarray(place * BLOCKS // (worlds.chains * length))


def _error_of_directions(sums: Float[np.ndarray, "bin half block"]) -> float:
    """The error of the sum over bins that comes of directions which another run would have others.

    With S and T the sums of a bin's halves, normal with the same mean m and variance v, its part is
    sign(T) S + sign(S) T. Given the directions that has the variance 2 v; without, twice
    Cov(sign(T) S, sign(S) T) = E|S|^2 - (E sign(S))^2 m^2 more.
    """
    variance = sums.var(axis=2, ddof=1).mean(axis=1) * sums.shape[2]
    mean = np.sqrt(np.maximum(sums.sum(axis=2).mean(axis=1) ** 2 - variance / 2, 0.0))
    spread = np.sqrt(np.where(variance > 0, variance, 1.0))
    scaled = mean / spread
    sign = 2.0 * normal_cdf(scaled) - 1.0
    folded = spread * np.sqrt(2 / np.pi) * np.exp(-0.5 * scaled * scaled) + mean * sign
    covariance = np.where(variance > 0, folded**2 - (sign * mean) ** 2, 0.0)
    return float(np.sqrt(2.0 * covariance.sum()))
