"""One forecast of a replayed vote, and its scores: a job, from plain values to plain values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ratification.answers.estimates import rough_estimate
from ratification.answers.judging import Results, judge
from ratification.answers.standing import Standing, rule_verdicts, union_standings
from ratification.arrays import Float
from ratification.case.bylaws import ChosenReading, choose
from ratification.case.case import Case
from ratification.case.facts import Known
from ratification.case.known import known
from ratification.errors import ConvergenceError, RatificationError
from ratification.inference.instant.adapting import Effort
from ratification.inference.layout import build_layout
from ratification.inference.numerics import stream
from ratification.inference.posterior import EngineChoice, Posterior
from ratification.inference.structure import Layout
from ratification.inference.worlds import Worlds, draw_worlds
from ratification.validation.baselines import BASELINES, Now, Past, Predicted
from ratification.validation.fitting import fitted
from ratification.validation.scores import brier, crps, intervals, log_score, simulated_chance
from ratification.validation.votes import Vote, counted_in

MODEL = "model"
WORLDS = 1000  # a chance of one half is then known to 1.6 points, less than days differ by far
EFFORT = Effort(points=1024, kept=WORLDS)  # as many draws as worlds, and half of the points
CAREFUL = Effort(points=4096, copies=8, kept=WORLDS)  # where that does not pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What became of a vote; `yes_share` is None where not every ballot is known."""

    ratified: bool
    approved: Mapping[str, bool]
    yes_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A vote as it stood at a stage: the case holds what had been reported, and nothing later.

    `rule` is the reading to judge by, `past` are votes of strictly earlier polling days.
    """

    case: Case
    members: Mapping[str, float]
    rule: str
    truth: Truth
    past: tuple[Past, ...]
    engine: EngineChoice
    seed: int
    worlds: int = WORLDS


def truth_of(vote: Vote) -> Truth:
    """What became of a vote."""
    return Truth(ratified=vote.ratified, approved=vote.approved, yes_share=vote.yes_share)


def past_of(vote: Vote) -> Past:
    """A vote as later ones remember it."""
    shares = {union: vote.share(union) for union in vote.counts}
    members = sum(vote.members[union] for union in vote.counts)
    ballots = sum(sum(count) for count in vote.counts.values())
    return Past(
        ratified=vote.ratified,
        approved=vote.approved,
        shares={union: share for union, share in shares.items() if share is not None},
        turnout=ballots / members if members else None,
        yes_share=vote.yes_share,
    )


def replayed(given: Replay) -> dict[str, Any]:
    """Forecast a stage of a vote by the model and by every baseline, and score them all.

    Plain values for JSON. `no_answer` says why there is no forecast, where there is none; then
    there are no scores. Chances of what arithmetic decides are 0 or 1, for model and baselines
    alike. Scores of unions are means over those still open, None where none is.
    """
    case, round_id = given.case, given.case.target
    evidence = case.evidence()
    facts = known(evidence, round_id, case.electorate, case.id)
    standings = union_standings(case.electorate, facts)
    [chosen] = choose(case.bylaws, (given.rule,))
    verdict = rule_verdicts(case.electorate, facts, chosen.reading.abstaining)(chosen.reading.rule)
    decided = None if verdict == 0 else verdict > 0
    try:
        layout = build_layout(case, evidence, round_id)
        posterior = _posterior(layout, given)
        worlds = draw_worlds(case, posterior, evidence, round_id, given.worlds)
    except RatificationError as error:
        return {"no_answer": str(error)}
    model, mcse = _by_model(worlds, case, chosen)
    predictions = {MODEL: model} | _by_baselines(given, facts, standings, chosen)
    still_open = [union for union, found in standings.items() if found.status == "open"]
    scored = {
        name: _scored(predicted, given.truth, decided, still_open)
        for name, predicted in predictions.items()
    }
    return {
        "no_answer": None,
        "engine": posterior.engine,
        "decided": decided is not None,
        "mcse": mcse if decided is None else 0.0,
        "open": len(still_open),
        "scores": scored,
    }


def _posterior(layout: Layout, given: Replay) -> Posterior:
    """By the instant engine cheaply, else more carefully, else by NUTS if it was asked for."""
    if given.engine != "nuts":
        try:
            return fitted(layout, given.seed, "instant", effort=EFFORT)
        except ConvergenceError:
            pass
    return fitted(layout, given.seed, given.engine, effort=CAREFUL)


def _by_model(worlds: Worlds, case: Case, chosen: ChosenReading) -> tuple[Predicted, float]:
    """What the model's worlds say, and the Monte Carlo error of the chance."""
    results = Results.of(worlds, case.electorate)
    held = judge(chosen.reading, results)
    hits = worlds.approves.sum(axis=0).tolist()
    ballots = np.maximum(worlds.ballots.sum(axis=1, dtype=np.int64), 1)
    predicted = Predicted(
        chance=simulated_chance(int(held.sum()), worlds.count),
        unions={
            union: simulated_chance(number, worlds.count)
            for union, number in zip(case.electorate.unions, hits, strict=True)
        },
        yes_share=worlds.yes.sum(axis=1, dtype=np.int64) / ballots,
    )
    return predicted, rough_estimate(held, worlds)[0].mcse


def _by_baselines(
    given: Replay, facts: Known, standings: Mapping[str, Standing], chosen: ChosenReading
) -> dict[str, Predicted]:
    tree = given.case.electorate
    counts = [counted_in(facts, tree.leaves_under[union]) for union in tree.unions]
    status = {union: found.status for union, found in standings.items()}
    now = Now(
        unions=tree.unions,
        members=np.array([given.members[union] for union in tree.unions], dtype=float),
        yes=np.array([count[0] if count else 0 for count in counts], dtype=np.int64),
        ballots=np.array([sum(count) if count else 0 for count in counts], dtype=np.int64),
        counted=np.array([count is not None and sum(count) > 0 for count in counts]),
        results={u: s == "approved" for u, s in status.items() if s in ("approved", "rejected")},
        abstains=np.array([status[union] == "abstained" for union in tree.unions]),
        weights=tuple(tree.by_id[union].weight for union in tree.unions),
        decides=tuple(tree.by_id[union].decides for union in tree.unions),
        reading=chosen.reading,
    )
    return {
        name: baseline(now, given.past, given.worlds, stream(given.seed, "baseline", name))
        for name, baseline in BASELINES.items()
    }


def _scored(
    predicted: Predicted, truth: Truth, decided: bool | None, still_open: list[str]
) -> dict[str, Any]:
    chance = predicted.chance if decided is None else float(decided)
    unions = {union: predicted.unions[union] for union in still_open if union in truth.approved}
    pairs = [(chance, truth.approved[union]) for union, chance in unions.items()]
    return {
        "chance": chance,
        "brier": brier(chance, truth.ratified),
        "log": log_score(chance, truth.ratified),
        "unions": unions,
        "union_brier": _mean([brier(*pair) for pair in pairs]),
        "union_log": _mean([log_score(*pair) for pair in pairs]),
        **_of_yes_share(predicted.yes_share, truth.yes_share),
    }


def _of_yes_share(values: Float[np.ndarray, " world"], truth: float | None) -> dict[str, Any]:
    if truth is None:
        return {"yes_share": float(values.mean()), "crps": None, "intervals": []}
    return {
        "yes_share": float(values.mean()),
        "crps": crps(values, truth),
        "intervals": [asdict(interval) for interval in intervals(values, truth)],
    }


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
