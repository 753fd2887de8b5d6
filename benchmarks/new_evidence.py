"""New evidence in one process: layout and fit, against nutpie's own sampling of the same arrays.

The founding case as its evidence came in, day by day. The tree stays the same, so the model is
compiled once, before the clock starts; no later day may compile again. The yardstick is a bare
`nutpie.sample` of the same compiled model with the same settings and seed. Where the fit sampled a
second time because the first run would not do, so does the yardstick.
"""

import argparse
import sys
import time
from typing import Any

from measuring import Ratio, alternately, median, show
from ratification.api import DEFAULT_SEED, load
from ratification.case.case import Case
from ratification.inference.fit import DEFAULT_SAMPLER, Engine, Fit
from ratification.inference.layout import build_layout
from ratification.inference.structure import Layout

CASE = "sebac-2011"
GOAL = 1.3
DAYS = ("2011-06-17", "2011-06-20", "2011-06-21", "2011-06-22", "2011-06-24")


def main() -> None:
    """Fit every day and its yardstick in turn, and print their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each, in turn (default: 3)")
    parser.add_argument("--days", nargs="+", default=DAYS, metavar="DAY")
    asked = parser.parse_args()

    case, engine = load(CASE), Engine()
    compiled: list[str] = []

    def told(stage: str, done: int, total: int) -> None:  # noqa: ARG001 - a progress callback
        if stage == "compiling":
            compiled.append(stage)

    engine.compiled(layout_of(case, asked.days[0]), told)
    ratios = []
    for day in asked.days:
        print(f"{CASE} as of {day}", file=sys.stderr)
        ratios.append(one_day(case, engine, day, asked.runs, told))
    total = Ratio(
        name="all days",
        value=sum(ratio.value for ratio in ratios),
        yardstick=sum(ratio.yardstick for ratio in ratios),
        at_most=GOAL,
    )
    title = f"Layout and fit against bare sampling, median of {asked.runs}"
    show(title, [*ratios, total])
    print(f"compiled {len(compiled)} time(s) for {len(asked.days)} days")


def layout_of(case: Case, day: str) -> Layout:
    """The arrays of a day."""
    return build_layout(case, case.evidence(as_of=day), case.target)


def one_day(case: Case, engine: Engine, day: str, runs: int, told: Any) -> Ratio:
    """A day's fit over its yardstick."""
    fits: list[Fit] = []

    def ours() -> float:
        start = time.perf_counter()
        layout = layout_of(case, day)
        fits.append(engine.fit(layout, DEFAULT_SEED, progress=told))
        return time.perf_counter() - start

    ours()  # how often it samples: the yardstick must do the same
    found = fits[0].posterior.diagnostics
    compiled = engine.compiled(layout_of(case, day))

    def bare() -> float:
        start = time.perf_counter()
        s = DEFAULT_SAMPLER
        sample(compiled, s.draws, s.tune, s.target_accept, DEFAULT_SEED)
        if found.retried:
            draws = fits[0].posterior.per_chain
            accept = found.target_accept or s.retry_target_accept
            sample(compiled, draws, s.retry_tune, accept, DEFAULT_SEED + 1)
        return time.perf_counter() - start

    whole, yardstick = alternately(ours, bare, runs)
    often = "sampled twice" if found.retried else "sampled once"
    return Ratio(
        name=f"{day}, {often}",
        value=median(whole),
        yardstick=median(yardstick),
        at_most=GOAL,
    )


def sample(compiled: Any, draws: int, tune: int, target_accept: float, seed: int) -> None:
    """Nutpie alone."""
    import nutpie

    nutpie.sample(
        compiled,
        draws=draws,
        tune=tune,
        chains=DEFAULT_SAMPLER.chains,
        cores=DEFAULT_SAMPLER.cores,
        seed=seed,
        target_accept=target_accept,
        save_warmup=False,
        progress_bar=False,
    )


if __name__ == "__main__":
    main()
