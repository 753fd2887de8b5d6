"""A timeline told: as JSON, as CSV, and as a table with what arrived below it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.forecast import Forecast, RuleForecast
from ratification.answers.timeline import Moment, Timeline
from ratification.case.electorate import Electorate
from ratification.output import wording
from ratification.output.checks import in_short
from ratification.output.contract import foot, head, rule_fields
from ratification.output.said import said
from ratification.output.views.timeline_words import (
    chance,
    decided_lines,
    label,
    moved_words,
    report_words,
)

COLUMNS = (
    "as_of",
    "arrived",
    "bylaws",
    "reading",
    "scenario",
    "probability",
    "mcse",
    "change",
    "change_mcse",
    "standing",
    "engine",
    "no_answer",
)


# JSON and CSV


def timeline_object(timeline: Timeline) -> dict[str, Any]:
    """A timeline as plain JSON values; what stands outside `timeline` is of the latest forecast."""
    return {
        **head(timeline.last),
        "by": timeline.by,
        "timeline": [_moment_object(moment) for moment in timeline.moments],
        **foot(timeline.last),
        "assumptions": list(timeline.assumptions),
    }


def _moment_object(moment: Moment) -> dict[str, Any]:
    forecast = moment.forecast
    return {
        "as_of": moment.news.as_of,
        "arrived": [
            {"id": report.id, "units": report.units, "kind": report.kind, "said": said(report)}
            for report in moment.news.arrived
        ],
        "set_aside": [{"id": report.id, "why": why} for report, why in moment.set_aside],
        "reports": moment.reports,
        "no_answer": moment.no_answer or None,
        "engine": forecast.engine if forecast else None,
        "worlds": forecast.worlds if forecast else None,
        "diagnostics": asdict(forecast.diagnostics) if forecast else None,
        "inputs": {"sha256": forecast.inputs} if forecast else None,
        "forecasts": [
            rule_fields(rule) | {"change": asdict(moment.moves[place]) if moment.moves else None}
            for place, rule in enumerate(forecast.rules if forecast else ())
        ],
        "decided": [asdict(entry) for entry in moment.decided],
    }


def timeline_csv(timeline: Timeline) -> str:
    """One row per moment and rule; a moment without a forecast has one row that says why."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for moment in timeline.moments:
        arrived = " ".join(report.id for report in moment.news.arrived)
        start = (moment.news.as_of, arrived)
        if moment.forecast is None:
            table.writerow((*start, *[""] * (len(COLUMNS) - 3), moment.no_answer))
            continue
        for place, rule in enumerate(moment.forecast.rules):
            moved = moment.moves[place] if moment.moves else None
            table.writerow(
                (
                    *start,
                    rule.bylaws,
                    rule.reading,
                    rule.scenario,
                    rule.estimate.probability,
                    rule.estimate.mcse,
                    moved.value if moved else "",
                    moved.mcse if moved else "",
                    rule.standing,
                    moment.forecast.engine,
                    "",
                )
            )
    return out.getvalue()


# For people


def timeline_view(timeline: Timeline, electorate: Electorate) -> RenderableType:
    """Chances by moment, then what arrived and what it decided, then what all rests on."""
    last = timeline.last
    head = Text.assemble(
        (last.title, "bold"), f"\n{last.round_title} ({last.round}): how the forecast moved\n"
    )
    told = Text("What arrived, and what it decided\n", style="bold")
    for moment in timeline.moments[1:]:
        told.append_text(_news(moment, electorate))
    return Group(head, chances_table(timeline), told, _small_print(timeline))


def chances_table(timeline: Timeline) -> Table:
    """One row a moment, one column a rule: its chance, and how far that moved."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("As of", no_wrap=True)
    table.add_column("reports", justify="right")
    rules = timeline.last.rules
    for rule in rules:
        table.add_column(_column(rule, rules), justify="right", no_wrap=True)
    for moment in timeline.moments:
        if moment.forecast is None:
            why = f"no answer: {moment.no_answer}"
            table.add_row(escape(label(moment, timeline)), str(moment.reports))
            table.add_row("", "", Text(wording.shortened(why, 60), style="dim"))
            continue
        cells = [chance(rule) for rule in moment.forecast.rules]
        if moment.moves:
            moved = [moved_words(moment, place) for place in range(len(cells))]
            cells = [f"{cell}\n[dim]{move}[/dim]" for cell, move in zip(cells, moved, strict=True)]
        table.add_row(escape(label(moment, timeline)), str(moment.reports), *cells)
    return table


def _column(rule: RuleForecast, rules: Sequence[RuleForecast]) -> str:
    several = len({entry.scenario for entry in rules}) > 1
    return "\n".join(
        [escape(rule.bylaws), escape(rule.reading), *([escape(rule.scenario)] if several else [])]
    )


def _news(moment: Moment, electorate: Electorate) -> Text:
    told = Text(f"{wording.day(moment.news.as_of or '')}\n", style="bold")
    for report in moment.news.arrived:
        told.append(f"  {report_words(report, electorate)}", style="not bold")
        told.append(f"  {report.id}\n", style="not bold dim")
    for report, why in moment.set_aside:
        told.append(f"  no longer counts: {report.id}, {why}\n", style="not bold")
    for line in decided_lines(moment, electorate):
        told.append(f"  {line}\n", style="not bold cyan")
    if moment.forecast is None:
        told.append(f"  no answer: {moment.no_answer}\n", style="not bold")
    return told


def _small_print(timeline: Timeline) -> Text:
    last = timeline.last
    lines = [*timeline.assumptions]
    lines += [f"sources differ: {warning}" for warning in last.warnings]
    lines.append(
        "below each chance: percentage points since the row above, whose Monte Carlo error is that "
        "of both rows together"
    )
    lines.append(f"{last.worlds:,} simulated votes a row, seed {last.seed}; {_engines(timeline)}")
    return Text("\n".join(lines), style="dim")


def _engines(timeline: Timeline) -> str:
    """Which engines answered, and the least sure of their checks."""
    made = [moment.forecast for moment in timeline.moments if moment.forecast is not None]
    sampled = [forecast for forecast in made if forecast.engine == "nuts"]
    weakest = min(made, key=lambda forecast: forecast.diagnostics.ess_min)
    told = f"engine {weakest.engine if len(sampled) in (0, len(made)) else 'by row'}"
    if sampled and len(sampled) < len(made):
        told = f"NUTS answered {wording.plural(len(sampled), 'row')}, the instant engine the others"
    return f"{told}; least sure: as of {_when(weakest)}, {in_short(weakest.diagnostics)}"


def _when(forecast: Forecast) -> str:
    return forecast.as_of or "the beginning"
