"""What watching a case found, as plain values: for the JSON beside the page, and for the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from typing import Any

from ratification.answers.arrived import Change, Move, RuleKey
from ratification.answers.estimates import Estimate
from ratification.answers.run import Run
from ratification.case.evidence import Report
from ratification.output import wording
from ratification.output.contract import forecast_object
from ratification.output.page.notice import Notice
from ratification.output.said import said

Json = dict[str, Any]


def watch_object(run: Run, notice: Notice) -> Json:
    """The forecast's JSON, with when it was made and what newer edit is not in it, if any."""
    found = forecast_object(run.forecast)
    return found | {"made": time_text(notice), "stale": stale_object(notice)}


def stale_object(notice: Notice) -> Json | None:
    """Since when a newer edit cannot be used, and why; None where there is none."""
    if notice.since is None:
        return None
    since = notice.since.isoformat(timespec="seconds")
    return {"since": since, "reasons": list(notice.reasons)}


def time_text(notice: Notice) -> str | None:
    """When the numbers were made, ISO with its offset from UTC."""
    return notice.made.isoformat(timespec="seconds") if notice.made else None


def arrived_objects(files: Sequence[str], changes: Sequence[Change]) -> list[Json]:
    """Files other than the evidence that changed, and each report that is new, changed or gone."""
    told: list[Json] = [{"file": name, "change": "changed"} for name in files]
    for change in changes:
        entry = {"id": change.id, "change": change.how, "units": change.report.units}
        before = {"before": said(change.before)} if change.before and change.after else {}
        told.append(entry | {"said": said(change.report)} | before)
    return told


def report_object(report: Report) -> Json:
    """A row of evidence: its cells that are not blank, shares as exact fractions."""
    cells = {entry.name: getattr(report, entry.name) for entry in fields(report)}
    del cells["line"]
    return {
        name: str(value) if isinstance(value, Fraction) else value
        for name, value in cells.items()
        if value not in (None, "", False)
    }


def report_of(cells: Mapping[str, Any]) -> Report:
    """The row of evidence that `report_object` told of.

    Raises:
        KeyError, TypeError, ValueError: the cells are none of a report's.
    """
    shares = {name: Fraction(cells[name]) for name in ("low", "high") if name in cells}
    return Report(**(dict(cells) | shares))


def chances_of(forecast: Mapping[str, Any]) -> dict[RuleKey, tuple[Estimate, str]]:
    """Each rule's estimate and standing, from a forecast's JSON."""
    return {
        (rule["bylaws"], rule["reading"], rule["scenario"]): (
            Estimate(probability=rule["probability"], mcse=rule["mcse"]),
            rule["standing"],
        )
        for rule in forecast["forecasts"]
    }


def move_text(move: Move) -> str:
    """How far one rule's answer moved, in points with its error; blank where nothing is to say."""
    apart = move.difference
    if apart is None:
        return ""
    if "open" not in (move.standing, move.before_standing):
        return "" if apart.value == 0 else wording.points(apart.value, 0.0)
    return wording.points(apart.value, apart.mcse)
