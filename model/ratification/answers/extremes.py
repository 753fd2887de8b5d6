"""Extremes: how far a weighted sum of yes, no and members can go inside a box, in whole numbers."""

from collections.abc import Iterable, Sequence

from ratification.case.bounds import BALLOTS, MARGIN, MEMBERS, NO, PASSES, YES, Box


def highest(box: Box, yes: int, no: int, members: int = 0) -> int | None:
    """Largest yes * Y + no * N + members * M of whole numbers in a box; None where it is empty.

    Exact: ballots Y + N are at most M, and all five intervals of the box hold at once.
    """
    low, high = box.low, box.high
    least, most = low[BALLOTS], min(high[BALLOTS], high[MEMBERS])
    if low[MEMBERS] > high[MEMBERS]:
        return None
    if members >= 0:
        found = _highest_votes(box, yes, no, least, most)
        return None if found is None else found + members * high[MEMBERS]
    # Members cost: they are at their lowest, or as many as ballots where those are more.
    fewer = _highest_votes(box, yes, no, least, min(most, low[MEMBERS]))
    more = _highest_votes(box, yes + members, no + members, max(least, low[MEMBERS]), most)
    reached = [] if fewer is None else [fewer + members * low[MEMBERS]]
    reached += [] if more is None else [more]
    return max(reached, default=None)


def lowest(box: Box, yes: int, no: int, members: int = 0) -> int | None:
    """Smallest yes * Y + no * N + members * M of whole numbers in a box; None where it is empty."""
    found = highest(box, -yes, -no, -members)
    return None if found is None else -found


def _highest_votes(box: Box, yes: int, no: int, least: int, most: int) -> int | None:
    """Largest yes * Y + no * N with ballots from `least` to `most`.

    With Y fixed, the best N is an end of its range; that end, as a function of Y, bends only
    where two bounds meet, so trying the bends and the ends of Y is enough.
    """
    low, high = box.low, box.high
    if low[NO] > high[NO] or low[MARGIN] > high[MARGIN] or least > most:
        return None
    first = max(low[YES], least - high[NO], low[NO] + low[MARGIN], -((-least - low[MARGIN]) // 2))
    last = min(high[YES], most - low[NO], high[NO] + high[MARGIN], (most + high[MARGIN]) // 2)
    if first > last:
        return None
    if yes == no == 0:
        return 0
    if no >= 0:
        middle = (most + low[MARGIN]) // 2
        bends = (high[NO] + low[MARGIN], most - high[NO], middle, middle + 1)
        return max(
            yes * y + no * min(high[NO], y - low[MARGIN], most - y)
            for y in _within(bends, first, last)
        )
    middle = (least + high[MARGIN]) // 2
    bends = (low[NO] + high[MARGIN], least - low[NO], middle, middle + 1)
    return max(
        yes * y + no * max(low[NO], y - high[MARGIN], least - y)
        for y in _within(bends, first, last)
    )


def _within(bends: Iterable[int], first: int, last: int) -> set[int]:
    return {first, last} | {bend for bend in bends if first < bend < last}


def tighten(box: Box, inequalities: Sequence[tuple[int, int, int, int]]) -> None:
    """Narrow a box by what each (yes, no, members, least) requires, until nothing narrows."""
    for _ in range(PASSES):
        changed = box.settle()
        for yes, no, members, least in inequalities:
            changed |= box.require(yes, no, members, least)
        if not changed or box.empty:
            return


def copied(box: Box) -> Box:
    """A box of its own, to be narrowed."""
    return Box(list(box.low), list(box.high))


def hull(boxes: Iterable[Box]) -> Box:
    """The smallest box around some boxes."""
    several = list(boxes)
    return Box(
        [min(box.low[q] for box in several) for q in range(5)],
        [max(box.high[q] for box in several) for q in range(5)],
    )


def added(boxes: Iterable[Box]) -> Box:
    """The box of the sum of results in some boxes."""
    several = list(boxes)
    return Box(
        [sum(box.low[q] for box in several) for q in range(5)],
        [sum(box.high[q] for box in several) for q in range(5)],
    )
