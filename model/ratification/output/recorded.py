"""A forecast as `ratify forecast --json` wrote it, read back and checked."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ratification.answers.changes import Side, Told
from ratification.answers.estimates import Estimate
from ratification.errors import RequestError
from ratification.inference.posterior import Diagnostics
from ratification.output.contract import SCHEMA_VERSION

MAKE = "make one with `ratify forecast CASE --json > run.json`"


def read_run(path: Path) -> Side:
    """The forecast in a JSON file.

    Raises:
        RequestError: it cannot be read, or is no forecast of this schema.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RequestError(f"the run {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise RequestError(f"the run {path} is no JSON ({error}): {MAKE}") from None
    if not isinstance(found, dict) or "forecasts" not in found or "inputs" not in found:
        raise RequestError(f"the run {path} is no forecast: {MAKE}")
    if found.get("schema_version") != SCHEMA_VERSION:
        schema = found.get("schema_version")
        raise RequestError(f"the run {path} has schema {schema!r}, not {SCHEMA_VERSION}: {MAKE}")
    try:
        return _side(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RequestError(f"the run {path} is damaged ({error!r}): {MAKE}") from None


def _side(found: Mapping[str, Any]) -> Side:
    checks = {k: v for k, v in found["diagnostics"].items() if k != "replaced_worlds"}
    return Side(
        case=found["case"],
        round=found["round"],
        as_of=found["as_of"],
        seed=found["seed"],
        worlds=found["worlds"],
        engine=found["engine"],
        rules={
            (rule["bylaws"], rule["reading"], rule["scenario"]): Told(
                estimate=Estimate(probability=float(rule["probability"]), mcse=float(rule["mcse"])),
                standing=rule["standing"],
            )
            for rule in found["forecasts"]
        },
        inputs=found["inputs"]["sha256"],
        reports=found["inputs"]["reports"],
        diagnostics=Diagnostics(**checks),
        assumptions=tuple(found["assumptions"]),
        warnings=tuple(found["warnings"]),
        versions=dict(found["versions"]),
    )
