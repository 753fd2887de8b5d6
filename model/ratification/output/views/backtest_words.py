"""What a backtest shows, in sentences: the verdicts, and cells of its tables."""

import math
from collections.abc import Sequence

from ratification.output import wording
from ratification.validation.backtest import Backtest, Forecasted, scores_of
from ratification.validation.baselines import BASELINES
from ratification.validation.mean_scores import REPORTED, Measure, Row
from ratification.validation.replay import MODEL
from ratification.validation.resampling import FEWEST_DAYS, MeanScore
from ratification.validation.verdicts import DAYS_RANGE, Coverage, Kind, Summary

MEASURE_NAMES: dict[Measure, str] = {
    "brier": "Brier score of the outcome",
    "log": "Log score of the outcome",
    "union_brier": "Brier score of open unions",
    "union_log": "Log score of open unions",
    "crps": "CRPS of the yes share, in points",
}
NAMES = {MODEL: "model"} | {name: name.replace("-", " ") for name in BASELINES}
KINDS: dict[Kind, str] = {"vote": "outcomes of votes", "union": "outcomes of open unions"}


def about(found: Backtest) -> str:
    """How much was replayed, and how."""
    first, last = wording.day(found.days[0]), wording.day(found.days[-1])
    between = f"{first} to {last}" if first != last else first
    priors = "learned from the other days" if found.learned else "as the cases state them"
    return (
        f"{wording.plural(len(found.votes), 'vote')} on "
        f"{wording.plural(len(found.days), 'polling day')} (first reports {between}), "
        f"{wording.plural(len(found.forecasts), 'forecast')}, priors {priors}"
    )


def stage_name(stage: str) -> str:
    """A stage as a row's name."""
    if stage == REPORTED:
        return "all with a report"
    return stage if stage.endswith("%") else wording.plural(int(stage), "unit")


def score(found: MeanScore, measure: Measure) -> str:
    """A mean score with its error over polling days; CRPS of shares in percentage points."""
    scale, digits = (100, 1) if measure == "crps" else (1, 3)
    told = f"{scale * found.mean:.{digits}f}"
    return told if found.error is None else f"{told} ±{scale * found.error:.{digits}f}"


def cell(row: Row | None) -> str:
    """A score in a table: `+` where the model is better for sure, `-` where it is worse."""
    return "-" if row is None else f"{score(row.score, row.measure)}{_sign(row.against)}"


def _sign(against: MeanScore | None) -> str:
    if against is None or against.low is None or against.high is None:
        return ""
    return " +" if against.low > 0 else " \N{MINUS SIGN}" if against.high < 0 else ""


def verdicts(found: Backtest, shown: Summary) -> list[str]:
    """What the random orders show of calibration and against baselines, one sentence each."""
    if "random" not in found.orders:
        return ["No verdict: it rests on random orders, and none was asked for."]
    said = [_rare(shown, "vote"), _rare(shown, "union")]
    if len(found.days) < FEWEST_DAYS:
        days = wording.plural(len(found.days), "polling day")
        said.append(
            f"{days} are too few to say how often intervals cover, or which forecaster is better."
            if len(found.days) > 1
            else "One polling day is too few to say how often intervals cover, or who is better."
        )
    else:
        said += [_coverage(shown.coverage, len(found.days))]
        said += [_against(shown, measure) for measure in ("log", "brier")]
    if found.unanswered:
        said.append(
            f"{wording.plural(len(found.unanswered), 'forecast')} of {len(found.forecasts):,} "
            "could not be made, and count in no score."
        )
    return said


def _rare(shown: Summary, kind: Kind) -> str:
    entries = [entry for entry in shown.rare if entry.kind == kind]
    what = KINDS[kind]
    if not entries:
        return f"Of the {what} none was given under 5%, either way: nothing to hold to that."
    failed = [entry for entry in entries if not entry.holds]
    chosen = max(failed or entries, key=lambda entry: (entry.happened - entry.most, entry.events))
    example = (
        f"{chosen.happened} of {chosen.events} came about, at most {chosen.most} are within the "
        f"99.9% range of a binomial"
    )
    where = "before any report" if chosen.stage in ("0", "0%") else _after(chosen.stage)
    if failed:
        return f"Of the {what} given under 5%, too many came about: {where} {example}."
    return (
        f"Of the {what} given under 5%, at no stage more came about than the 99.9% range of a "
        f"binomial holds; nearest to it {where}: {chosen.happened} of {chosen.events}, at most "
        f"{chosen.most}."
    )


def _after(stage: str) -> str:
    reported = "of the units" if stage.endswith("%") else ""
    return f"after {stage_name(stage)} {reported}".rstrip()


def _coverage(coverage: Sequence[Coverage], days: int) -> str:
    outside = [entry for entry in coverage if not entry.inside]
    allowed = f"what {days} polling days allow ({DAYS_RANGE:.0%} of a binomial)"
    if not coverage:
        return "The yes share of all ballots is not known of any vote, so no interval is checked."
    if not outside:
        return (
            "The 50%, 80% and 95% intervals of the yes share cover as often as they should, within "
            f"{allowed}, at every stage."
        )
    told = [
        f"{_after(entry.stage)} the {entry.level:.0%} interval covers {entry.covered.mean:.0%} "
        f"({entry.low:.0%} to {entry.high:.0%} allowed)"
        for entry in outside
    ]
    return f"Intervals of the yes share cover outside {allowed}: {'; '.join(told)}."


def _against(shown: Summary, measure: Measure) -> str:
    """Better or worse than each baseline over all stages with a report."""
    told: dict[str, list[str]] = {"better than": [], "not told apart from": [], "worse than": []}
    for forecaster in BASELINES:
        row = shown.row("random", REPORTED, measure, forecaster)
        if row is not None and row.against is not None:
            sign = _sign(row.against)
            verdict = {" +": "better than", "": "not told apart from"}.get(sign, "worse than")
            told[verdict].append(f"{NAMES[forecaster]} ({_difference(row)})")
    parts = [f"{verdict} {wording.listing(names)}" for verdict, names in told.items() if names]
    own = shown.row("random", REPORTED, measure)
    name = wording.upper(MEASURE_NAMES[measure])
    if own is None or not parts:
        return f"{name}: nothing to compare."
    return (
        f"{name}, once something is reported: the model's is {score(own.score, measure)}, "
        f"{'; '.join(parts)}. In brackets: how much larger the baseline's is, its 95% "
        "interval over polling days, and the share of it that the model saves."
    )


def _difference(row: Row) -> str:
    """A baseline's score less the model's, its interval, and the model's skill against it."""
    against = row.against
    if against is None or against.low is None or against.high is None:
        return "no interval"
    told = f"{against.mean:+.3f}, {against.low:+.3f} to {against.high:+.3f}"
    skilled = row.skill if row.skill is not None else math.nan
    told += "" if math.isnan(skilled) else f", skill {100 * skilled:.0f}%"
    return told.replace("-", "\N{MINUS SIGN}")


def miss(forecast: Forecasted, found: Backtest) -> str:
    """A forecast that missed, in a sentence."""
    vote = next(vote for vote in found.votes if vote.name == forecast.vote)
    scored = scores_of(forecast)
    said = chance(forecast)
    became = "ratified" if vote.ratified else "defeated"
    tree = vote.case.electorate
    after = wording.listing([tree.name(union) for union in forecast.reported])
    when = f"after {after}" if after else "before any report"
    order = forecast.order.replace("-", " ")
    return (
        f"{forecast.title}, {order} order, {when}: {said} to be ratified, and it was {became} "
        f"(log score {scored['log']:.2f})"
    )


def chance(forecast: Forecasted) -> str:
    """A forecast's chance with its Monte Carlo error; exact where arithmetic decides."""
    if not forecast.answered:
        return "no answer"
    decided = bool(forecast.said["decided"])
    return wording.chance(scores_of(forecast)["chance"], forecast.said["mcse"], decided=decided)
