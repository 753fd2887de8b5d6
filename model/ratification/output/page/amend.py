"""The section about change: the smallest that makes ratification likely, and the swing that would.

Left out where the rule as it stands is that likely already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ratification.answers.amend import Amendments, amendments_of
from ratification.answers.amendment import Amendment
from ratification.output import wording
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Section
from ratification.output.page.private import NOTHING
from ratification.output.views import amend_words as told

TARGET = 0.9
NOTES = {
    "on the frontier": "one of the smallest changes",
    "looser than needed": "looser than needed",
    "beside it": "tightens one threshold, loosens the other",
}
HEADS = ("Change to", "Chance", "Difference")


@dataclass(frozen=True, kw_only=True)
class AmendSection(Section):
    """What reaches the target: changed thresholds, other rules, a swing of opinion."""

    template: ClassVar[str] = "amend.html.j2"
    today: str
    finding: str
    frontier: DataTable | None
    others: DataTable | None
    swing: str


def amend_section(page: PageContext) -> AmendSection | None:
    """The smallest changes to the rule of the headline, in the first scenario.

    Of a swing nothing is said where reports are hidden: it would tell who has decided.
    """
    found = amendments_of(page.run, page.first, page.main, TARGET)
    if found.today.reaches(TARGET):
        return None
    words = told.change_in_words(found.today, page.first.electorate)
    return AmendSection(
        id=page.id("amend"),
        heading=f"What is the smallest change that reaches {told.goal(found)}?",
        today=f"The rule as it stands ({page.main.key}) asks for {words}: "
        f"{told.chance(found.today)}.",
        finding=told.finding(found),
        frontier=_frontier(found),
        others=_others(found),
        swing=told.swing_in_words(found) if page.hidden == NOTHING else "",
    )


def _frontier(found: Amendments) -> DataTable | None:
    if not found.frontier:
        return None
    several = (
        ". At each, one threshold stays closer to today's only if the other goes farther"
        if len(found.frontier) > 1
        else ""
    )
    return DataTable(
        caption="Smallest changes of the thresholds, nearest to today's text first. Departs by: "
        f"how far each threshold moves, in percent of its scale, added{several}",
        heads=(*HEADS, "Departs by", "Note"),
        rows=[
            (
                *_cells(found, entry),
                f"{100 * (entry.departure or 0.0):.0f}",
                wording.sentence(told.doubts(found, entry)),
            )
            for entry in found.frontier
        ],
        numeric=frozenset({1, 2, 3}),
    )


def _others(found: Amendments) -> DataTable | None:
    listed, left_out = told.worth_listing(found)
    if not listed:
        return None
    caption = "Conditions struck out, and the other rules of the case"
    return DataTable(
        caption=f"{caption}. {left_out}" if left_out else caption,
        heads=(*HEADS, f"Reaches {told.goal(found)}", "Note"),
        rows=[
            (
                *_cells(found, entry),
                "yes" if entry.reaches(found.target) else "no",
                wording.sentence([*told.doubts(found, entry), NOTES.get(entry.place or "", "")]),
            )
            for entry in listed
        ],
        numeric=frozenset({1, 2}),
    )


def _cells(found: Amendments, entry: Amendment) -> Sequence[str]:
    decided = entry.standing != "open"
    words = told.change_in_words(entry, found.simulation.electorate)
    error = wording.error(entry.estimate.mcse, decided=decided)
    return (
        f"{entry.key}: {words}" if entry.key else words,
        f"{told.chance(entry)} {error}".strip(),
        wording.points(entry.gain.value, entry.gain.mcse),
    )
