"""One way to word a probability. Templates and tables never format numbers themselves."""

import math


def percent(probability: float, *, mcse: float = 0.0, decided: bool = False) -> str:
    """A probability in words: no more digits than its Monte Carlo error supports.

    0% and 100% are said only where arithmetic decided; else the ends are "<1%" and ">99%".
    """
    if decided:
        return "100%" if probability >= 0.5 else "0%"
    if probability < 0.01:
        return "<1%"
    if probability > 0.99:
        return ">99%"
    digits = 1 if mcse <= 0.001 else 0
    text = f"{100 * probability:.{digits}f}%"
    return {"100%": ">99%", "0%": "<1%", "100.0%": ">99%", "0.0%": "<1%"}.get(text, text)


def error(mcse: float, *, decided: bool = False) -> str:
    """A Monte Carlo standard error in percentage points, rounded up; blank where there is none."""
    if decided:
        return ""
    points = 100 * mcse
    if points < 0.1:
        return "±0.1"
    return f"±{math.ceil(10 * points) / 10:.1f}"


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
