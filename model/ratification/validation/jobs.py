"""Many independent jobs, each from plain values to plain values, in the order they are given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ratification.inference.fit import Progress, no_progress

Json = Mapping[str, Any]  # what `json` writes and reads back unchanged
Task = Callable[[Any], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a task is given, and a name that is unique in its run and the same next time."""

    name: str
    given: Any  # can be pickled


def run_jobs(
    task: Task, jobs: Sequence[Job], *, doing: str, progress: Progress = no_progress
) -> list[Json]:
    """What a task, a function of a module, finds for every job; `doing` names it in progress."""
    found = []
    for done, job in enumerate(jobs):
        progress(doing, done, len(jobs))
        found.append(task(job.given))
    return found
