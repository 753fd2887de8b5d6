"""A hash of what a forecast rests on: the case and the evidence in force, whatever their order."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from ratification.case.case import Case
from ratification.case.evidence import InForce


def fingerprint(case: Case, evidence: InForce) -> str:
    """SHA-256 of the case and the evidence in force. Reports that came later do not change it."""
    digest = hashlib.sha256()
    parts: list[Iterable[object]] = [
        [case.id, case.target, case.priors],
        case.rounds,
        [unit_text(unit) for unit in case.electorate.units],
        [unit_text(case.electorate.coalition), case.electorate.variants],
        [replace(report, line=None) for report in sorted(evidence.reports, key=lambda r: r.order)],
        case.scenarios,
        sorted((name, sorted(values.items())) for name, values in case.features.items()),
        case.bylaws,
    ]
    for part in parts:
        for entry in part:
            digest.update(repr(entry).encode())
            digest.update(b"\x00")
    return digest.hexdigest()


def unit_text(unit: object) -> str:
    """A unit's repr; its figures by round come sorted."""
    figures = sorted(getattr(unit, "figures", {}).items())
    return f"{replace(unit, figures={})!r} {figures!r}"  # type: ignore[type-var]
