"""Charts of a backtest: scores by stage, and single votes replayed."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.parts import DataTable, Figure
from ratification.output.views import backtest_words as words
from ratification.validation.backtest import Backtest, scores_of
from ratification.validation.mean_scores import FORECASTERS, REPORTED, Measure, Row, stage_labels
from ratification.validation.orders import OrderName
from ratification.validation.verdicts import Summary

HEIGHT = 260


def by_stage(found: Backtest, shown: Summary, measure: Measure) -> Figure:
    """One measure by stage of random orders, model and baselines, with errors over days."""
    stages = stage_labels(found, "random")
    picked = [
        row
        for stage in stages
        for name in FORECASTERS
        if (row := shown.row("random", stage, measure, name)) is not None
    ]
    names = [words.NAMES[name] for name in FORECASTERS]
    title = f"{words.MEASURE_NAMES[measure]}, by how much has reported: smaller is better"
    return Figure(
        id=f"chart-{measure.replace('_', '-')}",
        title=title,
        alt=f"{title}. Model and four baselines; the table below has the same numbers.",
        spec=charts.drawn(
            _lines,
            tuple(stages),
            tuple(names),
            measure,
            height=HEIGHT,
            data={charts.ROWS: [_point(row, measure) for row in picked]},
        ),
        table=scores_table(found, shown, measure),
    )


def _point(row: Row, measure: Measure) -> dict[str, Any]:
    scale = 100 if measure == "crps" else 1
    error = row.score.error or 0.0
    return {
        "stage": row.stage,
        "who": words.NAMES[row.forecaster],
        "score": scale * row.score.mean,
        "low": scale * max(0.0, row.score.mean - error),
        "high": scale * (row.score.mean + error),
        "said": words.score(row.score, measure),
    }


def _lines(stages: Sequence[str], names: Sequence[str], measure: Measure) -> charts.Chart:
    colour, shape = charts.series("who", names)
    title = "share of units reported" if stages[-1].endswith("%") else "units reported"
    base = alt.Chart(charts.rows()).encode(
        x=alt.X("stage:O", sort=list(stages), axis=alt.Axis(title=title, labelAngle=0)),
        color=colour,
    )
    axis = alt.Axis(title=words.MEASURE_NAMES[measure], tickCount=5)
    scale = alt.Scale(type="sqrt")  # one bad forecaster would flatten the others
    line = base.mark_line(strokeWidth=1.5).encode(y=alt.Y("score:Q", axis=axis, scale=scale))
    error = base.mark_rule(strokeWidth=1, opacity=0.6).encode(
        y=alt.Y("low:Q", axis=axis, scale=scale), y2="high:Q"
    )
    point = base.mark_point(filled=True, size=50, opacity=1).encode(
        y=alt.Y("score:Q", axis=axis, scale=scale),
        shape=shape,
        tooltip=["who:N", "stage:O", "said:N"],
    )
    return line + error + point


def scores_table(found: Backtest, shown: Summary, measure: Measure) -> DataTable:
    """One measure: stages by forecasters."""
    rows = []
    for stage in (*stage_labels(found, "random"), REPORTED):
        cells = [shown.row("random", stage, measure, name) for name in FORECASTERS]
        if any(cell is not None for cell in cells):
            rows.append((words.stage_name(stage), *map(words.cell, cells)))
    return DataTable(
        caption=f"{words.MEASURE_NAMES[measure]}, random order. + the baseline is worse than the "
        "model, \N{MINUS SIGN} it is better: the 95% interval of the difference leaves out 0",
        heads=("Reported", *(wording.upper(words.NAMES[name]) for name in FORECASTERS)),
        rows=rows,
        numeric=frozenset(range(1, len(FORECASTERS) + 1)),
    )


# Single votes


def replay_figure(found: Backtest, vote: str) -> Figure:
    """The chance of one vote as its results come in, by order; of random orders, the first."""
    names = [order.replace("-", " ") for order in found.orders]
    entries = [
        forecast
        for forecast in found.forecasts
        if forecast.vote == vote and forecast.repeat == 0 and forecast.answered
    ]
    rows = [
        {
            "reported": forecast.stage.share,
            "order": forecast.order.replace("-", " "),
            "chance": scores_of(forecast)["chance"],
            "said": words.chance(forecast),
        }
        for forecast in entries
    ]
    title = f"{vote}: chance to be ratified as its results come in"
    return Figure(
        id=f"chart-replay-{_identity(vote)}",
        title=title,
        alt=f"{title}, by the order in which unions report; the table below has the same numbers.",
        spec=charts.drawn(_replay, tuple(names), height=HEIGHT, data={charts.ROWS: rows}),
        table=_replay_table(found, vote),
    )


def _replay(names: Sequence[str]) -> charts.Chart:
    colour, shape = charts.series("order", names)
    axis = charts.share_axis("share of unions reported", grid=False)
    base = alt.Chart(charts.rows()).encode(
        x=alt.X("reported:Q", scale=alt.Scale(domain=[0, 1]), axis=axis),
        y=alt.Y("chance:Q", scale=alt.Scale(domain=[0, 1]), axis=charts.share_axis("chance")),
        color=colour,
    )
    points = base.mark_point(filled=True, size=50, opacity=1).encode(
        shape=shape, tooltip=["order:N", "said:N"]
    )
    return base.mark_line() + points


def _identity(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text)


def _replay_table(found: Backtest, vote: str) -> DataTable:
    labels = list(dict.fromkeys(f.stage.label for f in found.forecasts if f.vote == vote))
    return DataTable(
        caption=f"{vote}: chance to be ratified by how much has reported",
        heads=("Order", *labels),
        rows=[
            (order.replace("-", " "), *told)
            for order in found.orders
            if (told := chances_told(found, vote, order, labels))
        ],
        numeric=frozenset(range(1, len(labels) + 1)),
    )


def chances_told(found: Backtest, vote: str, order: OrderName, labels: Sequence[str]) -> list[str]:
    """A vote's chances by stage in an order, worded; empty where it was not replayed so."""
    told = {
        forecast.stage.label: words.chance(forecast)
        for forecast in found.forecasts
        if (forecast.vote, forecast.order, forecast.repeat) == (vote, order, 0)
    }
    return [told.get(label, "") for label in labels] if told else []
