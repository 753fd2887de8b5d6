"""A forecast and a comparison of settings as pandas tables, for notebooks."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ratification.answers.forecast import Forecast, RuleForecast
from ratification.answers.judging import Results
from ratification.answers.run import Simulation
from ratification.case.electorate import Electorate
from ratification.output.contract import rule_fields
from ratification.output.words import with_error

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def rules_frame(forecast: Forecast) -> "pd.DataFrame":
    """One row a reading and scenario: probability, Monte Carlo error, standing, why."""
    import pandas as pd

    rows = [rule_fields(rule) | {"because": rule.because} for rule in forecast.rules]
    return pd.DataFrame(rows)


def unions_frame(forecast: Forecast) -> "pd.DataFrame":
    """One row a union and scenario: chance to approve, yes share and turnout with quantiles."""
    import pandas as pd

    rows = [
        {
            "unit": union.unit,
            "name": union.name,
            "scenario": union.scenario,
            "members": union.members,
            "approves": union.approves.probability,
            "mcse": union.approves.mcse,
            "standing": union.standing,
            **{f"yes_share_{key}": value for key, value in asdict(union.yes_share).items()},
            **{f"turnout_{key}": value for key, value in asdict(union.turnout).items()},
        }
        for union in forecast.unions
    ]
    return pd.DataFrame(rows)


def worlds_dataset(simulation: Simulation, electorate: Electorate) -> "xr.Dataset":
    """Complete results by world and union: members, ballots, yes, who approves."""
    import xarray as xr

    results = Results.of(simulation.worlds, electorate)
    arrays = {
        name: (("world", "union"), getattr(results, name))
        for name in ("members", "ballots", "yes", "approves")
    }
    return xr.Dataset(arrays, coords={"union": list(electorate.unions)})


def forecast_html(forecast: Forecast) -> str:
    """A small table of the rules, and one line on what they rest on."""
    several = len({rule.scenario for rule in forecast.rules}) > 1
    rows = [_told(rule, scenario=several) for rule in forecast.rules]
    known = f"as of {forecast.as_of}, {forecast.reports} reports" if forecast.as_of else "no report"
    line = (
        f"{forecast.title}, {forecast.round_title} ({known}). "
        f"{forecast.worlds:,} simulated results, {forecast.engine} engine, seed {forecast.seed}."
    )
    return html_table(rows, line)


def _told(rule: RuleForecast, *, scenario: bool) -> dict[str, Any]:
    found = {"bylaws": rule.bylaws, "reading": rule.reading}
    found |= {"scenario": rule.scenario} if scenario else {}
    said = with_error(rule.estimate, decided=rule.standing != "open")
    return found | {"chance": said, "standing": rule.standing}


def html_table(rows: Sequence[dict[str, Any]], line: str) -> str:
    """Rows as an HTML table above one line of text; everything is escaped."""
    import pandas as pd
    from markupsafe import escape

    return f"{pd.DataFrame(rows).to_html(index=False, border=0)}<p>{escape(line)}</p>"
