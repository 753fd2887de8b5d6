"""Writing a report from a stored run, against Altair saving one inlined chart.

Both are whole processes. The run is fitted once, into a scratch store, before anything is timed.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from cold import HEAVY, plain
from measuring import Ratio, alternately, median, ratify, seconds_of, show, spread

CASE = ("sebac-2011", "--as-of", "2011-06-24")
GOAL = 2.0
MOST_BYTES = 2_000_000
ALTAIR = """
import sys
import altair as alt
chart = alt.Chart(alt.InlineData(values=[{"a": 1, "b": 2}])).mark_bar().encode(x="a:Q", y="b:Q")
chart.save(sys.argv[1], format="html", inline=True)
"""


def main() -> None:
    """Fit once, then write both in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="of each, in turn (default: 7)")
    parser.add_argument("--store", type=Path, help="keep and find the fit here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        page, store = scratch / "page.html", asked.store or scratch / "store"
        report = ["report", *CASE, "--store", str(store), "--out", str(page), "--force"]
        seconds_of([ratify(), *report], plain())
        chart = [sys.executable, "-c", ALTAIR, str(scratch / "chart.html")]
        ours, altair = alternately(
            lambda: seconds_of([ratify(), *report], plain()),
            lambda: seconds_of(chart, plain()),
            asked.runs,
        )
        size = page.stat().st_size
        show(
            f"Report of a stored run of {CASE[0]}, median of {asked.runs} each",
            [
                Ratio(
                    name="ratify report / one inlined Altair chart",
                    value=median(ours),
                    yardstick=median(altair),
                    at_most=GOAL,
                ),
                Ratio(
                    name="size of the page / 2 MB",
                    value=size,
                    yardstick=MOST_BYTES,
                    unit="bytes",
                    at_most=1.0,
                ),
            ],
        )
        print(f"report {spread(ours)} s, chart {spread(altair)} s")
        print(f"heavy modules that a report imports: {heavy_modules(report) or 'none'}")


def heavy_modules(arguments: list[str]) -> str:
    """Which modules that only sampling needs are loaded when the report is written."""
    script = (
        "import sys\n"
        "from ratification.cli.main import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=plain(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
