"""What calibration looks at: each quantity's truth in a replica, and its draws in a posterior."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ratification.case.known import known
from ratification.case.unitsets import leaves_in
from ratification.inference.numerics import expit
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import Worlds
from ratification.validation.contradicting import contradicted, leaning
from ratification.validation.ranking import share
from ratification.validation.replicating import Replica
from ratification.validation.simulating import LEVELS, swing_name

Pair = tuple[float, np.ndarray]  # a truth, and its draws


def parameter_pairs(
    real: Mapping[str, float], rounds: Sequence[str], posterior: Posterior
) -> dict[str, Pair]:
    """Shared parameters that were sampled; `rounds` are those that `real` numbers."""
    structure = posterior.layout.structure
    first = rounds.index(structure.rounds[0])
    found = {"mu": (real["mu"], posterior.flat("mu"))}
    for at, name in enumerate(structure.rounds):
        label = "nu" if at == len(structure.rounds) - 1 else f"nu, {name}"
        found[label] = (real[f"nu {first + at}"], posterior.flat("nu")[:, at])
    found["correlation"] = (real["correlation"], posterior.flat("correlation"))
    for name in ("tau", "tau_turnout"):
        for at, level in enumerate(LEVELS[: structure.depth]):
            found[f"{name}_{level}"] = (real[f"{name}_{level}"], posterior.flat(name)[:, at])
    for step in range(1, len(structure.rounds)):
        name = swing_name(first + step)
        found[name] = (real[name], posterior.flat("swing")[:, step - 1])
    if structure.repeated:
        found["persistence"] = (real["persistence"], posterior.flat("persistence"))
    for at, feature in enumerate(structure.features):
        found[f"beta, {feature}"] = (real[f"beta, {feature}"], posterior.flat("beta")[:, at])
    if structure.early_returns:
        found["kappa"] = (real["kappa"], posterior.flat("kappa"))
    return found


def quantity_pairs(
    replica: Replica, posterior: Posterior, worlds: Worlds, rng: np.random.Generator
) -> dict[str, Pair]:
    """Every quantity by name: parameters, the coalition, units drawn at random, the reports."""
    found = parameter_pairs(replica.parameters, replica.rounds, posterior)
    found |= coalition_pairs(replica, worlds)
    found |= dict(_unions(replica, worlds, rng))
    found |= dict(_leaves(replica, worlds, rng))
    return found | dict(_reports(replica, worlds, rng))


def coalition_pairs(replica: Replica, worlds: Worlds) -> dict[str, Pair]:
    """Numbers of unions, and shares of all members and ballots."""
    real = replica.results
    held = [np.where(of.approves, of.members, 0) for of in (real, worlds)]
    return {
        "approving unions": (float(real.approves.sum()), worlds.approves.sum(axis=1)),
        "members of approving unions": (
            _of_all(held[0], real.members)[0],
            _of_all(held[1], worlds.members),
        ),
        "yes of all ballots": (
            _of_all(real.yes, real.ballots)[0],
            _of_all(worlds.yes, worlds.ballots),
        ),
        "turnout of all": (
            _of_all(real.ballots, real.members)[0],
            _of_all(worlds.ballots, worlds.members),
        ),
    }


def _of_all(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A share of the whole coalition, in every world."""
    return share(part.sum(axis=1), whole.sum(axis=1))


def _unions(
    replica: Replica, worlds: Worlds, rng: np.random.Generator
) -> Iterator[tuple[str, Pair]]:
    """A union that is not counted, drawn at random: its yes share, and whether it approves."""
    tree, real = replica.case.electorate, replica.results
    still_open = set(open_leaves(replica))
    unions = [u for u, name in enumerate(tree.unions) if tree.leaves_under[name] & still_open]
    if not unions:
        return
    u = int(rng.choice(unions))
    drawn = share(worlds.yes[:, u], worlds.ballots[:, u])
    yield "yes share, an open union", (float(share(real.yes[0, u], real.ballots[0, u])), drawn)
    yield "an open union approves", (float(real.approves[0, u]), worlds.approves[:, u])


def _leaves(
    replica: Replica, worlds: Worlds, rng: np.random.Generator
) -> Iterator[tuple[str, Pair]]:
    """Leaves that are not counted: one at random, and one for each thing said of some."""
    still_open = open_leaves(replica)
    if not still_open:
        return
    leaf = int(rng.choice(still_open))
    members = worlds.leaf_members[:, leaf]
    cast = float(share(replica.votes.ballots[leaf], replica.members[leaf]))
    yield "yes share, an open leaf", leaf_share(replica, worlds, leaf)
    yield "turnout, an open leaf", (cast, share(worlds.leaf_ballots[:, leaf], members))
    for told in sorted({replica.told[leaf] for leaf in still_open}):
        own = [leaf for leaf in still_open if replica.told[leaf] == told]
        yield f"yes share, told: {told}", leaf_share(replica, worlds, int(rng.choice(own)))


def leaf_share(replica: Replica, worlds: Worlds, leaf: int) -> Pair:
    """A leaf's yes share."""
    votes = replica.votes
    drawn = share(worlds.leaf_yes[:, leaf], worlds.leaf_ballots[:, leaf])
    return float(share(votes.yes[leaf], votes.ballots[leaf])), drawn


def open_leaves(replica: Replica) -> list[int]:
    """Leaves without a complete count."""
    tree = replica.case.electorate
    counted = known(replica.case.evidence(), replica.round, tree).counted
    return [leaf for leaf in range(len(tree.leaves)) if leaf not in counted]


def _reports(
    replica: Replica, worlds: Worlds, rng: np.random.Generator
) -> Iterator[tuple[str, Pair]]:
    """How truth and draws go with the reports: nothing else shows that one was left out."""
    tree, votes = replica.case.electorate, replica.votes
    reports = replica.case.evidence().of_round(replica.round)
    if not reports:
        return
    real = (replica.members[None], votes.yes[None], votes.ballots[None])
    drawn = (worlds.leaf_members, worlds.leaf_yes, worlds.leaf_ballots)
    none = float(contradicted(reports, tree, *real)[0])
    yield "reports contradicted", (none, contradicted(reports, tree, *drawn))
    centre = float(expit(np.array([replica.case.priors.mu.mean]))[0])
    sides = [(report, leaning(report, centre)) for report in reports]
    for kind in sorted({report.kind for report, side in sides if side}):
        said = [(report, side) for report, side in sides if side and report.kind == kind]
        report, side = said[int(rng.integers(len(said)))]
        leaves = sorted(leaves_in(report.units, tree))
        there, draws = (
            share(yes[:, leaves].sum(axis=1), ballots[:, leaves].sum(axis=1))
            for yes, ballots in (real[1:], drawn[1:])
        )
        yield f"yes share, the way of: {kind}", (side * float(there[0]), side * draws)
