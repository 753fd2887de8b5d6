"""The first section: the answer under the bylaws in force, then under every other reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ratification.answers.forecast import RuleForecast
from ratification.answers.run import Simulation
from ratification.case.bylaws import Bylaws, ChosenReading
from ratification.output import wording
from ratification.output.page.context import PageContext
from ratification.output.page.parts import Section

FEWEST = 100  # simulated votes on either side: fewer do not tell what a union's result moves
MOVES = 0.1  # the largest of many small changes of the chance is chance itself
WHOLE = 0.01  # an error under which a chance is said in whole percents


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAnswer:
    """One reading's answer, worded."""

    key: str
    bylaws: str
    title: str
    text: str
    badge: str
    chance: str
    error: str
    frequency: str
    likelihood: str
    standing: str
    because: str
    hinge: str
    together: str
    rosters: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class AnswerSection(Section):
    """The headline and, below it, every reading of every bylaw."""

    template: ClassVar[str] = "answer.html.j2"
    basis: str
    main: RuleAnswer
    others: Sequence[RuleAnswer]


def answer_section(page: PageContext) -> AnswerSection:
    """The answer to the first question: how likely, why, from what, how sure."""
    answers = [rule_answer(page, page.first, chosen) for chosen in page.run.readings]
    main = next(answer for answer in answers if answer.key == page.main.key)
    return AnswerSection(
        id=page.id("answer"),
        heading=f"Ratification is {main.likelihood}",
        basis=basis(page),
        main=main,
        others=[answer for answer in answers if answer is not main],
    )


def basis(page: PageContext) -> str:
    """As of when, and from how many reports."""
    forecast = page.run.forecast
    scenario = page.first.scenario
    return wording.sentence(
        [
            f"As of {wording.day(forecast.as_of)}" if forecast.as_of else "Before any report",
            wording.plural(forecast.reports, "report") + " in force" if forecast.reports else "",
            f"scenario: {scenario.title}" if scenario else "",
        ]
    )


def rule_answer(page: PageContext, simulation: Simulation, chosen: ChosenReading) -> RuleAnswer:
    """One reading in one scenario, worded."""
    rule = forecast_of(page, simulation, chosen)
    decided = rule.standing != "open"
    p, mcse = rule.estimate.probability, rule.estimate.mcse
    return RuleAnswer(
        key=chosen.key,
        bylaws=chosen.bylaws.title,
        title=chosen.reading.title,
        text=chosen.bylaws.text.rstrip("."),
        badge=_badge(page, chosen.bylaws),
        chance=wording.percent(p, mcse=mcse, decided=decided),
        error=wording.error(mcse, decided=decided),
        frequency=wording.frequency(p, decided=decided),
        likelihood=wording.likelihood(p, decided=decided),
        standing=rule.standing,
        because="" if page.hidden.unions else rule.because,
        hinge=hinge(page, simulation, chosen),
        together=together(rule),
        rosters=[
            f"{wording.percent(found.probability, mcse=found.mcse)} with “{_roster(page, name)}”"
            for name, found in rule.by_roster.items()
        ],
    )


def hinge(page: PageContext, simulation: Simulation, chosen: ChosenReading) -> str:
    """The union whose result moves the chance most, and how far; blank where none moves it much.

    The union that explains most of the variance of the outcome over the simulated votes.
    """
    if page.hidden.unions or forecast_of(page, simulation, chosen).standing != "open":
        return ""
    approves, held = simulation.worlds.approves, page.holds(simulation, chosen)
    votes, passing = len(held), int(held.sum())
    counts = zip(approves.sum(axis=0).tolist(), approves[held].sum(axis=0).tolist(), strict=True)
    most, told = 0.0, ""
    for unit, (yes, both) in zip(page.results(simulation).unions, counts, strict=True):
        if min(yes, votes - yes) < FEWEST:
            continue
        with_it, without = both / yes, (passing - both) / (votes - yes)
        explained = yes * (votes - yes) * (with_it - without) ** 2
        if abs(with_it - without) >= MOVES and explained > most:
            name = simulation.electorate.name(unit)
            ends = [wording.percent(p, mcse=WHOLE, in_words=True) for p in (with_it, without)]
            most = explained
            told = f"it hinges most on {name}: {ends[0]} if it approves, {ends[1]} if it does not"
    return told


def forecast_of(page: PageContext, simulation: Simulation, chosen: ChosenReading) -> RuleForecast:
    """The forecast of a reading in a scenario."""
    return page.run.rule(simulation, chosen)


def _badge(page: PageContext, bylaws: Bylaws) -> str:
    day = page.run.forecast.as_of
    if bylaws.since is None and bylaws.until is None:
        return "proposal"
    if day is not None and bylaws.in_force_on(day):
        return "in force"
    if day is not None and bylaws.since is not None and day[:10] < bylaws.since:
        return f"in force from {wording.day(bylaws.since)}"
    if bylaws.until is not None:
        return f"in force until {wording.day(bylaws.until)}"
    return ""


def together(rule: RuleForecast) -> str:
    """The answer at other correlations, in words; blank where nothing varies."""
    found = rule.sensitivity
    if rule.standing != "open" or found.correlation is None:
        return ""
    weaker, stronger = (
        wording.percent(p, mcse=rule.estimate.mcse) for p in (found.weaker, found.stronger)
    )
    if weaker == stronger:
        return f"{weaker} however much the unions still out move together"
    return (
        f"{weaker} if the unions still out move together less than the model finds, "
        f"{stronger} if more"
    )


def _roster(page: PageContext, name: str) -> str:
    variants = {variant.id: variant for variant in page.run.case.electorate.variants}
    return variants[name].title or name
