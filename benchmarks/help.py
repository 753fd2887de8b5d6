"""`ratify --help` against `import click`, which it cannot do without."""

import argparse
import sys

from measuring import Ratio, alternately, median, ratify, seconds_of, show, spread

GOAL = 3.0


def main() -> None:
    """Time both in turn and print their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="of each, in turn (default: 10)")
    runs: int = parser.parse_args().runs

    yardstick = [sys.executable, "-c", "import click"]
    helped, imported = alternately(
        lambda: seconds_of([ratify(), "--help"]), lambda: seconds_of(yardstick), runs
    )
    name, value = "ratify --help / import click", median(helped)
    show(
        f"Help, median of {runs} each",
        [Ratio(name=name, value=value, yardstick=median(imported), at_most=GOAL)],
    )
    print(f"ratify --help {spread(helped)} s, import click {spread(imported)} s")


if __name__ == "__main__":
    main()
