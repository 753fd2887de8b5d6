"""One way to word a probability. Templates and tables never format numbers themselves."""

import math
from datetime import date


def percent(
    probability: float, *, mcse: float = 0.0, decided: bool = False, in_words: bool = False
) -> str:
    """A probability in words: no more digits than its Monte Carlo error supports.

    0% and 100% are said only where arithmetic decided; else the ends are "<1%" and ">99%", or
    "less than 1%" and "more than 99%" for a sentence that is read aloud.
    """
    if decided:
        return "100%" if probability >= 0.5 else "0%"
    if probability < 0.01:
        return "less than 1%" if in_words else "<1%"
    if probability > 0.99:
        return "more than 99%" if in_words else ">99%"
    digits = 1 if mcse <= 0.001 else 0
    return f"{100 * probability:.{digits}f}%"


def error(mcse: float, *, decided: bool = False) -> str:
    """A Monte Carlo standard error in percentage points, rounded up; blank where there is none."""
    if decided:
        return ""
    points = 100 * mcse
    if points < 0.1:
        return "±0.1"
    return f"±{math.ceil(10 * points) / 10:.1f}"


def chance(probability: float, mcse: float, *, decided: bool = False) -> str:
    """A probability with its error: `85% ±0.8`; where arithmetic decides, without one."""
    told = percent(probability, mcse=mcse, decided=decided)
    return f"{told} {error(mcse, decided=decided)}".strip()


def frequency(probability: float, *, decided: bool = False) -> str:
    """A probability as simulated votes out of 100."""
    if decided:
        return "every simulated vote" if probability >= 0.5 else "no simulated vote"
    if probability < 0.01:
        return "fewer than 1 of 100 simulated votes"
    if probability > 0.99:
        return "more than 99 of 100 simulated votes"
    return f"{min(99, max(1, round(100 * probability)))} of 100 simulated votes"


def share(value: float) -> str:
    """A share of ballots or members, to a tenth of a percent."""
    return f"{100 * value:.1f}%"


def interval(low: float, high: float) -> str:
    """A range of shares, in whole percents."""
    return f"{100 * low:.0f}-{100 * high:.0f}%"


def listing(names: list[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


LIKELIHOODS = (
    (0.01, "almost impossible"),
    (0.1, "very unlikely"),
    (0.35, "unlikely"),
    (0.65, "about as likely as not"),
    (0.9, "likely"),
    (0.99, "very likely"),
)


def likelihood(probability: float, *, decided: bool = False) -> str:
    """A chance as a phrase: "ratification is ...". Sure words only where arithmetic decides."""
    if decided:
        return "certain" if probability >= 0.5 else "out of reach"
    for below, phrase in LIKELIHOODS:
        if probability < below:
            return phrase
    return "almost certain"


def points(difference: float, mcse: float) -> str:
    """A difference of two chances in percentage points, with its error."""
    digits = 1 if mcse <= 0.001 else 0
    value = 100 * difference
    if abs(value) < 0.5 * 10**-digits:
        return "no difference"
    sign = "+" if value > 0 else "\N{MINUS SIGN}"
    if abs(value) > 99:
        return f"more than {sign}99 points"
    return f"{sign}{abs(value):.{digits}f} points {error(mcse)}"


def moved(value: float, mcse: float) -> str:
    """An expected movement of a chance in percentage points, up or down, with its error."""
    digits = 1 if mcse <= 0.001 else 0
    least = 0.1 if digits else 1.0
    if 100 * value < least / 2:
        return f"less than {least:g} point{'s' if digits else ''} {error(mcse)}"
    told = f"{100 * value:.{digits}f}"
    return f"{told} point{'' if told == '1' else 's'} {error(mcse)}"


def day(text: str) -> str:
    """An ISO date or time as people write it: `24 June 2011`, `24 June 2011, 18:30`."""
    when = date.fromisoformat(text[:10])
    hour = text[11:16]
    return f"{when.day} {when:%B %Y}" + (f", {hour}" if hour else "")


def amount(value: float) -> str:
    """A quantity such as jobs or dollars: whole, with thousands."""
    return f"{value:,.0f}"


def plural(count: int, noun: str) -> str:
    """`1 union`, `2 unions`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def upper(text: str) -> str:
    """A sentence with a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(parts: list[str]) -> str:
    """Phrases joined by commas, blanks left out."""
    return ", ".join(part for part in parts if part)


def shortened(name: str, longest: int) -> str:
    """A name of at most so many letters: without what ends it in brackets, else without its middle.

    Its end stays, where numbers tell locals apart.
    """
    before = name.partition(" (")[0]
    if len(name) > longest and name.endswith(")") and before:
        name = before
    if len(name) <= longest:
        return name
    tail = longest // 2 - 2
    return f"{name[: longest - tail - 1].rstrip()}…{name[len(name) - tail :].lstrip()}"
