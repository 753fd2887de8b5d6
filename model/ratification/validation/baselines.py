"""Four simple forecasters, fitted on the same evidence, that a model has to beat.

Each says how likely the outcome is, how likely every union approves, and what the yes share of
all ballots may be. All take what is counted as it is, and know the results of votes on strictly
earlier polling days (`Past`); they differ in what they make of the unions still open:

- `base_rate`: the vote, and every open union, ends as often well as earlier ones did.
- `independent_unions`: open unions are drawn one by one from the spread of earlier union results;
  what others reported in this vote says nothing about them (correlation 0).
- `pooled_share`: all open unions vote as the ballots counted so far did (correlation 1).
- `uniform_swing`: every union keeps its leaning from earlier votes, and all swing alike.

Shares are on the logit scale where they are averaged. Ballots of an open union are its members by
the turnout counted so far; before any count, by the mean turnout of the earlier votes, else 75%.
An open union whose result but no count is reported has its draws mirrored onto that side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from ratification.answers.judging import Results, judge
from ratification.arrays import Bool, Float, Int
from ratification.case.bylaws import Reading
from ratification.case.electorate import Decides
from ratification.inference.numerics import expit, logit
from ratification.validation.scores import simulated_chance

BaselineName = Literal["base-rate", "independent-unions", "pooled-share", "uniform-swing"]
TURNOUT = 0.75  # before any count and any earlier vote
EDGE = 1e-4  # shares nearer to 0 or 1 have no logit that means anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An earlier vote: what became of it, and shares by union where its ballots are counted."""

    ratified: bool
    approved: Mapping[str, bool]
    shares: Mapping[str, float]
    turnout: float | None
    yes_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What is reported: by union members, yes and ballots (0 where not counted), and results."""

    unions: tuple[str, ...]
    members: Float[np.ndarray, " union"]
    yes: Int[np.ndarray, " union"]
    ballots: Int[np.ndarray, " union"]
    counted: Bool[np.ndarray, " union"]
    results: Mapping[str, bool]  # of those that have approved or rejected
    abstains: Bool[np.ndarray, " union"]
    weights: tuple[Fraction, ...]
    decides: tuple[Decides, ...]
    reading: Reading

    @property
    def logits(self) -> Float[np.ndarray, " counted"]:
        """Logit yes shares of the counted unions."""
        return bounded_logit(self.yes[self.counted] / np.maximum(self.ballots[self.counted], 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """A chance of the outcome, of every union, and simulated yes shares of all ballots."""

    chance: float
    unions: Mapping[str, float]
    yes_share: Float[np.ndarray, " world"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Student's t: what a next value may be."""

    mean: float
    scale: float
    df: float

    def draw(self, rng: np.random.Generator, size: int | tuple[int, int]) -> np.ndarray:
        """Independent draws."""
        drawn: np.ndarray = self.mean + self.scale * rng.standard_t(self.df, size)
        return drawn


def bounded_logit(share: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Log odds, of shares kept off 0 and 1."""
    return logit(np.asarray(np.clip(share, EDGE, 1 - EDGE)))


def predictive(values: Sequence[float]) -> Spread:
    """What a next value may be, from earlier ones: the conjugate normal law.

    Prior mean 0 worth one value, variance 1/2 worth two; so with n values of mean m and sum of
    squares S round it, t with 2 + n degrees of freedom, mean n m / (n + 1) and squared scale
    (1 + S + n m^2 / (n + 1)) / (2 + n) * (n + 2) / (n + 1). Gelman et al. 2013, section 3.3.
    """
    found = np.asarray(values, dtype=float)
    n = len(found)
    m = float(found.mean()) if n else 0.0
    square = float(np.square(found - m).sum()) + n * m**2 / (n + 1)
    variance = (1 + square) / (2 + n) * (n + 2) / (n + 1)
    return Spread(mean=n * m / (n + 1), scale=float(np.sqrt(variance)), df=2.0 + n)


def base_rate(now: Now, past: Sequence[Past], worlds: int, rng: np.random.Generator) -> Predicted:
    """As often as before: (r + 1/2) / (m + 1), with r of m earlier votes ratified.

    Every open union approves with (a + 1/2) / (k + 1), a of k earlier union results. All open
    ballots share one yes share, drawn from those of the m earlier votes or, with a chance of
    1 / (m + 1), from all of 0 to 1.
    """
    ratified = sum(vote.ratified for vote in past)
    results = [approved for vote in past for approved in vote.approved.values()]
    rate = simulated_chance(sum(results), len(results))
    share = _earlier_shares(past, worlds, rng)
    drawn = _complete(now, past, np.repeat(bounded_logit(share)[:, None], len(now.unions), axis=1))
    return Predicted(
        chance=simulated_chance(ratified, len(past)),
        unions=dict.fromkeys(now.unions, rate),
        yes_share=_yes_share(drawn),
    )


def independent_unions(
    now: Now, past: Sequence[Past], worlds: int, rng: np.random.Generator
) -> Predicted:
    """Each open union by itself: its logit share is a draw of `predictive` of all earlier ones."""
    earlier = [
        float(bounded_logit(np.array(share))) for vote in past for share in vote.shares.values()
    ]
    return _judged(now, past, predictive(earlier).draw(rng, (worlds, len(now.unions))))


def pooled_share(
    now: Now, past: Sequence[Past], worlds: int, rng: np.random.Generator
) -> Predicted:
    """One share for all: Beta(Y + 1/2, N + 1/2) of the Y yes and N no counted so far.

    Before any count it is one of the earlier votes' shares, as in `base_rate`.
    """
    yes, ballots = int(now.yes.sum()), int(now.ballots.sum())
    share = (
        rng.beta(yes + 0.5, ballots - yes + 0.5, worlds)
        if ballots
        else _earlier_shares(past, worlds, rng)
    )
    return _judged(now, past, np.repeat(bounded_logit(share)[:, None], len(now.unions), axis=1))


def uniform_swing(
    now: Now, past: Sequence[Past], worlds: int, rng: np.random.Generator
) -> Predicted:
    """Leanings stay, the level swings: logit share of union u = lean_u + level + s e_u.

    lean_u is the mean, over earlier votes, of u's logit share less the mean of that vote's unions
    (0 for a union without one); s^2 = (2 * 0.1 + sum of squared residuals) / (2 + their number).
    With k unions counted the level is normal, its mean that of their logit shares less their
    leanings, its variance s^2 / k; before any count it is `predictive` of the earlier levels.
    """
    levels, leans, residuals = _leanings(past)
    sd = float(np.sqrt((0.2 + np.square(residuals).sum()) / (2 + len(residuals))))
    lean = np.array([leans.get(union, 0.0) for union in now.unions])
    k = int(now.counted.sum())
    if k:
        level = float((now.logits - lean[now.counted]).mean())
        swing = level + sd / np.sqrt(k) * rng.standard_normal(worlds)
    else:
        swing = predictive(levels).draw(rng, worlds)
    noise = sd * rng.standard_normal((worlds, len(now.unions)))
    return _judged(now, past, swing[:, None] + lean + noise)


Baseline = Callable[[Now, Sequence[Past], int, np.random.Generator], Predicted]
BASELINES: Mapping[BaselineName, Baseline] = {
    "base-rate": base_rate,
    "independent-unions": independent_unions,
    "pooled-share": pooled_share,
    "uniform-swing": uniform_swing,
}


def _leanings(past: Sequence[Past]) -> tuple[list[float], dict[str, float], np.ndarray]:
    """Levels of earlier votes, leanings of their unions, and what both leave over."""
    levels: list[float] = []
    apart: dict[str, list[float]] = {}
    for vote in past:
        if vote.shares:
            logits = bounded_logit(np.array(list(vote.shares.values())))
            levels.append(float(logits.mean()))
            for union, value in zip(vote.shares, logits.tolist(), strict=True):
                apart.setdefault(union, []).append(value - levels[-1])
    leans = {union: float(np.mean(values)) for union, values in apart.items()}
    left = [value - leans[union] for union, values in apart.items() for value in values]
    return levels, leans, np.array(left)


def _earlier_shares(
    past: Sequence[Past], worlds: int, rng: np.random.Generator
) -> Float[np.ndarray, " world"]:
    """Yes shares of earlier votes, each as likely as any share at all (Blackwell-MacQueen urn)."""
    known = [vote.yes_share for vote in past if vote.yes_share is not None]
    chosen = rng.integers(0, len(known) + 1, worlds)
    return np.where(chosen == len(known), rng.random(worlds), np.array([*known, 0.0])[chosen])


def _complete(now: Now, past: Sequence[Past], logits: Float[np.ndarray, "world union"]) -> Results:
    """Complete results: what is counted stays, the rest votes as drawn."""
    for place, union in enumerate(now.unions):
        if union in now.results and not now.counted[place]:
            side = 1 if now.results[union] else -1
            logits[:, place] = side * np.abs(logits[:, place])
    share = expit(logits)
    members = np.maximum(np.rint(now.members).astype(np.int64), now.ballots)
    open_ballots = np.maximum(np.rint(_turnout(now, past) * now.members), 1)
    ballots = np.where(now.counted, now.ballots, open_ballots).astype(np.int64)
    ballots[now.abstains] = 0
    size = logits.shape
    yes = np.where(now.counted, now.yes, np.rint(share * ballots)).astype(np.int64)
    return Results(
        members=np.asfortranarray(np.broadcast_to(members, size)),
        ballots=np.asfortranarray(np.broadcast_to(ballots, size)),
        yes=np.asfortranarray(yes),
        approves=np.asfortranarray(_approves(now, share)),
        abstains=now.abstains,
        weights=now.weights,
        unions=now.unions,
    )


def _approves(now: Now, share: Float[np.ndarray, "world union"]) -> Bool[np.ndarray, "world union"]:
    """Who approves: as reported, else by the union's own threshold, above one half by default."""
    found = np.empty(share.shape, dtype=bool)
    for place, (union, decides) in enumerate(zip(now.unions, now.decides, strict=True)):
        if now.abstains[place]:
            found[:, place] = False
        elif union in now.results:
            found[:, place] = now.results[union]
        elif isinstance(decides, Fraction):
            found[:, place] = share[:, place] >= float(decides)
        else:
            found[:, place] = share[:, place] > 0.5
    return found


def _turnout(now: Now, past: Sequence[Past]) -> float:
    members = float(now.members[now.counted].sum())
    if members:
        return float(now.ballots.sum()) / members
    earlier = [vote.turnout for vote in past if vote.turnout is not None]
    return float(np.mean(earlier)) if earlier else TURNOUT


def _yes_share(drawn: Results) -> Float[np.ndarray, " world"]:
    share: np.ndarray = drawn.yes.sum(axis=1) / np.maximum(drawn.ballots.sum(axis=1), 1)
    return share


def _judged(now: Now, past: Sequence[Past], logits: Float[np.ndarray, "world union"]) -> Predicted:
    """What complete results say of the rule and of every union."""
    drawn = _complete(now, past, logits)
    worlds = len(logits)
    hits = drawn.approves.sum(axis=0).tolist()
    return Predicted(
        chance=simulated_chance(int(judge(now.reading, drawn).sum()), worlds),
        unions={
            union: simulated_chance(number, worlds)
            for union, number in zip(now.unions, hits, strict=True)
        },
        yes_share=_yes_share(drawn),
    )
