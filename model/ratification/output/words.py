"""Cells of comparisons in words: chances and differences with their errors."""

from ratification.answers.comparison import Cell, Comparison
from ratification.answers.estimates import Difference, Estimate
from ratification.output import wording

CLEAR = 0.001  # a larger error does not support "no difference"


def chance(cell: Cell) -> str:
    """A cell's chance with its error."""
    return with_error(cell.estimate, decided=cell.standing != "open")


def with_error(found: Estimate, *, decided: bool | None = None) -> str:
    """A chance with its error; exact where arithmetic decided, and then without one."""
    if decided is None:
        decided = found.mcse == 0 and found.probability in (0.0, 1.0)
    told = wording.percent(found.probability, mcse=found.mcse, decided=decided)
    return f"{told} {wording.error(found.mcse, decided=decided)}".strip()


def apart(difference: Difference | None) -> str:
    """A difference in points, a dash for something against itself."""
    if difference is None:
        return "-"
    if not difference.mcse:
        points = round(100 * difference.value)
        return f"{points:+d} points".replace("-", "\N{MINUS SIGN}") if points else "no difference"
    told = wording.points(difference.value, difference.mcse)
    if told == "no difference" and difference.mcse > CLEAR:
        return f"0 points {wording.error(difference.mcse)}"
    return told


def against_base(found: Comparison) -> str:
    """The title of the differences between scenarios: which error they carry."""
    if all(cell.paired for cell in found.cells):
        return f"Against {found.base.name}, in simulated votes with the same random numbers"
    return (
        f"Against {found.base.name} (* between two fits, whose errors add up; else with the same "
        "random numbers)"
    )


def adoption_assumed(found: Comparison) -> list[str]:
    """What the chances on paths of adoption rest on."""
    likely = {path.bylaws: path.adoption for path in found.paths}
    return [
        f"assumed: {bylaws} is adopted with a chance of {100 * share:g}%, whatever the vote's "
        f"prospects; if not, {found.rule.key} decides the same vote"
        for bylaws, share in likely.items()
    ]
