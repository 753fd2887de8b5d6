"""Posterior predictive checks: would the fitted model have produced what was reported?

Every report with numbers is set against the same figure in votes simulated from the posterior
without holding them to any report (Gelman, Meng and Stern 1996).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ratification.answers.estimates import Spread, spread
from ratification.case.case import Case
from ratification.case.evidence import Report
from ratification.case.unitsets import leaves_in
from ratification.inference.conditioning import draw_free
from ratification.inference.field import FieldMaker
from ratification.inference.numerics import stream
from ratification.inference.posterior import Posterior
from ratification.inference.tied import Ballots
from ratification.inference.worlds import draw_index

REPLICATES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicated:
    """A report's figure beside its replicates.

    `quantity` is "yes share", "turnout" or "margin" (ballots); `rank` the share of replicates
    below what was seen, ties counting half.
    """

    report: Report
    quantity: str
    seen: float
    replicates: Spread
    rank: float


def replicate(
    case: Case, posterior: Posterior, round_id: str, reports: Sequence[Report]
) -> tuple[Replicated, ...]:
    """Check each report that states a number for units of this round."""
    told = [(report, figure) for report in reports if (figure := _figure(report)) is not None]
    if not told:
        return ()
    rows = draw_index(posterior, REPLICATES)
    rng = stream(posterior.seed, "replicates", round_id)
    field = FieldMaker(case, posterior, round_id, None).field(rows, rng)
    members = np.tile(posterior.layout.members[round_id], (len(rows), 1))
    nothing = np.zeros(members.shape[1], dtype=np.int64)
    ballots = Ballots(members, field.yes_share, field.turnout, nothing, nothing)
    yes, no = draw_free(ballots, slice(None), slice(None), rng)
    found = []
    for report, (quantity, seen) in told:
        leaves = sorted(leaves_in(report.units, case.electorate))
        drawn = _drawn(quantity, yes[:, leaves], no[:, leaves], members[:, leaves])
        found.append(
            Replicated(
                report=report,
                quantity=quantity,
                seen=seen,
                replicates=spread(drawn),
                rank=float(np.mean(drawn < seen) + 0.5 * np.mean(drawn == seen)),
            )
        )
    return tuple(found)


def _figure(report: Report) -> tuple[str, float] | None:
    """What a report says as one number: of a range, its middle."""
    if report.kind in ("count", "partial") and report.yes is not None and report.no is not None:
        cast = report.yes + report.no
        return ("yes share", report.yes / cast) if cast else None
    if report.low is None or report.high is None:
        return None
    middle = float(report.low + report.high) / 2
    names = {"partial": "yes share", "share": "yes share", "turnout": "turnout", "margin": "margin"}
    return (names[report.kind], middle) if report.kind in names else None


def _drawn(
    quantity: str,
    yes: Int[np.ndarray, "world scope"],
    no: Int[np.ndarray, "world scope"],
    members: Int[np.ndarray, "world scope"],
) -> np.ndarray:
    favour, against = yes.sum(axis=1), no.sum(axis=1)
    if quantity == "margin":
        return np.asarray(favour - against, dtype=float)
    if quantity == "turnout":
        return np.asarray((favour + against) / np.maximum(members.sum(axis=1), 1))
    return np.asarray(favour / np.maximum(favour + against, 1))
