"""What all sections of one page look at: a run, and what of it may be shown."""

from dataclasses import dataclass

import numpy as np

from ratification.answers.judging import Results, judge
from ratification.answers.run import Run, Simulation
from ratification.answers.timeline import Timeline
from ratification.case.bylaws import ChosenReading
from ratification.output.page.private import NOTHING, Hidden
from ratification.validation.tuning import Tuning


@dataclass(frozen=True, kw_only=True)
class PageContext:
    """A run, what is hidden of it, the command that made it, and a prefix that keeps ids apart.

    `timeline` is how it came to its forecast, `tuning` the checks of its model, where asked for.
    """

    run: Run
    hidden: Hidden = NOTHING
    command: str = ""
    prefix: str = ""
    timeline: Timeline | None = None
    tuning: Tuning | None = None

    @property
    def first(self) -> Simulation:
        """The scenario that comes first: what the page is mainly about."""
        return self.run.simulations[0]

    @property
    def main(self) -> ChosenReading:
        """The reading the headline is about."""
        return self.run.main

    def results(self, simulation: Simulation) -> Results:
        """Complete results of a scenario."""
        return Results.of(simulation.worlds, simulation.electorate)

    def holds(self, simulation: Simulation, chosen: ChosenReading) -> np.ndarray:
        """In which worlds of a scenario a reading ratifies."""
        return judge(chosen.reading, self.results(simulation))

    def id(self, name: str) -> str:
        """An element's id, unique in the page."""
        return f"{self.prefix}{name}"
