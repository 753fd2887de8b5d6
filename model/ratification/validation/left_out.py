"""Unions forecast as if they had not reported: what was said of each, and what it did."""

from dataclasses import dataclass, replace

import numpy as np

from ratification.answers.estimates import Estimate, Spread
from ratification.answers.forecast import UnionForecast
from ratification.answers.run import Run
from ratification.case.electorate import Electorate
from ratification.case.evidence import InForce
from ratification.case.unitsets import leaves_in


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What would have been forecast of a union without its own reports, and what it did.

    `share` is its yes share where it is counted, and `rank` the chance of a lower one.
    """

    unit: str
    name: str
    approves: Estimate
    yes_share: Spread
    approved: bool
    share: float | None
    rank: float | None

    @property
    def inside(self) -> bool | None:
        """Whether a counted share lies in the middle 90% of what was forecast."""
        return None if self.rank is None else 0.05 <= self.rank <= 0.95


def reported_unions(run: Run) -> list[UnionForecast]:
    """Unions that reports about them decide, as voted or in the run's first scenario."""
    return [
        union
        for union in run.forecast.unions
        if union.scenario == run.simulations[0].name
        and union.standing in ("approved", "rejected")
        and len(without(run, union.unit).reports) < len(run.evidence.reports)
    ]


def without(run: Run, union: str) -> InForce:
    """The evidence of a run without any report of its round about leaves of a union.

    Reports about several unions that hold it go too: a total gives a single union away.
    """
    tree: Electorate = run.case.electorate
    leaves = tree.leaves_under[union]
    kept = [
        report
        for report in run.evidence.reports
        if report.round != run.facts.round or not leaves & leaves_in(report.units, tree)
    ]
    return replace(run.evidence, reports=tuple(kept))


def left_out(found: Run, truth: UnionForecast) -> LeftOut:
    """A union in a run that was made without its reports, beside what it did."""
    simulation = found.simulations[0]
    row = next(union for union in found.forecast.unions if union.unit == truth.unit)
    position = simulation.electorate.unions.index(truth.unit)
    worlds = simulation.worlds
    shares = worlds.yes[:, position] / np.maximum(worlds.ballots[:, position], 1)
    counted = truth.yes_share.q05 == truth.yes_share.q95
    share = truth.yes_share.q50 if counted else None
    return LeftOut(
        unit=row.unit,
        name=row.name,
        approves=row.approves,
        yes_share=row.yes_share,
        approved=truth.standing == "approved",
        share=share,
        rank=None if share is None else float((shares < share).mean()),
    )
