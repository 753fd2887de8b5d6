"""What-ifs: what an assumption, or a report left out, would change; each union's result in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ratification.answers.conditioning import FEWEST, conditioned, effective_left
from ratification.answers.estimates import Difference, Estimate, estimate
from ratification.answers.pairing import holds, unpaired
from ratification.answers.run import Run, Simulation
from ratification.answers.standing import RuleStanding, rule_standings, union_standings
from ratification.arrays import Bool
from ratification.case.bylaws import ChosenReading
from ratification.case.evidence import InForce, Report
from ratification.case.known import known
from ratification.errors import RequestError
from ratification.inference.approving import approved

Method = Literal["same worlds", "two fits"]
RESULTS = ("approved", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A reading's chance before and after, and the difference with its error."""

    bylaws: str
    reading: str
    scenario: str
    before: Estimate
    after: Estimate
    difference: Difference
    standing_before: str
    standing: str
    because: str


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """What assumptions and reports left out would change.

    With method "same worlds" both sides come from the worlds of `run`, and differences are
    paired; with "two fits" the errors of both fits add up. `chance` is how likely the assumption
    is, `left` how many independent worlds it leaves, by scenario; blank where two fits were needed.
    """

    run: Run
    changes: tuple[str, ...]
    method: Method
    chance: dict[str, Estimate]
    left: dict[str, float]
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What one result of one open union would do. No effects where too few worlds are left."""

    unit: str
    name: str
    result: str
    scenario: str
    chance: Estimate
    left: float
    effects: tuple[Effect, ...]


def event_of(report: Report, simulation: Simulation) -> Bool[np.ndarray, " world"] | None:
    """In which worlds a reported result came about; None where worlds do not tell it."""
    tree, worlds = simulation.electorate, simulation.worlds
    if report.kind != "outcome" or report.result not in RESULTS or report.units not in tree.by_id:
        return None
    if report.units in tree.unions:
        found = worlds.approves[:, tree.unions.index(report.units)]
    else:
        found = approved(tree, report.units, worlds.leaf_yes, worlds.leaf_ballots)
    return found if report.result == "approved" else ~found


def on_same_worlds(run: Run, assume: Sequence[str]) -> WhatIf | None:
    """What assumed results would change, from the worlds there are.

    None where worlds do not tell an assumption, or it leaves fewer than 100 independent ones.

    Raises:
        RequestError: an assumption that is not understood or contradicts the evidence.
    """
    effects: list[Effect] = []
    chance, left = {}, {}
    for made in run.simulations:
        evidence = _told(run, made, assume)
        events = [event_of(report, made) for report in evidence.reports[-len(assume) :]]
        known_events = [event for event in events if event is not None]
        if len(known_events) < len(events):
            return None
        event = np.logical_and.reduce(known_events)
        left[made.name] = effective_left(event, made.worlds)
        if left[made.name] < FEWEST:
            return None
        chance[made.name] = estimate(event, made.worlds)
        effects += _effects(run, made, event, evidence)
    return WhatIf(
        run=run,
        changes=tuple(f"assumed: {text}" for text in assume),
        method="same worlds",
        chance=chance,
        left=left,
        effects=tuple(effects),
    )


def between(before: Run, after: Run, changes: Sequence[str]) -> WhatIf:
    """What changes between two fits of the same readings and scenarios."""
    effects = []
    for made, other in zip(before.simulations, after.simulations, strict=True):
        for chosen in before.readings:
            first, second = before.rule(made, chosen), after.rule(other, chosen)
            effects.append(
                Effect(
                    bylaws=first.bylaws,
                    reading=first.reading,
                    scenario=made.name,
                    before=first.estimate,
                    after=second.estimate,
                    difference=unpaired(second.estimate, first.estimate),
                    standing_before=first.standing,
                    standing=second.standing,
                    because=second.because,
                )
            )
    return WhatIf(
        run=before,
        changes=tuple(changes),
        method="two fits",
        chance={},
        left={},
        effects=tuple(effects),
    )


def outlooks(run: Run) -> tuple[Outlook, ...]:
    """What each result of each union that is open would do, in the worlds there are."""
    found = []
    for made in run.simulations:
        tree = made.electorate
        standings = union_standings(run.case.electorate, made.facts, made.scenario)
        for union in tree.unions_as_listed:
            if union in standings and standings[union].status == "open":
                found += [_outlook(run, made, union, result) for result in RESULTS]
    return tuple(found)


def _outlook(run: Run, made: Simulation, union: str, result: str) -> Outlook:
    approves = made.worlds.approves[:, made.electorate.unions.index(union)]
    event = approves if result == "approved" else ~approves
    left = effective_left(event, made.worlds)
    effects: tuple[Effect, ...] = ()
    if left >= FEWEST:
        joins = union not in run.case.electorate.by_id
        told = None if joins else _told(run, made, [f"{union} {result}"])
        effects = tuple(_effects(run, made, event, told))
    return Outlook(
        unit=union,
        name=made.electorate.name(union),
        result=result,
        scenario=made.name,
        chance=estimate(event, made.worlds, union),
        left=left,
        effects=effects,
    )


def _told(run: Run, made: Simulation, assume: Sequence[str]) -> InForce:
    """The evidence with what the scenario and the assumptions add.

    Raises:
        RequestError: an assumption that is not understood or contradicts the evidence.
    """
    silent = made.scenario.abstaining if made.scenario is not None else ()
    texts = (*(f"{unit} abstained" for unit in silent), *assume)
    return run.case.assuming(run.evidence, texts, run.forecast.round)


def _effects(
    run: Run, made: Simulation, event: np.ndarray, evidence: InForce | None
) -> list[Effect]:
    """The effect on every reading; where arithmetic decides it after, that decides it here."""
    readings = [chosen.reading for chosen in run.readings]
    verdicts: Sequence[RuleStanding | None] = [None] * len(readings)
    if evidence is not None:
        facts = known(evidence, run.forecast.round, run.case.electorate, run.case.id)
        verdicts = rule_standings(readings, run.case.electorate, facts, made.scenario)
    return [
        _effect(run, made, chosen, event, verdict)
        for chosen, verdict in zip(run.readings, verdicts, strict=True)
    ]


def _effect(
    run: Run,
    made: Simulation,
    chosen: ChosenReading,
    event: np.ndarray,
    verdict: RuleStanding | None,
) -> Effect:
    rule = run.rule(made, chosen)
    found = conditioned(holds(run, made, chosen), event, made.worlds)
    after, difference = found.estimate, found.difference
    standing = rule.standing if verdict is None else verdict.status
    if standing != "open":
        p = float(standing == "ratified")
        after = Estimate(probability=p, mcse=0.0)
        difference = Difference(value=p - rule.estimate.probability, mcse=rule.estimate.mcse)
    return Effect(
        bylaws=rule.bylaws,
        reading=rule.reading,
        scenario=made.name,
        before=rule.estimate,
        after=after,
        difference=difference,
        standing_before=rule.standing,
        standing=standing,
        because=rule.because if verdict is None else verdict.because,
    )


def refuse_nothing(assume: Sequence[str], without: Sequence[str]) -> None:
    """A what-if needs something to change.

    Raises:
        RequestError: nothing is assumed and nothing left out.
    """
    if not assume and not without:
        raise RequestError(
            'nothing changes: assume a result (--assume "council-4 rejected"), leave a report out '
            "(--without ID), or ask what each open union's result would do (--each)"
        )
