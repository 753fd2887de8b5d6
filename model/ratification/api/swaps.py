"""From one run to another, one swap at a time: what `diff` splits a change by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ratification.answers.changes import Cause, Key, Swap, key_of
from ratification.answers.estimates import Estimate, difference
from ratification.answers.evidence_change import bare, evidence_change
from ratification.answers.forecast import RuleForecast
from ratification.answers.inputs import assumptions_of, bare_tree, rules_of
from ratification.answers.pairing import holds, same_worlds
from ratification.answers.run import Run
from ratification.api.forecasts import asked_scenario, run_on
from ratification.case.bylaws import ChosenReading, Veto, conditions
from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.case.unitsets import UnitSetError, check_units
from ratification.errors import RatificationError
from ratification.inference.posterior import EngineChoice
from ratification.output.runs import Runs

NAMES: Mapping[Cause, str] = {
    "corrected": "corrected or withdrawn evidence",
    "new": "new evidence",
    "rosters": "rosters",
    "priors": "priors and scenarios",
    "rules": "rules",
    "version": "model version",
    "simulation": "simulation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a run is simulated."""

    worlds: int | None
    seed: int
    engine: EngineChoice


@dataclass(frozen=True, kw_only=True)
class _State:
    """What a forecast is made from."""

    case: Case
    evidence: InForce
    chosen: tuple[ChosenReading, ...]
    settings: Settings

    def signature(self, chain: Sequence[str]) -> tuple[object, ...]:
        """Equal for two states whose forecasts are the same numbers."""
        case = self.case
        return (
            [bare(report) for report in self.evidence.reports if report.round in chain],
            bare_tree(case.electorate),
            {name: dict(values) for name, values in case.features.items()},
            assumptions_of(case),
            rules_of(self.chosen),
            self.settings,
        )


def swaps_between(
    before: Run,
    after: Run,
    settings: tuple[Settings, Settings],
    runs: Runs,
    progress: Callable[[str, int, int], None],
) -> tuple[tuple[Swap, ...], tuple[str, ...]]:
    """The swaps that turn one run into the other, and notes on those that had to be joined.

    Where the forecast after a swap cannot be made, since its parts contradict each other or the
    engine cannot answer, its cause is told together with the next.
    """
    chain = after.case.chain(after.forecast.round)
    states = _states(before, after, settings)
    last = states[-1][1].signature(chain)
    now, seen = (
        before,
        _State(
            case=before.case, evidence=before.evidence, chosen=before.readings, settings=settings[0]
        ).signature(chain),
    )
    swaps: list[Swap] = []
    notes: list[str] = []
    open_causes: list[Cause] = []
    for number, (cause, state) in enumerate(states, start=1):
        signature = state.signature(chain)
        if signature == seen:
            swaps.append(Swap(causes=(cause,), rules={}, paired={}))
            continue
        seen = signature
        open_causes.append(cause)
        progress(f"after {NAMES[cause]}", number, len(states))
        try:
            then = after if signature == last else _made(state, after, runs, chain)
        except RatificationError as error:
            notes.append(f"{NAMES[cause]} alone cannot be forecast, so not told apart: {error}")
            continue
        swaps.append(
            Swap(
                causes=tuple(open_causes),
                rules=_estimates(then.forecast.rules),
                paired=_paired(now, then),
            )
        )
        now, open_causes = then, []
    return tuple(swaps), tuple(notes)


def _states(
    before: Run, after: Run, settings: tuple[Settings, Settings]
) -> list[tuple[Cause, _State]]:
    """What each cause in turn leads to; the last is the run after."""
    found = evidence_change(before.evidence.reports, after.evidence.reports, after.case.reports)
    tree, model = after.case.electorate, after.case
    rostered = replace(before.case, electorate=tree, features=model.features)
    state = _State(
        case=before.case,
        evidence=InForce(reports=found.halfway),
        chosen=before.readings,
        settings=settings[0],
    )
    changes: list[tuple[Cause, dict[str, Any]]] = [
        ("new", {"evidence": after.evidence}),
        ("rosters", {"case": rostered}),
        ("priors", {"case": after.case}),
        ("rules", {"chosen": after.readings}),
        ("simulation", {"settings": settings[1]}),
    ]
    states: list[tuple[Cause, _State]] = [("corrected", state)]
    for cause, changed in changes:
        state = replace(state, **changed)
        states.append((cause, state))
    return states


def _made(state: _State, after: Run, runs: Runs, chain: Sequence[str]) -> Run:
    """The run of a state.

    Raises:
        RatificationError: its parts do not go together, or there is no answer.
    """
    _refuse_misfit(state, chain)
    asked = [asked_scenario(state.case, each.name) for each in after.simulations]
    return run_on(
        state.case,
        state.evidence,
        round_id=after.forecast.round,
        chosen=state.chosen,
        asked=asked,
        as_of=after.forecast.as_of,
        assumptions=(),
        worlds=state.settings.worlds,
        seed=state.settings.seed,
        engine=state.settings.engine,
        runs=runs,
    )


def _refuse_misfit(state: _State, chain: Sequence[str]) -> None:
    tree = state.case.electorate
    for report in state.evidence.reports:
        if report.round in chain:
            try:
                check_units(report.units, report.kind, tree)
            except UnitSetError as error:
                raise RatificationError(f"report {report.id}: {error}") from None
    for chosen in state.chosen:
        for part in conditions(chosen.reading.rule):
            if isinstance(part, Veto) and part.union not in tree.unions:
                raise RatificationError(f"{chosen.key} names {part.union}, which is no union")


def _estimates(rules: Sequence[RuleForecast]) -> dict[Key, Estimate]:
    return {key_of(rule): rule.estimate for rule in rules}


def _paired(now: Run, then: Run) -> dict[Key, float]:
    """Errors of moves over the same worlds: from one rule to another, or from a rule to itself."""
    simulations = {simulation.name: simulation for simulation in then.simulations}
    readings = {chosen.key: chosen for chosen in then.readings}
    found: dict[Key, float] = {}
    for before in now.simulations:
        after = simulations.get(before.name)
        if after is None or not same_worlds(before, after):
            continue
        for chosen in now.readings:
            if chosen.key in readings:
                first = holds(now, before, chosen)
                second = holds(then, after, readings[chosen.key])
                key = (chosen.bylaws.id, chosen.reading.id, before.name)
                found[key] = difference(first, second, before.worlds).mcse
    return found
