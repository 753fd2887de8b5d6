"""How a sweep is told: JSON values, rows for CSV, and a terminal table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.rule_words import rule_in_words
from ratification.answers.surface import Index
from ratification.answers.sweep import Mark, Sweep
from ratification.case.bylaws import Condition
from ratification.inference.fit import ESS_LIMIT
from ratification.output import wording
from ratification.output.contract import foot, head
from ratification.output.terminal import heading, small_print
from ratification.output.views.axes import axis_title, label, shown

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def sweep_object(sweep: Sweep, seconds: Mapping[str, float] | None = None) -> dict[str, Any]:
    """A sweep as plain JSON values: arrays with one dimension an axis, in the axes' order."""
    forecast, found = sweep.run.forecast, sweep.surface
    estimates = [sweep.estimate(at) for at in sweep.places]
    return {
        **head(forecast),
        "scenario": sweep.simulation.name,
        "rule": _named(sweep, sweep.chosen.bylaws.id, sweep.chosen.reading.id),
        "axes": [
            {
                "condition": axis.position + 1,
                "measure": axis.thresholds[0].measure,
                "share": axis.thresholds[0].share,
                "thresholds": [_threshold(there) for there in axis.thresholds],
            }
            for axis in found.axes
        ],
        "probability": _shaped([entry.probability for entry in estimates], found.passes.shape),
        "mcse": _shaped([entry.mcse for entry in estimates], found.passes.shape),
        "standing": _shaped([sweep.standing(at) for at in sweep.places], found.passes.shape),
        "rough": _shaped([sweep.rough(at) for at in sweep.places], found.passes.shape),
        "marks": [_mark(sweep, mark) for mark in sweep.marks],
        **foot(forecast, seconds),
    }


def _named(sweep: Sweep, bylaws: str, reading: str) -> dict[str, Any]:
    tree = sweep.simulation.electorate
    words = rule_in_words(sweep.chosen.reading.rule, tree)
    return {"bylaws": bylaws, "reading": reading, "words": words}


def _threshold(there: Condition) -> dict[str, Any]:
    value = there.threshold
    return {"comparison": there.comparison, "value": float(value), "exact": str(value)}


def _shaped(values: Sequence[Any], shape: tuple[int, ...]) -> list[Any]:
    """A flat list as nested lists."""
    if len(shape) == 1:
        return list(values)
    size = len(values) // shape[0]
    return [_shaped(values[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def _mark(sweep: Sweep, mark: Mark) -> dict[str, Any]:
    return {
        "bylaws": mark.chosen.bylaws.id,
        "reading": mark.chosen.reading.id,
        "words": rule_in_words(mark.chosen.reading.rule, sweep.simulation.electorate),
        "in_force": mark.in_force,
        "at": None if mark.at is None else list(mark.at),
        "probability": mark.estimate.probability,
        "mcse": mark.estimate.mcse,
        "standing": mark.standing,
    }


def sweep_rows(sweep: Sweep) -> Iterator[tuple[str | int | float, ...]]:
    """The surface as rows of a table, its heads first; `bylaws` are those that ask just this."""
    axes = sweep.surface.axes
    numbers = range(1, len(axes) + 1)
    heads = [f"{what}_{n}" for n in numbers for what in ("measure", "comparison", "threshold")]
    yield (*heads, "probability", "mcse", "standing", "bylaws")
    for at in sweep.places:
        cells: list[str | float] = []
        for axis, index in zip(axes, at, strict=True):
            there = axis.thresholds[index]
            cells += [there.measure, there.comparison, float(there.threshold)]
        here = " ".join(mark.chosen.key for mark in sweep.marks if mark.at == at)
        found = sweep.estimate(at)
        yield (*cells, found.probability, found.mcse, sweep.standing(at), here)


def sweep_view(sweep: Sweep) -> RenderableType:
    """A readable part of the surface with the case's bylaws marked on it by letter."""
    on = [mark for mark in sweep.marks if mark.at is not None]
    letters = {mark.chosen.key: LETTERS[i % len(LETTERS)] for i, mark in enumerate(on)}
    return Group(
        heading(sweep.run.forecast),
        _about(sweep),
        _grid(sweep, letters),
        _marks(sweep, letters),
        _rough(sweep),
        small_print(sweep.run.forecast),
    )


def _about(sweep: Sweep) -> Text:
    words = rule_in_words(sweep.chosen.reading.rule, sweep.simulation.electorate)
    parts = " and ".join(axis.thresholds[0].measure for axis in sweep.surface.axes)
    return Text.assemble(
        "Rule: ", (words, "bold"), f" ({sweep.chosen.key}). What it asks of {parts} is moved.\n"
    )


def _grid(sweep: Sweep, letters: Mapping[str, str]) -> Table:
    *before, last = sweep.surface.axes
    marked = [mark.at for mark in sweep.marks if mark.at is not None]
    rows = shown(before[0], [at[0] for at in marked]) if before else []
    columns = shown(last, [at[-1] for at in marked])
    if not before:
        return _column(sweep, columns, letters)
    table = Table(
        box=SIMPLE_HEAD,
        title=f"Chance of ratification by {axis_title(before[0])} (rows) "
        f"and {axis_title(last)} (columns)",
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("", justify="right", no_wrap=True)
    for column in columns:
        table.add_column(label(last, column), justify="right", no_wrap=True)
    for row in rows:
        cells = [_cell(sweep, (row, column), letters) for column in columns]
        table.add_row(label(before[0], row), *cells)
    return table


def _column(sweep: Sweep, shown_rows: Sequence[int], letters: Mapping[str, str]) -> Table:
    [axis] = sweep.surface.axes
    table = Table(
        box=SIMPLE_HEAD,
        title=f"Chance of ratification by {axis_title(axis)}",
        title_justify="left",
        pad_edge=False,
    )
    for name in ("", "Chance", "error"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Standing")
    for index in shown_rows:
        found, standing = sweep.estimate((index,)), sweep.standing((index,))
        error = wording.error(found.mcse, decided=standing != "open")
        table.add_row(label(axis, index), _cell(sweep, (index,), letters), error, standing)
    return table


def _cell(sweep: Sweep, at: Index, letters: Mapping[str, str]) -> str:
    found = sweep.estimate(at)
    said = wording.percent(
        found.probability, mcse=max(found.mcse, 0.002), decided=sweep.standing(at) != "open"
    )
    here = "".join(letters[mark.chosen.key] for mark in sweep.marks if mark.at == at)
    return f"[bold]{said} {here}[/bold]" if here else said


def _marks(sweep: Sweep, letters: Mapping[str, str]) -> Table:
    table = Table(box=SIMPLE_HEAD, title="Bylaws of the case", title_justify="left", pad_edge=False)
    for name in ("Mark", "Bylaws", "Asks for"):
        table.add_column(name, overflow="fold")
    for name in ("Chance", "Standing"):
        table.add_column(name, no_wrap=True)
    for mark in sorted(sweep.marks, key=lambda mark: mark.at is None):
        decided = mark.standing != "open"
        found = mark.estimate
        table.add_row(
            letters.get(mark.chosen.key, "-"),
            escape(mark.chosen.key) + (" (in force)" if mark.in_force else ""),
            escape(rule_in_words(mark.chosen.reading.rule, sweep.simulation.electorate)),
            f"{wording.percent(found.probability, mcse=found.mcse, decided=decided)} "
            f"{wording.error(found.mcse, decided=decided)}".rstrip(),
            mark.standing,
        )
    if len(letters) < len(sweep.marks):
        table.caption = "- another kind of rule: not on this surface"
        table.caption_justify = "left"
    return table


def _rough(sweep: Sweep) -> Text:
    """Says how many chances rest on too few independent draws for their error to be trusted."""
    number = sum(sweep.rough(at) for at in sweep.places)
    if not number:
        return Text("", end="")
    return Text(
        f"{number} of {len(sweep.places)} thresholds rest on fewer than {ESS_LIMIT} independent "
        "draws: their errors are rough. More draws: --engine nuts\n"
    )
