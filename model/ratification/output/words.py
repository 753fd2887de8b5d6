"""Cells of comparisons in words: chances, differences and expected amounts with their errors."""

import math
from collections.abc import Sequence

from ratification.answers.comparison import Cell, Comparison
from ratification.answers.estimates import Difference, Estimate
from ratification.answers.stakes import Expected
from ratification.case.rounds import Amount, Stake
from ratification.output import wording

CLEAR = 0.001  # a larger error does not support "no difference"


def chance(cell: Cell) -> str:
    """A cell's chance with its error."""
    return with_error(cell.estimate, decided=cell.standing != "open")


def with_error(found: Estimate, *, decided: bool | None = None) -> str:
    """A chance with its error; exact where arithmetic decided, and then without one."""
    if decided is None:
        decided = found.mcse == 0 and found.probability in (0.0, 1.0)
    return wording.chance(found.probability, found.mcse, decided=decided)


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


def expectation(found: Expected, stake: Stake) -> str:
    """An expected amount with its error; where an amount is a range, with its 90% interval."""
    digits = _digits(stake)
    told = f"{found.mean:,.{digits}f}"
    if found.mcse:
        step = 10**digits
        told += f" ±{math.ceil(found.mcse * step) / step:,.{digits}f}"
    if {stake.ratified.distribution, stake.defeated.distribution} != {"fixed"}:
        told += f" ({found.q05:,.{digits}f} to {found.q95:,.{digits}f})"
    return told


def stakes_in_words(stakes: Sequence[Stake]) -> str:
    """What hangs on the result, as the case states it."""
    return "; ".join(
        f"{stake.name}{f' ({stake.unit})' if stake.unit else ''}: "
        f"{_amount(stake.ratified, stake)} if ratified, {_amount(stake.defeated, stake)} if not"
        for stake in stakes
    )


def _amount(amount: Amount, stake: Stake) -> str:
    digits = _digits(stake)
    if amount.distribution == "fixed":
        return f"{amount.mean:,.{digits}f}"
    law = "anything between" if amount.distribution == "uniform" else "normal, 90% within"
    return f"{amount.low:,.{digits}f} to {amount.high:,.{digits}f} ({law})"


def _digits(stake: Stake) -> int:
    """Decimals that tell a stake's amounts apart: none for jobs, two for billions."""
    most = max(abs(a) for side in (stake.ratified, stake.defeated) for a in (side.low, side.high))
    return 0 if most >= 100 else 1 if most >= 10 else 2
