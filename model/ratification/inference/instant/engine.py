"""The fit: proposals that adapt, weighted points, checks, and equally weighted draws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ratification.errors import ConvergenceError
from ratification.inference.instant.approvals import Approvals, chosen, convolved, numbers_by_block
from ratification.inference.instant.blocks import batches, find_blocks
from ratification.inference.instant.draws import Draws, draw
from ratification.inference.instant.globals import Shared, SharedPrior
from ratification.inference.instant.proposal import Proposal
from ratification.inference.numerics import pareto_k, stream
from ratification.inference.parameters import summarise_weighted
from ratification.inference.posterior import Diagnostics, Posterior
from ratification.inference.structure import Layout

Array = np.ndarray


PARETO_LIMIT = 0.7  # Vehtari et al. 2024
FEWEST = 400  # effective points, as of NUTS draws
SETTLING, SETTLED = 8.0, 20.0  # effective points a dimension, while adapting and in the end
NOISE = 0.2  # relative variance of the estimated likelihood that a batch may add
MOST_TIMES, MOST_COPIES = 8, 64
LOST_LIMIT = 0.02  # of draws that could not be straightened
CHAINS = 4  # the draws are laid out as so many chains
MOST_ROWS = 150  # of one block: beyond it NUTS is no slower


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much work a fit is worth, and how often it is doubled where that will not do."""

    points: int = 2048
    copies: int = 4
    adapting: int = 256  # points of a round
    rounds: int = 12  # at most
    kept: int = 4000  # draws
    retries: int = 2

    def doubled(self) -> "Effort":
        """Twice the points."""
        return replace(self, points=2 * self.points, adapting=2 * self.adapting)


DEFAULT_EFFORT = Effort()


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
    copies = [effort.copies] * len(problem.batches)
    if problem.silent:
        proposal = Proposal.prior(problem.prior.dimension)
    else:
        proposal = adapt(problem, effort, rng, start, [1] * len(copies))
    for attempt in range(effort.retries + 1):
        points = proposal.points(effort.points, rng)
        found = evaluate(problem, points, proposal.log_density(points), copies, rng)
        checks = check(found)
        if not checks.failures or attempt == effort.retries:
            break
        effort = effort.doubled()
        copies = more_copies(problem, found, copies)
        weights, _ = tempered(
            found.log_ratio, found.log_likelihood, SETTLING * problem.prior.dimension
        )
        near = Proposal.around(points, weights)
        proposal = adapt(problem, effort, rng, near, [each // effort.copies for each in copies])
    if checks.failures:
        raise ConvergenceError(f"the instant engine cannot answer: {'; '.join(checks.failures)}")
    draws = equally_weighted(problem, found, effort.kept, rng)
    diagnostics = Diagnostics(
        rhat_max=None,
        ess_min=checks.effective,
        divergences=0,
        target_accept=None,
        retried=attempt > 0,
        pareto_k=checks.pareto_k,
    )
    parameters = summarise_weighted(draws, layout, checks.effective)
    posterior = Posterior(
        layout=layout,
        draws=draws,
        diagnostics=diagnostics,
        seed=seed,
        parameters=parameters,
        engine="instant",
    )
    return InstantFit(posterior, proposal)


def refuse_too_large(problem: "Problem") -> None:
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


class Problem:
    """A layout, ready to be evaluated at points."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.prior = SharedPrior(layout.structure, layout.priors)
        self.blocks = find_blocks(layout.structure, layout.data)
        bias = layout.priors.poll_bias.sd
        self.batches = list(batches(layout.structure, layout.data, bias, self.blocks))
        self.approvals = Approvals(layout, self.blocks)
        self.silent = not self.approvals.terms and not any(batch.said for batch in self.batches)


@dataclass(frozen=True)
class Weighted:
    """Points with draws of every block, and what each is worth."""

    points: Array
    shared: Shared
    draws: tuple[Draws, ...]  # by batch
    of_block: dict[int, tuple[int, int]]  # batch and place in it, of a block
    local: dict[int, Array]  # log weights of a block's copies: (point, copy)
    laws: tuple[dict[int, Array], ...]  # by crossing term and block: (point, copy, number)
    log_likelihood: Array  # of all reports, by point
    log_ratio: Array  # of prior to proposal, by point

    @property
    def log_weights(self) -> Array:
        """What the points are worth."""
        return self.log_likelihood + self.log_ratio


def evaluate(
    problem: Problem,
    points: Array,
    log_density: Array,
    copies: Sequence[int],
    rng: np.random.Generator,
) -> Weighted:
    """Draw every block at every point, so many copies by batch, and weigh the points."""
    shared = problem.prior.shared(points)
    draws = tuple(
        draw(batch, shared, each, rng) for batch, each in zip(problem.batches, copies, strict=True)
    )
    of_block = {
        block: (b, i) for b, batch in enumerate(problem.batches) for i, block in enumerate(batch.blocks)
    }
    local = {block: draws[b].log_weights[i] for block, (b, i) in of_block.items()}

    def logits(block: int) -> Array:
        b, i = of_block[block]
        return draws[b].logits[i]

    approvals = problem.approvals
    for term in approvals.local:
        block = next(iter(term.units))
        local[block] = local[block] + term.log_inside(approvals.law(term, block, logits(block)))
    laws = tuple(
        {block: approvals.law(term, block, logits(block)) for block in term.units}
        for term in approvals.crossing
    )
    log_likelihood = sum((log_mean(weights) for weights in local.values()), np.zeros(len(points)))
    for term, by_block in zip(approvals.crossing[:1], laws[:1], strict=True):
        law = np.ones((len(points), 1))
        for block, each in by_block.items():
            law = convolved(law, averaged(local[block], each))
        log_likelihood = log_likelihood + term.log_inside(law)
    log_ratio = -0.5 * np.square(points).sum(axis=1) - log_density
    return Weighted(points, shared, draws, of_block, local, laws, log_likelihood, log_ratio)


def averaged(
    log_weights: Float[np.ndarray, "point copy"], law: Float[np.ndarray, "point copy number"]
) -> Float[np.ndarray, "point number"]:
    """A law averaged over the copies of a point, by weight."""
    share = copy_shares(log_weights)
    return np.asarray((share[..., None] * law).sum(axis=1))


def copy_shares(log_weights: Float[np.ndarray, "point copy"]) -> Float[np.ndarray, "point copy"]:
    """Weights of the copies of each point, which sum to one."""
    top = log_weights.max(axis=1, keepdims=True)
    share = np.exp(log_weights - np.where(np.isfinite(top), top, 0.0))
    total = share.sum(axis=1, keepdims=True)
    return np.where(total > 0, share / np.where(total > 0, total, 1.0), 1.0 / share.shape[1])


def log_mean(log_weights: Float[np.ndarray, "point copy"]) -> Float[np.ndarray, " point"]:
    """Log of the mean weight of the copies of each point."""
    top = log_weights.max(axis=1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(log_weights - safe[:, None]).mean(axis=1)) + safe)


def adapt(
    problem: Problem,
    effort: Effort,
    rng: np.random.Generator,
    start: Proposal | None,
    copies: Sequence[int],
) -> Proposal:
    """A proposal round what is likely, from rounds of points that all count (Cornuet 2012).

    It goes on until the points are worth enough to tell how the parameters vary together.
    """
    dimension = problem.prior.dimension
    warm = start is not None and len(start.mean) == dimension
    proposals = [start if warm and start else Proposal.prior(dimension)]
    every, likelihood = np.zeros((0, dimension)), np.zeros(0)
    for _ in range(effort.rounds):
        new = proposals[-1].points(effort.adapting, rng)
        density = proposals[-1].log_density(new)
        found = evaluate(problem, new, density, copies, rng)
        every = np.concatenate([every, new])
        likelihood = np.concatenate([likelihood, found.log_likelihood])
        mixture = np.logaddexp.reduce([p.log_density(every) for p in proposals])
        log_ratio = -0.5 * np.square(every).sum(axis=1) - mixture
        weights, power = tempered(log_ratio, likelihood, SETTLING * dimension)
        proposals.append(Proposal.around(every, weights))
        if power == 1.0 and effective(weights) >= SETTLED * dimension:
            break
    return proposals[-1]


def more_copies(problem: Problem, found: Weighted, copies: Sequence[int]) -> list[int]:
    """More copies of those blocks whose reports are worth the least certain amount."""
    log_weights = found.log_weights
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    more = []
    for batch, each in zip(problem.batches, copies, strict=True):
        noise = 0.0
        for block in batch.blocks:
            share = copy_shares(found.local[block]) * each
            noise += float(weights @ share.var(axis=1, ddof=1)) / each
        times = int(np.clip(np.ceil(noise / NOISE), 1, MOST_TIMES))
        more.append(min(each * times, MOST_COPIES))
    return more


def tempered(log_ratio: Array, log_likelihood: Array, enough: float) -> tuple[Array, float]:
    """Weights with as much of the likelihood as leaves enough effective points, and how much."""
    usable = np.where(np.isfinite(log_likelihood), log_likelihood, -1e10)

    def weights(power: float) -> Array:
        log = log_ratio + power * usable
        return np.exp(log - log.max())

    if effective(weights(1.0)) >= enough:
        return weights(1.0), 1.0
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(weights(middle)) >= enough else (low, middle)
    return weights(low), low


def effective(weights: Array) -> float:
    """Effective number of weighted points. Kong 1992."""
    total = weights.sum()
    return float(total**2 / np.square(weights).sum()) if total > 0 else 0.0


@dataclass(frozen=True)
class Checks:
    """Whether weighted points can stand for the posterior."""

    effective: float
    pareto_k: float
    failures: tuple[str, ...]


def check(found: Weighted) -> Checks:
    """Effective points; Pareto k of the points, and of each block as if drawn once; lost draws."""
    log_weights = found.log_weights
    if not np.isfinite(log_weights).any():
        return Checks(0.0, np.inf, ("no draw agrees with the reports",))
    weights = np.exp(log_weights - log_weights.max())
    enough = effective(weights)
    shape = pareto_k(log_weights)
    lost = 0.0
    for log_local in found.local.values():
        share = copy_shares(log_local)
        lost = max(lost, float(weights @ (share == 0).mean(axis=1) / weights.sum()))
        with np.errstate(divide="ignore"):
            once = log_weights[:, None] + np.log(share * share.shape[1])
        shape = max(shape, pareto_k(once.ravel()))
    failures = []
    if not enough >= FEWEST:
        failures.append(f"{enough:.0f} effective points (at least {FEWEST})")
    if not shape <= PARETO_LIMIT:
        failures.append(f"Pareto k {shape:.2f} (at most {PARETO_LIMIT})")
    if not lost <= LOST_LIMIT:
        failures.append(f"{lost:.1%} of draws lost (at most {LOST_LIMIT:.0%})")
    return Checks(enough, shape, tuple(failures))


def equally_weighted(
    problem: Problem, found: Weighted, count: int, rng: np.random.Generator
) -> dict[str, Float[np.ndarray, "chain draw ..."]]:
    """Draws of every parameter, by systematic resampling; draws of one point lie together."""
    log_weights = found.log_weights
    order = rng.permutation(len(log_weights))
    weights = np.exp(log_weights - log_weights.max())[order]
    at = order[systematic(weights, count, rng)]
    picks = copies_of(problem, found, at, rng)
    for term, laws in zip(problem.approvals.crossing[1:], found.laws[1:], strict=True):
        law = np.ones((count, 1))
        for block, each in laws.items():
            law = convolved(law, each[at, picks[block]])
        kept = systematic(np.exp(term.log_inside(law)), count, rng)
        at, picks = at[kept], {block: pick[kept] for block, pick in picks.items()}
    return laid_out(problem, found, at, picks)


def systematic(weights: Array, count: int, rng: np.random.Generator) -> Array:
    """Positions in proportion to weights, evenly. Kitagawa 1996."""
    below = np.cumsum(weights / weights.sum())
    return np.searchsorted(below, (np.arange(count) + rng.random()) / count).clip(0, len(weights) - 1)


def copies_of(
    problem: Problem, found: Weighted, at: Array, rng: np.random.Generator
) -> dict[int, Array]:
    """Which copy of each block goes with each draw: by weight, and as approvals ask."""
    shares = {block: copy_shares(local)[at] for block, local in found.local.items()}
    for term, laws in zip(problem.approvals.crossing[:1], found.laws[:1], strict=True):
        by_block = [averaged(found.local[block], law)[at] for block, law in laws.items()]
        numbers = numbers_by_block(by_block, term, rng.random((len(at), len(laws) + 1)))
        for (block, law), number in zip(laws.items(), numbers, strict=True):
            chance = np.take_along_axis(law[at], number[:, None, None], axis=2)[..., 0]
            shares[block] = shares[block] * chance
    return {block: chosen(share, rng.random(len(at))) for block, share in shares.items()}


def laid_out(
    problem: Problem, found: Weighted, at: Array, picks: dict[int, Array]
) -> dict[str, Array]:
    """Arrays as NUTS draws have them: (chain, draw, ...), in order of the draws."""
    structure = problem.layout.structure
    nodes, again = len(structure.nodes), len(structure.repeated)
    parts = {name: np.zeros((len(at), nodes)) for name in ("z", "z_turnout")}
    if again:
        parts |= {name: np.zeros((len(at), again)) for name in ("lasting", "lasting_turnout")}
    for block, (b, i) in found.of_block.items():
        tree = problem.batches[b].tree
        effects = found.draws[b].effects[i, at, picks[block]]
        own, lasting = tree.nodes[i], tree.repeated[i]
        ends = np.cumsum([len(own), len(own), len(lasting)])
        z, z_turnout, kept, kept_turnout = np.split(effects, ends, axis=1)
        parts["z"][:, own], parts["z_turnout"][:, own] = z, z_turnout
        if again:
            parts["lasting"][:, lasting] = kept
            parts["lasting_turnout"][:, lasting] = kept_turnout
    names = ["mu", "nu", "tau", "tau_turnout", "correlation"]
    names += ["swing"] if len(structure.rounds) > 1 else []
    names += ["persistence"] if again else []
    names += ["beta"] if structure.features else []
    names += ["kappa"] if structure.early_returns else []
    parts |= {name: getattr(found.shared, name)[at] for name in names}
    return {
        name: values.reshape(CHAINS, len(at) // CHAINS, *values.shape[1:])
        for name, values in parts.items()
    }
