"""Forecasts: a round under every reading asked for, in every scenario asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypedDict, Unpack

from ratification.answers.forecast import Answers, Forecast, answer
from ratification.answers.run import Run, Simulation
from ratification.case.bounds import check_possible
from ratification.case.bylaws import ChosenReading, choose
from ratification.case.case import Case
from ratification.case.coalition import (
    abstaining_leaves,
    electorate_in,
    refuse_vetoes_of_leaving,
    reports_touching,
)
from ratification.case.evidence import InForce
from ratification.case.fingerprint import fingerprint
from ratification.case.known import Known, known
from ratification.case.priors import settings_of
from ratification.case.rounds import AS_VOTED, Scenario
from ratification.errors import ConvergenceError, RequestError
from ratification.inference.posterior import Diagnostics, EngineChoice, EngineName
from ratification.output.runs import Runs

DEFAULT_SEED = 391
FEWEST_WORLDS, MOST_WORLDS = 100, 2_000_000


class RunOptions(TypedDict, total=False):
    """What `run` takes beside the case, for answers that pass it on."""

    round_id: str | None
    as_of: str | None
    bylaws: Sequence[str]
    scenarios: Sequence[str]
    assume: Sequence[str]
    without: Sequence[str]
    worlds: int | None
    seed: int
    engine: EngineChoice
    runs: Runs | None


BY_AUTO: RunOptions = {"engine": "auto"}  # of answers that are asked for again and again


def forecast(case: Case, **asked: Unpack[RunOptions]) -> Forecast:
    """How likely ratification is: the forecast of `run`, which takes the same and says more."""
    return run(case, **asked).forecast


def run(
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
    engine: EngineChoice = "nuts",
    runs: Runs | None = None,
) -> Run:
    """How likely ratification is, under every reading asked for, in every scenario asked for.

    The run holds the forecast and what it was made from: evidence, posterior draws, worlds.

    `bylaws` such as "1996" or "1996/ballots" (all readings if empty); `scenarios` by id, all of
    one round (the evidence as it is, if empty); `as_of` an ISO date or time; `assume` such as
    "council-4 rejected"; `without` ids of reports to leave out. `engine` is "nuts", the published
    number; "instant", the same posterior in seconds; or "auto", instant where its checks
    pass and NUTS where they do not. `worlds` is 20,000 with NUTS, 4,000 with the instant engine,
    unless it is given.

    Raises:
        RequestError: the case has no such round, bylaws, scenario or report.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: the fit did not converge.
    """
    chosen = choose(case.bylaws, tuple(bylaws))
    asked = [asked_scenario(case, name) for name in scenarios] or [None]
    round_id = asked_round(case, round_id, asked)
    if worlds is not None:
        refuse_worlds(worlds)
    evidence = case.evidence(
        as_of=as_of, without=tuple(without), assume=tuple(assume), round_id=round_id
    )
    return run_on(
        case,
        evidence,
        round_id=round_id,
        chosen=chosen,
        asked=asked,
        as_of=as_of,
        assumptions=_assumptions(case, asked, assume, without),
        worlds=worlds,
        seed=seed,
        engine=engine,
        runs=runs or Runs(),
    )


def refuse_worlds(number: int) -> None:
    """Refuse a number of worlds that says too little, or takes too much.

    Raises:
        RequestError: it is out of range.
    """
    if not FEWEST_WORLDS <= number <= MOST_WORLDS:
        raise RequestError(f"worlds {number:,} is not from {FEWEST_WORLDS:,} to {MOST_WORLDS:,}")


def run_on(
    case: Case,
    evidence: InForce,
    *,
    round_id: str,
    chosen: tuple[ChosenReading, ...],
    asked: Sequence[Scenario | None],
    as_of: str | None,
    assumptions: Sequence[str],
    worlds: int | None,
    seed: int,
    engine: EngineChoice,
    runs: Runs,
) -> Run:
    """The run of a round on evidence as it is given; see `run`."""
    facts = known(evidence, round_id, case.electorate, case.id)
    check_possible(facts, case.electorate, evidence.reports, case.id)
    answers, simulations = [], []
    for scenario in asked:
        refuse_vetoes_of_leaving(chosen, scenario)
        fitted, believed = _in_scenario(case, evidence, facts, scenario)
        asking = partial(
            _simulated,
            case,
            fitted,
            believed,
            scenario,
            chosen,
            worlds=worlds,
            seed=seed,
            runs=runs,
        )
        made, told = _handed_over(asking, engine, runs)
        answers.append(told)
        simulations.append(made)
    return Run(
        forecast=_summed_up(
            case,
            evidence,
            facts,
            answers,
            simulations,
            as_of=as_of,
            assumptions=assumptions,
            runs=runs,
        ),
        case=case,
        evidence=evidence,
        facts=facts,
        readings=chosen,
        simulations=tuple(simulations),
    )


def _simulated(
    case: Case,
    evidence: InForce,
    facts: Known,
    scenario: Scenario | None,
    chosen: tuple[ChosenReading, ...],
    engine: EngineChoice,
    *,
    worlds: int | None,
    seed: int,
    runs: Runs,
) -> tuple[Simulation, Answers]:
    """The worlds of a round in a scenario, and what they say."""
    posterior, drawn = runs.worlds(
        case, evidence, facts.round, seed=seed, count=worlds, scenario=scenario, engine=engine
    )
    made = Simulation(
        scenario=scenario,
        posterior=posterior,
        worlds=drawn,
        electorate=electorate_in(case.electorate, scenario),
        facts=facts,
    )
    return made, answer(case, facts, drawn, chosen, scenario=scenario, seed=seed)


def _handed_over(
    asking: Callable[[EngineChoice], tuple[Simulation, Answers]], engine: EngineChoice, runs: Runs
) -> tuple[Simulation, Answers]:
    """What is asked; of NUTS where instant draws that pass are worth too little for an answer."""
    try:
        return asking(engine)
    except ConvergenceError as error:
        if engine != "auto":
            raise
        runs.progress("handing over to NUTS", 0, 0)
        made, told = asking("nuts")
        noted = replace(made.posterior.diagnostics, handed_over=str(error))
        return replace(made, posterior=replace(made.posterior, diagnostics=noted)), told


def _summed_up(
    case: Case,
    evidence: InForce,
    facts: Known,
    answers: Sequence[Answers],
    simulations: Sequence[Simulation],
    *,
    as_of: str | None,
    assumptions: Sequence[str],
    runs: Runs,
) -> Forecast:
    """What all scenarios say, with all that is needed to defend it; diagnostics are the worst."""
    first = simulations[0]
    engine: EngineName = (
        "nuts" if any(s.posterior.engine == "nuts" for s in simulations) else "instant"
    )
    return Forecast(
        case=case.id,
        title=case.title,
        round=facts.round,
        round_title=case.round(facts.round).title,
        as_of=as_of or _last_day(evidence),
        seed=first.posterior.seed,
        worlds=first.worlds.count,
        engine=engine,
        rules=tuple(rule for entry in answers for rule in entry.rules),
        unions=tuple(union for entry in answers for union in entry.unions),
        coalition=tuple(entry.coalition for entry in answers),
        diagnostics=max((s.posterior.diagnostics for s in simulations), key=_doubt),
        replaced=max(s.worlds.replaced for s in simulations),
        assumptions=(*assumptions, *_without_effect(simulations)),
        warnings=facts.warnings,
        reports=len(evidence.reports),
        nominal=_nominal(case, facts.round),
        inputs=fingerprint(case, evidence),
        versions=runs.versions(engine),
    )


def _in_scenario(
    case: Case, evidence: InForce, facts: Known, scenario: Scenario | None
) -> tuple[InForce, Known]:
    """The evidence that a scenario is fitted to, and all that is known in it.

    Who abstains by assumption counts as news for standing. The fit needs it only where a report
    speaks of ballots in which theirs would have been.

    Raises:
        RequestError: a unit that abstains has voted.
    """
    if scenario is None or not scenario.abstaining:
        return evidence, facts
    texts = tuple(f"{unit} abstained" for unit in scenario.abstaining)
    try:
        told = case.assuming(evidence, texts, facts.round)
    except RequestError as error:
        raise RequestError(
            f"scenario {scenario.id!r}: {error}. Leave it out, or ask for an earlier day"
        ) from None
    silent = abstaining_leaves(case.electorate, scenario)
    touching = reports_touching(evidence, facts.round, silent, case.electorate)
    return (told if touching else evidence), known(told, facts.round, case.electorate, case.id)


def asked_scenario(case: Case, name: str) -> Scenario | None:
    """A scenario by id; None for the vote as it is."""
    return None if name == AS_VOTED else case.scenario(name)


def asked_round(case: Case, round_id: str | None, asked: Sequence[Scenario | None]) -> str:
    """The round asked about: named, or that of the scenarios, or the case's target.

    Raises:
        RequestError: scenarios of different rounds, or of another than the one named.
    """
    rounds = {scenario.round for scenario in asked if scenario is not None}
    if round_id is not None:
        rounds.add(case.round(round_id).id)
    if len(rounds) > 1:
        raise RequestError(f"one forecast is about one round, not {' and '.join(sorted(rounds))}")
    return rounds.pop() if rounds else case.target


def _doubt(found: Diagnostics) -> tuple[float, float]:
    """The largest R-hat, or Pareto k, is the one to state."""
    return (found.rhat_max or 0.0, found.pareto_k or 0.0)


def _last_day(evidence: InForce) -> str | None:
    days = [report.reported for report in evidence.reports if report.source != "assumed"]
    return days[-1] if days else None


def _assumptions(
    case: Case, asked: Sequence[Scenario | None], assume: Sequence[str], without: Sequence[str]
) -> list[str]:
    """What was assumed beyond the case's evidence, in words."""
    found = [f"assumed: {text}" for text in assume]
    found += [f"left out: {name}" for name in without]
    found += [f"scenario {s.id}: {s.title}" for s in asked if s is not None]
    if case.priors != type(case.priors)():
        found.append(f"priors differ from the defaults: {', '.join(settings_of(case.priors))}")
    return found


def _without_effect(simulations: Sequence[Simulation]) -> list[str]:
    """Settings of scenarios that change nothing here, and why."""
    return [
        f"scenario {s.scenario.id}: published returns act on rounds that have reports; this round "
        "has none, so they change nothing"
        for s in simulations
        if s.scenario is not None
        and s.scenario.returns == "published"
        and not s.posterior.layout.structure.early_returns
    ] + [
        f"scenario {s.scenario.id}: regression acts on rounds without reports; the reports of this "
        "one say how its units moved, so it changes nothing"
        for s in simulations
        if s.scenario is not None
        and s.scenario.regression is not None
        and s.scenario.round in s.posterior.layout.structure.rounds
    ]


def _nominal(case: Case, round_id: str) -> tuple[str, ...]:
    """Leaves whose members are not published: their size is nominal, and no rule reads it."""
    tree = case.electorate
    return tuple(
        leaf
        for leaf in tree.leaves
        if not tree.by_id[leaf].implicit and tree.figure(leaf, round_id).members is None
    )
