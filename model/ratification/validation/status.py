"""How far the model in use has been checked: what stored calibrations and backtests showed.

They are in `data/checks.json`, which `benchmarks/checks.py` writes. A check of other laws than
today's says nothing, and then the status is "not checked".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ratification.inference.versions import REVISION, SAME_LAWS_SINCE

FILE = "checks.json"
ENGINES = {"nuts": "NUTS", "instant": "the instant engine"}

Check = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What holds of today's model, in sentences, and the stored results that say so."""

    checked: bool
    statements: tuple[str, ...]
    checks: tuple[Check, ...]


@cache
def calibration_status() -> Status:
    """The status of the model in use."""
    stored = resources.files("ratification.data").joinpath(FILE).read_text(encoding="utf-8")
    return status_of(json.loads(stored)["checks"])


def status_of(checks: Sequence[Check], revision: int = REVISION) -> Status:
    """What stored results say of a model of this revision."""
    current = tuple(c for c in checks if SAME_LAWS_SINCE <= c["revision"] <= revision)
    if not current:
        told: tuple[str, ...] = ("Not checked: the model has changed since it was last checked.",)
    else:
        told = tuple(_statements(current))
    return Status(checked=bool(current), statements=told, checks=current)


def _statements(checks: Sequence[Check]) -> Iterator[str]:
    for check in checks:
        yield {"backtest": _backtest, "calibration": _calibration, "missing": _missing}[
            check["kind"]
        ](check)


def _backtest(check: Check) -> str:
    levels = check["coverage"]
    asked, covered, errors = (
        _listed([f"{100 * entry[key]:.0f}" for entry in levels])
        for key in ("level", "covered", "error")
    )
    return (
        f"Checked on {check['votes']} {check['of']} of {check['days']} polling days, with "
        f"{check['priors']}: after the first report, intervals that should hold the yes share in "
        f"{asked}% of votes held it in {covered}% (standard errors {errors} points)."
    )


def _calibration(check: Check) -> str:
    failed = check["failed"]
    found = f"{len(failed)} fail ({', '.join(failed)})" if failed else "none fails"
    return (
        f"Checked on simulated votes of {check['of']}, {check['fitted']:,} fits by "
        f"{ENGINES[check['engine']]}: of {check['tests']} tests whether the chances are right "
        f"{found}; a right engine fails one or more with a chance of at most {check['alarm']:.0%}."
    )


def _missing(check: Check) -> str:
    return (
        f"Not checked on {check['of']}: the {check['votes']} finished ones that are known are of "
        f"{check['days']} polling days, and no verdict is given on fewer than {check['fewest']}."
    )


def _listed(texts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
