"""Does the model fit: unions left out, reports simulated, powers scaled; in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from ratification.answers.replication import Replicated
from ratification.api.forecaster import Forecaster, Result
from ratification.api.forecasts import RunOptions
from ratification.api.tuning import each_left_out
from ratification.case.case import Case
from ratification.validation import power_scaling
from ratification.validation.left_out import LeftOut

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


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
        inside = sum(bool(row.inside) for row in counted)
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
    made_by = ask.options(asked)
    rows = each_left_out(
        whole.run,
        engine=made_by.get("engine", "auto"),
        worlds=made_by.get("worlds"),
        runs=ask.runs,
    )
    return LeftOutTable(rows)


def sensitivity_tree(result: Result) -> "xr.DataTree":
    """The posterior with what ArviZ's `psense` needs to scale the power of prior and likelihood.

    Beside the parameters it has `ratified`, by rule: whether a world of the draw passes. Rules of
    which all worlds say the same have nothing to be sensitive. Groups `log_prior` and
    `log_likelihood` are those of the shared parameters, whatever units' own effects are.

    Raises:
        ConvergenceError: reports tie too much together for the likelihood.
    """
    return power_scaling.sensitivity_tree(result.run)


def predictive_tree(result: Result) -> "xr.DataTree":
    """Reported figures and the same figures simulated, for ArviZ's `plot_ppc_*`.

    Groups `observed_data` and `posterior_predictive` have a variable for each kind of figure
    (`yes_share`, `turnout`, `margin`, `approves`), by report.
    """
    import xarray as xr

    chains = result.run.simulations[0].posterior.chains
    seen: dict[str, xr.DataArray] = {}
    drawn: dict[str, xr.DataArray] = {}
    for entries in _by_quantity(result.replicated()):
        name = entries[0].quantity.replace(" ", "_")
        axis = f"{name}_report"
        at = {axis: [entry.report.id for entry in entries]}
        whole = len(entries[0].drawn) // chains * chains
        values = np.stack([entry.drawn[:whole].reshape(-1, chains).T for entry in entries], axis=2)
        seen[name] = xr.DataArray([entry.seen for entry in entries], coords=at, dims=axis)
        drawn[name] = xr.DataArray(values, coords=at, dims=("chain", "draw", axis))
    groups = {"observed_data": xr.Dataset(seen), "posterior_predictive": xr.Dataset(drawn)}
    return xr.DataTree.from_dict(groups)


def _by_quantity(found: Sequence[Replicated]) -> list[list[Replicated]]:
    together: dict[str, list[Replicated]] = {}
    for entry in found:
        together.setdefault(entry.quantity, []).append(entry)
    return list(together.values())
