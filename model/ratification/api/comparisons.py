"""Comparisons: every scenario of a round by every reading, in one table."""

from collections.abc import Mapping
from typing import Unpack

from ratification.answers.comparison import Comparison, compared
from ratification.api.forecasts import BY_AUTO, RunOptions, run
from ratification.case.case import Case
from ratification.case.rounds import AS_VOTED
from ratification.errors import RequestError


def compare(
    case: Case, *, adoption: Mapping[str, float] | None = None, **asked: Unpack[RunOptions]
) -> Comparison:
    """A round as voted and in every scenario of it, under every reading, with the differences.

    `scenarios` are all of the round unless they are named; as voted always comes first.
    `adoption` says how likely bylaws are to be adopted, by their id, before what the case says of
    them. Else as `run`, by the engine "auto" unless another is given.

    Raises:
        RequestError: as `run`, or an adoption that is no chance or of bylaws not asked about.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: a fit did not converge.
    """
    scenarios, round_id = asked.get("scenarios", ()), asked.get("round_id")
    named = [case.scenario(name) for name in scenarios if name != AS_VOTED]
    rounds = dict.fromkeys([*filter(None, [round_id]), *(entry.round for entry in named)])
    if len(rounds) > 1:
        raise RequestError(f"one comparison is about one round, not {' and '.join(rounds)}")
    about = next(iter(rounds), case.target)
    known = [entry.id for entry in case.scenarios if entry.round == case.round(about).id]
    names = dict.fromkeys(entry.id for entry in named) if scenarios else known
    wanted: RunOptions = {"round_id": about, "scenarios": [AS_VOTED, *names]}
    return compared(run(case, **(BY_AUTO | asked | wanted)), adoption)
