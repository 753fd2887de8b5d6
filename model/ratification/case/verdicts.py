"""Who approves: the deciding rule of a unit, applied to counts and to verdicts of its units."""

from collections.abc import Sequence
from fractions import Fraction

from ratification.case.electorate import Electorate


def counted_children(tree: Electorate, unit: str) -> tuple[str, ...]:
    """The units a `units`-deciding unit counts: its children, the implicit rest not among them."""
    return tuple(child for child in tree.children[unit] if not tree.by_id[child].implicit)


def needed(tree: Electorate, unit: str) -> int:
    """How many of the units it counts a `units`-deciding unit needs to approve."""
    children = counted_children(tree, unit)
    return len(children) if tree.by_id[unit].decides == "all-units" else len(children) // 2 + 1


def majority(verdicts: Sequence[bool | None], *, everyone: bool) -> bool | None:
    """Whether more than half (or every one) of the verdicts is yes; None while that is open."""
    need = len(verdicts) if everyone else len(verdicts) // 2 + 1
    if sum(verdict is True for verdict in verdicts) >= need:
        return True
    if sum(verdict is not False for verdict in verdicts) < need:
        return False
    return None


def passes(tree: Electorate, unit: str, yes: int, no: int) -> bool:
    """Whether a pooled count approves: more yes than no, or at least the unit's own threshold."""
    decides = tree.by_id[unit].decides
    if isinstance(decides, Fraction):
        ballots = yes + no
        return ballots > 0 and yes * decides.denominator >= decides.numerator * ballots
    return yes > no
