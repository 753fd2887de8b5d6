"""Jobs over worker processes: of a Dask scheduler that runs already, or of this machine."""

import logging
import os
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ratification.errors import RequestError
from ratification.inference.versions import made_by
from ratification.validation import worker_start
from ratification.validation.jobs import Answered, Task, TaskError, answer

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster

SECONDS_TO_ANSWER = 30
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB")
}

# Dask has its workers give memory back at once. glibc then asks the system for every larger array
# anew, which NumPy's many short-lived ones pay for.
TRIMMING = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"


def answers_of_workers(
    task: Task, given: Mapping[int, Any], *, processes: int, scheduler: str | None
) -> Generator[Answered]:
    """Answers in the order they come. A job whose worker dies is given to another.

    Raises:
        RequestError: no scheduler answers at the address, or it has no workers.
    """
    from distributed import as_completed

    with _client(min(processes, len(given)), scheduler) as client:
        expected = made_by("nuts")
        numbers = {
            client.submit(on_worker, task, value, expected, pure=False): number
            for number, value in given.items()
        }
        try:
            for future in as_completed(numbers, loop=client.loop):
                number = numbers.pop(future)
                yield number, _found(future)
        finally:
            client.cancel(list(numbers))


def on_worker(task: Task, given: Any, expected: str) -> str:
    """A task's result, by a worker that has the same versions as whoever asks.

    Raises:
        TaskError: the task failed, or versions differ.
    """
    found = made_by("nuts")
    if found != expected:
        raise TaskError(f"its worker has other versions: {found}, where {expected} are asked for")
    return answer(task, given)


def _found(future: "Future[str]") -> str | BaseException:
    from distributed import KilledWorker

    error = future.exception()
    if error is None:
        text: str = future.result()
        return text
    if isinstance(error, KilledWorker):
        return TaskError("one worker after another died of it. Is there enough memory?")
    return error if isinstance(error, BaseException) else TaskError(str(error))


@contextmanager
def _client(processes: int, scheduler: str | None) -> Iterator["Client"]:
    if scheduler is not None:
        with _connected(scheduler) as client:
            yield client
        return
    from distributed import Client

    with (
        _environment_kept(),
        tempfile.TemporaryDirectory(prefix="ratification-") as scratch,
        _local_cluster(processes, scratch) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _local_cluster(processes: int, scratch: str) -> "LocalCluster":
    """Workers of this machine, which end when this process does."""
    import dask
    from distributed import LocalCluster

    with dask.config.set({TRIMMING: None}):
        return LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            env=ONE_THREAD,
            preload=[worker_start.__name__],
            local_directory=scratch,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"dashboard": False},
        )


@contextmanager
def _connected(scheduler: str) -> Iterator["Client"]:
    """A client of a scheduler that has workers."""
    from distributed import Client

    try:
        client = Client(scheduler, set_as_default=False, timeout=SECONDS_TO_ANSWER)
    except (OSError, ValueError) as error:
        raise RequestError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_ANSWER)
        except TimeoutError:
            raise RequestError(
                f"the Dask scheduler at {scheduler} has no workers: start some with "
                f"`dask worker {scheduler} --nthreads 1`"
            ) from None
        yield client


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Dask's nannies write the environment of the workers they start into our own."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
