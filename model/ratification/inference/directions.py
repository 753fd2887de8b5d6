"""Directions in which a union's effects are sampled on the scale of the evidence.

A precise count ties the sum of effects on its path to a thin ridge; an outcome cuts it off at a
sharp edge. Both force tiny steps. So in each union and round the component of the effects along
one direction is replaced: pinned to what was seen (affine), or bent round the edge (softplus); and
that of its effects on turnout along its most precise turnout. The change of variables is exact: it
changes how the sampler moves, not the posterior. The arrays are data, so new evidence needs no new
compilation. A round's means are solved from one count, of yes and of ballots: the anchors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ratification.case.known import Known
from ratification.inference.structure import Layout

PINNED, ABOVE, BELOW = 0.0, 1.0, -1.0
LOOSEST = 0.3  # logit sd above which a pin is not worth its centring
TYPICAL_TURNOUT = 0.75
FEWEST_BALLOTS = 30


@dataclass(frozen=True, slots=True)
class _Direction:
    """A weighted sum of cells' logits, seen near `at` with sd `width`, or cut off at 0."""

    union: tuple[int, int]  # round, union
    kind: float
    weights: np.ndarray  # over cells
    at: float
    width: float


def direction_data(layout: Layout, union_of_leaf: Sequence[int]) -> dict[str, np.ndarray]:
    """Weights over cells, and (kind, at, width), of the direction of each union and round.

    The most precise count or range is pinned; where there is none, an outcome's edge is bent.
    The most precise pin of the last round is not one: the round's mean is solved from it.
    """
    chosen: dict[tuple[int, int], _Direction] = {}
    for r, round_id in enumerate(layout.structure.rounds):
        for entry in _candidates(layout, layout.facts[round_id], r, union_of_leaf):
            best = chosen.setdefault(entry.union, entry)
            if (entry.kind != PINNED, entry.width) < (best.kind != PINNED, best.width):
                chosen[entry.union] = entry
    turnouts = _turnouts(layout, union_of_leaf)
    anchor, turnout_anchor = _anchor(layout, chosen), _anchor(layout, turnouts)
    free = [entry for entry in chosen.values() if entry is not anchor]
    counted = [entry for entry in turnouts.values() if entry is not turnout_anchor]
    cells = len(layout.structure.cells)
    return {
        "direction_weights": np.array([e.weights for e in free]).reshape(-1, cells),
        "direction_kinds": np.array([(e.kind, e.at, e.width) for e in free]).reshape(-1, 3),
        "turnout_weights": np.array([e.weights for e in counted]).reshape(-1, cells),
        "turnout_pins": np.array([(e.at, e.width) for e in counted]).reshape(-1, 2),
        **_anchor_data(layout, "anchor", anchor),
        **_anchor_data(layout, "turnout_anchor", turnout_anchor),
    }


def _anchor(layout: Layout, chosen: Mapping[tuple[int, int], _Direction]) -> _Direction | None:
    """The most precise pin of the last round."""
    last = len(layout.structure.rounds) - 1
    pins = [e for (r, _), e in chosen.items() if r == last and e.kind == PINNED]
    return min(pins, key=lambda entry: entry.width, default=None)


def _anchor_data(layout: Layout, name: str, anchor: _Direction | None) -> dict[str, np.ndarray]:
    """The direction that the last round's mean is solved from: weights, and (used, at, width)."""
    if anchor is None:
        return {name: np.zeros(3), f"{name}_weights": np.zeros(len(layout.structure.cells))}
    return {name: np.array([1.0, anchor.at, anchor.width]), f"{name}_weights": anchor.weights}


def _turnouts(layout: Layout, union_of_leaf: Sequence[int]) -> dict[tuple[int, int], _Direction]:
    """The most precise turnout of a counted cell of each union and round."""
    chosen: dict[tuple[int, int], _Direction] = {}
    for index, (r, group) in enumerate(layout.structure.cells):
        round_id, leaf = layout.structure.rounds[r], group.leaves[0]
        counted = layout.facts[round_id].counted.get(leaf)
        if counted is None or len(group.leaves) > 1 or sum(counted) < FEWEST_BALLOTS:
            continue
        ballots = sum(counted) + 0.5
        away = max(int(layout.members[round_id][leaf]) - sum(counted), 0) + 0.5
        width = float(np.sqrt(1 / ballots + 1 / away))
        union = (r, union_of_leaf[leaf])
        if width < (chosen[union].width if union in chosen else LOOSEST):
            weights = np.zeros(len(layout.structure.cells))
            weights[index] = 1.0
            at = float(np.log(ballots / away))
            chosen[union] = _Direction(union, PINNED, weights, at, width)
    return chosen


def _candidates(
    layout: Layout, facts: Known, r: int, union_of_leaf: Sequence[int]
) -> list[_Direction]:
    cells = layout.structure.cells
    cell_of = {leaf: i for i, (cr, group) in enumerate(cells) if cr == r for leaf in group.leaves}
    members = layout.members[layout.structure.rounds[r]].astype(float)

    def weights(scope: frozenset[int]) -> np.ndarray:
        row = np.zeros(len(cells))
        for leaf in scope:
            row[cell_of[leaf]] += members[leaf]
        return row / max(row.sum(), 1.0)

    def single(scope: frozenset[int]) -> int | None:
        unions = {union_of_leaf[leaf] for leaf in scope}
        return unions.pop() if len(unions) == 1 else None

    found = []
    for count in facts.counts:
        union, ballots = single(count.scope), count.yes + count.no
        if union is not None and ballots >= FEWEST_BALLOTS:
            yes, no = count.yes + 0.5, count.no + 0.5
            width = float(np.sqrt(1 / yes + 1 / no))
            at = float(np.log(yes / no))
            if width < LOOSEST:
                key = (r, union)
                found.append(_Direction(key, PINNED, weights(count.scope), at, width))
    for entry in facts.ranges:
        union = single(entry.scope)
        size = TYPICAL_TURNOUT * members[list(entry.scope)].sum()
        if union is None or (entry.alpha, entry.beta) != (1, -1) or size < FEWEST_BALLOTS:
            continue
        whole = {leaf for leaf, u in enumerate(union_of_leaf) if u == union}
        noise = float(np.sqrt(size))
        if entry.low is not None and entry.high is not None:
            middle = np.clip((entry.low + entry.high) / 2 / size, -0.95, 0.95)
            spread = float(np.hypot((entry.high - entry.low) / np.sqrt(12), noise))
            width = 2 * spread / size / (1 - middle**2)
            at = float(np.log((1 + middle) / (1 - middle)))
            if width < LOOSEST:
                key = (r, union)
                found.append(_Direction(key, PINNED, weights(entry.scope), at, width))
        elif whole == entry.scope:
            kind = ABOVE if entry.low is not None else BELOW
            edge = entry.low if entry.low is not None else entry.high
            if abs(edge or 0) <= noise:
                key = (r, union)
                row = weights(entry.scope)
                found.append(_Direction(key, kind, row, 0.0, 2 * noise / size))
    return found
