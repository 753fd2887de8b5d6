"""What-ifs: what an assumption, a report left out, or each open union's result would change."""

from collections.abc import Sequence
from typing import Any

from ratification.answers.run import Run
from ratification.answers.whatif import (
    Outlook,
    WhatIf,
    between,
    on_same_worlds,
    outlooks,
    refuse_nothing,
)
from ratification.api.forecasts import DEFAULT_SEED, run
from ratification.case.case import Case
from ratification.output.runs import EngineChoice, Runs


def whatif(
    case: Case,
    *,
    assume: Sequence[str] = (),
    without: Sequence[str] = (),
    refit: bool = False,
    round_id: str | None = None,
    as_of: str | None = None,
    bylaws: Sequence[str] = (),
    scenarios: Sequence[str] = (),
    worlds: int | None = None,
    seed: int = DEFAULT_SEED,
    engine: EngineChoice = "auto",
    runs: Runs | None = None,
) -> WhatIf:
    """How the chances of a round change if results are assumed or reports left out.

    Assumed outcomes are looked up in the worlds of one fit, so that differences are paired, while
    at least 100 independent worlds are left; counts, abstentions and reports left out need a
    second fit. `refit` asks for one anyway: where few worlds end as assumed, it knows more.
    Options else as `run`.

    Raises:
        RequestError: as `run`; or nothing changes.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: a fit did not converge.
    """
    refuse_nothing(assume, without)
    runs = runs or Runs()
    asked: dict[str, Any] = {
        "round_id": round_id,
        "as_of": as_of,
        "bylaws": bylaws,
        "scenarios": scenarios,
        "worlds": worlds,
        "seed": seed,
        "engine": engine,
        "runs": runs,
    }
    base = run(case, **asked)
    found = on_same_worlds(base, assume) if not (without or refit) else None
    if found is not None:
        return found
    changes = [f"assumed: {text}" for text in assume] + [f"left out: {name}" for name in without]
    return between(base, run(case, **asked, assume=assume, without=without), changes)


def whatif_each(case: Case, **asked: Any) -> tuple[Run, tuple[Outlook, ...]]:
    """What each result of each open union would do, from the worlds of one fit.

    Takes what `run` takes, and gives the run with it.
    """
    found = run(case, **({"engine": "auto"} | asked))
    return found, outlooks(found)
