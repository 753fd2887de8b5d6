"""The page as plain values: whose it is, its sections in the order people ask, what it embeds."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markdown_it import MarkdownIt

from ratification.answers.run import Run
from ratification.answers.timeline import Timeline
from ratification.case.bylaws import Veto, conditions
from ratification.errors import RequestError
from ratification.output import wording
from ratification.output.contract import forecast_object
from ratification.output.page.amend import amend_section
from ratification.output.page.answer import answer_section, basis
from ratification.output.page.bylaws import bylaws_section
from ratification.output.page.calculator import calculator_section
from ratification.output.page.coalition import coalition_section
from ratification.output.page.context import PageContext
from ratification.output.page.method import method_section
from ratification.output.page.parts import DataTable, Section
from ratification.output.page.pivots import pivots_section
from ratification.output.page.private import NOTHING, Hidden, hidden_by
from ratification.output.page.reported import reported_section, shown_warnings
from ratification.output.page.scenarios import scenarios_section
from ratification.output.page.summary import summary
from ratification.output.page.timeline import timeline_section
from ratification.output.page.units import unions_section
from ratification.validation.tuning import Tuning

# In the order people ask. A section for which a run has nothing is None and left out.
SECTIONS: tuple[Callable[[PageContext], Section | None], ...] = (
    answer_section,
    bylaws_section,
    calculator_section,
    scenarios_section,
    amend_section,
    pivots_section,
    unions_section,
    coalition_section,
    timeline_section,
    reported_section,
    method_section,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that the page carries and hands out."""

    id: str
    name: str
    kind: str
    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One case on the page: its sections, its summary, its downloads."""

    id: str
    title: str
    subtitle: str
    summary: str
    sections: Sequence[Section]
    downloads: Sequence[Download]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole page. `note` is HTML made from the sender's Markdown, in which no tag survives."""

    title: str
    author: str
    note: str
    comparison: DataTable | None
    chapters: Sequence[Chapter]

    @staticmethod
    def from_runs(
        runs: Sequence[Run],
        *,
        title: str = "",
        author: str = "",
        note: str = "",
        public: bool = False,
        commands: Sequence[str] = (),
        timelines: Sequence[Timeline] = (),
        tunings: Sequence[Tuning] = (),
    ) -> "Page":
        """A page about one run, or several compared; `note` in Markdown, `commands` by run.

        `timelines` by run add how each forecast moved, `tunings` the checks of its model.

        Raises:
            RequestError: `public`, and a private report would show through a veto.
        """
        several = len(runs) > 1
        contexts = [
            PageContext(
                run=run,
                hidden=_hidden(run) if public else NOTHING,
                command=commands[index] if commands else "",
                prefix=f"{index + 1}-" if several else "",
                timeline=timelines[index] if timelines else None,
                tuning=tunings[index] if tunings else None,
            )
            for index, run in enumerate(runs)
        ]
        own = runs[0].forecast.title if not several else "Forecasts compared"
        return Page(
            title=title or own,
            author=author,
            note=_html(note) if note else "",
            comparison=_comparison(contexts) if several else None,
            chapters=[_chapter(context) for context in contexts],
        )


def _html(note: str) -> str:
    """Markdown as HTML without the note's own tags, and without images, which would be fetched."""
    rendered: str = MarkdownIt("commonmark", {"html": False}).disable("image").render(note)
    return rendered


def _hidden(run: Run) -> Hidden:
    hidden = hidden_by(run)
    vetoes = any(
        isinstance(part, Veto)
        for chosen in run.readings
        for part in conditions(chosen.reading.rule)
    )
    if hidden.unions and vetoes:
        raise RequestError(
            "a private report about a union would show through bylaws that name a union: "
            "choose other bylaws with --bylaws, or leave the report out with --without"
        )
    return hidden


def _chapter(page: PageContext) -> Chapter:
    forecast = page.run.forecast
    found = [section for build in SECTIONS if (section := build(page)) is not None]
    return Chapter(
        id=page.id("case"),
        title=forecast.title,
        subtitle=f"{forecast.round_title}. {basis(page)}",
        summary=summary(page),
        sections=found,
        downloads=_downloads(page),
    )


def _comparison(contexts: Sequence[PageContext]) -> DataTable:
    """One row a case and scenario, for the reading its headline is about."""
    rows = []
    for page in contexts:
        for simulation in page.run.simulations:
            rule = next(
                r
                for r in page.run.forecast.rules
                if (r.bylaws, r.reading, r.scenario)
                == (page.main.bylaws.id, page.main.reading.id, simulation.name)
            )
            decided = rule.standing != "open"
            p, mcse = rule.estimate.probability, rule.estimate.mcse
            rows.append(
                (
                    page.run.forecast.title,
                    wording.day(page.run.forecast.as_of) if page.run.forecast.as_of else "-",
                    simulation.name,
                    f"{page.main.bylaws.title}: {page.main.reading.title}",
                    f"{wording.percent(p, mcse=mcse, decided=decided)} "
                    f"{wording.error(mcse, decided=decided)}".strip(),
                    rule.standing,
                )
            )
    return DataTable(
        caption="Each case under the bylaws in force when its vote was first reported on, or the "
        "first it lists",
        heads=("Case", "As of", "Scenario", "Bylaws", "Chance", "Standing"),
        rows=rows,
        numeric=frozenset({4}),
    )


# Downloads


def _downloads(page: PageContext) -> list[Download]:
    name = page.run.forecast.case
    told = json.dumps(public_object(page), indent=1, ensure_ascii=False)
    return [
        Download(
            id=page.id("download-json"),
            name=f"{name}-forecast.json",
            kind="application/json",
            label="Forecast as JSON",
            text=told,
        ),
        Download(
            id=page.id("download-csv"),
            name=f"{name}-simulated-votes.csv",
            kind="text/csv",
            label="Simulated votes, summed up, as CSV",
            text=worlds_csv(page),
        ),
    ]


def public_object(page: PageContext) -> Mapping[str, Any]:
    """The forecast's JSON, without what the page hides."""
    found = forecast_object(page.run.forecast)
    if page.hidden.unions:
        found["unions"] = []
        for rule in found["forecasts"]:
            rule["because"] = ""
    if page.hidden.reports:
        found["inputs"] = {"reports": page.run.forecast.reports}
    found["warnings"] = shown_warnings(page)
    return found


def worlds_csv(page: PageContext) -> str:
    """How many simulated votes ended with so many approving unions and so large a yes share."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("scenario", "approving_unions", "yes_of_ballots_percent", "simulated_votes"))
    for simulation in page.run.simulations:
        worlds = simulation.worlds
        number = worlds.approves.sum(axis=1)
        ballots = np.maximum(worlds.ballots.sum(axis=1, dtype=np.int64), 1)
        percent = worlds.yes.sum(axis=1, dtype=np.int64) * 100 // ballots
        pairs, counts = np.unique(np.stack([number, percent], axis=1), axis=0, return_counts=True)
        for (unions, share), count in zip(pairs.tolist(), counts.tolist(), strict=True):
            table.writerow((simulation.name, unions, share, count))
    return out.getvalue()
