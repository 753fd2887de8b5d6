"""The electorate: a tree of units.

Unions are the coalition's children; ballots are counted at the leaves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Literal

COALITION = "*"
REST = "rest"

Decides = Literal["pooled", "units", "all-units"] | Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A membership figure: best value, one standard deviation, hard bounds. All in members."""

    members: int | None = None
    error: int = 0
    low: int | None = None
    high: int | None = None

    @property
    def exact(self) -> bool:
        """A figure without error is taken as it stands."""
        return self.members is not None and self.error == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A node of the tree. `parent` is None for a union; `figures` overrides by ballot round."""

    id: str
    parent: str | None
    name: str
    label: str = ""
    figure: Figure = field(default_factory=Figure)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    decides: Decides = "pooled"
    weight: Fraction = Fraction(1)
    source: str = ""
    note: str = ""
    implicit: bool = False

    def figure_in(self, round_id: str) -> Figure:
        """The membership figure that holds in a ballot round."""
        return self.figures.get(round_id, self.figure)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterVariant:
    """One of several competing sets of membership figures, with its weight."""

    id: str
    weight: Fraction
    members: Mapping[str, int]
    title: str = ""


@dataclass(frozen=True)
class Electorate:
    """Units as a tree, in one canonical order (by id within a parent), whatever the file's order.

    `listed` keeps the order of the file, for people. Implicit `parent/rest` leaves are already
    among `units` where the children's figures fall short of their parent's.
    """

    units: tuple[Unit, ...]
    coalition: Unit
    listed: tuple[str, ...] = ()
    variants: tuple[RosterVariant, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Unit]:
        """Every unit, in canonical order."""
        return {unit.id: unit for unit in self.units}

    @cached_property
    def children(self) -> dict[str | None, tuple[str, ...]]:
        """Units by parent; the unions by None. A leaf is no key."""
        found: dict[str | None, list[str]] = {}
        for unit in self.units:
            found.setdefault(unit.parent, []).append(unit.id)
        return {parent: tuple(ids) for parent, ids in found.items()}

    @cached_property
    def unions(self) -> tuple[str, ...]:
        """Union ids in canonical order: the `union` axis of every array."""
        return self.children.get(None, ())

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Leaf ids in canonical order: the `leaf` axis of every array."""
        return tuple(unit.id for unit in self.units if unit.id not in self.children)

    @cached_property
    def leaf_index(self) -> dict[str, int]:
        """Position of each leaf on the `leaf` axis."""
        return {leaf: index for index, leaf in enumerate(self.leaves)}

    @cached_property
    def paths(self) -> dict[str, tuple[str, ...]]:
        """From each unit's union down to the unit itself."""
        found: dict[str, tuple[str, ...]] = {}
        for unit in self.units:  # parents come first in canonical order
            above = () if unit.parent is None else found[unit.parent]
            found[unit.id] = (*above, unit.id)
        return found

    @cached_property
    def leaves_under(self) -> dict[str, frozenset[int]]:
        """Leaf indices under each unit, and under `*`."""
        found: dict[str, set[int]] = {unit.id: set() for unit in self.units}
        for leaf, index in self.leaf_index.items():
            for ancestor in self.paths[leaf]:
                found[ancestor].add(index)
        result = {unit: frozenset(leaves) for unit, leaves in found.items()}
        result[COALITION] = frozenset(range(len(self.leaves)))
        return result

    @cached_property
    def union_of_leaf(self) -> tuple[int, ...]:
        """Index of each leaf's union."""
        position = {union: index for index, union in enumerate(self.unions)}
        return tuple(position[self.paths[leaf][0]] for leaf in self.leaves)

    @cached_property
    def unions_as_listed(self) -> tuple[str, ...]:
        """Unions in the order of the case's own file, for people to read."""
        order = {unit: index for index, unit in enumerate(self.listed)}
        return tuple(sorted(self.unions, key=lambda union: order.get(union, len(order))))

    def leaves_without_members(self, rounds: Sequence[str]) -> tuple[str, ...]:
        """Leaves whose figure is blank in some of the rounds, in some roster variant."""
        return tuple(
            leaf
            for leaf in self.leaves
            if not self.by_id[leaf].implicit
            and any(
                self.figure(leaf, round_id, variant).members is None
                for round_id in rounds
                for variant in self.variants or (None,)
            )
        )

    def name(self, unit: str) -> str:
        """What people call a unit."""
        return "the coalition" if unit == COALITION else self.by_id[unit].name

    def figure(self, unit: str, round_id: str, variant: RosterVariant | None = None) -> Figure:
        """A unit's membership figure in a round; a variant's figure replaces the best value."""
        known = self.coalition if unit == COALITION else self.by_id[unit]
        figure = known.figure_in(round_id)
        if variant is None or unit not in variant.members:
            return figure
        return Figure(
            members=variant.members[unit], error=figure.error, low=figure.low, high=figure.high
        )


def canonical(units: Iterable[Unit]) -> tuple[Unit, ...]:
    """Units in preorder, children by id: the same for every order of the rows they came from."""
    children: dict[str | None, list[Unit]] = {}
    for unit in units:
        children.setdefault(unit.parent, []).append(unit)
    ordered: list[Unit] = []
    waiting = sorted(children.get(None, []), key=lambda unit: unit.id, reverse=True)
    while waiting:
        unit = waiting.pop()
        ordered.append(unit)
        waiting += sorted(children.get(unit.id, []), key=lambda child: child.id, reverse=True)
    return tuple(ordered)


def with_rests(
    units: Sequence[Unit], rounds: Sequence[str], variants: Sequence[RosterVariant]
) -> tuple[Unit, ...]:
    """Add a `parent/rest` leaf wherever children's best figures fall short of their parent's.

    The shortfall is looked at in every round and roster variant: the tree is one for all of them.
    """
    tree = Electorate(units=canonical(units), coalition=_no_coalition(), variants=tuple(variants))
    rests = [
        Unit(
            id=f"{parent}/{REST}",
            parent=parent,
            name=f"{tree.name(parent)}, the rest",
            implicit=True,
        )
        for parent in tree.children
        if parent is not None and _falls_short(tree, parent, rounds, variants)
    ]
    return canonical([*units, *rests])


def _no_coalition() -> Unit:
    return Unit(id=COALITION, parent=None, name="the coalition")


def _falls_short(
    tree: Electorate, parent: str, rounds: Sequence[str], variants: Sequence[RosterVariant]
) -> bool:
    for round_id in rounds:
        for variant in [None, *variants]:
            whole = tree.figure(parent, round_id, variant).members
            parts = [
                tree.figure(child, round_id, variant).members for child in tree.children[parent]
            ]
            known = [part for part in parts if part is not None]
            if whole is not None and len(known) == len(parts) and sum(known) < whole:
                return True
    return False
