"""Words for a timeline, in the terminal and on the page."""

from ratification.answers.forecast import RuleForecast
from ratification.answers.timeline import Decided, Moment, Timeline
from ratification.case.electorate import Electorate
from ratification.case.evidence import Report
from ratification.output import wording
from ratification.output.said import about, said

STILL = "·"  # less than half a point
LONGEST = 60  # letters of a union's name in a line of several


def label(moment: Moment, timeline: Timeline) -> str:
    """What a moment is called: its day, its report, or that it is the beginning."""
    if not moment.news.arrived:
        return "before"
    if timeline.by == "report":
        return moment.news.arrived[0].id
    return wording.day(moment.news.as_of or "")


def chance(rule: RuleForecast) -> str:
    """A probability with its error; where arithmetic decides, so."""
    decided = rule.standing != "open"
    return wording.chance(rule.estimate.probability, rule.estimate.mcse, decided=decided)


def moved_words(moment: Moment, place: int) -> str:
    """How far one rule's probability moved, in points; a dot where not at all."""
    moved = moment.moves[place]
    points = round(100 * moved.value)
    if points == 0:
        return STILL
    sign = "+" if points > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(points)}"


def decided_lines(moment: Moment, electorate: Electorate) -> list[str]:
    """What the news decided by arithmetic, or opened again: unions in one line, then rules."""
    unions = [
        f"{wording.shortened(electorate.name(entry.id), LONGEST)} {_change(entry)}"
        for entry in moment.decided
        if entry.what == "union"
    ]
    lines = [f"decided: {', '.join(unions)}"] if unions else []
    for entry in moment.decided:
        if entry.what == "rule":
            why = f"{entry.because[:1].upper()}{entry.because[1:]}"
            lines.append(f"{entry.id}: {_change(entry)}. {why}")
    return lines


def _change(entry: Decided) -> str:
    return entry.after if entry.before == "open" else f"{entry.after} (before: {entry.before})"


def report_words(report: Report, electorate: Electorate) -> str:
    """Whom a report is about and what it says."""
    return f"{about(report.units, electorate)}: {said(report)}"
