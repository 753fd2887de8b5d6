"""Comparison: every scenario of a round by every reading, with the differences that matter."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ratification.answers.adoption import Path, adoption_paths
from ratification.answers.estimates import Difference, Estimate
from ratification.answers.hinges import hinges
from ratification.answers.pairing import holds, paired, paired_with, unpaired
from ratification.answers.run import Run, Simulation
from ratification.answers.stakes import Expected, expected
from ratification.answers.standing import union_standings
from ratification.case.bylaws import ChosenReading
from ratification.case.rounds import AS_VOTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One reading in one scenario.

    `against_rule` is the difference from the reading of the bylaws in force, in the same
    scenario and the same simulated votes; None for that reading itself. `against_scenario` is
    the difference from the same reading in the first scenario, None in that itself: `paired` says
    whether it is over the same posterior draws and random numbers, or of two fits. `hinges` say
    how many members may oppose, by the published figures of every roster; `stakes` what is to be
    expected of each stake.
    """

    bylaws: str
    reading: str
    scenario: str
    estimate: Estimate
    standing: str
    because: str
    against_rule: Difference | None
    against_scenario: Difference | None
    paired: bool
    hinges: tuple[str, ...] = ()
    stakes: Mapping[str, Expected] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All cells, scenario by scenario; what they are compared with; paths of adoption.

    Scenarios are compared with `base`: the vote as voted where the run has it, else the first.
    """

    run: Run
    base: Simulation
    rule: ChosenReading
    cells: tuple[Cell, ...]
    paths: tuple[Path, ...]

    def cell(self, chosen: ChosenReading, scenario: str) -> Cell:
        """The cell of a reading in a scenario."""
        return next(
            cell
            for cell in self.cells
            if (cell.bylaws, cell.reading, cell.scenario)
            == (chosen.bylaws.id, chosen.reading.id, scenario)
        )


def compared(run: Run, adoption: Mapping[str, float] | None = None) -> Comparison:
    """Every scenario of a run by every reading.

    `adoption` is how likely bylaws are to be adopted, by
    their id; for others it is what the case says of them, if anything.

    Raises:
        RequestError: a probability outside 0 to 1, or bylaws that the run has not.
    """
    first = run.simulations[0]
    base = next((made for made in run.simulations if made.name == AS_VOTED), first)
    cells = tuple(
        _cell(run, made, base, chosen) for made in run.simulations for chosen in run.readings
    )
    return Comparison(
        run=run,
        base=base,
        rule=run.main,
        cells=cells,
        paths=adoption_paths(run, dict(adoption or {})),
    )


def _cell(run: Run, made: Simulation, base: Simulation, chosen: ChosenReading) -> Cell:
    rule = run.rule(made, chosen)
    same = paired_with(made, base)
    return Cell(
        bylaws=rule.bylaws,
        reading=rule.reading,
        scenario=rule.scenario,
        estimate=rule.estimate,
        standing=rule.standing,
        because=rule.because,
        against_rule=_against(run, (made, chosen), (made, run.main), same=True),
        against_scenario=_against(run, (made, chosen), (base, chosen), same=same),
        paired=same,
        hinges=_hinges(run, made, chosen) if rule.standing == "open" else (),
        stakes={stake.name: expected(stake, rule) for stake in run.case.stakes},
    )


def _hinges(run: Run, made: Simulation, chosen: ChosenReading) -> tuple[str, ...]:
    standings = union_standings(run.case.electorate, made.facts, made.scenario)
    statuses = {union: standing.status for union, standing in standings.items()}
    if set(statuses.values()).isdisjoint({"approved", "rejected"}):
        return ()  # nobody is known to have voted: there is nothing yet to hinge on
    tree, round_id = run.case.electorate, run.forecast.round
    return hinges(chosen.reading, tree, statuses, round_id, made.scenario)


def _against(
    run: Run,
    one: tuple[Simulation, ChosenReading],
    other: tuple[Simulation, ChosenReading],
    *,
    same: bool,
) -> Difference | None:
    """How much more likely one cell is than another; None where they are one cell."""
    if (one[0].name, one[1].key) == (other[0].name, other[1].key):
        return None
    first, second = run.rule(*one), run.rule(*other)
    if not same:
        return unpaired(first.estimate, second.estimate)
    decided = "open" not in (first.standing, second.standing)
    return paired(holds(run, *one), holds(run, *other), one[0].worlds, decided=decided)
