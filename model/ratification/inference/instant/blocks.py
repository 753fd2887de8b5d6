"""Blocks: unions that no report ties to another. Given the shared parameters they are independent.

Blocks of one shape (as many cells, nodes and rows of each kind) are handled together, as arrays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ratification.inference.instant.effects import Tree
from ratification.inference.instant.links import Links
from ratification.inference.instant.reports import Reports
from ratification.inference.structure import Structure
from ratification.inference.terms import COLUMNS, ROW_KINDS

Array = np.ndarray
KINDS = ("pool", "poll", "so_far", "range")  # in the order in which a block's rows are drawn


@dataclass(frozen=True)
class Block:
    """Positions of what one block holds: cells, nodes, counts, and rows by kind."""

    cells: tuple[int, ...]
    nodes: tuple[int, ...]
    repeated: tuple[int, ...]
    counts: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]  # of each of KINDS
    alike: tuple[int, ...]  # of every row, the first that is about the same cells

    @property
    def shape(self) -> tuple[int, ...]:
        """Equal for blocks that can be handled together."""
        parts = (self.cells, self.nodes, self.repeated, self.counts, *self.rows)
        return (*(len(part) for part in parts), *self.alike)


@dataclass(frozen=True)
class Batch:
    """Blocks of one shape."""

    blocks: tuple[int, ...]  # their numbers
    tree: Tree
    reports: Reports

    @cached_property
    def links(self) -> Links:
        """Their rows as straight lines."""
        return Links(self.reports)

    @cached_property
    def bent(self) -> Array:
        """Rows, after the counts, to straighten: one for each scope and each kind of number."""
        links = self.links
        chosen: list[int] = []
        bent = ~links.straight().all(axis=0) & links.narrow()
        for row in np.flatnonzero(bent):
            same = [
                other
                for other in chosen
                if np.array_equal(links.scope[:, other], links.scope[:, row])
                and np.array_equal(links.is_share[..., other], links.is_share[..., row])
            ]
            if not same:
                chosen.append(int(row))
        return np.array(chosen, dtype=int)

    @property
    def tied(self) -> bool:
        """Whether their reports tie several unions together."""
        return bool((self.tree.level == 0).sum(axis=1).max() > len(set(self.tree.round_of.flat)))

    @property
    def said(self) -> bool:
        """Whether anything is reported about them."""
        return bool(self.links.rows > 0)


def find_blocks(structure: Structure, data: Mapping[str, Array]) -> list[Block]:
    """Unions tied together by the reports about several of them; approvals tie nothing."""
    rows = _rows_by_kind(data)
    top = [group.path[0] for _, group in structure.cells]
    group_of = _joined(top, [data["scope"][row] for kind in KINDS for row in rows[kind]])
    cells: dict[str, list[int]] = {}
    for cell, name in enumerate(top):
        cells.setdefault(group_of[name], []).append(cell)
    count_cell = data["counts"][:, 0].astype(int) % len(structure.cells)
    names = [name for name, _ in structure.nodes]
    return [_block(structure, data, own, rows, count_cell, names) for own in cells.values()]


def _rows_by_kind(data: Mapping[str, Array]) -> dict[str, list[int]]:
    ends = np.cumsum([0, *data["sizes"]])
    return {kind: list(range(ends[i], ends[i + 1])) for i, kind in enumerate(ROW_KINDS)}


def _joined(top: Sequence[str], scopes: Sequence[Array]) -> dict[str, str]:
    """Which unions hang together: the name of the first of each set."""
    first = {name: name for name in top}
    for scope in scopes:
        tied = {first[top[cell]] for cell in np.flatnonzero(scope).tolist()}
        least = min(tied, key=top.index)
        first = {name: least if now in tied else now for name, now in first.items()}
    return first


def _block(
    structure: Structure,
    data: Mapping[str, Array],
    cells: Sequence[int],
    rows: Mapping[str, Sequence[int]],
    count_cell: Array,
    names: Sequence[str],
) -> Block:
    own = set(cells)
    nodes = np.flatnonzero(structure.incidence[list(cells)].any(axis=0))
    held = {names[node] for node in nodes.tolist()}
    ours = {kind: [r for r in rows[kind] if data["scope"][r, list(cells)].any()] for kind in KINDS}
    ours["range"].sort(key=lambda row: _width(data, row))
    scopes = [tuple(data["scope"][row]) for kind in KINDS for row in ours[kind]]
    return Block(
        cells=tuple(cells),
        nodes=tuple(int(node) for node in nodes),
        repeated=tuple(i for i, name in enumerate(structure.repeated) if name in held),
        counts=tuple(i for i, cell in enumerate(count_cell) if cell in own),
        rows=tuple(tuple(ours[kind]) for kind in KINDS),
        alike=tuple(scopes.index(scope) for scope in scopes),
    )


def _width(data: Mapping[str, Array], row: int) -> float:
    """How wide a range is, by members: narrow ones are drawn first."""
    low, high = data["values"][row, [2, 4]]
    return float((high - low) / max(data["scope"][row] @ data["members"], 1.0))


def batches(
    structure: Structure, data: Mapping[str, Array], poll_bias: float, blocks: Sequence[Block]
) -> Iterator[Batch]:
    """The blocks as arrays, shape by shape."""
    together: dict[tuple[int, ...], list[int]] = {}
    for number, block in enumerate(blocks):
        together.setdefault(block.shape, []).append(number)
    for numbers in together.values():
        own = [blocks[number] for number in numbers]
        tree = _tree(structure, data, own)
        yield Batch(tuple(numbers), tree, _reports(structure, data, poll_bias, own, tree))


def _tree(structure: Structure, data: Mapping[str, Array], blocks: Sequence[Block]) -> Tree:
    cells = np.array([block.cells for block in blocks])
    nodes = np.array([block.nodes for block in blocks])
    repeated = np.array([block.repeated for block in blocks], dtype=int)
    names = np.array([name for name, _ in structure.nodes])
    again = np.array(structure.repeated, dtype=str)
    return Tree(
        cells=cells,
        nodes=nodes,
        repeated=repeated,
        incidence=structure.incidence[cells[:, :, None], nodes[:, None]],
        spread=(names[nodes][:, :, None] == again[repeated][:, None]).astype(float),
        level=structure.level[nodes],
        scale=data["node_scale"][nodes],
        members=data["members"][cells],
        round_of=np.array([r for r, _ in structure.cells])[cells],
        features=data["features"][cells],
        early=data["early"][cells],
    )


def _reports(
    structure: Structure,
    data: Mapping[str, Array],
    poll_bias: float,
    blocks: Sequence[Block],
    tree: Tree,
) -> Reports:
    cells = len(structure.cells)
    place = np.zeros((len(blocks), 2 * cells), dtype=int)
    for index, block in enumerate(blocks):
        inside = np.array(block.cells)
        place[index, inside] = np.arange(len(inside))
        place[index, cells + inside] = len(inside) + np.arange(len(inside))
    counts = np.array([block.counts for block in blocks], dtype=int)
    at = data["counts"][:, 0].astype(int)[counts]
    rows = np.array([sum(block.rows, ()) for block in blocks], dtype=int)

    def values(kind: str) -> Array:
        own = np.array([block.rows[KINDS.index(kind)] for block in blocks], dtype=int)
        return np.asarray(data["values"][own][..., : len(COLUMNS[kind])])

    return Reports(
        count_at=np.take_along_axis(place, at, axis=1),
        counts=data["counts"][counts][..., 1:],
        scope=data["scope"][rows[:, :, None], tree.cells[:, None]],
        pool=values("pool"),
        poll=values("poll"),
        so_far=values("so_far"),
        range=values("range"),
        members=tree.members,
        poll_bias=poll_bias,
    )
