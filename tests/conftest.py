"""Set-up that every test shares."""

import argparse
import os
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline, since the first example may pay for an import or a compilation; and the same
# examples on every run, so that a failure seen once is seen again.
settings.register_profile("ratification", deadline=None, derandomize=True)
settings.load_profile("ratification")

# Where the arrays are. Not case: it has none, mypy covers it, and checked calls take reading the
# SEBAC case from 0.02 s to 0.4 s, which a property test pays for every example.
CHECKED = [
    "ratification.answers",
    "ratification.api",
    "ratification.inference",
    "ratification.output",
    "ratification.validation",
]
# An int may stand where a float is asked for, as mypy reads it (PEP 484).
CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"


BROWSER = Path("/usr/bin/chromium")
NEEDED = "RATIFY_NEEDS_BROWSER"
BROWSER_TESTS = "test_browser.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--runtime-types`, which setup.cfg turns on; `--no-runtime-types` turns it off."""
    parser.addoption(
        "--runtime-types",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="check the types and array shapes of signatures at run time",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Instrument the checked modules before a test imports them."""
    if config.getoption("--runtime-types"):
        from jaxtyping import install_import_hook

        install_import_hook(CHECKED, CHECKER)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first; without a browser skip its tests."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)  # a long one begun last leaves a core idle
    _skip_without_browser(items)


def _skip_without_browser(items: list[pytest.Item]) -> None:
    """Unless the browser's tests are asked for: then they fail."""
    if BROWSER.exists() or os.environ.get(NEEDED):
        return
    missing = pytest.mark.skip(reason=f"{BROWSER} is missing: apt-get install chromium")
    for item in items:
        if item.path.name == BROWSER_TESTS:
            item.add_marker(missing)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that the page was not looked at."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(BROWSER_TESTS in str(report.nodeid) for report in skipped):
        terminalreporter.section("THE PAGE WAS NOT TESTED IN A BROWSER", red=True, bold=True)
        terminalreporter.line(f"{BROWSER} is missing. On Debian: apt-get install chromium")
