"""How likely the reports are at each draw of the shared parameters, whatever units' effects are.

The other half of a posterior of the shared parameters: prior times this likelihood. Of draws of
either engine. It is estimated with the engine's copies, whose mean weight is without bias.
"""

from collections.abc import Mapping

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.approvals import convolved
from ratification.inference.instant.engine import refuse_too_large
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.weighing import Drawn, Problem, averaged, draw_blocks
from ratification.inference.numerics import stream
from ratification.inference.posterior import Posterior

Array = np.ndarray
COPIES = 6  # of a block: nothing averages over the points here


def integrated_log_likelihood(posterior: Posterior) -> Float[np.ndarray, " draw"]:
    """Log likelihood of all reports at every draw, chains interleaved, up to a constant.

    Where several reports of numbers approving each are about several blocks of unions, all but
    the first are taken as independent of each other given the shared parameters.

    Raises:
        ConvergenceError: reports tie too much together for the instant engine.
    """
    problem = Problem(posterior.layout)
    refuse_too_large(problem)
    draws = {name: posterior.flat(name) for name in posterior.draws}
    first, of_draw = _different(draws)
    shared = _shared({name: values[first] for name, values in draws.items()})
    rng = stream(posterior.seed, "integrated likelihood")
    drawn = draw_blocks(problem, shared, problem.copies(COPIES), rng)
    return np.asarray((drawn.log_likelihood + _further_numbers(problem, drawn))[of_draw])


def _different(draws: Mapping[str, Array]) -> tuple[Array, Array]:
    """Where each different point first stands, and which one each draw is.

    The instant engine's draws repeat points.
    """
    names = ("mu", "nu", "tau", "tau_turnout", "correlation")
    columns = [draws[name].reshape(len(draws["mu"]), -1) for name in names]
    _, first, of_draw = np.unique(
        np.concatenate(columns, axis=1), axis=0, return_index=True, return_inverse=True
    )
    return first, of_draw.reshape(-1)


def _shared(draws: Mapping[str, Array]) -> Shared:
    """The shared parameters; those that the structure lacks have no effect."""
    count = len(draws["mu"])
    nothing, none = np.zeros(count), np.zeros((count, 0))
    return Shared(
        mu=draws["mu"],
        swing=draws.get("swing", none),
        nu=draws["nu"],
        tau=draws["tau"],
        tau_turnout=draws["tau_turnout"],
        correlation=draws["correlation"],
        persistence=draws.get("persistence", nothing),
        beta=draws.get("beta", none),
        kappa=draws.get("kappa", nothing),
    )


def _further_numbers(problem: Problem, drawn: Drawn) -> Array:
    total = np.zeros(len(drawn.shared))
    for term, laws in zip(problem.approvals.crossing[1:], drawn.laws[1:], strict=True):
        law = np.ones((len(drawn.shared), 1))
        for block, each in laws.items():
            law = convolved(law, averaged(drawn.local[block], each))
        total += term.log_inside(law)
    return total
