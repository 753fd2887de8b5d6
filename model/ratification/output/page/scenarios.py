"""What would change it: every scenario by every reading, and rules that must first be adopted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from ratification.answers.comparison import Cell, Comparison, compared
from ratification.output import wording
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Section
from ratification.output.words import adoption_assumed, against_base, apart, chance, with_error


@dataclass(frozen=True, kw_only=True)
class ScenariosSection(Section):
    """The chances by scenario, how they differ, and paths of adoption where any are assumed."""

    template: ClassVar[str] = "scenarios.html.j2"
    scenarios: tuple[tuple[str, str], ...]
    chances: DataTable
    differences: DataTable
    hinges: tuple[tuple[str, str], ...]
    adoption: DataTable | None
    assumed: tuple[str, ...]


def scenarios_section(page: PageContext) -> ScenariosSection | None:
    """Left out where the run has one scenario and no rule that must first be adopted."""
    run = page.run
    if len(run.simulations) < 2 and all(c.bylaws.adoption is None for c in run.readings):
        return None
    found = compared(run)
    return ScenariosSection(
        id=page.id("scenarios"),
        heading="What would change it",
        scenarios=tuple(
            (made.name, made.scenario.title if made.scenario else "No scenario")
            for made in run.simulations
        ),
        chances=_matrix(found, "Chance of ratification, with its Monte Carlo error", chance),
        differences=_matrix(found, against_base(found), _difference),
        hinges=() if page.hidden.unions else _hinges(found),
        adoption=_adoption(found),
        assumed=tuple(text[0].upper() + text[1:] + "." for text in adoption_assumed(found)),
    )


def _matrix(found: Comparison, caption: str, told: Callable[[Cell], str]) -> DataTable:
    """A row a reading, a column a scenario."""
    names = [made.name for made in found.run.simulations]
    return DataTable(
        caption=caption,
        heads=("Bylaws", *names),
        rows=[
            (chosen.key, *(told(found.cell(chosen, name)) for name in names))
            for chosen in found.run.readings
        ],
        numeric=frozenset(range(1, len(names) + 1)),
    )


def _difference(cell: Cell) -> str:
    return apart(cell.against_scenario) + ("" if cell.paired else " *")


def _hinges(found: Comparison) -> tuple[tuple[str, str], ...]:
    """What each rule hinges on by published figures, as the first scenario has it."""
    return tuple(
        (chosen.key, text)
        for chosen in found.run.readings
        for text in found.cell(chosen, found.base.name).hinges
    )


def _adoption(found: Comparison) -> DataTable | None:
    if not found.paths:
        return None
    return DataTable(
        caption="If it must be adopted first",
        heads=("Bylaws", "Scenario", "Adopted", "Ratified then", "Else, as now", "On this path"),
        rows=[
            (
                f"{path.bylaws}/{path.reading}",
                path.scenario,
                wording.share(path.adoption),
                *(with_error(entry) for entry in (path.if_adopted, path.if_not, path.estimate)),
            )
            for path in found.paths
        ],
        numeric=frozenset({2, 3, 4, 5}),
    )
