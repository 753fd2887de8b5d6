"""From a case and a day to the arrays of a fit.

The structure (rounds, nodes, leaves) decides what must be compiled. The arrays can change without
compiling again: another day, other priors, other evidence on the same tree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.evidence import InForce
from ratification.case.known import Known, known
from ratification.case.priors import Normal, Priors
from ratification.case.rounds import Scenario
from ratification.inference.directions import direction_data
from ratification.inference.rosters import central_members
from ratification.inference.structure import Group, Layout, Structure
from ratification.inference.terms import likelihood_data, prior_data

MOST_LEAVES = 500  # above this, leaves without a report of their own are drawn forward


def fitted_rounds(case: Case, evidence: InForce, target: str) -> tuple[str, ...]:
    """Rounds of the target's chain from the first to the last with evidence; else the target."""
    chain = case.chain(target)
    reported = [index for index, name in enumerate(chain) if evidence.of_round(name)]
    return chain[reported[0] : reported[-1] + 1] if reported else (target,)


def build_layout(
    case: Case, evidence: InForce, target: str, scenario: Scenario | None = None
) -> Layout:
    """Arrays for the fit of a round, its chain of earlier rounds included.

    A scenario changes the fit only if its round has evidence of its own; else it is simulated.

    Raises:
        CaseError: the evidence in force cannot all be true.
    """
    rounds = fitted_rounds(case, evidence, target)
    facts = {name: known(evidence, name, case.electorate, case.id) for name in rounds}
    members = {name: central_members(case.electorate, facts[name]) for name in rounds}
    applies = scenario is not None and scenario.round in rounds
    structure = Structure(
        rounds=rounds,
        groups=tuple(
            _groups(case.electorate, facts, name, everyone=name == target) for name in rounds
        ),
        features=tuple(case.features),
        early_returns=applies and scenario is not None and scenario.returns == "published",
        composite=any(unit.decides in ("units", "all-units") for unit in case.electorate.units),
    )
    priors = _with_scenario(case.priors, scenario, rounds) if applies else case.priors
    layout = Layout(structure=structure, facts=facts, members=members, priors=priors)
    data = {
        **prior_data(priors),
        **likelihood_data(case, evidence, layout),
        **direction_data(layout, case.electorate.union_of_leaf),
    }
    return Layout(structure=structure, facts=facts, members=members, priors=priors, data=data)


def _with_scenario(priors: Priors, scenario: Scenario | None, rounds: Sequence[str]) -> Priors:
    """A scenario's swing replaces the swing since the round before, or moves a first round."""
    if scenario is None:
        return priors
    first = scenario.round == rounds[0]
    if scenario.swing is not None:
        if first:
            priors = replace(priors, mu=_plus(priors.mu, scenario.swing))
        else:
            priors = replace(priors, swing=scenario.swing)
    if scenario.turnout is not None:
        priors = replace(priors, nu=_plus(priors.nu, scenario.turnout))
    return priors


def _plus(prior: Normal, shift: Normal) -> Normal:
    return Normal(mean=prior.mean + shift.mean, sd=float(np.hypot(prior.sd, shift.sd)))


def _groups(
    electorate: Electorate, facts: Mapping[str, Known], round_id: str, *, everyone: bool
) -> tuple[Group, ...]:
    """The leaves of one round that are sampled.

    The target round has all of its leaves, up to MOST_LEAVES; earlier rounds, and larger trees,
    only those that something is said about. In a larger tree, siblings that no report tells apart
    are sampled as one.
    """
    said = _scopes(electorate, facts[round_id])
    large = len(electorate.leaves) > MOST_LEAVES
    if everyone and not large:
        return tuple(
            Group((index,), electorate.paths[leaf]) for leaf, index in electorate.leaf_index.items()
        )
    together: dict[tuple[object, ...], list[int]] = {}
    every = [scope for known_ in facts.values() for scope in _scopes(electorate, known_)]
    for leaf, index in electorate.leaf_index.items():
        if not any(index in scope for scope in said):
            continue
        signature = tuple(position for position, scope in enumerate(every) if index in scope)
        apart: object = signature if large else index
        together.setdefault((electorate.by_id[leaf].parent, apart), []).append(index)
    if everyone and not together and len(facts) == 1:
        deepest = max(electorate.leaves, key=lambda leaf: len(electorate.paths[leaf]))
        together[None,] = [electorate.leaf_index[deepest]]  # nothing is reported: the prior
    return tuple(_group(electorate, leaves) for leaves in together.values())


def _group(electorate: Electorate, leaves: Sequence[int]) -> Group:
    path = electorate.paths[electorate.leaves[leaves[0]]]
    own = path[-1] if len(leaves) == 1 else f"{path[-1]}+{len(leaves) - 1}"
    return Group(tuple(leaves), (*path[:-1], own))


def _scopes(electorate: Electorate, facts: Known) -> list[frozenset[int]]:
    scopes = sorted(facts.scopes, key=sorted)
    for entry in facts.approvals:
        scopes += [electorate.leaves_under[unit] for unit in entry.units]
    return scopes
