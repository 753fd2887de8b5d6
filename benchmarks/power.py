"""Power indices exactly and by sampling, against the plain pass that each cannot do without.

Exact enumeration is held against judging every pattern once under the rule, sampling against
drawing its orders, dynamic programming against building its table once: a busy
machine slows both. Errors and seconds are stated beside the ratios.
"""

import argparse
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from measuring import Ratio, alternately, median, print_table, show
from ratification.answers.game import Game, every_pattern, game_of
from ratification.answers.power import (
    DRAWS,
    Power,
    by_dynamic_programming,
    by_enumeration,
    by_sampling,
)
from ratification.case.bylaws import All, Condition, Reading

SMALL, LARGEST, MANY = 15, 20, 40
MEMBERS = 50_000


def main() -> None:
    """Time all three on rules of the founding case's kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each, in turn (default: 5)")
    runs = parser.parse_args().runs
    rng = np.random.default_rng(1)
    many = made_up(MANY)

    def draws() -> object:
        """The random orders that sampling needs, and nothing else."""
        return rng.permuted(np.tile(np.arange(MANY), (DRAWS, 1)), axis=1)

    table = np.zeros((MANY, MEMBERS + 1))

    def build() -> object:
        """One table of numbers and members, union by union."""
        for _ in range(MANY):
            table[1:, 100:] += table[:-1, :-100].copy()
        return table

    show(
        "Power of unions, against a plain pass over the same patterns, draws or cells",
        [
            timed(f"enumeration, {SMALL} unions", enumerated(SMALL), patterns(SMALL), runs),
            timed(f"enumeration, {LARGEST} unions", enumerated(LARGEST), patterns(LARGEST), runs),
            timed(f"sampling, {MANY} unions", lambda: by_sampling(many, rng), draws, runs),
            timed(
                f"dynamic programming, {MANY} unions",
                lambda: by_dynamic_programming(many),
                build,
                runs,
            ),
        ],
    )
    exact, sampled = by_dynamic_programming(many), by_sampling(many, rng)
    print_table(
        f"{MANY} unions from {DRAWS:,} draws, against the exact answer",
        ("", "largest stated error", "largest distance", "in stated errors"),
        [accuracy(name, exact, sampled) for name in ("penrose", "banzhaf", "shapley")],
    )


def made_up(unions: int) -> Game:
    """Nine of ten unions, which hold 80% of 50,000 members; sizes from dozens to thousands."""
    sizes = np.geomspace(40, 15_000, unions)
    members = np.rint(sizes * MEMBERS / sizes.sum()).astype(int).tolist()
    parts = (
        condition("approving unions", Fraction(unions * 9 // 10), share=False),
        condition("members of approving unions", Fraction(4, 5), share=True),
    )
    return game_of(
        Reading(id="both", title="both", rule=All(parts=parts)),
        unions=[f"union-{index}" for index in range(unions)],
        members=members,
        weights=[Fraction(1)] * unions,
        abstains=[False] * unions,
    )


def condition(measure: str, threshold: Fraction, *, share: bool) -> Condition:
    """At least a threshold."""
    return Condition(
        measure=measure,  # type: ignore[arg-type]
        comparison="at_least",
        threshold=threshold,
        share=share,
        text="",
    )


def enumerated(unions: int) -> Callable[[], object]:
    """Exact power by going through all patterns."""
    game = made_up(unions)
    return lambda: by_enumeration(game)


def patterns(unions: int) -> Callable[[], object]:
    """Judging all patterns once."""
    game = made_up(unions)
    return lambda: every_pattern(game)


def timed(name: str, work: Callable[[], object], plain: Callable[[], object], runs: int) -> Ratio:
    """Median seconds of some work over those of its yardstick, in turn."""
    measured, yardstick = alternately(lambda: seconds(work), lambda: seconds(plain), runs)
    return Ratio(name=name, value=median(measured), yardstick=median(yardstick))


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of a call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def accuracy(name: str, exact: Power, sampled: Power) -> tuple[str, ...]:
    """How far off sampling says it may be, and how far off it is."""
    pairs = list(zip(getattr(exact, name), getattr(sampled, name), strict=True))
    apart = [abs(a.value - b.value) for a, b in pairs]
    errors = [b.error for _, b in pairs]
    ratios = [distance / error for distance, error in zip(apart, errors, strict=True)]
    return name, f"{max(errors):.2e}", f"{max(apart):.2e}", f"{max(ratios):.2f}"


if __name__ == "__main__":
    main()
