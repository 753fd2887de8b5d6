"""What-ifs told: as plain JSON values, as rows, and on a terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.conditioning import FEWEST
from ratification.answers.run import Run
from ratification.answers.whatif import Effect, Outlook, WhatIf
from ratification.output import wording
from ratification.output.contract import foot, head
from ratification.output.terminal import heading, small_print
from ratification.output.words import apart, with_error

HEADS = (
    "scenario",
    "unit",
    "result",
    "chance_of_result",
    "worlds_left",
    "bylaws",
    "reading",
    "before",
    "after",
    "difference",
    "mcse_of_difference",
)


LONGEST = 40  # letters of a union's name in a row


def whatif_object(found: WhatIf) -> dict[str, Any]:
    """A what-if as plain JSON values, framed as a forecast is."""
    return {
        **head(found.run.forecast),
        **foot(found.run.forecast),
        "changes": list(found.changes),
        "method": found.method,
        "chance": {name: asdict(entry) for name, entry in found.chance.items()},
        "worlds_left": dict(found.left),
        "effects": [asdict(effect) for effect in found.effects],
    }


def each_object(run: Run, found: Sequence[Outlook]) -> dict[str, Any]:
    """Every open union's results as plain JSON values; null where too few worlds are left."""
    return {
        **head(run.forecast),
        **foot(run.forecast),
        "method": "same worlds",
        "fewest_worlds": FEWEST,
        "results": [
            asdict(outlook) | {"effects": [asdict(e) for e in outlook.effects] or None}
            for outlook in found
        ],
    }


def each_rows(found: Sequence[Outlook]) -> Iterable[tuple[object, ...]]:
    """A row a union, result and reading, under HEADS; one with blanks where nothing can be said."""
    for outlook in found:
        about = (
            outlook.scenario,
            outlook.unit,
            outlook.result,
            outlook.chance.probability,
            round(outlook.left, 1),
        )
        for e in outlook.effects:
            numbers = (e.before.probability, e.after.probability)
            apart_ = (e.difference.value, e.difference.mcse)
            yield (*about, e.bylaws, e.reading, *numbers, *apart_)
        if not outlook.effects:
            yield (*about, "", "", "", "", "", "")


def whatif_view(found: WhatIf) -> RenderableType:
    """Before, after and the difference, under every reading; then why and how."""
    forecast = found.run.forecast
    changes = Text("".join(f"{change}\n" for change in found.changes))
    told = Text(_how(found) + "\n")
    return Group(
        heading(forecast),
        changes,
        _effects_table(found),
        told,
        _reasons(found),
        small_print(forecast),
    )


def _how(found: WhatIf) -> str:
    if found.method == "two fits":
        return "Differences are between two fits: the errors of both are in theirs."
    said = []
    for name, entry in found.chance.items():
        where = f" ({name})" if len(found.chance) > 1 else ""
        sure = found.left[name] >= found.run.forecast.worlds
        likely = wording.percent(entry.probability, mcse=entry.mcse, decided=sure)
        said.append(
            f"That is so in {likely} of the simulated votes, worth {found.left[name]:,.0f} "
            f"independent ones{where}; differences are paired within them."
        )
    return "\n".join(said)


def _effects_table(found: WhatIf) -> Table:
    several = len(found.run.simulations) > 1
    table = Table(
        box=SIMPLE_HEAD, title="What it would change", title_justify="left", pad_edge=False
    )
    table.add_column("Bylaws", no_wrap=True)
    if several:
        table.add_column("Scenario")
    for name in ("Now", "Then", "Difference"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Standing then", no_wrap=True)
    for effect in found.effects:
        cells = [escape(f"{effect.bylaws}/{effect.reading}")]
        cells += [escape(effect.scenario)] if several else []
        cells += [
            with_error(effect.before, decided=effect.standing_before != "open"),
            with_error(effect.after, decided=effect.standing != "open"),
            apart(effect.difference),
            effect.standing,
        ]
        table.add_row(*cells)
    return table


def _reasons(found: WhatIf) -> RenderableType:
    """Why, of the readings that the change decides."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    told = {
        (f"{e.bylaws}/{e.reading}", e.because)
        for e in found.effects
        if e.standing != e.standing_before
    }
    for key, because in sorted(told):
        grid.add_row(Text(key, style="bold"), Text(because))
    return Group(grid, Text("")) if told else Text("")


def each_view(run: Run, found: Sequence[Outlook], keys: Sequence[str]) -> RenderableType:
    """A table a scenario and reading: each open union's results and what they would do."""
    forecast = run.forecast
    parts: list[RenderableType] = [heading(forecast)]
    if not found:
        parts.append(Text("No union is open: no result is left to assume.\n"))
    for made in run.simulations:
        mine = [outlook for outlook in found if outlook.scenario == made.name]
        where = f", scenario {made.name}" if len(run.simulations) > 1 else ""
        parts += [_each_table(f"{key}{where}", mine, key) for key in keys if mine]
    parts.append(
        Text(
            f"Differences are paired, within the simulated votes that end so. A dash: fewer than "
            f"{FEWEST} independent ones do.\n"
        )
    )
    return Group(*parts, small_print(forecast))


def _each_table(title: str, found: Sequence[Outlook], key: str) -> Table:
    table = Table(
        box=SIMPLE_HEAD,
        title=f"What each result would do under {title}",
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("Union")
    for result in ("approves", "rejects"):
        table.add_column(f"If it {result}", justify="right", no_wrap=True)
        table.add_column("chance of that", justify="right")
        table.add_column("difference", justify="right", no_wrap=True)
    for first, second in zip(found[::2], found[1::2], strict=True):
        cells = [escape(wording.shortened(first.name, LONGEST))]
        for outlook in (first, second):
            likely = wording.percent(outlook.chance.probability, mcse=outlook.chance.mcse)
            effect = _under(outlook, key)
            cells += [
                with_error(effect.after, decided=effect.standing != "open") if effect else "-",
                likely,
                apart(effect.difference) if effect else "-",
            ]
        table.add_row(*cells)
    return table


def _under(outlook: Outlook, key: str) -> Effect | None:
    return next((e for e in outlook.effects if f"{e.bylaws}/{e.reading}" == key), None)
