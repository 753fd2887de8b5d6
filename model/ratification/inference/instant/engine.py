"""The fit: a proposal that adapts, weighted points, checks, and draws as NUTS has them."""

from dataclasses import dataclass

import numpy as np

from ratification.errors import ConvergenceError
from ratification.inference.instant.adapting import (
    DEFAULT_EFFORT,
    Effort,
    adapt,
    more_copies,
    nearer,
)
from ratification.inference.instant.checking import FEWEST, Checks, check
from ratification.inference.instant.proposal import Proposal
from ratification.inference.instant.resampling import equally_weighted, together, whole_chains
from ratification.inference.instant.weighing import Problem, Weighted, evaluate
from ratification.inference.numerics import stream
from ratification.inference.parameters import summarise_weighted
from ratification.inference.posterior import Diagnostics, Posterior
from ratification.inference.structure import Layout

TOP_UP = 1.3  # times the points that seem to be lacking
MOST_ROWS = 150  # of one block: beyond it NUTS is no slower


@dataclass(frozen=True)
class InstantFit:
    """A posterior, and the proposal from which the next fit can start."""

    posterior: Posterior
    proposal: Proposal


def fit(
    layout: Layout,
    seed: int,
    *,
    effort: Effort = DEFAULT_EFFORT,
    start: Proposal | None = None,
) -> InstantFit:
    """The posterior of a layout.

    `start` is the proposal of an earlier fit. It saves the way to where the posterior is, if that
    has as many shared parameters.

    Raises:
        ConvergenceError: the checks did not pass; NUTS can still answer.
    """
    problem = Problem(layout)
    refuse_too_large(problem)
    rng = stream(seed, "instant")
    if start is not None and len(start.mean) != problem.prior.dimension:
        start = None
    if problem.silent:
        proposal = Proposal.prior(problem.prior.dimension)
    else:
        proposal = adapt(problem, effort, rng, start)
    attempts, tried, proposal = _enough(problem, effort, proposal, rng)
    enough = sum(each.effective for _, each in attempts)
    draws = together(
        [
            equally_weighted(
                problem, found, whole_chains(effort.kept * each.effective / enough), rng
            )
            for found, each in attempts
        ]
    )
    posterior = Posterior(
        layout=layout,
        draws=draws,
        diagnostics=Diagnostics(
            rhat_max=None,
            ess_min=enough,
            divergences=0,
            target_accept=None,
            retried=tried > 1,
            pareto_k=max(each.pareto_k for _, each in attempts),
        ),
        seed=seed,
        parameters=summarise_weighted(draws, layout, enough),
        engine="instant",
    )
    return InstantFit(posterior, proposal)


def _enough(
    problem: Problem, effort: Effort, proposal: Proposal, rng: np.random.Generator
) -> tuple[list[tuple[Weighted, Checks]], int, Proposal]:
    """Points that pass the checks and are worth enough together; after how many tries; from where.

    Raises:
        ConvergenceError: none are, as often as it was tried.
    """
    passed: list[tuple[Weighted, Checks]] = []
    copies = problem.copies(effort.copies)
    enough, count = 0.0, effort.points
    for attempt in range(effort.retries + 1):
        points = proposal.points(count, rng)
        found = evaluate(problem, points, proposal.log_density(points), copies, rng)
        checks = check(found)
        if checks.failures:
            count = effort.points * 2**attempt
        else:
            passed.append((found, checks))
            enough += checks.effective
            if enough >= FEWEST:
                return passed, attempt + 1, proposal
            lacking = count * (FEWEST - enough) / checks.effective
            count = max(effort.points // 4, round(TOP_UP * lacking))
        copies = more_copies(problem, found, copies)
        proposal = nearer(problem, found)
    why = checks.failures or [f"{enough:.0f} effective points (at least {FEWEST})"]
    raise ConvergenceError(f"the instant engine cannot answer: {'; '.join(why)}")


def refuse_too_large(problem: Problem) -> None:
    """Refuse before fitting what would take longer than NUTS.

    Raises:
        ConvergenceError: reports tie too much together.
    """
    rows = max((batch.links.rows for batch in problem.batches), default=0)
    if rows > MOST_ROWS:
        raise ConvergenceError(
            f"the instant engine does not take {rows} numbers that reports tie together "
            f"(at most {MOST_ROWS})"
        )
