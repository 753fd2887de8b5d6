"""Amendments: the smallest changes to a rule that make it as likely as a target."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np

from ratification.answers.estimates import Difference, Estimate, difference, rough_estimate
from ratification.answers.judging import Results, judge
from ratification.answers.rule_parts import without
from ratification.answers.run import Run, Simulation
from ratification.answers.standing import rule_verdicts
from ratification.answers.surface import Index
from ratification.answers.sweep import Sweep, sweep_of
from ratification.answers.swing import Swing, swing_to
from ratification.case.bylaws import ChosenReading, Condition, Reading, Veto, conditions
from ratification.errors import RequestError
from ratification.inference.fit import ESS_LIMIT

Kind = Literal["as written", "thresholds", "strike", "other reading", "other bylaws"]
Place = Literal["on the frontier", "looser than needed", "beside it", "does not reach"]

NEAR = 2.0  # Monte Carlo errors within which a probability may lie on either side of the target
MOST_STRIKES = 1_000  # sets of conditions struck out together that are looked at
SHOWN_STRIKES = 5


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """A rule other than today's, or today's, and how likely it makes ratification.

    `gain` is against today's rule, paired in the same worlds. Of changed thresholds, `at` is the
    place on the surface and `departure` how far it is from today's text: the moves of both
    thresholds, each as a share of its whole scale (all unions, 100%), added. `place` says where a
    rule of the same family lies beside the frontier. `rough`: too few independent draws bear the
    error, and alone it would be no forecast.
    """

    kind: Kind
    key: str
    reading: Reading
    estimate: Estimate
    standing: str
    gain: Difference
    at: Index | None = None
    departure: float | None = None
    struck: tuple[Condition | Veto, ...] = ()
    place: Place | None = None
    rough: bool = False

    def reaches(self, target: float) -> bool:
        """Whether its probability is the target or more."""
        return self.estimate.probability >= target

    def near(self, target: float) -> bool:
        """Whether the target lies within two Monte Carlo errors."""
        return abs(self.estimate.probability - target) <= NEAR * self.estimate.mcse


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
    maker = _Maker(run, simulation, chosen)
    movable = any(isinstance(part, Condition) for part in conditions(chosen.reading.rule))
    sweep = sweep_of(run, simulation, chosen, wanted) if movable or wanted else None
    looser = _looser(sweep, maker.today.reading) if sweep else []
    places = [] if maker.today.reaches(target) else _frontier(sweep, looser, target)
    frontier = [maker.moved(sweep, at) for at in places] if sweep else []
    others = [*_strikes(maker, target), *_named(maker, sweep, places, target)]
    swing = swing_to(
        run.case, run.facts, simulation.worlds, chosen.reading, target, maker.today.estimate
    )
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
        swing=swing,
    )


def _nearest_first(found: Amendment) -> tuple[float, float]:
    return found.departure or 0.0, -found.estimate.probability


class _Maker:
    """Makes amendments of one rule, all from the same worlds."""

    def __init__(self, run: Run, simulation: Simulation, chosen: ChosenReading) -> None:
        self.run, self.simulation, self.chosen = run, simulation, chosen
        self.results = Results.of(simulation.worlds, run.case.electorate)
        self.verdict = rule_verdicts(run.case.electorate, run.facts, chosen.reading.abstaining)
        self.holds = judge(chosen.reading, self.results)
        self.today = self.named("as written", chosen)

    def named(self, kind: Kind, other: ChosenReading, place: Place | None = None) -> Amendment:
        """A reading of the case, as its forecast has it."""
        told = self.run.rule(other, self.simulation)
        return Amendment(
            kind=kind,
            key=other.key,
            reading=other.reading,
            estimate=told.estimate,
            standing=told.standing,
            gain=self._gain(judge(other.reading, self.results)),
            place=place,
        )

    def moved(self, sweep: Sweep, at: Index) -> Amendment:
        """Today's rule with other thresholds."""
        found = self._other("thresholds", sweep.surface.rule(at), int(sweep.decided[at]))
        return replace(found, at=at, departure=_departure(sweep, at, self.chosen.reading))

    def struck(self, reading: Reading, parts: tuple[Condition | Veto, ...]) -> Amendment:
        """Today's rule without some of its conditions."""
        return replace(self._other("strike", reading, self.verdict(reading.rule)), struck=parts)

    def _other(self, kind: Kind, reading: Reading, verdict: int) -> Amendment:
        """A rule that no bylaws of the case have."""
        holds = judge(reading, self.results)
        counted, ess = rough_estimate(holds, self.simulation.worlds)
        settled = Estimate(probability=float(verdict > 0), mcse=0.0)
        return Amendment(
            kind=kind,
            key="",
            reading=reading,
            estimate=settled if verdict else counted,
            standing={1: "ratified", -1: "defeated", 0: "open"}[verdict],
            gain=self._gain(holds),
            rough=not verdict and ess < ESS_LIMIT,
        )

    def _gain(self, holds: np.ndarray) -> Difference:
        return difference(holds, self.holds, self.simulation.worlds)


# Thresholds


def _today(sweep: Sweep, reading: Reading) -> Index:
    """Where today's thresholds lie on the surface."""
    found = sweep.surface.place(reading)
    if found is None:
        raise AssertionError("the rule that is swept lies on its own surface")
    return found


def _looser(sweep: Sweep, reading: Reading) -> list[list[int]]:
    """By axis, the thresholds from today's to the loosest that still asks for something."""
    kept = []
    for axis, now in zip(sweep.surface.axes, _today(sweep, reading), strict=True):
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


def _departure(sweep: Sweep, at: Index, reading: Reading) -> float:
    now = _today(sweep, reading)
    return sum(
        float(abs(axis.thresholds[new].threshold - axis.thresholds[old].threshold) / axis.top)
        for axis, new, old in zip(sweep.surface.axes, at, now, strict=True)
    )


# Other changes


def _strikes(maker: _Maker, target: float) -> Iterator[Amendment]:
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
    maker: _Maker, sweep: Sweep | None, frontier: Sequence[Index], target: float
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
