"""Everything that tells whether a model's settings suit a vote, as plain values."""

from dataclasses import dataclass

import numpy as np

from ratification.answers.estimates import Spread, spread
from ratification.answers.replication import Replicated, replicate
from ratification.answers.run import Run
from ratification.case.beliefs import Belief, beliefs
from ratification.inference.parameters import parameters_of, prior_of
from ratification.inference.posterior import Posterior
from ratification.inference.terms import ROW_KINDS
from ratification.validation.left_out import LeftOut
from ratification.validation.power_scaling import PowerScaled


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What a run says of unions taken together: all of all simulated votes, and their number."""

    yes_share: Spread
    turnout: Spread
    approving: Spread


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """A run, the same before any report, and every check of its model; of its first scenario.

    `power` is None, and `untold` says why, where the reports tie too much together. `left_out` is
    None where it was not asked for.
    """

    run: Run
    before: Run
    beliefs: tuple[Belief, ...]
    replicated: tuple[Replicated, ...]
    power: PowerScaled | None
    untold: str
    left_out: tuple[LeftOut, ...] | None


def predicted(run: Run) -> Predicted:
    """Over unions and simulated votes of the first scenario."""
    worlds = run.simulations[0].worlds
    voted = worlds.ballots > 0
    return Predicted(
        yes_share=spread(worlds.yes[voted] / worlds.ballots[voted]),
        turnout=spread(worlds.ballots[voted] / np.maximum(worlds.members[voted], 1)),
        approving=spread(worlds.approves.sum(axis=1)),
    )


def beliefs_in_play(posterior: Posterior) -> tuple[Belief, ...]:
    """What the priors say that the model of these draws has: no swing of a first vote."""
    layout = posterior.layout
    names = {
        prior_of(name)
        for name, _, variable, *_ in parameters_of(layout)
        if variable in posterior.draws
    }
    if layout.data["sizes"][ROW_KINDS.index("poll")]:
        names.add("poll_bias")
    return tuple(belief for belief in beliefs(layout.priors) if belief.prior in names)


def replicated(run: Run) -> tuple[Replicated, ...]:
    """Each figure reported about the run's round, beside the same one simulated."""
    simulation, round_id = run.simulations[0], run.facts.round
    if round_id not in simulation.posterior.layout.members:
        return ()
    reports = run.evidence.of_round(round_id)
    return replicate(run.case, simulation.posterior, round_id, reports, everything=True)
