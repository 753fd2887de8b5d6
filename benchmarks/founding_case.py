"""The numbers of docs/sebac-2011.md: day by day, Local 391 alone, the retroactive question, August.

Run with `.venv/bin/python benchmarks/founding_case.py`; it prints Markdown and takes some minutes.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from ratification.answers.forecast import Forecast, RuleForecast
from ratification.api import Runs, forecast, load
from ratification.case.case import Case
from ratification.output import wording
from ratification.output.store import RunStore

DAYS = ("15", "17", "20", "21", "22", "23", "24", "26")


def rule(found: Forecast, key: str, scenario: str = "as-voted") -> RuleForecast:
    """One reading's forecast."""
    return next(
        r for r in found.rules if f"{r.bylaws}/{r.reading}" == key and r.scenario == scenario
    )


def chance(entry: RuleForecast) -> str:
    """A chance with its error, and its standing where it is decided."""
    decided = entry.standing != "open"
    text = wording.percent(entry.estimate.probability, mcse=entry.estimate.mcse, decided=decided)
    return (
        f"{text} ({entry.standing})" if decided else f"{text} {wording.error(entry.estimate.mcse)}"
    )


def day_by_day(case: Case, runs: Runs) -> None:
    """One row a day of the first vote."""
    print(
        "| as of | reports | 1996, per capita | less / more together | July 2011, per capita |",
        end="",
    )
    print(" expected approvals | Council 4 approves |\n|---|---|---|---|---|---|---|")
    for day in DAYS:
        found = forecast(case, as_of=f"2011-06-{day}", runs=runs)
        old, new = rule(found, "1996/per-capita"), rule(found, "july-2011/per-capita")
        council = next(u for u in found.unions if u.unit == "council-4")
        expected = sum(k * p for k, p in enumerate(found.coalition[0].approving_unions))
        both = f"{old.sensitivity.weaker:.3f} / {old.sensitivity.stronger:.3f}"
        both = "-" if old.standing != "open" else both
        approves = wording.percent(council.approves.probability, decided=council.standing != "open")
        print(
            f"| {day} June | {found.reports} | {chance(old)} | {both} | {chance(new)} |"
            f" {expected:.1f} | {approves} |",
            flush=True,
        )


def local_391(case: Case, runs: Runs) -> None:
    """Other unions' chances without any report, and with Local 391's count alone."""
    count = next(report for report in case.reports if report.id == "local-391")
    before = forecast(replace(case, reports=()), as_of="2011-06-24", runs=runs)
    after = forecast(replace(case, reports=(count,)), as_of="2011-06-24", runs=runs)
    print("\n| union | no report | Local 391's 527-955 alone |\n|---|---|---|")
    for first, second in zip(before.unions, after.unions, strict=True):
        print(
            f"| {first.name} | {first.approves.probability:.3f} ± {first.approves.mcse:.3f}"
            f" | {second.approves.probability:.3f} ± {second.approves.mcse:.3f} |"
        )


def retroactive(case: Case, runs: Runs) -> None:
    """The July rule on the finished first vote, by reading and roster."""
    found = forecast(case, as_of="2011-06-26", runs=runs)
    print("\n| reading | chance | by roster | because |\n|---|---|---|---|")
    for entry in found.rules:
        rosters = ", ".join(
            f"{name}: {wording.percent(e.probability, mcse=e.mcse)}"
            for name, e in entry.by_roster.items()
        )
        key = f"{entry.bylaws}/{entry.reading}"
        print(f"| {key} | {chance(entry)} | {rosters or 'no difference'} | {entry.because} |")


def second_vote(case: Case, runs: Runs) -> None:
    """The second vote as seen after the first one."""
    names = ("revote", "revote-no-swing")
    found = forecast(case, as_of="2011-06-26", scenarios=names, runs=runs)
    print("\n| scenario | 1996, per capita | July 2011, per capita |\n|---|---|---|")
    for name in names:
        old = rule(found, "1996/per-capita", name)
        new = rule(found, "july-2011/per-capita", name)
        print(f"| {name} | {chance(old)} | {chance(new)} |")


def main() -> None:
    """Print everything."""
    case = load("sebac-2011")
    with tempfile.TemporaryDirectory() as scratch:
        runs = Runs(RunStore(Path(scratch), print))
        day_by_day(case, runs)
        retroactive(case, runs)
        second_vote(case, runs)
        local_391(case, runs)


if __name__ == "__main__":
    main()
