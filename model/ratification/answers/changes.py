"""What changed between two forecasts: each probability's change, split by its causes.

The first forecast is turned into the second one swap at a time, in the order of `CAUSES`, and
forecast again after each; a cause's part is what its swap moves. Parts therefore add up to the
whole, and depend on the order: news is counted on top of corrections, rosters on top of news.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ratification.answers.estimates import Difference, Estimate
from ratification.answers.forecast import Forecast, RuleForecast
from ratification.answers.pairing import unpaired
from ratification.case.evidence import Report
from ratification.inference.posterior import Diagnostics

Cause = Literal["corrected", "new", "rosters", "priors", "rules", "version", "simulation"]
CAUSES: tuple[Cause, ...] = get_args(Cause)

# Probabilities are told apart on this grid, finer than any Monte Carlo error: sums and differences
# of its points are exact in floating point, so that parts add up to the last bit.
GRID = 2.0**40

Key = tuple[str, str, str]  # bylaws, reading, scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What some causes moved: one, or several that could not be told apart."""

    causes: tuple[Cause, ...]
    value: float
    mcse: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One reading in one scenario; the parts' values sum exactly to that of the change."""

    bylaws: str
    reading: str
    scenario: str
    before: Estimate
    after: Estimate
    standing_before: str
    standing_after: str
    change: Difference
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One reading's probability and standing, as a forecast or its JSON tells it."""

    estimate: Estimate
    standing: str


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two forecasts: what it says, and what it was made with."""

    case: str
    round: str
    as_of: str | None
    seed: int
    worlds: int
    engine: str
    rules: Mapping[Key, Told]
    inputs: str
    reports: int
    diagnostics: Diagnostics
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    versions: Mapping[str, str]

    @staticmethod
    def of(forecast: Forecast) -> "Side":
        """What of a forecast is compared."""
        return Side(
            case=forecast.case,
            round=forecast.round,
            as_of=forecast.as_of,
            seed=forecast.seed,
            worlds=forecast.worlds,
            engine=forecast.engine,
            rules={
                key_of(rule): Told(estimate=rule.estimate, standing=rule.standing)
                for rule in forecast.rules
            },
            inputs=forecast.inputs,
            reports=forecast.reports,
            diagnostics=forecast.diagnostics,
            assumptions=forecast.assumptions,
            warnings=forecast.warnings,
            versions=forecast.versions,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """What some causes turned the forecast into: each reading's probability after it.

    `paired` holds the errors of moves over the same worlds, which are smaller than those of
    separate draws.
    """

    causes: tuple[Cause, ...]
    rules: Mapping[Key, Estimate]
    paired: Mapping[Key, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What exactly differs: reports, and the ids of units, priors and readings."""

    new: tuple[Report, ...] = ()
    corrected: tuple[tuple[Report, Report | None], ...] = ()
    rosters: tuple[str, ...] = ()
    priors: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Diff:
    """Two forecasts and why they differ.

    `differs` lists what they were made with that is not the same, in words; `details` the case
    and evidence, where both are at hand; `notes` say what could not be told apart, and why.
    """

    title: str
    before: Side
    after: Side
    rules: tuple[RuleChange, ...]
    only_before: tuple[Key, ...]
    only_after: tuple[Key, ...]
    details: Details | None
    differs: tuple[str, ...]
    notes: tuple[str, ...]


def key_of(rule: RuleForecast) -> Key:
    """What tells a forecast's readings apart."""
    return rule.bylaws, rule.reading, rule.scenario


def rule_changes(before: Side, after: Side, swaps: Sequence[Swap]) -> tuple[RuleChange, ...]:
    """Every reading of both forecasts. The last swap must lead to `after`."""
    return tuple(
        _rule_change(key, before.rules[key], after.rules[key], swaps)
        for key in before.rules
        if key in after.rules
    )


def _rule_change(key: Key, before: Told, after: Told, swaps: Sequence[Swap]) -> RuleChange:
    now, parts = before.estimate, []
    for swap in swaps:
        then = swap.rules.get(key, now)
        apart = unpaired(then, now).mcse
        mcse = swap.paired.get(key, apart) if key in swap.rules else 0.0
        parts.append(Part(causes=swap.causes, value=_apart(now, then), mcse=mcse))
        now = then
    moving = [part.mcse for part in parts if part.mcse > 0]
    whole = unpaired(after.estimate, before.estimate).mcse
    bylaws, reading, scenario = key
    return RuleChange(
        bylaws=bylaws,
        reading=reading,
        scenario=scenario,
        before=before.estimate,
        after=after.estimate,
        standing_before=before.standing,
        standing_after=after.standing,
        change=Difference(
            value=_apart(before.estimate, after.estimate),
            mcse=whole if len(moving) > 1 else sum(moving),
        ),
        parts=_joined(parts),
    )


def _joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """One part per cause in the order of `CAUSES`: versions act at both ends of the swaps."""
    found: dict[tuple[Cause, ...], Part] = {}
    for part in parts:
        before = found.get(part.causes, Part(causes=part.causes, value=0.0, mcse=0.0))
        found[part.causes] = Part(
            causes=part.causes,
            value=before.value + part.value,
            mcse=float(np.hypot(before.mcse, part.mcse)),
        )
    return tuple(sorted(found.values(), key=lambda part: CAUSES.index(part.causes[0])))


def _apart(before: Estimate, after: Estimate) -> float:
    return (round(after.probability * GRID) - round(before.probability * GRID)) / GRID
