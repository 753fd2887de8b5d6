"""From posterior draws to yes share and turnout of every leaf of a round.

Effects that the fit did not sample are drawn forward from their priors: leaves without a report
in large trees, rounds without evidence, and what is new about a unit in a later round.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ratification.arrays import Float
from ratification.case.case import Case
from ratification.case.priors import Normal
from ratification.case.rounds import Scenario
from ratification.inference.numerics import expit
from ratification.inference.posterior import Posterior
from ratification.inference.quantiles import scale_of
from ratification.inference.structure import Group


@dataclass(frozen=True)
class Field:
    """Yes share and turnout by world and leaf."""

    yes_share: Float[np.ndarray, "world leaf"]
    turnout: Float[np.ndarray, "world leaf"]


@dataclass(frozen=True, slots=True)
class Effect:
    """Yes and turnout effects of a node, on the logit scale, by world."""

    yes: np.ndarray
    turnout: np.ndarray


class FieldMaker:
    """Yields fields of one round for any choice of posterior draws."""

    def __init__(
        self, case: Case, posterior: Posterior, round_id: str, scenario: Scenario | None
    ) -> None:
        self.case = case
        self.tree = case.electorate
        self.posterior = posterior
        self.structure = posterior.layout.structure
        self.priors = posterior.layout.priors
        self.round_id = round_id
        self.fitted = round_id in self.structure.rounds
        self.scenario = scenario
        # One parameter's draws lie together: they are read column by column.
        self.draws = {name: np.asfortranarray(posterior.flat(name)) for name in posterior.draws}
        self.positions = {node: index for index, node in enumerate(self.structure.nodes)}

    @cached_property
    def complete(self) -> bool:
        """Whether every leaf of the round was sampled by itself, so that nothing is drawn."""
        if not self.fitted:
            return False
        groups = self.structure.groups[self.structure.rounds.index(self.round_id)]
        return {leaf for group in groups if len(group.leaves) == 1 for leaf in group.leaves} == set(
            range(len(self.tree.leaves))
        )

    def field(self, index: np.ndarray, rng: np.random.Generator) -> Field:
        """The field for these rows of the posterior (flat index), new effects from `rng`."""
        effects = self._effects(index, rng)
        logit_p, logit_t = self._means(index, rng)
        # Leaf by leaf in memory, since effects are added to some leaves in all worlds.
        yes = np.empty((len(index), len(self.tree.leaves)), order="F")
        turnout = np.empty_like(yes)
        yes[:], turnout[:] = logit_p[:, None], logit_t[:, None]
        for unit, effect in effects.items():
            below = self.tree.leaves_under[unit]  # neighbours, in canonical order
            leaves = slice(min(below), max(below) + 1)
            yes[:, leaves] += effect.yes[:, None]
            turnout[:, leaves] += effect.turnout[:, None]
        yes += self._covariates(index)
        return Field(yes_share=expit(yes), turnout=expit(turnout))

    def means(self, index: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The coalition's logit yes share and turnout in the field of these rows and `rng`."""
        self._effects(index, rng)
        return self._means(index, rng)

    def new_union(self, index: np.ndarray, rng: np.random.Generator) -> Effect:
        """The effects of a union that no report and no earlier vote tells anything of."""
        yes, turnout = rng.standard_normal(len(index)), rng.standard_normal(len(index))
        return self._scaled_at(0, index, self.draws["correlation"][index], yes, turnout, rng)

    def _means(self, index: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        mu, nu = self.draws["mu"][index], self.draws["nu"][index]
        if self.fitted:
            position = self.structure.rounds.index(self.round_id)
            if position:
                mu = mu + self.draws["swing"][index, :position].sum(axis=1)
            return mu, nu[:, position]
        if len(self.structure.rounds) > 1:
            mu = mu + self.draws["swing"][index].sum(axis=1)
        chain = self.case.chain(self.round_id)
        last = self.structure.rounds[-1]
        steps = chain.index(self.round_id) - chain.index(last) if last in chain else 1
        for _ in range(steps - 1):
            mu = mu + _normal(self.priors.swing, len(index), rng)
        swing = self.scenario.swing if self.scenario and self.scenario.swing else self.priors.swing
        turnout = _normal(self.priors.nu, len(index), rng)
        if self.scenario and self.scenario.turnout:
            # From a generator of its own, so that scenarios without it share all other numbers.
            turnout = turnout + _normal(self.scenario.turnout, len(index), rng.spawn(1)[0])
        return mu + _normal(swing, len(index), rng), turnout

    def _effects(self, index: np.ndarray, rng: np.random.Generator) -> dict[str, Effect]:
        """Scaled effects of every unit, yes and turnout."""
        persistence = self._persistence(index, rng)
        correlation = self.draws["correlation"][index]
        grouped = self._grouped_leaves()
        found: dict[str, Effect] = {}
        for unit in self.tree.units:
            if unit.id in grouped:
                continue
            yes, turnout = self._standard(unit.id, index, persistence, rng)
            found[unit.id] = self._scaled(unit.id, index, correlation, yes, turnout, rng)
        for group in self._groups():
            found |= self._split(group, index, persistence, correlation, rng)
        return found

    def _standard(
        self, name: str, index: np.ndarray, persistence: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A node's standard normal effects in this round, given what was sampled of it."""
        rounds = [r for r in range(len(self.structure.rounds)) if (name, r) in self.positions]
        own = (
            self.structure.rounds.index(self.round_id)
            if self.fitted and (name, self.structure.rounds.index(self.round_id)) in self.positions
            else None
        )
        if own is not None:
            return self._sampled(name, own, index, persistence)
        fresh = rng.standard_normal(len(index)), rng.standard_normal(len(index))
        if not rounds:
            return fresh
        regression = self.scenario.regression if self.scenario is not None else None
        if name in self.structure.repeated and regression is None:
            column = self.structure.repeated.index(name)
            old, new = np.sqrt(persistence), np.sqrt(1 - persistence)
            lasting = self.draws["lasting"][index, column]
            lasting_turnout = self.draws["lasting_turnout"][index, column]
            return old * lasting + new * fresh[0], old * lasting_turnout + new * fresh[1]
        before = self._sampled(name, rounds[-1], index, persistence)
        kept = persistence if regression is None else np.full(len(index), 1 - regression)
        new = np.sqrt(1 - kept**2)
        return kept * before[0] + new * fresh[0], kept * before[1] + new * fresh[1]

    def _sampled(
        self, name: str, r: int, index: np.ndarray, persistence: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        position = self.positions[name, r]
        yes, turnout = self.draws["z"][index, position], self.draws["z_turnout"][index, position]
        if name not in self.structure.repeated:
            return yes, turnout
        column = self.structure.repeated.index(name)
        old, new = np.sqrt(persistence), np.sqrt(1 - persistence)
        return (
            old * self.draws["lasting"][index, column] + new * yes,
            old * self.draws["lasting_turnout"][index, column] + new * turnout,
        )

    def _scaled(
        self,
        unit: str,
        index: np.ndarray,
        correlation: np.ndarray,
        yes: np.ndarray,
        turnout: np.ndarray,
        rng: np.random.Generator,
    ) -> Effect:
        level = min(len(self.tree.paths[unit]) - 1, 2)
        return self._scaled_at(level, index, correlation, yes, turnout, rng)

    def _scaled_at(
        self,
        level: int,
        index: np.ndarray,
        correlation: np.ndarray,
        yes: np.ndarray,
        turnout: np.ndarray,
        rng: np.random.Generator,
    ) -> Effect:
        tau, tau_turnout = self._scale(level, index, rng)
        if level == 0:
            turnout = correlation * yes + np.sqrt(1 - correlation**2) * turnout
        return Effect(tau * yes, tau_turnout * turnout)

    def _scale(
        self, level: int, index: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scales of a level; one that no sampled node has is drawn from its prior."""
        if level < self.structure.depth:
            return self.draws["tau"][index, level], self.draws["tau_turnout"][index, level]
        names = ("union", "unit", "local")
        priors = [getattr(self.priors, f"{of}_{names[level]}") for of in ("tau", "tau_turnout")]
        key = f"_level_{level}"
        if key not in self.draws:  # once per draw, not per node
            z = rng.standard_normal((len(self.draws["mu"]), 2))
            scales = [scale_of(prior, z[:, each]) for each, prior in enumerate(priors)]
            self.draws[key] = np.stack(scales, axis=1)
        return self.draws[key][index, 0], self.draws[key][index, 1]

    def _persistence(self, index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if "persistence" in self.draws:
            return np.asarray(self.draws["persistence"][index])
        prior = self.priors.persistence
        return rng.beta(prior.a, prior.b, len(index))

    # Leaves sampled as one

    def _groups(self) -> list[Group]:
        if not self.fitted:
            return []
        groups = self.structure.groups[self.structure.rounds.index(self.round_id)]
        return [group for group in groups if len(group.leaves) > 1]

    def _grouped_leaves(self) -> set[str]:
        return {self.tree.leaves[leaf] for group in self._groups() for leaf in group.leaves}

    def _split(
        self,
        group: Group,
        index: np.ndarray,
        persistence: np.ndarray,
        correlation: np.ndarray,
        rng: np.random.Generator,
    ) -> dict[str, Effect]:
        """Leaf effects given their weighted mean: drawn freely, then moved onto the mean."""
        r = self.structure.rounds.index(self.round_id)
        members = self.posterior.layout.members[self.round_id][list(group.leaves)].astype(float)
        total = members.sum()
        weights = members / total if total else np.full(len(members), 1 / len(members))
        size = float(np.sqrt(np.square(weights).sum()))
        means = self._sampled(group.path[-1], r, index, persistence)
        moved = []
        for mean in means:
            free = rng.standard_normal((len(index), len(members)))
            off = size * mean - free @ weights
            moved.append(free + off[:, None] * (weights / size**2))
        return {
            leaf: self._scaled(leaf, index, correlation, moved[0][:, i], moved[1][:, i], rng)
            for i, leaf in enumerate(self.tree.leaves[leaf] for leaf in group.leaves)
        }

    def _covariates(self, index: np.ndarray) -> np.ndarray:
        total = np.zeros((1, len(self.tree.leaves)))
        for column, name in enumerate(self.structure.features):
            values = [self.case.features[name].get(leaf, 0.0) for leaf in self.tree.leaves]
            total = total + self.draws["beta"][index, column][:, None] * np.array(values)
        if self.structure.early_returns and self.fitted:
            lean = self._early_by_leaf()
            total = total + self.draws["kappa"][index][:, None] * lean
        return total

    def _early_by_leaf(self) -> np.ndarray:
        r = self.structure.rounds.index(self.round_id)
        lean = np.zeros(len(self.tree.leaves))
        early = self.posterior.layout.data["early"]
        for cell, (cell_round, group) in enumerate(self.structure.cells):
            if cell_round == r:
                lean[list(group.leaves)] = early[cell]
        return lean


def _normal(prior: Normal, count: int, rng: np.random.Generator) -> np.ndarray:
    return prior.mean + prior.sd * rng.standard_normal(count)
