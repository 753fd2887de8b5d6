"""Backtests: finished votes replayed, stage by stage, in several orders, and scored.

What is learned across votes never comes from the same polling day, and what a baseline knows of
the past is of strictly earlier days.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ratification.case.case import Case
from ratification.errors import RequestError
from ratification.inference.fit import Progress, no_progress
from ratification.inference.numerics import stream
from ratification.inference.posterior import EngineChoice
from ratification.validation.jobs import Job, Json, run_jobs
from ratification.validation.orders import ORDERS, OrderName, Stage, order_of, stages
from ratification.validation.replay import MODEL, WORLDS, Replay, past_of, replayed, truth_of
from ratification.validation.votes import Vote, finished_votes

RANDOM_ORDERS = 3
MOST_SEED = 2**31 - 2
LEARNING, DOING = "learning from other days", "replaying votes"

# A case with the priors and features that votes of other polling days teach. It has no reports, so
# that nothing of the vote itself can be learned; the others have those of their own round.
Learn = Callable[[Case, Sequence[Case]], Case]
RunJobs = Callable[..., list[Json]]  # as `run_jobs`


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasted:
    """One forecast of the replay: whose, when, after which reports, and what was said.

    `repeat` counts random orders from 0. `said` is what `replayed` found. A stage at which
    nothing is reported is forecast once and stands in every order.
    """

    vote: str
    title: str
    day: str
    order: OrderName
    repeat: int
    stage: Stage
    reported: tuple[str, ...]
    said: Json

    @property
    def answered(self) -> bool:
        """Whether there is a forecast."""
        return self.said["no_answer"] is None


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """All forecasts, in the order of votes, orders and stages, and what they were asked with."""

    votes: tuple[Vote, ...]
    forecasts: tuple[Forecasted, ...]
    seed: int
    engine: EngineChoice
    worlds: int
    learned: bool

    @property
    def days(self) -> tuple[str, ...]:
        """Polling days."""
        return tuple(sorted({vote.day for vote in self.votes}))

    @property
    def orders(self) -> tuple[OrderName, ...]:
        """Orders that any vote was replayed in."""
        return tuple(name for name in ORDERS if any(f.order == name for f in self.forecasts))

    @property
    def unanswered(self) -> tuple[Forecasted, ...]:
        """Forecasts that could not be made."""
        return tuple(forecast for forecast in self.forecasts if not forecast.answered)


def backtest(
    cases: Sequence[Case],
    *,
    orders: Sequence[OrderName] = ORDERS,
    random_orders: int = RANDOM_ORDERS,
    seed: int,
    engine: EngineChoice = "instant",
    worlds: int = WORLDS,
    learn: Learn | None = None,
    run: RunJobs = run_jobs,
    progress: Progress = no_progress,
) -> Backtest:
    """Replay every finished round of the cases; `run` runs the jobs, here or elsewhere.

    Same cases and seed: the same forecasts, whatever runs the jobs and in which order.

    Raises:
        RequestError: a case without a finished round, the same case twice, or no order of these
            is known of any vote.
        CaseError: the evidence of a case cannot all be true.
    """
    votes = sorted((vote for case in cases for vote in finished_votes(case)), key=_when)
    names = [vote.name for vote in votes]
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"{name!r} is asked for twice: name every case once")
    planned = [entry for vote in votes for entry in _planned(vote, orders, random_orders, seed)]
    if not planned:
        raise RequestError(
            f"in which order results came is not known of {names[0]}: --order actual"
        )
    given = {}
    for number, vote in enumerate(votes):
        if learn is not None:
            progress(LEARNING, number, len(votes))
        given[vote.name] = _given(vote, votes, seed, engine, worlds, learn)
    jobs = {
        _job_name(entry): Job(
            name=_job_name(entry),
            given=_at(given[entry.vote], votes[names.index(entry.vote)], entry, seed),
        )
        for entry in planned
    }
    found = dict(
        zip(jobs, run(replayed, list(jobs.values()), doing=DOING, progress=progress), strict=True)
    )
    return Backtest(
        votes=tuple(votes),
        forecasts=tuple(replace(entry, said=found[_job_name(entry)]) for entry in planned),
        seed=seed,
        engine=engine,
        worlds=worlds,
        learned=learn is not None,
    )


def _when(vote: Vote) -> tuple[str, str]:
    return (vote.day, vote.name)


def _planned(
    vote: Vote, orders: Sequence[OrderName], random_orders: int, seed: int
) -> list[Forecasted]:
    """What is to be forecast of a vote, still without an answer."""
    found = []
    for name in orders:
        for repeat in range(random_orders if name == "random" else 1):
            rng = stream(seed, "order", vote.name, str(repeat))
            order = order_of(vote, name, rng)
            if order is None:
                continue
            found += [
                Forecasted(
                    vote=vote.name,
                    title=vote.case.title,
                    day=vote.day,
                    order=name,
                    repeat=repeat,
                    stage=stage,
                    reported=order[: stage.reported],
                    said={},
                )
                for stage in stages(len(order))
            ]
    return found


def _job_name(entry: Forecasted) -> str:
    """Unique by what has been reported: orders that meet share a forecast."""
    return f"{entry.vote}: {', '.join(sorted(entry.reported)) or 'nothing reported'}"


def _given(
    vote: Vote,
    votes: Sequence[Vote],
    seed: int,
    engine: EngineChoice,
    worlds: int,
    learn: Learn | None,
) -> Replay:
    """What every forecast of a vote is given, before any report."""
    case = replace(vote.case, target=vote.round)
    if learn is not None:
        others = [_alone(other) for other in votes if other.day != vote.day]
        taught = learn(case.without_evidence(), others)
        case = replace(case, priors=taught.priors, features=taught.features)
    return Replay(
        case=case,
        members=vote.members,
        rule=vote.chosen.key,
        truth=truth_of(vote),
        past=tuple(past_of(other) for other in votes if other.day < vote.day),
        engine=engine,
        seed=seed,
        worlds=worlds,
    )


def _alone(vote: Vote) -> Case:
    """A case with one round's reports, and none of the other votes on which it may be tested."""
    reports = tuple(report for report in vote.case.reports if report.round == vote.round)
    return replace(vote.case, target=vote.round, reports=reports)


def _at(given: Replay, vote: Vote, entry: Forecasted, seed: int) -> Replay:
    """The same after some unions have reported, with a seed of its own."""
    told = vote.with_results_of(sorted(entry.reported)).reports
    case = replace(given.case, reports=told)
    own = int(stream(seed, "replay", _job_name(entry)).integers(MOST_SEED))
    return replace(given, case=case, seed=own)


def scores_of(forecast: Forecasted, forecaster: str = MODEL) -> Json:
    """What a forecaster said and how it scored: see `replayed`."""
    found: Json = forecast.said["scores"][forecaster]
    return found


def random_stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one bootstrap."""
    return stream(seed, "backtest", name)
