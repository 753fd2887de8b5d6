"""What is sampled: rounds, node effects, leaf groups; and the arrays that go with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ratification.arrays import Float, Int
from ratification.case.known import Known
from ratification.case.priors import Priors


@dataclass(frozen=True, slots=True)
class Group:
    """Leaves sampled as one: a single leaf, or leaves that no report tells apart."""

    leaves: tuple[int, ...]
    path: tuple[str, ...]  # ancestors, union first, then the group's own node


@dataclass(frozen=True)
class Structure:
    """What is sampled: node effects by round, for the leaf groups of each round."""

    rounds: tuple[str, ...]
    groups: tuple[tuple[Group, ...], ...]  # by round
    features: tuple[str, ...] = ()
    early_returns: bool = False
    composite: bool = False  # some unit is decided by its units

    @cached_property
    def cells(self) -> tuple[tuple[int, Group], ...]:
        """(round index, group): the `cell` axis of the likelihood."""
        return tuple((r, group) for r, groups in enumerate(self.groups) for group in groups)

    @cached_property
    def nodes(self) -> tuple[tuple[str, int], ...]:
        """(node id, round index): the `node` axis of the effects, each once."""
        seen: dict[tuple[str, int], None] = {}
        for r, group in self.cells:
            for name in group.path:
                seen.setdefault((name, r))
        return tuple(seen)

    @cached_property
    def repeated(self) -> tuple[str, ...]:
        """Node ids sampled in more than one round: they have a persistent part."""
        names = [name for name, _ in self.nodes]
        return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))

    @cached_property
    def level(self) -> Int[np.ndarray, " node"]:
        """0 for a union, 1 for a unit of one, 2 for anything below."""
        depth = {name: i for _, group in self.cells for i, name in enumerate(group.path)}
        return np.array([min(depth[name], 2) for name, _ in self.nodes], dtype=np.int64)

    @cached_property
    def depth(self) -> int:
        """How many levels have a scale."""
        return int(self.level.max()) + 1

    @cached_property
    def incidence(self) -> Float[np.ndarray, "cell node"]:
        """1 where a node is on a cell's path."""
        position = {node: index for index, node in enumerate(self.nodes)}
        matrix = np.zeros((len(self.cells), len(self.nodes)))
        for index, (r, group) in enumerate(self.cells):
            for name in group.path:
                matrix[index, position[name, r]] = 1.0
        return matrix

    @property
    def coords(self) -> dict[str, list[str]]:
        """Names along every axis of the parameters, as ArviZ shows them."""
        found = {
            "round": list(self.rounds),
            "node": [f"{name}@{self.rounds[r]}" for name, r in self.nodes],
            "level": ["union", "unit", "local"][: self.depth],
        }
        if self.repeated:
            found["repeated"] = list(self.repeated)
        if len(self.rounds) > 1:
            found["later_round"] = list(self.rounds[1:])
        if self.features:
            found["feature"] = list(self.features)
        return found

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for two structures that one compiled model serves."""
        return (self.rounds, self.groups, self.features, self.early_returns, self.composite)


@dataclass(frozen=True)
class Layout:
    """A structure with every array of its likelihood and priors, by name."""

    structure: Structure
    facts: Mapping[str, Known]
    members: Mapping[str, Int[np.ndarray, " leaf"]]
    priors: Priors
    data: Mapping[str, np.ndarray] = field(default_factory=dict)
