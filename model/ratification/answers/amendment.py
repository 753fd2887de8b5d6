"""An amendment: one rule other than today's, held against today's in the same worlds."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ratification.answers.estimates import Difference, Estimate, difference, rough_estimate
from ratification.answers.judging import Results, judge
from ratification.answers.run import Run, Simulation
from ratification.answers.standing import rule_verdicts
from ratification.answers.surface import Index
from ratification.answers.sweep import Sweep
from ratification.case.bylaws import ChosenReading, Condition, Reading, Veto
from ratification.inference.fit import ESS_LIMIT

Kind = Literal["as written", "thresholds", "strike", "other reading", "other bylaws"]
Place = Literal["on the frontier", "looser than needed", "beside it", "does not reach"]

NEAR = 2.0  # Monte Carlo errors within which a probability may lie on either side of the target


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


class Maker:
    """Makes amendments of one rule, all from the same worlds."""

    def __init__(self, run: Run, simulation: Simulation, chosen: ChosenReading) -> None:
        self.run, self.simulation, self.chosen = run, simulation, chosen
        self.results = Results.of(simulation.worlds, simulation.electorate)
        self.verdict = rule_verdicts(
            simulation.electorate, simulation.facts, chosen.reading.abstaining
        )
        self.holds = judge(chosen.reading, self.results)
        self.today = self.named("as written", chosen)

    def named(self, kind: Kind, other: ChosenReading, place: Place | None = None) -> Amendment:
        """A reading of the case, as its forecast has it."""
        told = self.run.rule(self.simulation, other)
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


def place_today(sweep: Sweep, reading: Reading) -> Index:
    """Where today's thresholds lie on the surface."""
    found = sweep.surface.place(reading)
    if found is None:
        raise AssertionError("the rule that is swept lies on its own surface")
    return found


def _departure(sweep: Sweep, at: Index, reading: Reading) -> float:
    now = place_today(sweep, reading)
    return sum(
        float(abs(axis.thresholds[new].threshold - axis.thresholds[old].threshold) / axis.top)
        for axis, new, old in zip(sweep.surface.axes, at, now, strict=True)
    )
