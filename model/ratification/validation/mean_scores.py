"""Mean scores of a backtest by order, stage and forecaster, with errors over polling days.

A vote's random orders are averaged first, and its stages are never pooled as if they were votes
of their own.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ratification.validation.backtest import Backtest, Forecasted, random_stream, scores_of
from ratification.validation.baselines import BASELINES
from ratification.validation.orders import OrderName, labels_of
from ratification.validation.replay import MODEL
from ratification.validation.resampling import MeanScore, mean_by_day
from ratification.validation.scores import skill

Measure = Literal["brier", "log", "union_brier", "union_log", "crps"]
MEASURES: tuple[Measure, ...] = ("brier", "log", "union_brier", "union_log", "crps")
FORECASTERS = (MODEL, *BASELINES)
REPORTED = "any reported"  # all stages with a report, averaged by vote


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One forecaster's mean score at a stage; of a baseline, against the model.

    `against` is the baseline's score less the model's, `skill` 1 - model / baseline: not a number
    where the baseline's is 0. Both are None of the model.
    """

    order: OrderName
    stage: str
    measure: Measure
    forecaster: str
    score: MeanScore
    against: MeanScore | None
    skill: float | None


def rows(found: Backtest, order: OrderName) -> list[Row]:
    """Mean scores by stage, and over all stages with a report, of every forecaster."""
    made = []
    for stage in (*stage_labels(found, order), REPORTED):
        chosen = at_stage(found, order, stage)
        for measure in MEASURES:
            model = by_vote(chosen, measure, MODEL)
            for forecaster in FORECASTERS:
                values = by_vote(chosen, measure, forecaster)
                if values:
                    made.append(_row(found, order, stage, measure, forecaster, values, model))
    return made


def _row(
    found: Backtest,
    order: OrderName,
    stage: str,
    measure: Measure,
    forecaster: str,
    values: dict[str, float],
    model: dict[str, float],
) -> Row:
    score = mean_over_days(found, values)
    apart = {vote: value - model[vote] for vote, value in values.items()}
    own = forecaster == MODEL
    return Row(
        order=order,
        stage=stage,
        measure=measure,
        forecaster=forecaster,
        score=score,
        against=None if own else mean_over_days(found, apart),
        skill=None if own else skill(float(np.mean(list(model.values()))), score.mean),
    )


def mean_over_days(found: Backtest, values: dict[str, float]) -> MeanScore:
    """The mean over votes; the same days are drawn again for every score, so errors are paired."""
    days = {vote.name: vote.day for vote in found.votes}
    rng = random_stream(found.seed, "days")
    return mean_by_day(list(values.values()), [days[vote] for vote in values], rng)


def stage_labels(found: Backtest, order: OrderName) -> list[str]:
    """Stages of the votes replayed in an order, from none reported on."""
    return labels_of(f.stage for f in found.forecasts if f.order == order)


def at_stage(found: Backtest, order: OrderName, stage: str) -> list[Forecasted]:
    """Answered forecasts at a stage, or at all stages with a report."""
    return [
        forecast
        for forecast in found.forecasts
        if forecast.order == order
        and forecast.answered
        and (forecast.stage.reported > 0 if stage == REPORTED else forecast.stage.label == stage)
    ]


def by_vote(forecasts: Sequence[Forecasted], measure: str, forecaster: str) -> dict[str, float]:
    """One value a vote: the mean over its forecasts that have the score."""
    return averaged(forecasts, lambda forecast: scores_of(forecast, forecaster)[measure])


def averaged(
    forecasts: Sequence[Forecasted], value: Callable[[Forecasted], float | None]
) -> dict[str, float]:
    """One value a vote: the mean over those of its forecasts that have one."""
    by_vote: dict[str, list[float]] = defaultdict(list)
    for forecast in forecasts:
        score = value(forecast)
        if score is not None:
            by_vote[forecast.vote].append(score)
    return {vote: float(np.mean(values)) for vote, values in by_vote.items()}
