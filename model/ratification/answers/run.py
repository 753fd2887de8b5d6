"""A run: a forecast together with everything it was made from, for whoever asks more of it."""

from dataclasses import dataclass
from functools import cached_property

from ratification.answers.forecast import Forecast, RuleForecast
from ratification.case.bylaws import ChosenReading, deciding
from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.evidence import InForce
from ratification.case.facts import Known
from ratification.case.rounds import AS_VOTED, Scenario
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import Worlds


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """The worlds of a round in one scenario (None: as voted), and the posterior they are from.

    `electorate` and `facts` are the case's as the scenario has them: who left, joined, abstains.
    """

    scenario: Scenario | None
    posterior: Posterior
    worlds: Worlds
    electorate: Electorate
    facts: Known

    @property
    def name(self) -> str:
        """The scenario's id, as forecasts name it."""
        return self.scenario.id if self.scenario else AS_VOTED


@dataclass(frozen=True, kw_only=True)
class Run:
    """A forecast, its case, the evidence in force, what it says, and the worlds by scenario."""

    forecast: Forecast
    case: Case
    evidence: InForce
    facts: Known
    readings: tuple[ChosenReading, ...]
    simulations: tuple[Simulation, ...]

    @cached_property
    def main(self) -> ChosenReading:
        """The reading that decides this vote: of the bylaws in force for it, else the first.

        In force on the day of the first report on this vote: a count published after the bylaws
        changed does not put the vote under the new ones. Before any report, on the day asked about.
        """
        told = [report.reported for report in self.evidence.of_round(self.forecast.round)]
        day = min(filter(None, [*told, self.forecast.as_of]), default=None)
        return deciding(self.readings, day)

    def rule(self, simulation: Simulation, chosen: ChosenReading) -> RuleForecast:
        """The forecast of a reading in a scenario."""
        sought = (chosen.bylaws.id, chosen.reading.id, simulation.name)
        return next(
            rule
            for rule in self.forecast.rules
            if (rule.bylaws, rule.reading, rule.scenario) == sought
        )
