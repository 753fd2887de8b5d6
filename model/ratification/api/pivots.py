"""Who matters: power under the rule, pivotality in the forecast, what results would tell."""

from typing import Unpack

from ratification.answers.pivots import Pivots, pivots_of
from ratification.api.forecasts import BY_AUTO, RunOptions, run
from ratification.case.case import Case


def pivots(case: Case, **asked: Unpack[RunOptions]) -> Pivots:
    """Which unions and counts matter, under every reading asked for; it takes what `run` takes.

    `engine` is "auto" unless it is given.

    Raises:
        RequestError: the case has no such round, bylaws, scenario or report.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: the fit did not converge.
    """
    return pivots_of(run(case, **(BY_AUTO | asked)))
