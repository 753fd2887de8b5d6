"""The posterior of a round, for diagnosis and plots."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ratification.api.forecasts import DEFAULT_SEED
from ratification.case.case import Case
from ratification.inference.posterior import EngineName
from ratification.output.runs import Runs

if TYPE_CHECKING:
    import xarray as xr


def posterior_tree(
    case: Case,
    *,
    round_id: str | None = None,
    as_of: str | None = None,
    without: Sequence[str] = (),
    seed: int = DEFAULT_SEED,
    engine: EngineName = "nuts",
    runs: Runs | None = None,
) -> "xr.DataTree":
    """The posterior of a round as an ArviZ `DataTree`, for diagnosis and plots.

    Of NUTS with the sampler's statistics, of the instant engine with the draws alone.

    Raises:
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: the fit did not converge.
    """
    from ratification.inference.instant.engine import fit
    from ratification.inference.layout import build_layout
    from ratification.inference.tree import tree_of

    runs = runs or Runs()
    round_id = round_id or case.target
    evidence = case.evidence(as_of=as_of, without=tuple(without), round_id=round_id)
    layout = build_layout(case, evidence, round_id)
    if engine == "instant":
        return tree_of(fit(layout, seed, effort=runs.effort).posterior)
    return runs.engine.fit(layout, seed, sampler=runs.sampler, progress=runs.progress).tree
