"""Does the model fit: each union forecast without its own reports, priors that count for more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from ratification.answers.estimates import Estimate, Spread
from ratification.answers.forecast import UnionForecast
from ratification.api.forecaster import Forecaster, Result
from ratification.api.forecasts import RunOptions
from ratification.case.case import Case
from ratification.case.unitsets import leaves_in
from ratification.inference.numerics import stream

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


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


@dataclass(frozen=True, repr=False)
class LeftOutTable:
    """Every reported union, forecast without what it reported."""

    rows: tuple[LeftOut, ...]

    def frame(self) -> "pd.DataFrame":
        """One row a union."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "unit": row.unit,
                    "chance": row.approves.probability,
                    "mcse": row.approves.mcse,
                    "approved": row.approved,
                    "low": row.yes_share.q05,
                    "high": row.yes_share.q95,
                    "share": row.share,
                    "rank": row.rank,
                }
                for row in self.rows
            ]
        )

    def _repr_html_(self) -> str:
        from ratification.output.views.tables import html_table
        from ratification.output.wording import interval, share
        from ratification.output.words import with_error

        rows = [
            {
                "union": row.name,
                "chance without its reports": with_error(row.approves, decided=False),
                "it": "approved" if row.approved else "rejected",
                "90% of yes shares": interval(row.yes_share.q05, row.yes_share.q95),
                "counted": "" if row.share is None else share(row.share),
            }
            for row in self.rows
        ]
        counted = [row for row in self.rows if row.share is not None]
        inside = sum(row.yes_share.q05 <= (row.share or 0) <= row.yes_share.q95 for row in counted)
        return html_table(
            rows, f"{inside} of {len(counted)} counted shares lie within their range."
        )


def leave_one_union_out(ask: Forecaster, case: Case, **asked: Unpack[RunOptions]) -> LeftOutTable:
    """Forecast every union that has reported as if it had not.

    Its own reports about the round are left out, and those about several unions that hold it,
    since a total gives a single union away. A fit for each: seconds by the instant engine.

    Raises:
        RequestError, CaseError, ConvergenceError: as `Forecaster.forecast`.
    """
    whole = ask.forecast(case, **asked)
    decided = [
        union for union in whole.forecast.unions if union.standing in ("approved", "rejected")
    ]
    rows = []
    for union in decided:
        known = _without(case, whole.forecast.round, union.unit)
        if len(known.reports) < len(case.reports):
            rows.append(_left_out(ask.forecast(known, **asked), union))
    return LeftOutTable(tuple(rows))


def _without(case: Case, round_id: str, union: str) -> Case:
    """The case without any report of a round that is about leaves of a union."""
    leaves = case.electorate.leaves_under[union]
    kept = [
        report
        for report in case.reports
        if report.round != round_id or not leaves & leaves_in(report.units, case.electorate)
    ]
    return replace(case, reports=tuple(kept))


def _left_out(result: Result, truth: UnionForecast) -> LeftOut:
    row = next(union for union in result.forecast.unions if union.unit == truth.unit)
    counted = truth.yes_share.q05 == truth.yes_share.q95
    worlds = result.worlds().sel(union=truth.unit)
    shares = worlds["yes"] / worlds["ballots"].clip(min=1)
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


def sensitivity_tree(result: Result) -> "xr.DataTree":
    """The posterior with what ArviZ's `psense` needs to scale the prior's power.

    Beside the parameters it has `ratified`, by rule: whether a world of the draw passes. Rules of
    which all worlds say the same have nothing to be sensitive.
    Group `log_prior` holds the log density of the shared parameters' priors.
    """
    import xarray as xr

    from ratification.answers.judging import Results, judge
    from ratification.answers.reweighting import log_prior

    simulation = result.run.simulations[0]
    tree, posterior, worlds = result.posterior(), simulation.posterior, simulation.worlds
    shape = (posterior.per_chain, posterior.chains)
    first = _a_world_of_each(worlds.draw.tolist(), shape[0] * shape[1], posterior.seed)
    results = Results.of(worlds, simulation.electorate)
    passes = {
        chosen.key: judge(chosen.reading, results)[first].reshape(shape).T.astype(float)
        for chosen, rule in zip(result.run.readings, result.forecast.rules, strict=False)
        if rule.standing == "open"
    }
    passes = {rule: holds for rule, holds in passes.items() if np.ptp(holds) > 0}
    ratified = xr.DataArray(
        np.stack(list(passes.values()), axis=2) if passes else np.zeros((*shape[::-1], 0)),
        dims=("chain", "draw", "rule"),
        coords={"rule": list(passes)},
    )
    tree["posterior"] = tree["posterior"].dataset.assign(ratified=ratified)
    log = log_prior(posterior, result.run.case.priors).reshape(shape).T
    tree["log_prior"] = xr.DataTree(xr.Dataset({"shared": (("chain", "draw"), log)}))
    return tree


def _a_world_of_each(draws: Sequence[int], count: int, seed: int) -> list[int]:
    """The position of one world of every draw, at random among its worlds.

    Raises:
        RequestError: there are fewer worlds than draws.
    """
    from ratification.errors import RequestError

    order = stream(seed, "a world of each").permutation(len(draws)).tolist()
    found = {draws[position]: position for position in order}
    if len(found) < count:
        raise RequestError(f"{len(found):,} draws have worlds, of {count:,}: ask for more worlds")
    return [found[draw] for draw in range(count)]
