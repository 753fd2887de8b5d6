"""A comparison told: as plain JSON values, as rows, and on a terminal."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.adoption import Path
from ratification.answers.comparison import Cell, Comparison
from ratification.case.bylaws import ChosenReading
from ratification.case.rounds import Stake
from ratification.output import wording
from ratification.output.contract import foot, head
from ratification.output.terminal import heading, small_print
from ratification.output.words import (
    adoption_assumed,
    against_base,
    apart,
    chance,
    expectation,
    stakes_in_words,
    with_error,
)

HEADS = (
    "scenario",
    "bylaws",
    "reading",
    "probability",
    "mcse",
    "standing",
    "difference_from_bylaws_in_force",
    "mcse_of_difference_from_bylaws_in_force",
    "difference_from_as_voted",
    "mcse_of_difference_from_as_voted",
    "paired",
)


def comparison_object(found: Comparison) -> dict[str, Any]:
    """A comparison as plain JSON values, framed as a forecast is."""
    frame = {**head(found.run.forecast), **foot(found.run.forecast)}
    frame["assumptions"] += adoption_assumed(found)
    return frame | {
        "bylaws_in_force": found.rule.key,
        "scenarios": [
            {"id": made.name, "title": made.scenario.title if made.scenario else "As voted"}
            for made in found.run.simulations
        ],
        "stakes": [asdict(stake) for stake in found.run.case.stakes],
        "cells": [asdict(cell) for cell in found.cells],
        "adoption": [asdict(path) for path in found.paths],
    }


def comparison_rows(found: Comparison) -> Iterable[tuple[object, ...]]:
    """A row a cell, under HEADS; blanks where a cell is compared with itself."""
    for cell in found.cells:
        apart: list[object] = []
        for difference in (cell.against_rule, cell.against_scenario):
            apart += ["", ""] if difference is None else [difference.value, difference.mcse]
        yield (
            cell.scenario,
            cell.bylaws,
            cell.reading,
            cell.estimate.probability,
            cell.estimate.mcse,
            cell.standing,
            *apart,
            cell.paired,
        )


def comparison_view(found: Comparison) -> RenderableType:
    """The chances, then what each differs by, then why, what was assumed and how it was made."""
    forecast = found.run.forecast
    parts: list[RenderableType] = [
        heading(forecast),
        _matrix(found, "How likely is ratification?", chance),
    ]
    if len(found.run.readings) > 1:
        title = f"Against {found.rule.key}, in the same simulated votes"
        parts.append(_matrix(found, title, lambda cell: apart(cell.against_rule)))
    if len(found.run.simulations) > 1:
        parts.append(_matrix(found, against_base(found), _scenario_cell))
    for stake in found.run.case.stakes:
        parts.append(_matrix(found, f"Expected {stakes_in_words([stake])}", _expected(stake)))
    if found.paths:
        parts += [adoption_table(found.paths), Text("\n".join(adoption_assumed(found)) + "\n")]
    parts += [_scenarios(found), _reasons(found), small_print(forecast)]
    return Group(*parts)


def _scenario_cell(cell: Cell) -> str:
    return apart(cell.against_scenario) + ("" if cell.paired else " *")


def _expected(stake: Stake) -> Callable[[Cell], str]:
    return lambda cell: expectation(cell.stakes[stake.name], stake)


def _matrix(found: Comparison, title: str, told: Callable[[Cell], str]) -> RenderableType:
    """A row a reading, a column a scenario; the title above, where the table does not break it."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Bylaws", no_wrap=True)
    for made in found.run.simulations:
        table.add_column(escape(made.name), justify="right")
    for chosen in found.run.readings:
        cells = [told(found.cell(chosen, made.name)) for made in found.run.simulations]
        table.add_row(escape(_named(found, chosen)), *cells)
    return Group(Text(title, style="italic"), table)


def _named(found: Comparison, chosen: ChosenReading) -> str:
    return f"{chosen.key} (in force)" if chosen is found.rule else chosen.key


def adoption_table(paths: Iterable[Path]) -> Table:
    """What each rule gives if it has to be adopted first."""
    table = Table(
        box=SIMPLE_HEAD, title="If it must be adopted first", title_justify="left", pad_edge=False
    )
    table.add_column("Bylaws", no_wrap=True)
    table.add_column("Scenario")
    for name in ("Adopted (assumed)", "Ratified then", "else, as now", "On this path"):
        table.add_column(name, justify="right")
    for path in paths:
        table.add_row(
            escape(f"{path.bylaws}/{path.reading}"),
            escape(path.scenario),
            f"{100 * path.adoption:g}%",
            *(with_error(entry) for entry in (path.if_adopted, path.if_not, path.estimate)),
        )
    return table


def _scenarios(found: Comparison) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for made in found.run.simulations:
        title = made.scenario.title if made.scenario else "No scenario: opinion as the model has it"
        grid.add_row(Text(made.name, style="bold"), Text(title))
    return grid


def _reasons(found: Comparison) -> RenderableType:
    """Why each rule stands as it does, and what it hinges on; once where the scenarios agree."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for chosen in found.run.readings:
        told: dict[str, list[str]] = {}
        for made in found.run.simulations:
            cell = found.cell(chosen, made.name)
            for text in (cell.because, *cell.hinges):
                told.setdefault(text, []).append(made.name)
        for because, names in told.items():
            everywhere = len(names) == len(found.run.simulations)
            where = "" if everywhere else f" ({wording.listing(names)})"
            grid.add_row(Text(chosen.key, style="bold"), Text(f"{because}{where}"))
    return Group(Text(""), grid, Text(""))
