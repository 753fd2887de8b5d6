"""A yes share so far, as evidence of how all the ballots fell.

Ballots counted so far are a sample of all ballots, and of the places they are from. The likelihood
gives the share so far a variance round the expected share; less what the final share itself varies
by, the rest is how far the share so far lies from the final one. Given yes shares and turnouts,
worlds are weighed by it: summed over the binomial law of the votes that is the likelihood again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ratification.case.known import Known, Partial
from ratification.inference.normal import log_between

TYPICAL_PART = 0.5  # of the ballots, where it is not said how many are counted


@dataclass(frozen=True, slots=True)
class SoFar:
    """A share so far within [low, high], normal round the final share; `sd` by world.

    `leaves` are those without a complete count; `known_yes`, `known_no` are counted in the others.
    """

    leaves: np.ndarray
    known_yes: int
    known_no: int
    low: float
    high: float
    sd: np.ndarray

    def of(self, worlds: np.ndarray | slice) -> "SoFar":
        """For some of the worlds."""
        return replace(self, sd=self.sd[worlds])

    def log_chance(self, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
        """Log chance of the report, given the yes and no of `leaves` in every world."""
        yes = yes + self.known_yes
        share = yes / np.maximum(yes + no + self.known_no, 1)
        return log_between((self.low - share) / self.sd, (self.high - share) / self.sd)

    def log_most(self) -> np.ndarray:
        """The highest log chance that any votes give it."""
        half = (self.high - self.low) / 2 / self.sd
        return log_between(-half, half)


def variance_so_far(
    share: np.ndarray,
    between: np.ndarray,
    ballots: np.ndarray,
    places: np.ndarray,
    seen: np.ndarray | float,
) -> np.ndarray:
    """Variance of a yes share so far round the expected share.

    Binomial, and by composition: a part f of the ballots from n `places` of equal size has
    variance between/n * (1 - f)/f. `seen` is how many are counted, 0 where it is not known.
    """
    part = counted(seen, ballots) / ballots
    composition = between * np.minimum((1 - part) / (part * places), 1.0)
    return np.asarray(share * (1 - share) / (part * ballots) + composition)


def counted(seen: np.ndarray | float, ballots: np.ndarray) -> np.ndarray:
    """Ballots counted so far, no more than are expected in all."""
    return np.where(np.greater(seen, 0), np.minimum(seen, ballots), TYPICAL_PART * ballots)


def shares_so_far(
    facts: Known, members: np.ndarray, yes_share: np.ndarray, turnout: np.ndarray
) -> tuple[SoFar, ...]:
    """The shares so far of a round, by the world's rosters, yes shares and turnouts: (world, leaf).

    A single leaf's ballots so far are not among them: those are kept as they are.
    """
    found = []
    for partial in facts.partials:
        seen = partial.yes + partial.no
        if seen and len(partial.scope) == 1:
            continue
        scope = sorted(partial.scope)
        known = [facts.counted[leaf] for leaf in scope if leaf in facts.counted]
        low, high = range_so_far(partial)
        found.append(
            SoFar(
                leaves=np.array([leaf for leaf in scope if leaf not in facts.counted]),
                known_yes=sum(yes for yes, _ in known),
                known_no=sum(no for _, no in known),
                low=low,
                high=high,
                sd=_sd(members[:, scope], yes_share[:, scope], turnout[:, scope], seen),
            )
        )
    return tuple(found)


def range_so_far(partial: Partial) -> tuple[float, float]:
    """Between what the yes share so far lies; half a ballot to either side of a count."""
    seen = partial.yes + partial.no
    if seen:
        return (partial.yes - 0.5) / seen, (partial.yes + 0.5) / seen
    low = 0.0 if partial.low is None else float(partial.low)
    return low, 1.0 if partial.high is None else float(partial.high)


def _sd(members: np.ndarray, p: np.ndarray, t: np.ndarray, seen: int) -> np.ndarray:
    """Of the share so far round the final share, never less than half a ballot."""
    by_leaf = members * t
    ballots = np.maximum(by_leaf.sum(axis=1), 0.5)
    share = (by_leaf * p).sum(axis=1) / ballots
    between = np.maximum((by_leaf * p * p).sum(axis=1) / ballots - share**2, 0.0)
    places = ballots**2 / np.maximum(np.square(by_leaf).sum(axis=1), 0.25)
    whole = variance_so_far(share, between, ballots, places, seen)
    final = share * (1 - share) / ballots
    return np.asarray(np.sqrt(np.maximum(whole - final, 0.25 / counted(seen, ballots) ** 2)))


def accepted(
    entries: Sequence[SoFar], yes: np.ndarray, no: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Which freely drawn worlds to keep, so that those kept have their law given the shares."""
    if not entries:
        return np.ones(len(yes), dtype=bool)
    log_chance = np.zeros(len(yes))
    for entry in entries:
        pooled = (votes[:, entry.leaves].sum(axis=1) for votes in (yes, no))
        log_chance += entry.log_chance(*pooled) - entry.log_most()
    return -rng.standard_exponential(len(yes)) < log_chance
