"""Many independent jobs, each from plain values to plain values, in the order they are given.

One process, several here, or a Dask cluster: a job's result is the same to the byte. It is kept,
where asked, the moment it is there, so a run that was killed goes on from what is done.
"""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from ratification.errors import RatificationError, RequestError
from ratification.inference.fit import Progress, no_progress
from ratification.inference.versions import made_by
from ratification.validation.job_fingerprint import job_fingerprint
from ratification.validation.kept_jobs import KeptJobs

Json = Mapping[str, Any]  # what `json` writes and reads back unchanged
Task = Callable[[Any], Json]
Answered = tuple[int, str | BaseException]  # a job's number; its JSON text, or why it failed


class JobError(RatificationError):
    """A job that failed. What other jobs found is kept. Exit code 1."""


class TaskError(Exception):
    """Why a task failed, as text: what the task raised need not survive being sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a task is given, and a name that is unique in its run and the same next time."""

    name: str
    given: Any  # can be pickled; see `job_fingerprint` for what it may hold


class JobSettings(TypedDict, total=False):
    """Where jobs run and where what they find is kept: the last arguments of `run_jobs`."""

    processes: int
    scheduler: str | None
    kept: Path | None
    fresh: bool


def run_jobs(
    task: Task,
    jobs: Sequence[Job],
    *,
    doing: str,
    progress: Progress = no_progress,
    processes: int = 1,
    scheduler: str | None = None,
    kept: Path | None = None,
    fresh: bool = False,
) -> list[Json]:
    """What a task, a function of a module, finds for every job; `doing` names it in progress.

    `processes` of this machine share the jobs, or the workers of `scheduler`, the address of a
    running Dask scheduler. `kept` is a file of JSON lines: what it holds from an earlier run of
    the same task, on the same values, by the same versions, is not worked out again unless
    `fresh`. Progress is told as jobs end.

    Raises:
        JobError: a job failed, or every worker it was given to died.
        RequestError: no scheduler or worker answers, or `kept` cannot be read or written.
    """
    if processes < 1:
        raise RequestError(f"{processes} processes cannot do anything: ask for 1 or more")
    marks = _fingerprints(task, jobs)
    with closing(KeptJobs(kept)) as file:
        texts = {} if fresh else file.read(marks)
        left = {n: jobs[n].given for n, mark in enumerate(marks) if mark not in texts}
        progress(doing, len(jobs) - len(left), len(jobs))
        with closing(_answers(task, left, processes, scheduler)) as answers:
            for done, (number, found) in enumerate(answers, start=len(jobs) - len(left) + 1):
                name, mark = jobs[number].name, marks[number]
                if isinstance(found, BaseException):
                    raise JobError(f"{doing}: job {name!r} failed: {found}") from found
                file.keep(mark, name, found)
                texts[mark] = found
                progress(doing, done, len(jobs))
    return [json.loads(texts[mark]) for mark in marks]


def _fingerprints(task: Task, jobs: Sequence[Job]) -> list[str]:
    about = (f"{task.__module__}.{task.__qualname__}", made_by("nuts"))
    known: dict[int, str] = {}
    marks = [job_fingerprint((*about, job.name, job.given), known) for job in jobs]
    names = [job.name for job in jobs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two jobs are named {twice!r}")
    return marks


def _answers(
    task: Task, given: Mapping[int, Any], processes: int, scheduler: str | None
) -> Generator[Answered]:
    """Answers as they come."""
    if given and (scheduler is not None or processes > 1):
        from ratification.validation.workers import answers_of_workers

        yield from answers_of_workers(task, given, processes=processes, scheduler=scheduler)
        return
    for number, value in given.items():
        try:
            yield number, answer(task, value)
        except TaskError as error:
            yield number, error


def answer(task: Task, given: Any) -> str:
    """A task's result as JSON text, worked out on one thread.

    The last bits of a long sum depend on the number of threads that add it up.

    Raises:
        TaskError: the task raised an error, or found what JSON cannot hold.
    """
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1):
            return json.dumps(task(given))
    except RatificationError as error:
        raise TaskError(str(error)) from error
    except Exception as error:
        raise TaskError(f"{type(error).__name__}: {error}") from error
