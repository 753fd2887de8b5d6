"""The checks of a model: on a terminal, and as plain JSON values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.forecast import RuleForecast
from ratification.answers.run import Run
from ratification.inference.parameters import ParameterSummary
from ratification.output.checks import checks, convergence, engine_name
from ratification.output.contract import foot, head, rule_fields
from ratification.output.terminal import heading, small_print
from ratification.output.tuning_said import Told, told
from ratification.validation.power_scaling import POWERS, RuleSensitivity, Sensitivity
from ratification.validation.tuning import Tuning, predicted


def tuning_view(tuning: Tuning) -> RenderableType:
    """Every check as a table with a line below it, then how well the fit was sampled."""
    parts: list[RenderableType] = [heading(tuning.run.forecast)]
    parts += [_table(entry) for entry in told(tuning)]
    if tuning.untold:
        parts.append(Text(f"What decides the answer cannot be told: {tuning.untold}\n"))
    return Group(*parts, _sampled(tuning.run), small_print(tuning.run.forecast))


def _table(entry: Told) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(entry.heads):
        figures = index in entry.numeric
        table.add_column(escape(name), justify="right" if figures else "left", no_wrap=not index)
    for row in entry.rows:
        table.add_row(*(escape(cell) for cell in row))
    line = Text(f"{entry.line}\n" if entry.line else "", style="dim")
    return Group(Text(entry.title, style="italic"), table, line)


def _sampled(run: Run) -> RenderableType:
    """The engine's checks, and of NUTS those of every parameter."""
    forecast, parameters = run.forecast, run.simulations[0].posterior.parameters
    rows = [("Engine", engine_name(forecast.engine)), *checks(forecast.diagnostics)]
    found = Told(title="How well it was sampled", heads=("Check", "Found"), rows=rows)
    if forecast.engine != "nuts":
        return _table(found)
    return Group(_table(found), _table(_convergence(parameters)))


def _convergence(parameters: Sequence[ParameterSummary]) -> Told:
    return Told(
        title="Convergence by parameter (ArviZ)",
        heads=("Parameter", "R-hat", "Effective draws, bulk", "tail"),
        rows=convergence(parameters),
        numeric=frozenset({1, 2, 3}),
    )


def tuning_object(tuning: Tuning) -> dict[str, Any]:
    """All checks as plain JSON values, framed as a forecast is."""
    forecast, before = tuning.run.forecast, tuning.before.forecast
    return {
        **head(forecast),
        "scenario": tuning.run.simulations[0].name,
        "beliefs": [asdict(belief) for belief in tuning.beliefs],
        "predicted": {
            "before": asdict(predicted(tuning.before)),
            "now": asdict(predicted(tuning.run)),
        },
        "forecasts": [
            rule_fields(now) | {"before": _before(before.rules, now)} for now in forecast.rules
        ],
        "parameters": [asdict(p) for p in tuning.run.simulations[0].posterior.parameters],
        "replicated": [
            {
                "report": entry.report.id,
                "quantity": entry.quantity,
                "reported": entry.seen,
                "simulated": asdict(entry.replicates),
                "below": entry.rank,
                "as_far_out": entry.tail,
            }
            for entry in tuning.replicated
        ],
        "power_scaling": _power(tuning),
        "left_out": None if tuning.left_out is None else [asdict(row) for row in tuning.left_out],
        **foot(forecast),
    }


def _before(rules: Sequence[RuleForecast], now: RuleForecast) -> Mapping[str, float]:
    """The same rule's chance before any report."""
    same = (now.bylaws, now.reading, now.scenario)
    found = next(rule for rule in rules if (rule.bylaws, rule.reading, rule.scenario) == same)
    return asdict(found.estimate)


def _power(tuning: Tuning) -> dict[str, Any]:
    """Sensitivities by rule and parameter, or why there are none."""
    if tuning.power is None:
        return {"untold": tuning.untold}
    return {
        "powers": list(POWERS),
        "rules": [_rule(entry) for entry in tuning.power.rules],
        "parameters": [_sensitivity(entry) for entry in tuning.power.parameters],
    }


def _sensitivity(entry: Sensitivity) -> dict[str, Any]:
    return asdict(entry) | {"verdict": entry.verdict}


def _rule(entry: RuleSensitivity) -> dict[str, Any]:
    found = entry.found
    return {
        "rule": entry.rule,
        "probability": entry.estimate.probability,
        "mcse": entry.estimate.mcse,
        "psense": None if found is None else _sensitivity(found),
        "prior": [each and asdict(each) for each in entry.prior],
        "likelihood": [each and asdict(each) for each in entry.likelihood],
    }
