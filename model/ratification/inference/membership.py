"""Worlds of another coalition: units that cast no ballots, unions that left or joined.

All of it acts on drawn results, without a new fit. Who abstains takes away ballots of which no
report speaks. A union that leaves still voted, and only the rule stops counting it. Of one that
joins no report speaks either: its effects are new draws from the fitted population.
"""

from dataclasses import replace

import numpy as np

from ratification.case.case import Case
from ratification.case.coalition import abstaining_leaves
from ratification.case.electorate import Electorate
from ratification.case.rounds import Joining, Scenario
from ratification.inference.approving import approved, unit_total
from ratification.inference.field import Field, FieldMaker
from ratification.inference.numerics import expit, stream
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import BLOCK, Worlds, block_stream


def in_scenario(
    worlds: Worlds, case: Case, posterior: Posterior, round_id: str, scenario: Scenario | None
) -> Worlds:
    """Drawn worlds of a round as a scenario's coalition has them; others are as they were.

    Joining unions are the last columns. A union that left, or none of whose members vote, is
    marked as abstaining and approves nowhere.
    """
    if scenario is None:
        return worlds
    silent = abstaining_leaves(case.electorate, scenario)
    if silent:
        worlds = _silenced(worlds, case.electorate, silent)
    if scenario.leaving:
        worlds = _without(worlds, [case.electorate.unions.index(u) for u in scenario.leaving])
    if scenario.joining:
        worlds = _with(worlds, case, posterior, round_id, scenario)
    return worlds


def _silenced(worlds: Worlds, tree: Electorate, silent: frozenset[int]) -> Worlds:
    """The same worlds without the ballots of some leaves; who approves is decided by the rest."""
    leaf_ballots, leaf_yes = worlds.leaf_ballots.copy(), worlds.leaf_yes.copy()
    for values in (leaf_ballots, leaf_yes):
        values[:, sorted(silent)] = 0
    ballots, yes, approves = worlds.ballots.copy("F"), worlds.yes.copy("F"), worlds.approves.copy()
    abstains = worlds.abstains.copy()
    for position, union in enumerate(tree.unions):
        leaves = tree.leaves_under[union]
        if leaves & silent:
            ballots[:, position] = unit_total(tree, union, leaf_ballots)
            yes[:, position] = unit_total(tree, union, leaf_yes)
            approves[:, position] = approved(tree, union, leaf_yes, leaf_ballots)
            abstains[position] |= leaves <= silent
    return replace(
        worlds,
        ballots=ballots,
        yes=yes,
        approves=np.asfortranarray(approves),
        abstains=abstains,
        leaf_ballots=leaf_ballots,
        leaf_yes=leaf_yes,
    )


def _without(worlds: Worlds, positions: list[int]) -> Worlds:
    """The same worlds, some unions with neither members nor ballots: the rule counts neither."""
    found = {}
    for name in ("members", "ballots", "yes", "approves"):
        found[name] = getattr(worlds, name).copy("F")
        found[name][:, positions] = 0
    abstains = worlds.abstains.copy()
    abstains[positions] = True
    return replace(worlds, abstains=abstains, **found)


def _with(
    worlds: Worlds, case: Case, posterior: Posterior, round_id: str, scenario: Scenario
) -> Worlds:
    """The same worlds with more unions, each drawn beside what is in them."""
    maker = FieldMaker(case, posterior, round_id, scenario)
    yes_mean, turnout_mean = _means(maker, worlds, posterior, round_id)
    for joiner in scenario.joining:
        rng = stream(posterior.seed, "joining", round_id, joiner.id)
        effect = maker.new_union(worlds.draw, rng)
        field = Field(
            yes_share=expit(yes_mean + effect.yes)[:, None],
            turnout=expit(turnout_mean + effect.turnout)[:, None],
        )
        worlds = _added(worlds, joiner, field, rng)
    return worlds


def _means(
    maker: FieldMaker, worlds: Worlds, posterior: Posterior, round_id: str
) -> tuple[np.ndarray, np.ndarray]:
    """Logit yes share and turnout of the coalition in the worlds, from their own random numbers."""
    found = [
        maker.means(
            worlds.draw[start : start + BLOCK], block_stream(posterior.seed, round_id, block)
        )
        for block, start in enumerate(range(0, worlds.count, BLOCK))
    ]
    yes, turnout = zip(*found, strict=True)
    return np.concatenate(yes), np.concatenate(turnout)


def _added(worlds: Worlds, joiner: Joining, field: Field, rng: np.random.Generator) -> Worlds:
    members = np.full((worlds.count, 1), joiner.members, dtype=np.int32)
    ballots = rng.binomial(members, field.turnout).astype(np.int32)
    yes = rng.binomial(ballots, field.yes_share).astype(np.int32)
    approves = 2 * yes > ballots

    def beside(values: np.ndarray, column: np.ndarray) -> np.ndarray:
        return np.asfortranarray(np.hstack([values, column]))

    return replace(
        worlds,
        members=beside(worlds.members, members),
        ballots=beside(worlds.ballots, ballots),
        yes=beside(worlds.yes, yes),
        approves=beside(worlds.approves, approves),
        abstains=np.append(worlds.abstains, False),
        leaf_members=np.hstack([worlds.leaf_members, members]),
        leaf_ballots=np.hstack([worlds.leaf_ballots, ballots]),
        leaf_yes=np.hstack([worlds.leaf_yes, yes]),
    )
