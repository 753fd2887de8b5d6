"""What a report says, and about whom, in words."""

from ratification.case.electorate import Electorate
from ratification.case.evidence import Report
from ratification.output import wording


def said(report: Report) -> str:
    """What a report says, in words. Yes before no."""
    if report.kind == "outcome":
        return str(report.result)
    if report.yes is not None and report.no is not None:
        before = {"partial": "so far ", "poll": "straw poll "}.get(report.kind, "")
        return f"{before}{report.yes:,} yes, {report.no:,} no"
    shares = report.kind in ("share", "turnout", "partial")
    low, high = (
        None if v is None else (wording.share(float(v)) if shares else f"{int(v):,}")
        for v in (report.low, report.high)
    )
    what = {
        "share": "yes share",
        "partial": "yes share so far",
        "turnout": "turnout",
        "margin": "yes minus no",
        "returned": "ballots returned",
        "approvals": "units approving",
    }[report.kind]
    if low is not None and high is not None:
        return f"{what} {low}" if low == high else f"{what} {low} to {high}"
    return f"{what} at least {low}" if low is not None else f"{what} at most {high}"


def about(units: str, electorate: Electorate) -> str:
    """The units of a report by name: `A and B`, `A without B`, `every local`."""
    told = []
    for word in units.split():
        if word == "*":
            told.append("all unions")
        elif word.startswith("class:"):
            told.append(f"every {word.removeprefix('class:')}")
        elif word in ("+", "-"):
            told.append("and" if word == "+" else "without")
        else:
            told.append(electorate.name(word))
    return " ".join(told)
