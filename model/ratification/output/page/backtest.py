"""The page of a backtest: verdicts, scores, reliability, intervals, orders, misses, how made."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ratification.output import wording
from ratification.output.page.backtest_charts import (
    by_stage,
    replay_figure,
    scores_table,
)
from ratification.output.page.page import Chapter, Download, Page
from ratification.output.page.parts import DataTable, Figure, Section
from ratification.output.page.reliability_chart import reliability_figure
from ratification.output.views import backtest_words as words
from ratification.output.views.backtest import FEW_VOTES, backtest_object, backtest_rows
from ratification.validation.backtest import Backtest
from ratification.validation.mean_scores import MEASURES, REPORTED, Measure
from ratification.validation.scores import LEVELS
from ratification.validation.verdicts import Summary, summary

CHARTED: tuple[Measure, ...] = ("log", "union_log", "crps")
BASELINES = (
    "Base rate: as often as earlier votes were ratified, and earlier unions approved.",
    "Independent unions: each open union is drawn by itself from the spread of earlier results.",
    "Pooled share: all open unions vote as the ballots counted so far did.",
    "Uniform swing: unions keep their leanings from earlier votes, and all swing alike.",
    "All four take what is counted, and what arithmetic decides, as the model does. Earlier votes "
    "are those of strictly earlier polling days.",
)
ERRORS = (
    "Errors are standard errors over polling days, which are drawn again whole (bootstrap): "
    "questions of one day, and stages of one vote, are not independent of each other."
)


@dataclass(frozen=True, kw_only=True)
class BacktestSection(Section):
    """Lines, a list, tables and figures of one part of the page, in this order."""

    template: ClassVar[str] = "backtest.html.j2"
    lead: str = ""
    items: Sequence[str] = ()
    tables: Sequence[DataTable] = ()
    figures: Sequence[Figure] = ()
    reading: Sequence[str] = ()
    command: str = field(default="")


def backtest_page(found: Backtest, *, command: str = "") -> Page:
    """A page about one backtest; `command` says how to make it again."""
    shown = summary(found)
    sections: list[Section] = [_answer(found, shown)]
    if "random" in found.orders:
        sections += [_scores(found, shown), _reliability(shown)]
        sections += [_intervals(shown)] if shown.coverage else []
    sections += [_orders(found, shown), _misses(found, shown), _method(found, command)]
    title = "How good are the forecasts?"
    chapter = Chapter(
        id="case",
        title=title,
        subtitle=wording.upper(words.about(found)),
        summary=" ".join(words.verdicts(found, shown)),
        sections=sections,
        downloads=_downloads(found, shown),
    )
    return Page(title=title, author="", note="", comparison=None, chapters=[chapter])


def _answer(found: Backtest, shown: Summary) -> BacktestSection:
    measured = [m for m in MEASURES if shown.row("random", REPORTED, m) is not None]
    return BacktestSection(
        id="verdict",
        heading="What the replay shows",
        items=words.verdicts(found, shown),
        tables=[scores_table(found, shown, measure) for measure in measured if measure == "log"],
        reading=[ERRORS] if measured else [],
    )


def _scores(found: Backtest, shown: Summary) -> BacktestSection:
    measured = [m for m in CHARTED if shown.row("random", REPORTED, m) is not None]
    return BacktestSection(
        id="scores",
        heading="Scores by how much has reported",
        lead="Unions report in random order; a vote's random orders are averaged.",
        figures=[by_stage(found, shown, measure) for measure in measured],
        reading=[
            "The log score is minus the logarithm of the chance given to what happened; CRPS is "
            "how far the simulated yes shares lie from the true one, in percentage points.",
        ],
    )


def _reliability(shown: Summary) -> BacktestSection:
    figures = [reliability_figure(shown, "vote"), reliability_figure(shown, "union")]
    drawn = [figure for figure in figures if figure is not None]
    return BacktestSection(
        id="reliability",
        heading="Do chances come true as often as they say?",
        lead="" if drawn else "Too few forecasts were open to tell.",
        figures=drawn,
        reading=[
            "On the dashed diagonal chances are right; below it they are too high, above it too "
            "low. The fit is isotonic: no bins are chosen. Single questions of few days move it "
            "much."
        ],
    )


def _intervals(shown: Summary) -> BacktestSection:
    rows = []
    for stage in dict.fromkeys(entry.stage for entry in shown.coverage):
        cells: list[str] = []
        for entry in (entry for entry in shown.coverage if entry.stage == stage):
            cells.append(f"{entry.covered.mean:.0%}{'' if entry.inside else ' (outside)'}")
            cells.append(f"{entry.low:.0%} to {entry.high:.0%}")
            cells.append(f"{100 * entry.width:.1f}")
        rows.append((words.stage_name(stage), *cells))
    heads = [f"{level:.0%} {what}" for level in LEVELS for what in ("covers", "allowed", "width")]
    table = DataTable(
        caption="Central intervals of the yes share of all ballots: how often they cover, what as "
        "many votes as polling days allow, mean width in points",
        heads=("Reported", *heads),
        rows=rows,
        numeric=frozenset(range(1, len(heads) + 1)),
    )
    return BacktestSection(id="intervals", heading="Do ranges hold?", tables=[table])


def _orders(found: Backtest, shown: Summary) -> BacktestSection:
    rows = [
        (
            order.replace("-", " "),
            *(words.cell(shown.row(order, REPORTED, measure)) for measure in MEASURES),
        )
        for order in found.orders
    ]
    table = DataTable(
        caption="The model's scores over all stages with a report",
        heads=("Order", *(words.MEASURE_NAMES[measure] for measure in MEASURES)),
        rows=rows,
        numeric=frozenset(range(1, len(MEASURES) + 1)),
    )
    few = found.votes if len(found.votes) <= FEW_VOTES else ()
    return BacktestSection(
        id="orders",
        heading="In which order results come",
        lead="The verdict rests on random orders. The others show what misleads: a forecaster who "
        "does not know that results come most favourable first is wrong for as long as they do.",
        tables=[table],
        figures=[replay_figure(found, vote.name) for vote in few],
    )


def _misses(found: Backtest, shown: Summary) -> BacktestSection:
    return BacktestSection(
        id="misses",
        heading="Worst misses",
        items=[words.miss(forecast, found) for forecast, _ in shown.worst],
        reading=["Of every vote and order the worst forecast, whatever had reported by then."],
    )


def _method(found: Backtest, command: str) -> BacktestSection:
    table = DataTable(
        caption="Votes replayed",
        heads=("Vote", "First report", "Rule", "Result", "Approving", "Yes share"),
        rows=[
            (
                vote.name,
                vote.day,
                vote.chosen.key,
                "ratified" if vote.ratified else "defeated",
                f"{sum(vote.approved.values())} of {len(vote.approved)}",
                "-" if vote.yes_share is None else wording.share(vote.yes_share),
            )
            for vote in found.votes
        ],
    )
    return BacktestSection(
        id="method",
        heading="How it was made",
        items=[
            *BASELINES,
            f"{found.worlds:,} simulated votes a forecast, seed {found.seed}, engine "
            f"{found.engine}. A chance is (hits + 1/2) / (votes + 1), so that no simulation says "
            "never.",
        ],
        tables=[table],
        command=command,
    )


def _downloads(found: Backtest, shown: Summary) -> list[Download]:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(backtest_rows(found))
    told = json.dumps(backtest_object(found, shown) | {"forecasts": []}, ensure_ascii=False)
    return [
        Download(
            id="download-json",
            name="backtest.json",
            kind="application/json",
            label="Scores as JSON",
            text=told,
        ),
        Download(
            id="download-csv",
            name="backtest.csv",
            kind="text/csv",
            label="Every forecast as CSV",
            text=out.getvalue(),
        ),
    ]
