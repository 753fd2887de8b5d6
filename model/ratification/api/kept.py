"""Runs that are kept, and one read from a file."""

from ratification.output.recorded import read_run
from ratification.output.runs import Runs

__all__ = [
    "Runs",
    "read_run",
]
