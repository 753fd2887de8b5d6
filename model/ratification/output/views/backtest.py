"""A backtest told: as plain JSON values, as CSV rows, and as terminal tables."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.inference.versions import versions
from ratification.output import wording
from ratification.output.contract import SCHEMA_VERSION
from ratification.output.views import backtest_words as words
from ratification.validation.backtest import Backtest, Forecasted, scores_of
from ratification.validation.mean_scores import (
    FORECASTERS,
    MEASURES,
    REPORTED,
    Measure,
    Row,
    stage_labels,
)
from ratification.validation.orders import OrderName
from ratification.validation.replay import MODEL
from ratification.validation.resampling import FEWEST_DAYS
from ratification.validation.scores import LEVELS
from ratification.validation.verdicts import Summary

FEW_VOTES = 4  # so many are shown forecast by forecast

COLUMNS = (
    "vote",
    "day",
    "order",
    "repeat",
    "stage",
    "reported",
    "unions",
    "forecaster",
    "probability",
    "mcse",
    "decided",
    "ratified",
    "brier",
    "log",
    "open_unions",
    "union_brier",
    "union_log",
    "yes_share",
    "true_yes_share",
    "crps",
    *(f"{side}_{level:.0%}".rstrip("%") for level in LEVELS for side in ("low", "high")),
    "no_answer",
)

# JSON and CSV


def backtest_object(found: Backtest, shown: Summary) -> dict[str, Any]:
    """A backtest as plain JSON values: the votes, every forecast, scores, calibration, verdicts."""
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": found.seed,
        "worlds": found.worlds,
        "engine": found.engine,
        "learned_priors": found.learned,
        "polling_days": list(found.days),
        "votes": [
            {
                "vote": vote.name,
                "case": vote.case.id,
                "round": vote.round,
                "day": vote.day,
                "rule": vote.chosen.key,
                "ratified": vote.ratified,
                "approved": dict(vote.approved),
                "yes_share": vote.yes_share,
            }
            for vote in found.votes
        ],
        "verdicts": words.verdicts(found, shown),
        "scores": [_row_object(row) for row in shown.rows],
        "coverage": [asdict(entry) | {"inside": entry.inside} for entry in shown.coverage],
        "rare_events": [asdict(entry) | {"holds": entry.holds} for entry in shown.rare],
        "reliability": {
            f"{kind}s": {
                stage: {
                    "probability": fit.chance.tolist(),
                    "happened": fit.happened.tolist(),
                    "calibrated": fit.calibrated.tolist(),
                    "miscalibration": fit.miscalibration,
                    "discrimination": fit.discrimination,
                    "uncertainty": fit.uncertainty,
                }
                for stage, fit in by_stage.items()
            }
            for kind, by_stage in shown.reliability.items()
        },
        "forecasts": [_forecast_object(forecast) for forecast in found.forecasts],
        "versions": versions("instant" if found.engine == "instant" else "nuts"),
    }


def _row_object(row: Row) -> dict[str, Any]:
    skilled = row.skill
    told = asdict(row)
    return told | {"skill": None if skilled is None or math.isnan(skilled) else skilled}


def _forecast_object(forecast: Forecasted) -> dict[str, Any]:
    return {
        "vote": forecast.vote,
        "order": forecast.order,
        "repeat": forecast.repeat,
        "stage": forecast.stage.label,
        "reported": list(forecast.reported),
        **forecast.said,
    }


def backtest_rows(found: Backtest) -> Iterator[tuple[Any, ...]]:
    """Every forecast by every forecaster, heads first; one row says why where there is none."""
    yield COLUMNS
    votes = {vote.name: vote for vote in found.votes}
    for forecast in found.forecasts:
        stage = forecast.stage
        replay = (forecast.vote, forecast.day, forecast.order, forecast.repeat)
        head = (*replay, stage.label, stage.reported, stage.of)
        if not forecast.answered:
            blanks = [""] * (len(COLUMNS) - len(head) - 1)
            yield (*head, *blanks, forecast.said["no_answer"])
            continue
        vote = votes[forecast.vote]
        for name in FORECASTERS:
            scored = scores_of(forecast, name)
            bounds = [entry[side] for entry in scored["intervals"] for side in ("low", "high")]
            cells = (
                name,
                scored["chance"],
                forecast.said["mcse"] if name == MODEL else None,
                int(forecast.said["decided"]),
                int(vote.ratified),
                scored["brier"],
                scored["log"],
                forecast.said["open"],
                scored["union_brier"],
                scored["union_log"],
                scored["yes_share"],
                vote.yes_share,
                scored["crps"],
                *(bounds or [None] * 2 * len(LEVELS)),
                "",
            )
            yield (*head, *("" if value is None else value for value in cells))


# For people


def backtest_view(found: Backtest, shown: Summary) -> RenderableType:
    """The verdicts, then scores by stage of random orders, then what the other orders show."""
    parts: list[RenderableType] = [
        Text.assemble(("Backtest", "bold"), f"\n{wording.upper(words.about(found))}\n"),
        Text("\n".join(f"- {line}" for line in words.verdicts(found, shown)) + "\n"),
    ]
    if "random" in found.orders:
        parts += [_scores(found, shown, measure) for measure in MEASURES if _any(shown, measure)]
        parts += [_coverage(shown)] if shown.coverage else []
    parts += [_orders(found, shown)]
    if len(found.votes) <= FEW_VOTES:
        parts += [_chances(found, order) for order in found.orders]
    parts += [_misses(found, shown), _small_print(found)]
    return Group(*parts)


def _any(shown: Summary, measure: Measure) -> bool:
    return any(row.measure == measure and row.order == "random" for row in shown.rows)


def _table(title: str) -> Table:
    return Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)


def _scores(found: Backtest, shown: Summary, measure: Measure) -> Table:
    """One measure: stages by forecasters."""
    table = _table(f"{words.MEASURE_NAMES[measure]}, random order (smaller is better)")
    table.add_column("Reported", no_wrap=True)
    for name in FORECASTERS:
        table.add_column(words.NAMES[name], justify="right", no_wrap=True)
    for stage in (*stage_labels(found, "random"), REPORTED):
        cells = [shown.row("random", stage, measure, name) for name in FORECASTERS]
        if any(cell is not None for cell in cells):
            table.add_row(words.stage_name(stage), *map(words.cell, cells))
    return table


def _coverage(shown: Summary) -> Table:
    table = _table("How often intervals of the yes share cover, random order")
    table.add_column("Reported", no_wrap=True)
    for level in LEVELS:
        table.add_column(f"{level:.0%} covers", justify="right")
        table.add_column("width", justify="right")
        table.add_column("allowed", justify="right")
    stages = dict.fromkeys(entry.stage for entry in shown.coverage)
    for stage in stages:
        cells = []
        for entry in (entry for entry in shown.coverage if entry.stage == stage):
            outside = "" if entry.inside else " !"
            cells.append(f"{entry.covered.mean:.0%}{outside}")
            cells.append(f"{100 * entry.width:.1f} points")
            cells.append(f"{entry.low:.0%} to {entry.high:.0%}")
        table.add_row(words.stage_name(stage), *cells)
    return table


def _orders(found: Backtest, shown: Summary) -> Table:
    """What every order does to the model's scores, over all stages with a report."""
    table = _table("The model by order, all stages with a report (other orders only describe)")
    table.add_column("Order", no_wrap=True)
    for measure in MEASURES:
        table.add_column(words.MEASURE_NAMES[measure], justify="right")
    for order in found.orders:
        cells = [words.cell(shown.row(order, REPORTED, measure)) for measure in MEASURES]
        table.add_row(order.replace("-", " "), *cells)
    return table


def _chances(found: Backtest, order: OrderName) -> Table:
    """The chance at every stage of each vote in an order; of random orders, the first."""
    labels = stage_labels(found, order)
    first = ", the first" if order == "random" else ""
    table = _table(
        f"Chance to be ratified by how much has reported, {order.replace('-', ' ')}{first}"
    )
    table.add_column("Vote", no_wrap=True)
    for label in labels:
        table.add_column(label, justify="right", no_wrap=True)
    table.add_column("Result")
    for vote in found.votes:
        told = {
            forecast.stage.label: words.chance(forecast)
            for forecast in found.forecasts
            if (forecast.vote, forecast.order, forecast.repeat) == (vote.name, order, 0)
        }
        if told:
            result = "ratified" if vote.ratified else "defeated"
            table.add_row(escape(vote.name), *(told.get(label, "") for label in labels), result)
    return table


def _misses(found: Backtest, shown: Summary) -> Text:
    text = Text("Worst misses\n", style="bold")
    for forecast, _ in shown.worst[:5]:
        text.append(f"- {words.miss(forecast, found)}\n", style="not bold")
    return text


def _small_print(found: Backtest) -> Text:
    errors = [
        f"± is the standard error over {wording.plural(len(found.days), 'polling day')}, drawn "
        "again whole (bootstrap)",
        "+ the baseline is worse than the model, \N{MINUS SIGN} it is better: the 95% interval of "
        "the difference leaves out 0",
    ]
    lines = [
        *(errors if len(found.days) >= FEWEST_DAYS else []),
        f"{found.worlds:,} simulated votes a forecast, seed {found.seed}, engine {found.engine}",
    ]
    return Text("\n".join(lines), style="dim")
