"""A forecast in five sentences that a reporter could paste."""

from ratification.answers.forecast import RuleForecast
from ratification.case.bylaws import ChosenReading
from ratification.output import wording
from ratification.output.page.answer import forecast_of, hinge
from ratification.output.page.context import PageContext
from ratification.output.said import about, said

ALIKE = 0.02  # chances nearer than this are called the same


def summary(page: PageContext) -> str:
    """Five sentences: what and when, how likely, why, under other bylaws, how sure."""
    rule = forecast_of(page, page.first, page.main)
    return " ".join(
        [
            _rests_on(page),
            _answer(page, rule),
            _why(page, rule),
            _others(page),
            _how_sure(page, rule),
        ]
    )


def _rests_on(page: PageContext) -> str:
    """What the forecast is about, and what had been reported by when."""
    forecast = page.run.forecast
    reported = [report for report in page.run.evidence.reports if report.source != "assumed"]
    told = f"{forecast.title} ({forecast.round_title}): "
    if reported and forecast.as_of is not None:
        reports, day = wording.plural(len(reported), "report"), wording.day(forecast.as_of)
        told += f"this forecast rests on {reports} up to {day}"
        if all(report.round != forecast.round for report in reported):
            told += ", none on this vote" if len(reported) > 1 else ", not on this vote"
    else:
        told += "no report is in yet, so this forecast rests on what such votes usually do"
    return f"{told}{_assumed(page)}."


def _assumed(page: PageContext) -> str:
    """What the sender assumed; hidden where it lies beside something private."""
    assumed = [report for report in page.run.evidence.reports if report.source == "assumed"]
    if not assumed:
        return ""
    if any(report.id in page.hidden.reports for report in assumed):
        return ", and on assumptions that are not public"
    tree = page.run.case.electorate
    facts = [
        f"“{about(report.units, tree)}{' ' if report.kind == 'outcome' else ': '}{said(report)}”"
        for report in assumed
    ]
    return f", and on the assumption {wording.listing(facts)}"


def _answer(page: PageContext, rule: RuleForecast) -> str:
    """The answer under the bylaws the headline is about, and in which scenario."""
    under = f"Under {_titled(page.main)} ({page.main.reading.title})"
    if page.first.scenario:
        under += f", in the scenario “{page.first.scenario.title}”"
    if rule.standing == "ratified":
        return f"{under}, the package is ratified, and no count still out can change that."
    if rule.standing == "defeated":
        return f"{under}, the package is defeated, and no count still out can change that."
    p = rule.estimate.probability
    return (
        f"{under}, ratification is {wording.likelihood(p)}: the chance is {_chance(rule)}, or "
        f"{wording.frequency(p)}."
    )


def _why(page: PageContext, rule: RuleForecast) -> str:
    """What it hinges on, or how many unions stand where."""
    moves = hinge(page, page.first, page.main)
    if moves:
        return f"{moves[0].upper()}{moves[1:]}."
    if rule.because and not page.hidden.unions:
        return f"{rule.because[0].upper()}{rule.because[1:]}."
    entry = next(c for c in page.run.forecast.coalition if c.scenario == page.first.name)
    expected = sum(k * p for k, p in enumerate(entry.approving_unions))
    unions = wording.plural(len(page.run.case.electorate.unions), "union")
    return f"On average, {expected:.1f} of {unions} approve in the simulated votes."


def _others(page: PageContext) -> str:
    """The answer under the other bylaws' default readings."""
    told = [f"{_chance(rule)} under {_titled(chosen)}" for chosen, rule in _compared(page)]
    if not told:
        return "No other bylaws were compared."
    return f"The chance would be {wording.listing(told)}."


def _how_sure(page: PageContext, rule: RuleForecast) -> str:
    """Where the number comes from and what would change it."""
    source = f"{page.run.forecast.worlds:,} simulated votes"
    if page.run.evidence.reports:
        source += " that agree with every report"
    if rule.standing != "open":
        sure = "That result is arithmetic, not a forecast"
        if all(other.standing != "open" for _, other in _compared(page)):
            return f"{sure}."
        return f"{sure}; the chance under other bylaws comes from {source}."
    found = rule.sensitivity
    if found.correlation is None or abs(found.weaker - found.stronger) < ALIKE:
        return f"The figures come from {source}; real votes can differ from what a model assumes."
    weaker, stronger = (
        wording.percent(p, mcse=rule.estimate.mcse, in_words=True)
        for p in (found.weaker, found.stronger)
    )
    return (
        f"The figures come from {source}; the chance is {weaker} if the unions still out vote "
        f"less alike than the model finds, and {stronger} if they vote more alike."
    )


def _compared(page: PageContext) -> list[tuple[ChosenReading, RuleForecast]]:
    """The first reading of each of the other bylaws, with its forecast."""
    first: dict[str, ChosenReading] = {}
    for chosen in page.run.readings:
        if chosen.bylaws.id != page.main.bylaws.id:
            first.setdefault(chosen.bylaws.id, chosen)
    return [(chosen, forecast_of(page, page.first, chosen)) for chosen in first.values()]


def _titled(chosen: ChosenReading) -> str:
    """Bylaws by their title; its author may have written a whole sentence, hence the quotes."""
    return f"“{chosen.bylaws.title}”"


def _chance(rule: RuleForecast) -> str:
    p, mcse = rule.estimate.probability, rule.estimate.mcse
    return wording.percent(p, mcse=mcse, decided=rule.standing != "open", in_words=True)
