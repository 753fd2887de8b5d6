"""Amendments: the smallest changes to a rule that make it as likely as a target."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

from ratification.answers.amendment import Amendment, Maker, Place, place_today
from ratification.answers.judging import judge
from ratification.answers.rule_parts import without
from ratification.answers.run import Run, Simulation
from ratification.answers.surface import Index
from ratification.answers.sweep import Sweep, sweep_of
from ratification.answers.swing import Swing, swing_to
from ratification.case.bylaws import ChosenReading, Condition, Reading, conditions
from ratification.errors import RequestError

MOST_STRIKES = 1_000  # sets of conditions struck out together that are looked at
SHOWN_STRIKES = 5


@dataclass(frozen=True, kw_only=True)
class Amendments:
    """What would make a rule as likely as a target: less strict, otherwise put, or a swing.

    `frontier` holds the smallest changes of the thresholds, nearest to today's text first: at
    each, no threshold can stay closer to today's without another going farther. It is empty where
    today's rule reaches the target, and where no change of them does; `loosest` is then the most
    that they can do. `sweep` is None for a rule that has no threshold.
    """

    run: Run
    simulation: Simulation
    chosen: ChosenReading
    target: float
    today: Amendment
    sweep: Sweep | None
    frontier: tuple[Amendment, ...]
    loosest: Amendment | None
    others: tuple[Amendment, ...]
    swing: Swing


def amendments_of(
    run: Run,
    simulation: Simulation,
    chosen: ChosenReading,
    target: float,
    wanted: Sequence[str] = (),
) -> Amendments:
    """The changes of a rule that reach a target. `wanted` names the thresholds to move.

    Raises:
        RequestError: a target that is no chance, or conditions that the rule does not have.
    """
    if not 0 < target < 1:
        raise RequestError(f"target {target:g} is no chance between 0 and 1: write 0.9 for 90%")
    maker = Maker(run, simulation, chosen)
    movable = any(isinstance(part, Condition) for part in conditions(chosen.reading.rule))
    sweep = sweep_of(run, simulation, chosen, wanted, maker.verdict) if movable or wanted else None
    looser = _looser(sweep, maker.today.reading) if sweep else []
    places = [] if maker.today.reaches(target) else _frontier(sweep, looser, target)
    frontier = [maker.moved(sweep, at) for at in places] if sweep else []
    others = [*_strikes(maker, target), *_named(maker, sweep, places, target)]
    return Amendments(
        run=run,
        simulation=simulation,
        chosen=chosen,
        target=target,
        today=maker.today,
        sweep=sweep,
        frontier=tuple(sorted(frontier, key=_nearest_first)),
        loosest=maker.moved(sweep, tuple(each[-1] for each in looser)) if sweep else None,
        others=tuple(others),
        swing=swing_to(run, simulation, chosen, target),
    )


def _nearest_first(found: Amendment) -> tuple[float, float]:
    return found.departure or 0.0, -found.estimate.probability


# Thresholds


def _looser(sweep: Sweep, reading: Reading) -> list[list[int]]:
    """By axis, the thresholds from today's to the loosest that still asks for something."""
    kept = []
    for axis, now in zip(sweep.surface.axes, place_today(sweep, reading), strict=True):
        order = axis.easiest_first[: axis.easiest_first.index(now) + 1]
        asking = [index for index in order if index == now or not axis.idle(index)]
        kept.append(asking[::-1])
    return kept


def _frontier(sweep: Sweep | None, looser: list[list[int]], target: float) -> list[Index]:
    """Places where the target is reached and none of the thresholds could stay closer to today's.

    Row by row from today's threshold of the first axis: a row counts if it lets the last axis stay
    closer than all rows before.
    """
    if sweep is None:
        return []
    *before, last = looser
    found: list[Index] = []
    most = len(last)
    for row in [(index,) for index in before[0]] if before else [()]:
        steps = _fewest(sweep, row, last[:most], target)
        if steps is not None:
            most = steps
            found.append((*row, last[steps]))
    return found


def _fewest(sweep: Sweep, row: Index, last: list[int], target: float) -> int | None:
    """The fewest steps along the last axis that reach the target."""
    for steps, index in enumerate(last):
        if sweep.probability((*row, index)) >= target:
            return steps
    return None


# Other changes


def _strikes(maker: Maker, target: float) -> Iterator[Amendment]:
    """Every single condition struck out; if none reaches, the fewest that do so together."""
    rule = maker.chosen.reading.rule
    parts = list(conditions(rule))
    reached = maker.today.reaches(target)
    looked = 0
    for size in range(1, len(parts)):
        looked += comb(len(parts), size)
        if (reached and size > 1) or looked > MOST_STRIKES:
            return
        made = []
        for positions in combinations(range(len(parts)), size):
            left = without(rule, positions)
            if left is None:
                continue
            reading = replace(maker.chosen.reading, rule=left)
            if size == 1 or judge(reading, maker.results).mean() >= target:
                made.append(maker.struck(reading, tuple(parts[i] for i in positions)))
        yield from made if size == 1 else made[:SHOWN_STRIKES]
        reached = reached or any(entry.reaches(target) for entry in made)


def _named(
    maker: Maker, sweep: Sweep | None, frontier: Sequence[Index], target: float
) -> Iterator[Amendment]:
    """The other readings of the case, with their place beside the frontier."""
    for other in maker.run.readings:
        if other.key == maker.chosen.key:
            continue
        same = other.bylaws is maker.chosen.bylaws
        found = maker.named("other reading" if same else "other bylaws", other)
        yield replace(found, place=_place(sweep, frontier, found, target))


def _place(
    sweep: Sweep | None, frontier: Sequence[Index], found: Amendment, target: float
) -> Place | None:
    at = sweep.surface.place(found.reading) if sweep else None
    if sweep is None or at is None or not frontier:
        return None
    if not found.reaches(target):
        return "does not reach"
    if at in frontier:
        return "on the frontier"
    orders = [axis.easiest_first for axis in sweep.surface.axes]
    looser = any(
        all(order.index(i) <= order.index(j) for order, i, j in zip(orders, at, point, strict=True))
        for point in frontier
    )
    return "looser than needed" if looser else "beside it"
