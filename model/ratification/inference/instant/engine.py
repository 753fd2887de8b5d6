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
from ratification.inference.instant.resampling import equally_weighted
from ratification.inference.instant.weighing import Problem, Weighted, evaluate
from ratification.inference.numerics import stream
from ratification.inference.parameters import summarise_weighted
from ratification.inference.posterior import Diagnostics, Posterior
from ratification.inference.sharing import Share, alone
from ratification.inference.structure import Layout

TOP_UP = 1.15  # times the points that seem to be lacking
POOR = 0.1  # effective points a point: a proposal that has fewer is moved
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
    share: Share = alone,
) -> InstantFit:
    """The posterior of a layout; whoever shares the work, the same.

    `start` is the proposal of an earlier fit. It saves the way to where the posterior is, if that
    has as many shared parameters.

    Raises:
        ConvergenceError: the checks did not pass; NUTS can still answer.
    """
    problem = Problem(layout, share)
    refuse_too_large(problem)
    rng = stream(seed, "instant")
    if start is not None and len(start.mean) != problem.prior.dimension:
        start = None
    if problem.silent:
        proposal, count = Proposal.prior(problem.prior.dimension), effort.kept
    else:
        proposal, count = adapt(problem, effort, rng, start), effort.points
    lots, checks, failed, proposal = _enough(problem, effort, proposal, count, rng)
    draws = equally_weighted(problem, lots, effort.kept, rng)
    posterior = Posterior(
        layout=layout,
        draws=draws,
        diagnostics=Diagnostics(
            rhat_max=None,
            ess_min=checks.effective,
            divergences=0,
            target_accept=None,
            retried=failed,
            pareto_k=checks.pareto_k,
        ),
        seed=seed,
        parameters=summarise_weighted(draws, layout, checks.effective),
        engine="instant",
    )
    return InstantFit(posterior, proposal)


def _enough(
    problem: Problem, effort: Effort, proposal: Proposal, count: int, rng: np.random.Generator
) -> tuple[list[Weighted], Checks, bool, Proposal]:
    """Points that pass the checks, lot by lot; if any failed them; the proposal they come from.

    More points come from the same proposal, if that is good, so that their weights stay those of
    independent draws. Else it is moved, and what it was moved by does not count.

    Raises:
        ConvergenceError: they do not pass, as often as it was tried.
    """
    lots: list[Weighted] = []
    failed = False
    copies = problem.copies(effort.copies)
    for attempt in range(effort.retries + 1):
        points = proposal.points(count, rng)
        lots.append(evaluate(problem, points, proposal.log_density(points), copies, rng))
        checks = check(lots)
        if not checks.failures and checks.effective >= FEWEST:
            return lots, checks, failed, proposal
        copies = more_copies(problem, lots[-1], copies)
        most = effort.points * 2**attempt
        tried = sum(len(lot.points) for lot in lots)
        if checks.failures or checks.effective < POOR * tried:
            failed = True
            proposal, lots, count = nearer(problem, lots), [], tried
        else:
            lacking = FEWEST / checks.effective - 1.0
            count = int(np.clip(round(TOP_UP * tried * lacking), effort.points // 8, most))
    why = checks.failures or [f"{checks.effective:.0f} effective points (at least {FEWEST})"]
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
