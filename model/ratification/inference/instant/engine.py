"""The fit: a proposal that adapts, weighted points, checks, and draws as NUTS has them."""

from dataclasses import dataclass

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
    """The posterior of a layout. `start` is the proposal of an earlier fit of the same structure.

    Raises:
        ConvergenceError: the checks did not pass; NUTS can still answer.
    """
    problem = Problem(layout)
    refuse_too_large(problem)
    rng = stream(seed, "instant")
    copies = problem.copies(effort.copies)
    if problem.silent:
        proposal = Proposal.prior(problem.prior.dimension)
    else:
        proposal = adapt(problem, effort, rng, start)
    attempts: list[tuple[Weighted, Checks]] = []
    for attempt in range(effort.retries + 1):
        points = proposal.points(effort.points * 2 ** max(attempt - 1, 0), rng)
        found = evaluate(problem, points, proposal.log_density(points), copies, rng)
        checks = check(found)
        if not checks.failures:
            attempts.append((found, checks))
        enough = sum(each.effective for _, each in attempts)
        if enough >= FEWEST:
            break
        copies = more_copies(problem, found, copies)
        proposal = nearer(problem, found)
    else:
        why = checks.failures or [f"{enough:.0f} effective points (at least {FEWEST})"]
        raise ConvergenceError(f"the instant engine cannot answer: {'; '.join(why)}")
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
            retried=attempt > 0,
            pareto_k=max(each.pareto_k for _, each in attempts),
        ),
        seed=seed,
        parameters=summarise_weighted(draws, layout, enough),
        engine="instant",
    )
    return InstantFit(posterior, proposal)


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
