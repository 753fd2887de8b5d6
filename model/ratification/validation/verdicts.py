"""What a backtest shows: mean scores, and verdicts on calibration, which rest on random orders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ratification.validation.backtest import Backtest, Forecasted, scores_of
from ratification.validation.isotonic import IsotonicFit, isotonic_fit
from ratification.validation.mean_scores import (
    Measure,
    Row,
    at_stage,
    averaged,
    mean_over_days,
    rows,
    stage_labels,
)
from ratification.validation.replay import MODEL
from ratification.validation.resampling import MeanScore
from ratification.validation.scores import LEVELS

RARE = 0.05  # events given less
RARE_RANGE = 0.999  # of the binomial law that their number is held to
DAYS_RANGE = 0.99  # central, of the binomial law that coverage is held to

Kind = Literal["vote", "union"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often central intervals of the yes share held the truth, at a stage.

    `low` to `high` is what as many independent votes as there are polling days allow, if the
    intervals are right: the central 99% of a binomial.
    """

    forecaster: str
    stage: str
    level: float
    covered: MeanScore
    width: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the coverage is within what chance allows."""
        return self.low <= self.covered.mean <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Rare:
    """Events given under 5% at a stage, in one random order: how many, and how many happened.

    An event is that something happens or that it does not, whichever was given less. `most` is
    the 99.9% quantile of a binomial with 5%: more would be too frequent. Unions of one vote move
    together, so for them the range is narrower than it should be.
    """

    kind: Kind
    stage: str
    events: int
    happened: int
    expected: float
    most: int

    @property
    def holds(self) -> bool:
        """Whether they are no more frequent than they may be."""
        return self.happened <= self.most


def coverages(found: Backtest, forecaster: str = MODEL) -> list[Coverage]:
    """Coverage and mean width of the yes share's intervals, by stage of random orders."""
    from scipy.stats import binom

    made = []
    for stage in stage_labels(found, "random"):
        chosen = at_stage(found, "random", stage)
        for place, level in enumerate(LEVELS):
            covered = of_interval(chosen, forecaster, place, "covered")
            if not covered:
                continue
            score = mean_over_days(found, covered)
            low, high = binom.interval(DAYS_RANGE, score.days, level)
            widths = averaged(chosen, _width(forecaster, place))
            made.append(
                Coverage(
                    forecaster=forecaster,
                    stage=stage,
                    level=level,
                    covered=score,
                    width=float(np.mean(list(widths.values()))),
                    low=float(low) / score.days,
                    high=float(high) / score.days,
                )
            )
    return made


def of_interval(
    forecasts: Sequence[Forecasted], forecaster: str, place: int, name: str
) -> dict[str, float]:
    """Something of the yes share's interval at a level, by vote: whether it `covered`."""

    def value(forecast: Forecasted) -> float | None:
        intervals = scores_of(forecast, forecaster)["intervals"]
        return float(intervals[place][name]) if intervals else None

    return averaged(forecasts, value)


def _width(forecaster: str, place: int) -> Callable[[Forecasted], float | None]:
    def value(forecast: Forecasted) -> float | None:
        intervals = scores_of(forecast, forecaster)["intervals"]
        return intervals[place]["high"] - intervals[place]["low"] if intervals else None

    return value


def rare_events(found: Backtest) -> list[Rare]:
    """Events given under 5%, by stage of the first random order."""
    from scipy.stats import binom

    made = []
    for stage in stage_labels(found, "random"):
        chosen = [f for f in at_stage(found, "random", stage) if f.repeat == 0]
        for kind in ("vote", "union"):
            chances, happened = events(found, chosen, kind)
            rarer, missed = np.minimum(chances, 1 - chances), happened != (chances > 0.5)
            given = rarer < RARE
            number = int(given.sum())
            if number:
                made.append(
                    Rare(
                        kind=kind,
                        stage=stage,
                        events=number,
                        happened=int(missed[given].sum()),
                        expected=float(rarer[given].sum()),
                        most=int(binom.ppf(RARE_RANGE, number, RARE)),
                    )
                )
    return made


def events(
    found: Backtest, forecasts: Sequence[Forecasted], kind: Kind, forecaster: str = MODEL
) -> tuple[np.ndarray, np.ndarray]:
    """Chances and what happened: of votes that arithmetic leaves open, or of their open unions."""
    votes = {vote.name: vote for vote in found.votes}
    pairs = []
    for forecast in forecasts:
        scored = scores_of(forecast, forecaster)
        vote = votes[forecast.vote]
        if kind == "union":
            pairs += [(p, vote.approved[union]) for union, p in scored["unions"].items()]
        elif not forecast.said["decided"]:
            pairs.append((scored["chance"], vote.ratified))
    chances = np.array([chance for chance, _ in pairs], dtype=float)
    return chances, np.array([happened for _, happened in pairs], dtype=bool)


def reliabilities(found: Backtest, kind: Kind) -> dict[str, IsotonicFit]:
    """The isotonic fit by stage of random orders, where anything was open."""
    made = {}
    for stage in stage_labels(found, "random"):
        chances, happened = events(found, at_stage(found, "random", stage), kind)
        if len(chances):
            made[stage] = isotonic_fit(chances, happened)
    return made


def worst(found: Backtest, number: int = 10) -> list[tuple[Forecasted, float]]:
    """The forecasts of votes that missed most, with their log scores: one a vote and order."""
    scored: dict[tuple[str, str], tuple[Forecasted, float]] = {}
    for forecast in found.forecasts:
        if forecast.answered:
            score = float(scores_of(forecast)["log"])
            key = (forecast.vote, forecast.order)
            if key not in scored or score > scored[key][1]:
                scored[key] = (forecast, score)
    return sorted(scored.values(), key=lambda pair: -pair[1])[:number]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Everything that a backtest shows. Rows are of every order, the rest of random orders."""

    rows: tuple[Row, ...]
    coverage: tuple[Coverage, ...]
    rare: tuple[Rare, ...]
    reliability: Mapping[Kind, Mapping[str, IsotonicFit]]
    worst: tuple[tuple[Forecasted, float], ...]

    def row(self, order: str, stage: str, measure: Measure, forecaster: str = MODEL) -> Row | None:
        """One mean score, where there is one."""
        for row in self.rows:
            if (row.order, row.stage, row.measure, row.forecaster) == (
                order,
                stage,
                measure,
                forecaster,
            ):
                return row
        return None


def summary(found: Backtest) -> Summary:
    """Scores, coverage, rare events, reliability and worst misses of a backtest."""
    return Summary(
        rows=tuple(row for order in found.orders for row in rows(found, order)),
        coverage=tuple(coverages(found)),
        rare=tuple(rare_events(found)),
        reliability={"vote": reliabilities(found, "vote"), "union": reliabilities(found, "union")},
        worst=tuple(worst(found)),
    )
