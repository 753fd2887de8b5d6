"""Who matters: power under the rule, pivotality in the forecast, what results would tell."""

from collections.abc import Sequence

from ratification.answers.pivots import Pivots, pivots_of
from ratification.api.forecasts import DEFAULT_SEED, run
from ratification.case.case import Case
from ratification.output.runs import EngineChoice, Runs


def pivots(
    case: Case,
    *,
    round_id: str | None = None,
    as_of: str | None = None,
    bylaws: Sequence[str] = (),
    scenarios: Sequence[str] = (),
    assume: Sequence[str] = (),
    without: Sequence[str] = (),
    worlds: int | None = None,
    seed: int = DEFAULT_SEED,
    engine: EngineChoice = "auto",
    runs: Runs | None = None,
) -> Pivots:
    """Which unions and counts matter, under every reading asked for; it takes what `run` takes.

    Raises:
        RequestError: the case has no such round, bylaws, scenario or report.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: the fit did not converge.
    """
    return pivots_of(
        run(
            case,
            round_id=round_id,
            as_of=as_of,
            bylaws=bylaws,
            scenarios=scenarios,
            assume=assume,
            without=without,
            worlds=worlds,
            seed=seed,
            engine=engine,
            runs=runs,
        )
    )
