"""What-ifs: what an assumption, a report left out, or each open union's result would change."""

from typing import Unpack

from ratification.answers.run import Run
from ratification.answers.whatif import (
    Outlook,
    WhatIf,
    between,
    on_same_worlds,
    outlooks,
    refuse_nothing,
)
from ratification.api.forecasts import BY_AUTO, RunOptions, run
from ratification.case.case import Case
from ratification.output.runs import Runs


def whatif(case: Case, *, refit: bool = False, **asked: Unpack[RunOptions]) -> WhatIf:
    """How the chances of a round change if results are assumed or reports left out.

    Assumed outcomes are looked up in the worlds of one fit, so that differences are paired, while
    at least 100 independent worlds are left; counts, abstentions and reports left out need a
    second fit. `refit` asks for one anyway: where few worlds end as assumed, it knows more.
    Options else as `run`, by the engine "auto" unless another is given.

    Raises:
        RequestError: as `run`; or nothing changes.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: a fit did not converge.
    """
    assume, without = asked.get("assume", ()), asked.get("without", ())
    refuse_nothing(assume, without)
    changed: RunOptions = BY_AUTO | asked | {"runs": asked.get("runs") or Runs()}
    base = run(case, **(changed | {"assume": (), "without": ()}))
    found = on_same_worlds(base, assume) if not (without or refit) else None
    if found is not None:
        return found
    changes = [f"assumed: {text}" for text in assume] + [f"left out: {name}" for name in without]
    return between(base, run(case, **changed), changes)


def whatif_each(case: Case, **asked: Unpack[RunOptions]) -> tuple[Run, tuple[Outlook, ...]]:
    """What each result of each open union would do, from the worlds of one fit.

    Takes what `run` takes, and gives the run with it.
    """
    found = run(case, **(BY_AUTO | asked))
    return found, outlooks(found)
