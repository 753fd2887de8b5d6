"""A forecast in five sentences that a reporter could paste."""

from ratification.answers.forecast import RuleForecast
from ratification.output import wording
from ratification.output.page.answer import forecast_of, hinge
from ratification.output.page.context import PageContext

ALIKE = 0.02  # chances nearer than this are called the same


def summary(page: PageContext) -> str:
    """Five sentences: what and when, how likely, why, under other bylaws, how sure."""
    rule = forecast_of(page, page.first, page.main)
    return " ".join(
        [
            _when(page),
            _answer(page, rule),
            _why(page, rule),
            _others(page),
            _how_sure(page, rule),
        ]
    )


def _when(page: PageContext) -> str:
    """What had been reported by when."""
    forecast = page.run.forecast
    what = f"{forecast.title} ({forecast.round_title})"
    if not forecast.reports or forecast.as_of is None:
        return f"No report is in on {what}, so this forecast rests on what such votes usually do."
    return (
        f"By {wording.day(forecast.as_of)}, {wording.plural(forecast.reports, 'report')} had come "
        f"in on {what}."
    )


def _answer(page: PageContext, rule: RuleForecast) -> str:
    """The answer under the bylaws the headline is about."""
    asked = f"under {page.main.bylaws.title} ({page.main.reading.title})"
    if rule.standing == "ratified":
        return f"The package is ratified {asked}: no count still out can change that."
    if rule.standing == "defeated":
        return f"The package cannot be ratified {asked}: no count still out can change that."
    p, mcse = rule.estimate.probability, rule.estimate.mcse
    said = wording.percent(p, mcse=mcse)
    return f"Ratification {asked} is {wording.likelihood(p)}: {said}, or {wording.frequency(p)}."


def _why(page: PageContext, rule: RuleForecast) -> str:
    """What it hinges on, or how many unions stand where."""
    moves = hinge(page, page.first, page.main)
    if moves:
        return f"{moves[0].upper()}{moves[1:]}."
    if rule.because and not page.hidden.unions:
        return f"The reason: {rule.because}."
    entry = next(c for c in page.run.forecast.coalition if c.scenario == page.first.name)
    expected = sum(k * p for k, p in enumerate(entry.approving_unions))
    return f"On average {expected:.1f} unions approve in the simulated votes."


def _others(page: PageContext) -> str:
    """The answer under the other bylaws' default readings."""
    seen = {page.main.bylaws.id}
    told = []
    for chosen in page.run.readings:
        if chosen.bylaws.id in seen:
            continue
        seen.add(chosen.bylaws.id)
        rule = forecast_of(page, page.first, chosen)
        p, mcse = rule.estimate.probability, rule.estimate.mcse
        said = wording.percent(p, mcse=mcse, decided=rule.standing != "open")
        told.append(f"{said} under {chosen.bylaws.title}")
    if not told:
        return "No other bylaws were compared."
    return f"The same votes would ratify with a chance of {wording.listing(told)}."


def _how_sure(page: PageContext, rule: RuleForecast) -> str:
    """Where the number comes from and what would change it."""
    forecast = page.run.forecast
    source = f"{forecast.worlds:,} simulated votes that agree with every report"
    if rule.standing != "open":
        return f"This is arithmetic, not a forecast; other figures here come from {source}."
    found = rule.sensitivity
    if found.correlation is None or abs(found.weaker - found.stronger) < ALIKE:
        return f"The figures come from {source}; real votes can differ from what a model assumes."
    mcse = rule.estimate.mcse
    low, high = sorted((found.weaker, found.stronger))
    return (
        f"The figures come from {source}; how alike the unions still out vote is uncertain, and "
        f"moves the chance between {wording.percent(low, mcse=mcse)} and "
        f"{wording.percent(high, mcse=mcse)}."
    )
