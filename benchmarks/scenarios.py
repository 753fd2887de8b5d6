"""What-ifs on the same worlds against second fits, and paired differences against unpaired ones.

On the founding case of 20 June (what-ifs) and before the second vote (scenarios), by the instant
engine. Seconds are held against seconds of the same run, errors against errors of the same answer.
"""

import argparse
import math
import time
from collections.abc import Callable

from measuring import Ratio, show
from ratification.answers.whatif import WhatIf, between, on_same_worlds
from ratification.api import Runs, compare, load, run

DAY, EVE = "2011-06-20", "2011-08-16"
# Likely ones keep nearly all worlds; unlikely ones few, so that a second fit knows more.
ASSUMED = ("ceui approved", "marshals approved", "ceui rejected", "marshals rejected")
RULE = "july-2011/per-capita"


def main() -> None:
    """Assume results in turn, each both ways; then compare the scenarios of the second vote."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=4000, help="(default: 4,000)")
    asked = parser.parse_args()
    ratios = []
    for text in ASSUMED:
        ratios += _assumed(text, asked.worlds)
    ratios += _scenarios(asked.worlds)
    show(f"What-ifs and scenarios, {asked.worlds:,} worlds, instant engine", ratios)


def _timed(ask: Callable[[], WhatIf | None]) -> tuple[WhatIf, float]:
    start = time.perf_counter()
    found = ask()
    spent = time.perf_counter() - start
    if found is None:
        raise SystemExit("error: too few worlds are left for a what-if")
    return found, spent


def _assumed(text: str, worlds: int) -> list[Ratio]:
    """One result assumed: seconds and error of conditioning over those of a second fit."""
    case, runs = load("sebac-2011"), Runs()
    base = run(case, as_of=DAY, engine="instant", worlds=worlds, runs=runs)
    one, quick = _timed(lambda: on_same_worlds(base, [text]))

    def fitted_anew() -> WhatIf:
        after = run(case, as_of=DAY, engine="instant", worlds=worlds, runs=runs, assume=[text])
        return between(base, after, [text])

    two, slow = _timed(fitted_anew)
    pairs = [
        (first, second)
        for first, second in zip(one.effects, two.effects, strict=True)
        if first.standing == "open" and 0.02 < first.before.probability < 0.98
    ]
    apart = [
        abs(first.after.probability - second.after.probability)
        / math.hypot(first.after.mcse, second.after.mcse)
        for first, second in pairs
    ]
    error, other = (
        math.sqrt(sum(effect.difference.mcse**2 for effect in side))
        for side in zip(*pairs, strict=True)
    )
    return [
        Ratio(
            name=f"{text}: seconds, same worlds / second fit",
            value=quick,
            yardstick=slow,
            at_most=0.25,
        ),
        Ratio(
            name=f"{text}: error of the difference",
            value=error,
            yardstick=other,
            unit="",
            at_most=1.0 if text.endswith("approved") else None,
        ),
        Ratio(
            name=f"{text}: largest gap between the two, in errors",
            value=max(apart),
            yardstick=1.0,
            unit="",
            at_most=4.0,
        ),
    ]


def _scenarios(worlds: int) -> list[Ratio]:
    """Error of a scenario's difference over that of independent worlds."""
    case = load("sebac-2011")
    found = compare(
        case,
        round_id="2011-08",
        as_of=EVE,
        engine="instant",
        worlds=worlds,
        bylaws=[RULE],
        scenarios=["revote"],
    )
    base, revote = found.cells
    assert revote.against_scenario is not None
    return [
        Ratio(
            name="revote against as-voted: error, paired / independent",
            value=revote.against_scenario.mcse,
            yardstick=math.hypot(base.estimate.mcse, revote.estimate.mcse),
            unit="",
            at_most=1.0,
        )
    ]


if __name__ == "__main__":
    main()
