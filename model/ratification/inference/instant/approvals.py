"""Reports of how many units approve, exactly: Poisson-binomial given the effects.

Given the shared parameters blocks are independent, so the number of approvals over all of them is
a convolution, and a number for each block is drawn backwards from the total. A report about units
of one block only enters the weights of that block's draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float
from ratification.inference.instant.blocks import Block
from ratification.inference.instant.reports import Sums
from ratification.inference.normal import normal_cdf
from ratification.inference.structure import Layout
from ratification.inference.terms import ROW_KINDS

Array = np.ndarray


@dataclass(frozen=True)
class Term:
    """Between low and high of these units approve; units by block, as positions."""

    low: int
    high: int
    units: Mapping[int, tuple[int, ...]]

    def log_inside(self, law: Float[np.ndarray, "*shape number"]) -> Float[np.ndarray, "*shape"]:
        """Log probability that the number is within the range."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(law[..., self.low : self.high + 1].sum(axis=-1)))


class Approvals:
    """All reports of numbers approving of a layout."""

    def __init__(self, layout: Layout, blocks: Sequence[Block]) -> None:
        data = layout.data
        ends = np.cumsum([0, *data["sizes"]])
        at = ROW_KINDS.index("unit")
        self.scope = data["scope"][ends[at] : ends[at + 1]]
        self.values = data["values"][ends[at] : ends[at + 1]]
        self.members = data["members"]
        self.blocks = blocks
        self.made_of = self._composites(data)
        self.needs = self._needs(layout)
        home = self._homes()
        said = [entry for facts in layout.facts.values() for entry in facts.approvals]
        self.terms = []
        for marks, entry in zip(data["approvals_units"], said, strict=True):
            units: dict[int, list[int]] = {}
            for unit in np.flatnonzero(marks):
                units.setdefault(home[unit], []).append(int(unit))
            self.terms.append(
                Term(entry.low, entry.high, {b: tuple(own) for b, own in units.items()})
            )

    def _composites(self, data: Mapping[str, Array]) -> list[Array]:
        return [np.flatnonzero(marks) for marks in data.get("composites_units", ())]

    def _needs(self, layout: Layout) -> list[int]:
        """How many of its units must approve for each unit that its units decide."""
        return [int(need) for need in layout.data.get("composites_needs", ())]

    def _homes(self) -> list[int]:
        """The block of every unit: pooled, then composite."""
        of_cell = {cell: i for i, block in enumerate(self.blocks) for cell in block.cells}
        homes = [of_cell[int(np.flatnonzero(scope)[0])] for scope in self.scope]
        return homes + [homes[units[0]] for units in self.made_of]

    @property
    def local(self) -> list[Term]:
        """Terms about units of one block."""
        return [term for term in self.terms if len(term.units) == 1]

    @property
    def crossing(self) -> list[Term]:
        """Terms about units of several blocks."""
        return [term for term in self.terms if len(term.units) > 1]

    def law(
        self, term: Term, block: int, logits: Float[np.ndarray, "point copy logit"]
    ) -> Float[np.ndarray, "point copy number"]:
        """Of how many of a term's units in one block approve, at these logits of the block."""
        return number_law(self._chances(term.units[block], block, logits))

    def _chances(self, units: Sequence[int], block: int, logits: Array) -> Array:
        """Chance to approve, by unit, composites last: (point, copy, unit)."""
        pooled = len(self.scope)
        found = [self._pooled([unit for unit in units if unit < pooled], block, logits)]
        found += [self._composite(unit - pooled, block, logits) for unit in units if unit >= pooled]
        return np.concatenate(found, axis=2)

    def _pooled(self, units: Sequence[int], block: int, logits: Array) -> Array:
        cells = list(self.blocks[block].cells)
        scope = self.scope[np.ix_(units, cells)][None]
        rows = Sums(scope, self.members[cells][None], logits[None])
        alpha, beta, cut = (self.values[units, i] for i in range(3))
        mean, variance = rows.linear(alpha, beta)
        return np.asarray(normal_cdf((mean - cut) / np.sqrt(variance))[0])

    def _composite(self, index: int, block: int, logits: Array) -> Array:
        law = number_law(self._pooled(list(self.made_of[index]), block, logits))
        return np.asarray(law[..., self.needs[index] :].sum(axis=2, keepdims=True))


def number_law(chance: Float[np.ndarray, "*shape unit"]) -> Float[np.ndarray, "*shape number"]:
    """Law of the number of successes of independent trials."""
    law = np.ones((*chance.shape[:-1], 1))
    for unit in range(chance.shape[-1]):
        p = chance[..., unit, None]
        more = np.zeros((*law.shape[:-1], law.shape[-1] + 1))
        more[..., :-1] = law * (1 - p)
        more[..., 1:] += law * p
        law = more
    return law


def convolved(
    first: Float[np.ndarray, "point one"], second: Float[np.ndarray, "point other"]
) -> Float[np.ndarray, "point number"]:
    """Law of the sum of two independent numbers."""
    total = np.zeros((len(first), first.shape[1] + second.shape[1] - 1))
    for number in range(second.shape[1]):
        total[:, number : number + first.shape[1]] += first * second[:, number, None]
    return total


def numbers_by_block(
    laws: Sequence[Float[np.ndarray, "point _"]],
    term: Term,
    uniform: Float[np.ndarray, "point x"],
) -> list[Array]:
    """How many approve in each block, given that their sum is within the term's range."""
    sums = [np.ones((len(uniform), 1))]
    for law in laws:
        sums.append(convolved(sums[-1], law))
    total = sums[-1].copy()
    total[:, : term.low] = 0.0
    total[:, term.high + 1 :] = 0.0
    left = chosen(total, uniform[:, 0])
    found = []
    for index in reversed(range(len(laws))):
        law, before = laws[index], sums[index]
        rest = left[:, None] - np.arange(law.shape[1])
        inside = (rest >= 0) & (rest < before.shape[1])
        others = np.take_along_axis(before, np.clip(rest, 0, before.shape[1] - 1), axis=1)
        own = chosen(law * np.where(inside, others, 0.0), uniform[:, index + 1])
        found.append(own)
        left = left - own
    return found[::-1]


def chosen(
    weights: Float[np.ndarray, "point option"], uniform: Float[np.ndarray, " point"]
) -> Array:
    """One option a row, with probability in proportion to its weight."""
    below = np.cumsum(weights, axis=1)
    return np.asarray(
        (below < uniform[:, None] * below[:, -1:]).sum(axis=1).clip(0, weights.shape[1] - 1)
    )
