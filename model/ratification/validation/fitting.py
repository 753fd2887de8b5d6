"""Fits for checks of the model: not kept, by the engine asked for."""

from dataclasses import replace
from functools import cache

from ratification.errors import ConvergenceError
from ratification.inference.fit import DEFAULT_SAMPLER, Engine, Sampler
from ratification.inference.instant.adapting import DEFAULT_EFFORT, Effort
from ratification.inference.instant.engine import fit as instant_fit
from ratification.inference.posterior import EngineChoice, Posterior
from ratification.inference.structure import Layout


def fitted(
    layout: Layout,
    seed: int,
    engine: EngineChoice,
    *,
    effort: Effort = DEFAULT_EFFORT,
    sampler: Sampler = DEFAULT_SAMPLER,
) -> Posterior:
    """The posterior of a layout.

    Raises:
        ConvergenceError: the fit did not converge.
    """
    if engine == "nuts":
        return _nuts().fit(layout, seed, sampler=sampler).posterior
    try:
        return instant_fit(layout, seed, effort=effort).posterior
    except ConvergenceError as error:
        if engine == "instant":
            raise
        posterior = _nuts().fit(layout, seed, sampler=sampler).posterior
        noted = replace(posterior.diagnostics, handed_over=str(error))
        return replace(posterior, diagnostics=noted)


@cache
def _nuts() -> Engine:
    """One a process, so that what it compiles is kept from one fit to the next."""
    return Engine()
