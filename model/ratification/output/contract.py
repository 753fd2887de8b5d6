"""The JSON contract, schema 1: fields may be added, never changed."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ratification.answers.forecast import Forecast, RuleForecast, UnionForecast
from ratification.validation.status import calibration_status

SCHEMA_VERSION = 1


def forecast_object(
    forecast: Forecast, seconds: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """A forecast as plain JSON values. `seconds` appear only where timings were asked for."""
    return {
        **head(forecast),
        "forecasts": [_rule(rule) for rule in forecast.rules],
        "unions": [_union(union) for union in forecast.unions],
        "coalition": [
            {
                "scenario": entry.scenario,
                "approving_unions": {str(k): p for k, p in enumerate(entry.approving_unions)},
                "yes_of_ballots": asdict(entry.yes_of_ballots),
                "members_of_approving_unions": asdict(entry.members_of_approving_unions),
            }
            for entry in forecast.coalition
        ],
        **foot(forecast, seconds),
    }


def head(forecast: Forecast) -> dict[str, Any]:
    """What every answer begins with: what it is about, and what made it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "case": forecast.case,
        "round": forecast.round,
        "as_of": forecast.as_of,
        "seed": forecast.seed,
        "worlds": forecast.worlds,
        "engine": forecast.engine,
    }


def foot(forecast: Forecast, seconds: Mapping[str, float] | None = None) -> dict[str, Any]:
    """What every answer ends with: its checks, what it rests on, and what may cast doubt on it."""
    found: dict[str, Any] = {
        "diagnostics": asdict(forecast.diagnostics) | {"replaced_worlds": forecast.replaced},
        "assumptions": list(forecast.assumptions),
        "warnings": list(forecast.warnings),
        "calibration": asdict(calibration_status()),
        "inputs": {"sha256": forecast.inputs, "reports": forecast.reports},
        "versions": dict(forecast.versions),
    }
    if seconds is not None:
        found["seconds"] = dict(seconds)
    return found


def rule_fields(rule: RuleForecast) -> dict[str, Any]:
    """What every answer says of a rule: which, in which scenario, how likely, decided or open."""
    return {
        "bylaws": rule.bylaws,
        "reading": rule.reading,
        "scenario": rule.scenario,
        "probability": rule.estimate.probability,
        "mcse": rule.estimate.mcse,
        "standing": rule.standing,
    }


def _rule(rule: RuleForecast) -> dict[str, Any]:
    found = rule_fields(rule) | {
        "because": rule.because,
        "sensitivity": asdict(rule.sensitivity),
    }
    if rule.by_roster:
        found["by_roster"] = {name: asdict(entry) for name, entry in rule.by_roster.items()}
    return found


def _union(union: UnionForecast) -> dict[str, Any]:
    return {
        "unit": union.unit,
        "scenario": union.scenario,
        "members": union.members,
        "approves": union.approves.probability,
        "mcse": union.approves.mcse,
        "standing": union.standing,
        "yes_share": asdict(union.yes_share),
        "turnout": asdict(union.turnout),
    }
