"""The arrays of the likelihood: every report a row over one scope matrix (row x cell).

Few and wide arrays: each separate one costs seconds of compile time, and one matrix product over
the stacked scopes replaces a dozen small ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.evidence import InForce
from ratification.case.known import Known, Partial, ShareRange, counted_children
from ratification.case.priors import Priors
from ratification.case.unitsets import leaves_in
from ratification.inference.so_far import range_so_far
from ratification.inference.structure import Layout, Structure

OPEN = 1e12  # a bound that binds nothing: no coalition has so many members


# Rows of `scope` and `values` stand in this order; `sizes` says how many of each there are.
ROW_KINDS = ("range", "pool", "so_far", "poll", "unit")
COLUMNS = {
    "range": ("alpha", "beta", "low", "low_each", "high", "high_each"),
    "pool": ("yes", "ballots"),
    "so_far": ("low", "high", "ballots"),
    "poll": ("logit", "asked"),
    "unit": ("alpha", "beta", "cut"),
}
WIDTH = max(len(columns) for columns in COLUMNS.values())

PRIOR_ORDER = (
    "mu_mean",
    "mu_sd",
    "nu_mean",
    "nu_sd",
    "swing_mean",
    "swing_sd",
    "tau_union",
    "tau_unit",
    "tau_local",
    "tau_turnout_union",
    "tau_turnout_unit",
    "tau_turnout_local",
    "correlation_mean",
    "correlation_sd",
    "persistence_a",
    "persistence_b",
    "beta_mean",
    "beta_sd",
    "poll_bias_sd",
    "kappa_mean",
    "kappa_sd",
    "tau_union_mean",
    "tau_unit_mean",
    "tau_local_mean",
    "tau_turnout_union_mean",
    "tau_turnout_unit_mean",
    "tau_turnout_local_mean",
)


def prior_data(priors: Priors) -> dict[str, np.ndarray]:
    """Every number of the priors in one vector, in PRIOR_ORDER."""
    numbers = (
        *(priors.mu.mean, priors.mu.sd, priors.nu.mean, priors.nu.sd),
        *(priors.swing.mean, priors.swing.sd),
        *(priors.tau_union.sd, priors.tau_unit.sd, priors.tau_local.sd),
        priors.tau_turnout_union.sd,
        priors.tau_turnout_unit.sd,
        priors.tau_turnout_local.sd,
        *(priors.correlation.mean, priors.correlation.sd),
        *(priors.persistence.a, priors.persistence.b),
        *(priors.beta.mean, priors.beta.sd),
        priors.poll_bias.sd,
        *(priors.kappa.mean, priors.kappa.sd),
        *(priors.tau_union.mean, priors.tau_unit.mean, priors.tau_local.mean),
        priors.tau_turnout_union.mean,
        priors.tau_turnout_unit.mean,
        priors.tau_turnout_local.mean,
    )
    return {"priors": np.array(numbers)}


def likelihood_data(case: Case, evidence: InForce, layout: Layout) -> dict[str, np.ndarray]:
    """Every report in force as rows of arrays."""
    builder = _Builder(case, layout)
    for round_id, facts in layout.facts.items():
        builder.add(round_id, facts)
    data = builder.arrays()
    data["members"] = builder.members
    data["node_scale"] = _node_scales(layout)
    data["features"] = _features(case, layout.structure)
    data["early"] = _early_returns(case, evidence, layout)
    return data


class _Builder:
    """Collects rows of every kind over the rounds of a fit."""

    def __init__(self, case: Case, layout: Layout) -> None:
        self.case = case
        self.tree: Electorate = case.electorate
        self.cells = layout.structure.cells
        self.composite = layout.structure.composite
        rounds = layout.structure.rounds
        self.members = np.array(
            [
                float(sum(layout.members[rounds[r]][leaf] for leaf in group.leaves))
                for r, group in self.cells
            ]
        )
        self.cell_of = {
            (rounds[r], leaf): index
            for index, (r, group) in enumerate(self.cells)
            for leaf in group.leaves
        }
        self.counts: list[tuple[int, float, float]] = []  # row of the logits, count, out of
        self.scopes: dict[str, list[np.ndarray]] = {name: [] for name in ROW_KINDS}
        self.values: dict[str, list[tuple[float, ...]]] = {name: [] for name in ROW_KINDS}
        self.units: dict[tuple[str, str], int] = {}
        self.composites: dict[tuple[str, str], tuple[list[int], int]] = {}
        self.approvals: list[tuple[str, tuple[str, ...], int, int]] = []

    def add(self, round_id: str, facts: Known) -> None:
        for count in facts.counts:
            self._count(round_id, count.scope, count.yes, count.no)
        for entry in facts.ranges:
            low = -OPEN if entry.low is None else entry.low - 0.5
            high = OPEN if entry.high is None else entry.high + 0.5
            self._range(round_id, entry.scope, entry.alpha, entry.beta, low, 0.0, high, 0.0)
        for share in facts.shares:
            self._share(round_id, share)
        for partial in facts.partials:
            self._partial(round_id, partial)
        for poll in facts.polls:
            logit = np.log((poll.yes + 0.5) / (poll.no + 0.5))
            self._row("poll", round_id, poll.scope, (logit, float(poll.yes + poll.no)))
        for approvals in facts.approvals:
            for unit in approvals.units:
                self._unit(round_id, unit)
            self.approvals.append((round_id, approvals.units, approvals.low, approvals.high))

    def _scope(self, round_id: str, leaves: Iterable[int]) -> np.ndarray:
        row = np.zeros(len(self.cells))
        row[[self.cell_of[round_id, leaf] for leaf in leaves]] = 1.0
        return row

    def _row(
        self, name: str, round_id: str, leaves: Iterable[int], values: tuple[float, ...]
    ) -> None:
        self.scopes[name].append(self._scope(round_id, leaves))
        self.values[name].append(values)

    def _count(self, round_id: str, scope: frozenset[int], yes: int, no: int) -> None:
        ballots = float(yes + no)
        if len(scope) > 1:
            self._row("pool", round_id, scope, (float(yes), ballots))
            return
        cell = self.cell_of[round_id, next(iter(scope))]
        if ballots:  # an abstention says nothing about how its members would have voted
            self.counts.append((cell, float(yes), ballots))
            members = max(self.members[cell], ballots)
            self.counts.append((len(self.cells) + cell, ballots, members))

    def _range(self, round_id: str, scope: Iterable[int], *values: float) -> None:
        self._row("range", round_id, scope, values)

    def _share(self, round_id: str, share: ShareRange) -> None:
        low, high = float(share.low), float(share.high)
        known = share.known_yes + share.known_no
        if share.of == "members":
            whole = self.members @ self._scope(round_id, share.whole)
            bounds = (low * whole - known - 0.5, 0.0, high * whole - known + 0.5, 0.0)
            self._range(round_id, share.scope, 1.0, 1.0, *bounds)
            return
        # (yes + known_yes) - middle * ballots, between (low - middle) and (high - middle) ballots.
        # Bounds at 0 and 1 hold by themselves and are left open.
        middle = (low + high) / 2 if low > 0 and high < 1 else (low if low > 0 else high)
        offset = share.known_yes - middle * known
        least = (-OPEN, 0.0) if low <= 0 else ((low - middle) * known - offset, low - middle)
        most = (OPEN, 0.0) if high >= 1 else ((high - middle) * known - offset, high - middle)
        self._range(round_id, share.scope, 1 - middle, -middle, *least, *most)

    def _partial(self, round_id: str, partial: Partial) -> None:
        ballots = float(partial.yes + partial.no)
        if ballots:
            self._range(round_id, partial.scope, 1.0, 1.0, ballots - 0.5, 0.0, OPEN, 0.0)
        if ballots and len(partial.scope) == 1:
            cell = self.cell_of[round_id, next(iter(partial.scope))]
            self.counts.append((cell, float(partial.yes), ballots))
        else:
            self._row("so_far", round_id, partial.scope, (*range_so_far(partial), ballots))

    def _unit(self, round_id: str, unit: str) -> None:
        """A unit whose approval must have a probability: pooled, or made of pooled units."""
        if (round_id, unit) in self.units or (round_id, unit) in self.composites:
            return
        decides = self.tree.by_id[unit].decides
        if decides in ("units", "all-units"):
            children = counted_children(self.tree, unit)
            for child in children:
                self._pooled(round_id, child)
            need = len(children) if decides == "all-units" else len(children) // 2 + 1
            members = [self.units[round_id, child] for child in children]
            self.composites[round_id, unit] = (members, need)
        else:
            self._pooled(round_id, unit)

    def _pooled(self, round_id: str, unit: str) -> None:
        if (round_id, unit) in self.units:
            return
        decides = self.tree.by_id[unit].decides
        if isinstance(decides, Fraction):
            form = (float(decides.denominator - decides.numerator), -float(decides.numerator), -0.5)
        else:
            form = (1.0, -1.0, 0.5)
        self.units[round_id, unit] = len(self.scopes["unit"])
        self._row("unit", round_id, self.tree.leaves_under[unit], form)

    def arrays(self) -> dict[str, np.ndarray]:
        scopes = [row for name in ROW_KINDS for row in self.scopes[name]]
        values = [
            (*row, *(0.0,) * (WIDTH - len(row))) for name in ROW_KINDS for row in self.values[name]
        ]
        data = {
            "counts": np.array(self.counts, dtype=float).reshape(-1, 3),
            "scope": np.array(scopes, dtype=float).reshape(-1, len(self.cells)),
            "values": np.array(values, dtype=float).reshape(-1, WIDTH),
            "sizes": np.array([len(self.scopes[name]) for name in ROW_KINDS], dtype=np.int64),
        }
        return data | self._approval_arrays()

    def _approval_arrays(self) -> dict[str, np.ndarray]:
        """Rows of units (pooled, then composite) that count, and the range of their number."""
        pooled = len(self.scopes["unit"])
        position = dict(self.units)
        for index, key in enumerate(self.composites):
            position[key] = pooled + index
        data: dict[str, np.ndarray] = {}
        if self.composite:
            made = list(self.composites.values())
            data["composites_needs"] = np.array([need for _, need in made], dtype=np.int64)
            data |= number_table(
                "composites", pooled, [(units, need, len(units)) for units, need in made]
            )
        rows = [
            ([position[round_id, unit] for unit in units], low, high)
            for round_id, units, low, high in self.approvals
        ]
        return data | number_table("approvals", pooled + len(self.composites), rows)


def number_table(
    name: str, units: int, rows: Sequence[tuple[Sequence[int], int, int]]
) -> dict[str, np.ndarray]:
    """What the model needs for P(low <= successes <= high) by discrete Fourier transform.

    `rows` holds positions of units, low and high. Fernandez and Williams 2010: with n + 1 or more
    frequencies, P(k) is the mean of prod(1 - q + q e^(i a)) e^(-i a k) over the angles a. The sum
    over k from low to high is taken here; half of the angles serve, the others mirror them.
    """
    count = units + 1
    angles = 2 * np.pi * np.arange(count // 2 + 1) / count
    mirrored = np.where((angles > 0) & (angles < np.pi - 1e-9), 2.0, 1.0) / count
    marks = np.zeros((len(rows), units))
    weights = np.zeros((len(rows), 2, len(angles)))
    for index, (positions, low, high) in enumerate(rows):
        marks[index, list(positions)] = 1.0
        turns = np.outer(np.arange(low, high + 1), angles)
        weights[index] = mirrored * np.cos(turns).sum(axis=0), mirrored * np.sin(turns).sum(axis=0)
    return {
        f"{name}_units": marks,
        f"{name}_weights": weights,
        f"{name}_angles": np.array([np.cos(angles), np.sin(angles)]),
    }


def _node_scales(layout: Layout) -> np.ndarray:
    """1, but for leaves sampled as one: the spread of their mean, by members."""
    scales: Mapping[tuple[str, int], float] = {
        (group.path[-1], r): _mean_scale(
            layout.members[layout.structure.rounds[r]][list(group.leaves)]
        )
        for r, group in layout.structure.cells
    }
    return np.array([scales.get(node, 1.0) for node in layout.structure.nodes])


def _mean_scale(members: np.ndarray) -> float:
    total = float(members.sum())
    if len(members) == 1 or total == 0:
        return 1.0
    return float(np.sqrt(np.square(members / total).sum()))


def _features(case: Case, structure: Structure) -> np.ndarray:
    """Covariates by cell: the mean over a group's leaves."""
    matrix = np.zeros((len(structure.cells), len(structure.features)))
    for index, (_, group) in enumerate(structure.cells):
        for column, name in enumerate(structure.features):
            values = case.features[name]
            leaves = [case.electorate.leaves[leaf] for leaf in group.leaves]
            matrix[index, column] = np.mean([values.get(leaf, 0.0) for leaf in leaves])
    return matrix


def _early_returns(case: Case, evidence: InForce, layout: Layout) -> np.ndarray:
    """By cell: the balance of results out before the cell's own first report, from -1 to 1."""
    lean = np.zeros(len(layout.structure.cells))
    if layout.structure.early_returns:
        for index, (r, group) in enumerate(layout.structure.cells):
            lean[index] = published_lean(
                case, evidence, layout.structure.rounds[r], frozenset(group.leaves)
            )
    return lean


def published_lean(case: Case, evidence: InForce, round_id: str, leaves: frozenset[int]) -> float:
    """(approvals - rejections) / results published before these leaves' own first result."""
    told: list[int] = []
    for report in evidence.of_round(round_id):
        if report.kind not in ("count", "outcome"):
            continue
        if leaves <= leaves_in(report.units, case.electorate):
            break
        if report.kind == "outcome":
            told.append({"approved": 1, "rejected": -1}.get(report.result or "", 0))
        else:
            told.append(1 if (report.yes or 0) > (report.no or 0) else -1)
    return float(np.mean(told)) if told else 0.0
