"""Backtests: finished votes replayed and scored, and the page about them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Unpack

from ratification.api.forecasts import DEFAULT_SEED, refuse_worlds
from ratification.case.case import Case
from ratification.case.folder import load_cases, shipped
from ratification.case.tabled import families
from ratification.case.writing import write_whole
from ratification.errors import RequestError
from ratification.inference.fit import Progress, no_progress
from ratification.inference.posterior import EngineChoice
from ratification.validation import backtest as replays
from ratification.validation.backtest import RANDOM_ORDERS, Backtest, Learn
from ratification.validation.jobs import JobSettings, run_jobs
from ratification.validation.orders import ORDERS, OrderName
from ratification.validation.replay import WORLDS


def backtest(
    cases: Sequence[Case],
    *,
    orders: Sequence[OrderName] = ORDERS,
    random_orders: int = RANDOM_ORDERS,
    seed: int = DEFAULT_SEED,
    engine: EngineChoice = "instant",
    worlds: int = WORLDS,
    learn: Learn | None = None,
    progress: Progress = no_progress,
    **where: Unpack[JobSettings],
) -> Backtest:
    """Replay every finished round of the cases and score its forecasts at several stages.

    `orders` are those in which unions report, "random" in `random_orders` ways. `learn` gives a
    case, from the cases of other polling days, the priors and features they teach, as
    `validation.learned_cases.Learner()` does; None leaves the cases' own.
    `where` says by how many `processes` or which Dask `scheduler` it is done, and in which file
    what is done is `kept`, as `validation.jobs.run_jobs` takes it. `validation.verdicts.summary`
    sums up what is found.

    Raises:
        RequestError: a case whose result its evidence does not settle, one asked for twice, or
            no order of these is known of any vote.
        CaseError: the evidence of a case cannot all be true.
        JobError: a job failed, or every worker died.
    """
    if not cases:
        raise RequestError("a backtest needs at least one case")
    if random_orders < 1:
        raise RequestError(f"random orders {random_orders} is not at least 1")
    refuse_worlds(worlds)
    return replays.backtest(
        cases,
        orders=orders,
        random_orders=random_orders,
        seed=seed,
        engine=engine,
        worlds=worlds,
        learn=learn,
        run=partial(run_jobs, **where),
        progress=progress,
    )


def backtest_cases(names: Sequence[str] = ()) -> list[Case]:
    """Cases to replay by folder or name; a table's name stands for all of its cases.

    All that are shipped if none is named: the tables, and the folders not among their cases.

    Raises:
        RequestError: there is no such folder or shipped case.
        CaseError: a case is wrong.
    """
    known = families()
    members = {member for cases in known.values() for member in cases}
    asked = names or [*known, *(name for name in shipped() if name not in members)]
    found: list[Case] = []
    for name in asked:
        found += load_cases(name)
    return found


def write_backtest(path: Path, found: Backtest, *, command: str = "") -> None:
    """Write one HTML page about a backtest; `command` says how to make it again.

    Raises:
        RequestError: the file cannot be written.
    """
    from ratification.output.page.backtest import backtest_page
    from ratification.output.page.render import render

    write_whole(path, render(backtest_page(found, command=command)).encode())
