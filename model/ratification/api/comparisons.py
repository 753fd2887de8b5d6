"""Comparisons: every scenario of a round by every reading, in one table."""

from collections.abc import Mapping, Sequence

from ratification.answers.comparison import Comparison, compared
from ratification.api.forecasts import DEFAULT_SEED, run
from ratification.case.case import Case
from ratification.case.rounds import AS_VOTED
from ratification.errors import RequestError
from ratification.output.runs import EngineChoice, Runs


def compare(
    case: Case,
    *,
    round_id: str | None = None,
    as_of: str | None = None,
    bylaws: Sequence[str] = (),
    scenarios: Sequence[str] = (),
    assume: Sequence[str] = (),
    without: Sequence[str] = (),
    adoption: Mapping[str, float] | None = None,
    worlds: int | None = None,
    seed: int = DEFAULT_SEED,
    engine: EngineChoice = "auto",
    runs: Runs | None = None,
) -> Comparison:
    """A round as voted and in every scenario of it, under every reading, with the differences.

    `scenarios` are all of the round unless they are named; as voted always comes first.
    `adoption` says how likely bylaws are to be adopted, by their id, before what the case says of
    them. Else as `run`.

    Raises:
        RequestError: as `run`, or an adoption that is no chance or of bylaws not asked about.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: a fit did not converge.
    """
    named = [case.scenario(name) for name in scenarios if name != AS_VOTED]
    rounds = dict.fromkeys([*filter(None, [round_id]), *(entry.round for entry in named)])
    if len(rounds) > 1:
        raise RequestError(f"one comparison is about one round, not {' and '.join(rounds)}")
    about = next(iter(rounds), case.target)
    known = [entry.id for entry in case.scenarios if entry.round == case.round(about).id]
    found = run(
        case,
        round_id=about,
        as_of=as_of,
        bylaws=bylaws,
        scenarios=[AS_VOTED, *dict.fromkeys(entry.id for entry in named)]
        if scenarios
        else [AS_VOTED, *known],
        assume=assume,
        without=without,
        worlds=worlds,
        seed=seed,
        engine=engine,
        runs=runs,
    )
    return compared(found, adoption)
