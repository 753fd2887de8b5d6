"""The sweep of a rule: its surface with what arithmetic decides, and the case's bylaws on it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from ratification.answers.axes import Axis, axis_of, chosen_positions
from ratification.answers.because import positive
from ratification.answers.estimates import Estimate
from ratification.answers.judging import Results
from ratification.answers.rule_words import total_weight
from ratification.answers.run import Run, Simulation
from ratification.answers.standing import rule_verdicts
from ratification.answers.surface import (
    Index,
    Surface,
    differing,
    surface,
)
from ratification.answers.surface_errors import errors
from ratification.arrays import Float, Int
from ratification.case.bylaws import ChosenReading, Condition, Reading, Rule, conditions
from ratification.inference.fit import ESS_LIMIT

Verdict = Callable[[Rule], int]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A reading of the case: where it lies on a surface (None: it is another kind of rule)."""

    chosen: ChosenReading
    at: Index | None
    estimate: Estimate
    standing: str
    in_force: bool


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A rule at every choice of one or two of its thresholds, in one scenario.

    `decided` is 1 or -1 where arithmetic alone says that
    the rule ratifies, or does not, whatever is still to come; else 0.
    """

    run: Run
    simulation: Simulation
    chosen: ChosenReading
    surface: Surface
    decided: Int[np.ndarray, "..."]
    marks: tuple[Mark, ...]

    @property
    def places(self) -> list[Index]:
        """Every place of the surface, row by row."""
        return list(np.ndindex(*self.surface.passes.shape))

    @cached_property
    def precision(self) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
        """Monte Carlo standard errors, and how many independent draws they rest on: see `errors`.

        Made when first asked for: they take longer than the surface.
        """
        return errors(self.surface, self.simulation.worlds)

    def probability(self, at: Index) -> float:
        """The chance at some thresholds: 0 and 1 only where arithmetic decides."""
        if self.decided[at]:
            return float(self.decided[at] > 0)
        unseen = 0.5 / (self.surface.worlds + 1)  # as `estimate` has it
        return min(max(self.surface.probability(at), unseen), 1 - unseen)

    def estimate(self, at: Index) -> Estimate:
        """The same with its Monte Carlo error."""
        error = 0.0 if self.decided[at] else float(self.precision[0][at])
        return Estimate(probability=self.probability(at), mcse=error)

    def rough(self, at: Index) -> bool:
        """Whether too few independent draws bear the error: alone, it would be no forecast."""
        return bool(self.precision[1][at] < ESS_LIMIT)

    def standing(self, at: Index) -> str:
        """What arithmetic alone says at some thresholds."""
        return {1: "ratified", -1: "defeated", 0: "open"}[int(self.decided[at])]


def sweep_of(
    run: Run,
    simulation: Simulation,
    chosen: ChosenReading,
    wanted: Sequence[str] = (),
    verdict: Verdict | None = None,
) -> Sweep:
    """Sweep a rule over the conditions named by measure or number, the first two by default.

    `verdict` is that of `rule_verdicts`, if it is at hand: it takes a moment to make.

    Raises:
        RequestError: the rule has no such condition, or no threshold at all.
    """
    reading = replace(chosen.reading, rule=positive(chosen.reading.rule))
    axes = axes_of(run, simulation, reading, chosen_positions(reading.rule, wanted))
    found = surface(reading, axes, Results.of(simulation.worlds, simulation.electorate))
    if verdict is None:
        verdict = rule_verdicts(simulation.electorate, simulation.facts, reading.abstaining)
    return Sweep(
        run=run,
        simulation=simulation,
        chosen=chosen,
        surface=found,
        decided=decided(found, verdict),
        marks=tuple(_mark(run, simulation, found, other) for other in run.readings),
    )


def axes_of(
    run: Run, simulation: Simulation, reading: Reading, positions: Sequence[int]
) -> tuple[Axis, ...]:
    """The axes of a rule at these conditions, with every threshold that readings like it name."""
    total = total_weight(simulation.electorate)
    family = [
        other.reading
        for other in run.readings
        if differing(other.reading, reading, positions) is not None
    ]
    return tuple(
        axis_of(reading.rule, position, total, _thresholds(family, position))
        for position in positions
    )


def _thresholds(family: Iterable[Reading], position: int) -> Iterable[Condition]:
    for reading in family:
        part = list(conditions(positive(reading.rule)))[position]
        if isinstance(part, Condition):
            yield part


def _mark(run: Run, simulation: Simulation, found: Surface, chosen: ChosenReading) -> Mark:
    rule = run.rule(simulation, chosen)
    return Mark(
        chosen=chosen,
        at=found.place(chosen.reading),
        estimate=rule.estimate,
        standing=rule.standing,
        in_force=chosen.bylaws is run.main.bylaws,
    )


def decided(found: Surface, verdict: Verdict) -> Int[np.ndarray, "..."]:
    """What arithmetic decides at each place, asked only where all worlds agree.

    What is proven at some thresholds holds at all that are easier to meet, or at all harder ones:
    rows are gone through from the surest end, each searched by halving.
    """
    out = np.zeros(found.passes.shape, dtype=np.int8)
    for sign, hits in ((1, found.worlds), (-1, 0)):
        *before, last = (axis.easiest_first[::sign] for axis in found.axes)
        most = len(last)
        for row in product(*before):

            def proven(count: int, row: Index = row, last: Index = last, sign: int = sign) -> bool:
                return verdict(found.rule((*row, last[count - 1])).rule) == sign

            most = _longest(_leading(found.passes[row][list(last[:most])] == hits), proven)
            out[row][list(last[:most])] = sign
    return out


def _leading(agree: np.ndarray) -> int:
    """How many are true before the first that is not."""
    return len(agree) if agree.all() else int(np.argmin(agree))


def _longest(most: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to `most` at which it holds, if it holds at all smaller ones."""
    low, high = 0, most
    while low < high:
        middle = high if low == 0 and high == most else (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
