"""The checks of a model in words, as rows of text that a terminal and a page show alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ratification.answers.estimates import Estimate, Spread
from ratification.answers.replication import Replicated
from ratification.case.beliefs import SAID, in_shares
from ratification.inference.parameters import ParameterSummary, prior_of
from ratification.output import wording
from ratification.output.said import said
from ratification.output.words import with_error
from ratification.validation.left_out import LeftOut
from ratification.validation.power_scaling import POWERS, RuleSensitivity, Verdict
from ratification.validation.tuning import Tuning, predicted

VERDICTS: Mapping[Verdict, str] = {
    "both": "both count, and may pull apart",
    "prior": "the prior decides",
    "reports": "the reports decide",
    "neither": "neither moves it much",
}
TOO_SURE = "too sure to tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One check: a table of text, and a line on what it comes to. `numeric` columns are figures."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numeric: frozenset[int] = frozenset()
    line: str = ""


def told(
    tuning: Tuning, hidden: frozenset[str] = frozenset(), *, unions: bool = True
) -> list[Told]:
    """Every check that says something, in the order people ask.

    Reports that are `hidden` are not shown, nor are single unions without `unions`.
    """
    found = [
        _believed(tuning),
        _implied(tuning),
        _learnt(tuning.run.simulations[0].posterior.parameters),
    ]
    replicated = [entry for entry in tuning.replicated if entry.report.id not in hidden]
    if replicated:
        found.append(_replicated(replicated, tuning))
    if tuning.power is not None:
        if tuning.power.rules:
            found.append(_rules(tuning.power.rules, forward=_drawn_forward(tuning)))
        found.append(_parameters(tuning))
    if unions and tuning.left_out:
        found.append(left_out_told(tuning.left_out))
    return found


def _believed(tuning: Tuning) -> Told:
    return Told(
        title="What the priors say",
        heads=("Before any report", "90% sure"),
        rows=[(wording.upper(belief.meaning), belief.range) for belief in tuning.beliefs],
        line="Points are of a yes share or turnout near one half.",
    )


def _implied(tuning: Tuning) -> Told:
    """What follows from the priors, and what from priors and reports."""
    runs = (tuning.before, tuning.run)
    each = [predicted(run) for run in runs]
    rows = [
        ("A union's yes share, 90%", *(_shares(entry.yes_share) for entry in each)),
        ("A union's turnout, 90%", *(_shares(entry.turnout) for entry in each)),
        (
            "Unions that approve, 90%",
            *(f"{entry.approving.q05:.0f} to {entry.approving.q95:.0f}" for entry in each),
        ),
    ]
    for chosen in tuning.run.readings:
        rules = [run.rule(run.simulations[0], chosen) for run in runs]
        chances = (with_error(rule.estimate, decided=rule.standing != "open") for rule in rules)
        rows.append((f"Ratified under {chosen.key}", *chances))
    return Told(
        title="What follows from them, and from the reports",
        heads=("", "Before any report", "Now"),
        rows=rows,
        numeric=frozenset({1, 2}),
    )


def _learnt(parameters: Sequence[ParameterSummary]) -> Told:
    rows = []
    for entry in parameters:
        prior = prior_of(entry.name)
        before = in_shares(prior, entry.prior_q05, entry.prior_q95)
        narrower = 1 - (entry.q95 - entry.q05) / (entry.prior_q95 - entry.prior_q05)
        rows.append(
            (
                entry.name,
                SAID[prior][1] if prior in SAID else entry.meaning,
                before,
                in_shares(prior, entry.q05, entry.q95),
                f"{100 * narrower:.0f}%" if narrower >= 0.005 else "no",
            )
        )
    return Told(
        title="What the reports taught",
        heads=("Parameter", "What it is", "Before, 90%", "Now, 90%", "Narrower"),
        rows=rows,
        numeric=frozenset({2, 3, 4}),
        line="A spread in points: two thirds of the units lie that near to the middle.",
    )


def _replicated(found: Sequence[Replicated], tuning: Tuning) -> Told:
    far = [entry.report.id for entry in found if entry.tail < 0.05]
    few = min(len(found[0].drawn), tuning.run.forecast.diagnostics.ess_min)
    surprising = wording.listing(far) if far else "none"
    return Told(
        title="Would the fitted model have produced the reports?",
        heads=("Report", "What was said", "Figure", "Reported", "Simulated, 90%", "As far out"),
        rows=[
            (
                entry.report.id,
                said(entry.report),
                entry.quantity,
                _figure(entry, entry.seen),
                _simulated(entry),
                _rough(entry.tail),
            )
            for entry in found
        ],
        numeric=frozenset({3, 4, 5}),
        line=f"Of {wording.plural(len(found), 'figure')} further out than 1 in 20: {surprising}. "
        f"Each chance is good to {wording.error(0.5 / few**0.5)} points. The fit has seen these "
        "reports: that one is foreseen says little, that one is not says much.",
    )


def _figure(entry: Replicated, value: float) -> str:
    if entry.quantity == "approves":
        return "approved" if value else "rejected"
    return f"{value:+,.0f}" if entry.quantity == "margin" else wording.share(value)


def _simulated(entry: Replicated) -> str:
    if entry.quantity == "approves":
        return f"approved in {_rough(entry.replicates.mean)}"
    low, high = entry.replicates.q05, entry.replicates.q95
    return f"{_figure(entry, low)} to {_figure(entry, high)}"


def _drawn_forward(tuning: Tuning) -> bool:
    """Whether nothing is reported of the round itself, so that the fit holds no draws of it."""
    rounds = tuning.run.simulations[0].posterior.layout.structure.rounds
    return tuning.run.facts.round not in rounds


def _rules(found: Sequence[RuleSensitivity], *, forward: bool) -> Told:
    less, more = (f"{power:g}" for power in POWERS)
    rows = []
    for entry in found:
        chance = with_error(entry.estimate, decided=False)
        if entry.found is None:
            rows.append((entry.rule, chance, *"----", TOO_SURE))
            continue
        scaled = (_both(entry.prior), _both(entry.likelihood))
        psense = _psense(entry.found.prior, entry.found.likelihood, entry.found.verdict)
        rows.append((entry.rule, chance, *scaled, *psense))
    return Told(
        title="What decides the chance of ratification",
        heads=(
            "Bylaws",
            "Chance",
            f"Prior ^ {less} / {more}",
            f"Reports ^ {less} / {more}",
            "psense, prior",
            "reports",
            "In words",
        ),
        rows=rows,
        numeric=frozenset({1, 2, 3, 4, 5}),
        line="Raised to a power above 1, prior or reports count for more. psense (ArviZ) below "
        "0.05: not sensitive. A dash: too few simulated votes differ, or the draws cannot be "
        "weighed so far."
        + (" How opinion moves to this round is assumed, and its prior not scaled." * forward),
    )


def _parameters(tuning: Tuning) -> Told:
    power = tuning.power
    return Told(
        title="What decides the parameters",
        heads=("Parameter", "psense, prior", "reports", "In words"),
        rows=[
            (entry.name, *_psense(entry.prior, entry.likelihood, entry.verdict))
            for entry in (power.parameters if power else ())
        ],
        numeric=frozenset({1, 2}),
        line="Both above 0.05 is what ArviZ calls a potential conflict of prior and data.",
    )


def _psense(prior: float, likelihood: float, verdict: Verdict) -> tuple[str, str, str]:
    return f"{prior:.2f}", f"{likelihood:.2f}", VERDICTS[verdict]


def _both(pair: tuple[Estimate | None, Estimate | None]) -> str:
    return " / ".join("-" if each is None else with_error(each, decided=False) for each in pair)


def left_out_told(rows: Sequence[LeftOut]) -> Told:
    """Unions forecast without their reports, beside what they did."""
    likelier = sum((row.approves.probability >= 0.5) == row.approved for row in rows)
    counted = [row for row in rows if row.share is not None]
    inside = sum(bool(row.inside) for row in counted)
    line = f"{likelier} of {wording.plural(len(rows), 'union')} did what was likelier"
    if counted:
        line += f"; counted shares within their range: {inside} of {len(counted)}"
    return Told(
        title="Each union as if it had not reported",
        heads=("Union", "Chance to approve", "It", "Yes shares, 90%", "Counted", "Lower"),
        rows=[
            (
                row.name,
                with_error(row.approves, decided=False),
                "approved" if row.approved else "rejected",
                wording.interval(row.yes_share.q05, row.yes_share.q95),
                "" if row.share is None else wording.share(row.share),
                "" if row.rank is None else _rough(row.rank),
            )
            for row in rows
        ],
        numeric=frozenset({1, 3, 4, 5}),
        line=f"{line}.",
    )


def _shares(found: Spread) -> str:
    return wording.interval(found.q05, found.q95)


def _rough(share: float) -> str:
    """A share of a few hundred effective draws: in whole percents."""
    return wording.percent(share, mcse=0.01)
