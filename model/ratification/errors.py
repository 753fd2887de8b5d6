"""Every error the project raises on purpose, with the exit code it ends in."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a case: where it is, what was found, what to do."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}"


class RatificationError(Exception):
    """A forecast that could not be made. Exit code 1."""

    exit_code = 1


class ConvergenceError(RatificationError):
    """A fit that did not converge: it is not a result. Exit code 1."""


class RequestError(RatificationError):
    """A request that names something the case does not have. Exit code 2."""

    exit_code = 2


class CaseError(RatificationError):
    """A case that is wrong: all its problems at once. Exit code 3."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
