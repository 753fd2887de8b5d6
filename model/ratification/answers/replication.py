"""Posterior predictive checks: would the fitted model have produced what was reported?

Every report with numbers is set against the same figure in votes simulated from the posterior
without holding them to any report (Gelman, Meng and Stern 1996). The posterior has seen the report:
a unit's own effect has moved towards it, so that the check finds figures the model cannot make, and
says little of whether it would have foreseen them. That is for leaving the union out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ratification.answers.estimates import Spread, spread
from ratification.arrays import Int
from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.evidence import Report
from ratification.case.unitsets import leaves_in
from ratification.inference.approving import approved
from ratification.inference.conditioning import draw_free
from ratification.inference.field import FieldMaker
from ratification.inference.numerics import stream
from ratification.inference.posterior import Posterior
from ratification.inference.tied import Ballots
from ratification.inference.worlds import draw_index

REPLICATES = 2000

Quantity = Literal["yes share", "turnout", "margin", "approves"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicated:
    """A report's figure beside its replicates.

    `quantity` is "yes share", "turnout", "margin" (ballots) or "approves" (1 or 0); `rank` the
    share of replicates below what was seen, ties counting half; `drawn` holds them all.
    """

    report: Report
    quantity: Quantity
    seen: float
    replicates: Spread
    rank: float
    drawn: np.ndarray = field(repr=False, compare=False)

    @property
    def tail(self) -> float:
        """How often a replicate is as far out as what was seen; of an outcome, how often it is it.

        Of a number both tails count.
        """
        if self.quantity == "approves":
            return self.replicates.mean if self.seen else 1 - self.replicates.mean
        return 2 * min(self.rank, 1 - self.rank)


def replicate(
    case: Case,
    posterior: Posterior,
    round_id: str,
    reports: Sequence[Report],
    *,
    everything: bool = False,
) -> tuple[Replicated, ...]:
    """Check each report that states a number for units of this round.

    With `everything` also outcomes, and the turnout of counts where members are published.
    """
    sizes = posterior.layout.members[round_id]
    told = [
        (report, *figure)
        for report in reports
        for figure in _figures(report, case, round_id, sizes)
        if everything or _is_main(report, figure[0])
    ]
    if not told:
        return ()
    rows = draw_index(posterior, REPLICATES)
    rng = stream(posterior.seed, "replicates", round_id)
    field = FieldMaker(case, posterior, round_id, None).field(rows, rng)
    members = np.tile(sizes, (len(rows), 1))
    nothing = np.zeros(members.shape[1], dtype=np.int64)
    ballots = Ballots(members, field.yes_share, field.turnout, nothing, nothing)
    yes, no = draw_free(ballots, slice(None), slice(None), rng)
    found = []
    for report, quantity, seen in told:
        drawn = _drawn(quantity, report.units, case.electorate, (yes, no, members))
        found.append(
            Replicated(
                report=report,
                quantity=quantity,
                seen=seen,
                replicates=spread(drawn),
                rank=float(np.mean(drawn < seen) + 0.5 * np.mean(drawn == seen)),
                drawn=drawn,
            )
        )
    return tuple(found)


def _is_main(report: Report, quantity: Quantity) -> bool:
    return quantity != "approves" and (report.kind != "count" or quantity == "yes share")


def _figures(
    report: Report, case: Case, round_id: str, sizes: Int[np.ndarray, " leaf"]
) -> Iterator[tuple[Quantity, float]]:
    """What a report says as numbers: of a range, its middle; of turnout, by the fit's roster."""
    if report.kind == "outcome" and report.result in ("approved", "rejected"):
        yield "approves", float(report.result == "approved")
    elif report.kind in ("count", "partial") and report.yes is not None and report.no is not None:
        cast = report.yes + report.no
        if cast:
            yield "yes share", report.yes / cast
            leaves = sorted(leaves_in(report.units, case.electorate))
            if report.kind == "count" and _published(leaves, case, round_id):
                yield "turnout", cast / max(int(sizes[leaves].sum()), 1)
    elif report.low is not None and report.high is not None and report.kind in RANGES:
        yield RANGES[report.kind], float(report.low + report.high) / 2


RANGES: Mapping[str, Quantity] = {
    "partial": "yes share",
    "share": "yes share",
    "turnout": "turnout",
    "margin": "margin",
}


def _published(leaves: Sequence[int], case: Case, round_id: str) -> bool:
    """Whether the members of all these leaves are known, the rest of a unit by subtraction."""
    tree = case.electorate
    units = [tree.by_id[tree.leaves[leaf]] for leaf in leaves]
    return all(unit.implicit or unit.figure_in(round_id).members is not None for unit in units)


def _drawn(
    quantity: Quantity,
    units: str,
    tree: Electorate,
    votes: tuple[
        Int[np.ndarray, "world leaf"], Int[np.ndarray, "world leaf"], Int[np.ndarray, "world leaf"]
    ],
) -> np.ndarray:
    """The figure in every simulated vote: yes, no and members by leaf."""
    yes, no, members = votes
    if quantity == "approves" and units in tree.by_id:
        return np.asarray(approved(tree, units, yes, yes + no), dtype=float)
    leaves = sorted(leaves_in(units, tree))
    favour, against = yes[:, leaves].sum(axis=1), no[:, leaves].sum(axis=1)
    if quantity == "approves":
        return np.asarray(favour > against, dtype=float)
    if quantity == "margin":
        return np.asarray(favour - against, dtype=float)
    if quantity == "turnout":
        of = np.maximum(members[:, leaves].sum(axis=1), 1)
        return np.asarray((favour + against) / of)
    return np.asarray(favour / np.maximum(favour + against, 1))
