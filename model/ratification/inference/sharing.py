"""Work that a second process can share: the same results, whoever does it.

What is shared is a function of several arguments, none of which needs the result of another. Random
numbers are among the arguments, so that nothing depends on who draws them.
"""

import itertools
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    import subprocess

# Seconds of shared work that have been done alone when a helper is started: about as long as it
# takes to be ready, so that it never costs much more than it saves.
WORTH_STARTING = 0.25


@runtime_checkable
class Share(Protocol):
    """Who does a function of each of several arguments; results are in their order."""

    def __call__[Given, Result](
        self, function: Callable[[Given], Result], given: Sequence[Given]
    ) -> list[Result]:
        """The results."""
        ...


def alone[Given, Result](
    function: Callable[[Given], Result], given: Sequence[Given]
) -> list[Result]:
    """One after another, in this process."""
    return [function(each) for each in given]


def pieces(items: int, count: int) -> list[slice]:
    """Where to cut that many items into so many pieces, which are about equal and not empty."""
    ends = np.linspace(0, items, max(min(count, items), 1) + 1).astype(int).tolist()
    return [slice(*each) for each in itertools.pairwise(ends)]


def with_streams[Given](
    given: Sequence[Given], rng: np.random.Generator
) -> list[tuple[Given, np.random.Generator]]:
    """Arguments, each with random numbers of its own."""
    return list(zip(given, rng.spawn(len(given)), strict=True))


class Helper:
    """A second process for half of what is shared, from when there has been enough to share.

    Functions and arguments must pickle. Where the process cannot be started, or has died, this one
    does everything. A process that waits for work ends when this one does, however that ends.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._spent = 0.0
        self._possible = bool(sys.executable) and (os.cpu_count() or 1) > 1

    def __call__[Given, Result](
        self, function: Callable[[Given], Result], given: Sequence[Given]
    ) -> list[Result]:
        """The function of each argument, the first half of them here."""
        half = (len(given) + 1) // 2
        if half == len(given) or not self._possible:
            return alone(function, given)
        if self._process is None:
            began = perf_counter()
            found = alone(function, given)
            self._spent += perf_counter() - began
            if self._spent >= WORTH_STARTING:
                self._start()
            return found
        try:
            self._send((np.geterr(), function, given[half:]))
            return alone(function, given[:half]) + self._received()
        except (OSError, EOFError, pickle.UnpicklingError):  # it has died
            self._possible = False
            self.close()
            return alone(function, given)
        except BaseException:  # it may be at work still, on what nobody will ask for
            self.close()
            raise

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> None:
        import subprocess  # most commands never need it

        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            self._possible = False

    def _send(self, asked: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        pickle.dump(asked, self._process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
        self._process.stdin.flush()

    def _received(self) -> list[Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        found, error = pickle.load(self._process.stdout)
        if error is not None:
            raise error
        result: list[Any] = found
        return result


def serve() -> None:
    """What the second process does, until who started it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends Ctrl-C to both
    asking, answering = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    import ratification.inference.instant.engine
    import ratification.inference.worlds  # noqa: F401  to be ready

    while True:
        try:
            errors, function, given = pickle.load(asking)
        except EOFError:
            return
        answer: tuple[list[Any] | None, Exception | None]
        try:
            with np.errstate(**errors):
                answer = alone(function, given), None
        except Exception as error:  # noqa: BLE001  whoever asked raises it
            answer = None, error
        pickle.dump(answer, answering, protocol=pickle.HIGHEST_PROTOCOL)
        answering.flush()


if __name__ == "__main__":
    serve()
