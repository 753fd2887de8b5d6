"""A run: a forecast together with everything it was made from, for whoever asks more of it."""

from dataclasses import dataclass

from ratification.answers.forecast import Forecast
from ratification.case.bylaws import ChosenReading
from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.case.facts import Known
from ratification.case.rounds import AS_VOTED, Scenario
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import Worlds


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """The worlds of a round in one scenario (None: as voted), and the posterior they are from."""

    scenario: Scenario | None
    posterior: Posterior
    worlds: Worlds

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
