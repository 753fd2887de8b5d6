"""What past votes teach, for people, as JSON, and as a feature."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, fields
from importlib import metadata
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ratification.case.priors import DEFAULT, PRIOR_NAMES, PositiveNormal, Priors
from ratification.output.contract import SCHEMA_VERSION
from ratification.validation.learned import Learned
from ratification.validation.learning_check import Compared

TITLES = {
    "mu": "mean yes share of votes",
    "mu_day": "… between polling days",
    "mu_question": "… between questions of one day",
    "tau_union": "between unions, yes share",
    "differing_tau_union": "… its logarithm between polling days",
    "shared": "… part that questions of one day share",
    "leaning": "lasting leanings of units",
    "tau_unit": "between units of a union, yes share",
    "nu": "mean turnout of days",
    "nu_day": "… between polling days",
    "tau_turnout_union": "between unions, turnout",
    "differing_tau_turnout_union": "… its logarithm between polling days",
    "tau_turnout_unit": "between units of a union, turnout",
    "correlation": "correlation of yes share and turnout",
    "persistence": "part of a unit's effect that lasts",
    "kappa": "effect of early returns",
}
NOT_TOLD = {
    "tau_unit": "no union has two units counted",
    "persistence": "no two rounds that repeat each other are counted",
    "kappa": "no count came a day after others",
}
FEATURE = "leaning"


def learn_view(found: Learned) -> RenderableType:
    """Tables of estimates, priors, leanings and the check, with what they rest on."""
    parts: list[RenderableType] = [Text(_about(found)), _estimates(found), _priors(found)]
    if found.leanings:
        parts.append(_leanings(found))
    if found.check:
        parts += [_check(found), Text(_verdict(found), style="dim")]
    else:
        parts.append(Text("Too few polling days to leave one out.", style="dim"))
    return Group(*(part for each in parts for part in (each, Text(""))))


def _about(found: Learned) -> str:
    days = f"{len(found.days)} polling day{'s' * (len(found.days) != 1)}"
    by = "the fast learner" if found.diagnostics is None else "NUTS"
    first, last = found.days[0], found.days[-1]
    votes = f"{len(found.votes)} vote{'s' * (len(found.votes) != 1)}"
    return f"Learned from {votes} on {days}, {first} to {last}, by {by}, seed {found.seed}."


def _plain(title: str) -> Table:
    return Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)


def _estimates(found: Learned) -> Table:
    table = _plain("What votes have in common (logit scale, but parts and correlation)")
    table.add_column("")
    table.add_column("mean", justify="right")
    table.add_column("sd", justify="right")
    for name, title in TITLES.items():
        if name in found.estimates:
            moments = found.estimates[name]
            table.add_row(title, f"{moments.mean:.2f}", f"{moments.sd:.2f}")
        elif name in NOT_TOLD:
            table.add_row(title, Text(f"not identified: {NOT_TOLD[name]}", style="dim"), "")
    return table


def _priors(found: Learned) -> Table:
    table = _plain("Priors for a new vote")
    table.add_column("")
    table.add_column("default")
    table.add_column("learned")
    if found.beside:
        table.add_column("with leanings")
    for name in _changed(found):
        each = [DEFAULT, found.priors, *([found.beside] if found.beside else [])]
        table.add_row(name, *(_prior(priors, name) for priors in each))
    return table


def _changed(found: Learned) -> list[str]:
    priors = (found.priors, found.beside or found.priors)
    return [
        name
        for name in PRIOR_NAMES
        if any(getattr(each, name) != getattr(DEFAULT, name) for each in priors)
    ]


def _prior(priors: Priors, name: str) -> str:
    prior = getattr(priors, name)
    if isinstance(prior, PositiveNormal):
        above = f"Normal({prior.mean:.2f}, {prior.sd:.2f}) above 0"
        return above if prior.mean else f"HalfNormal({prior.sd:.2f})"
    numbers = ", ".join(f"{getattr(prior, entry.name):.2f}" for entry in fields(prior))
    return f"{type(prior).__name__}({numbers})"


def _leanings(found: Learned) -> Table:
    table = _plain("Lasting leanings, from the average unit (logit yes share)")
    for title in ("unit", "mean", "sd", "votes"):
        table.add_column(title, justify="left" if title == "unit" else "right")
    for entry in found.leanings:
        table.add_row(entry.unit, f"{entry.mean:+.2f}", f"{entry.sd:.2f}", str(entry.votes))
    return table


def _check(found: Learned) -> Table:
    table = _plain("Each day predicted from the others, before any report")
    for title in ("", "score", "own priors", "learned", "gain", "error"):
        table.add_column(title, justify="right" if title not in ("", "score") else "left")
    for entry in found.check:
        scores = (entry.own, entry.learned, entry.gain.mean, entry.gain.error or 0.0)
        own, learned, gain, error = (f"{value:.2f}" for value in scores)
        table.add_row(_quantity(entry), entry.score, own, learned, f"{float(gain):+.2f}", error)
    return table


def _quantity(entry: Compared) -> str:
    return f"{entry.quantity}, with leanings" if entry.leanings else entry.quantity


def _verdict(found: Learned) -> str:
    told = [f"{_quantity(entry)} ({entry.score}): {_gained(entry)}" for entry in found.check]
    said = (
        "Own priors: those of each case. Log density: of a unit's logit, larger is better; CRPS: "
        "points of a share, smaller is better. A gain is positive where learning helps; its error "
        "is over polling days. Left-out days are learned about by the fast learner."
    )
    return "\n".join([*told, said])


def _gained(entry: Compared) -> str:
    low, high = entry.gain.low, entry.gain.high
    if low is None or high is None or low <= 0 <= high:
        return "no difference beyond error"
    return "learning helps" if low > 0 else "learning hurts"


def learn_object(found: Learned) -> dict[str, Any]:
    """The same as plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "learner": "fast" if found.diagnostics is None else "nuts",
        "seed": found.seed,
        "votes": list(found.votes),
        "days": list(found.days),
        "estimates": {name: asdict(each) for name, each in sorted(found.estimates.items())},
        "priors": asdict(found.priors),
        "priors_with_leanings": asdict(found.beside) if found.beside else None,
        "leanings": [asdict(entry) for entry in found.leanings],
        "check": [asdict(entry) for entry in found.check],
        "diagnostics": asdict(found.diagnostics) if found.diagnostics else None,
        "versions": {"ratification": metadata.version("ratification")},
    }


def leanings_csv(found: Learned) -> str:
    """A features.csv: each unit's leaning as one column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["unit", FEATURE])
    writer.writerows(_rows(found))
    return text.getvalue()


def _rows(found: Learned) -> Iterator[tuple[str, str]]:
    for entry in found.leanings:
        yield entry.unit, f"{entry.mean:.4f}"
