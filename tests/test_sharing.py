"""Work shared with a second process: the same results, and nothing of it is left behind."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ratification.api import load
from ratification.case.case import Case
from ratification.inference import sharing, worlds
from ratification.inference.instant import draws
from ratification.inference.instant.engine import fit
from ratification.inference.layout import build_layout
from ratification.inference.sharing import Helper, alone, pieces, with_streams
from ratification.inference.worlds import draw_worlds

NUMBERS = [1.0, 4.0, 9.0, 16.0, 25.0]
ROOTS = [1.0, 2.0, 3.0, 4.0, 5.0]
NEGATIVE = r"expected a nonnegative input|math domain error"  # how Python words it


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Helper]:
    """A helper that is started by the first work that can be shared."""
    monkeypatch.setattr(sharing, "WORTH_STARTING", 0.0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    found = Helper()
    assert found(math.sqrt, NUMBERS) == ROOTS
    assert found._process is not None
    yield found
    found.close()


def process_of(helper: Helper) -> "subprocess.Popen[bytes]":
    """The process of a helper that has one."""
    assert helper._process is not None
    return helper._process


def test_results_are_in_the_order_of_the_arguments(helper: Helper) -> None:
    """However many there are."""
    assert helper(math.sqrt, NUMBERS) == ROOTS
    assert helper(math.sqrt, NUMBERS[:2]) == ROOTS[:2]
    assert helper(math.sqrt, NUMBERS[:1]) == ROOTS[:1]
    assert helper(math.sqrt, []) == []


def test_a_fit_and_its_worlds_are_the_same_bytes(
    helper: Helper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fit and its worlds by one process and by two: every draw, every vote."""
    monkeypatch.setattr(draws, "WORTH_SHARING", 1_000)
    monkeypatch.setattr(worlds, "WORTH_SHARING", 1_000)
    case = load("sebac-2011")
    asked: list[int] = []

    def counting(function: object, given: object) -> object:
        asked.append(len(given))  # type: ignore[arg-type]
        return helper(function, given)  # type: ignore[arg-type]

    by_one, by_two = (_fit_and_worlds(case, share) for share in (alone, counting))
    assert max(asked) > 1
    for name, values in by_one.items():
        np.testing.assert_array_equal(values, by_two[name], err_msg=name)
    assert process_of(helper).poll() is None  # it was not done without, for want of an answer


def _fit_and_worlds(case: Case, share: object) -> dict[str, np.ndarray]:
    evidence = case.evidence(as_of="2011-06-24")
    layout = build_layout(case, evidence, case.target)
    posterior = fit(layout, 3, share=share).posterior  # type: ignore[arg-type]
    made = draw_worlds(
        case,
        posterior,
        evidence,
        case.target,
        600,
        share=share,  # type: ignore[arg-type]
    )
    return {**posterior.draws, "leaf yes": made.leaf_yes, "leaf ballots": made.leaf_ballots}


def test_it_starts_only_once_there_has_been_enough_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short command does not pay for a second process."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(sharing, "WORTH_STARTING", 0.05)
    helper = Helper()
    try:
        assert helper(math.sqrt, NUMBERS) == ROOTS
        assert helper._process is None
        helper(time.sleep, [0.03, 0.03])
        assert helper._process is not None
    finally:
        helper.close()


def test_with_one_core_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """There it would only wait for its turn."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(sharing, "WORTH_STARTING", 0.0)
    helper = Helper()
    assert helper(math.sqrt, NUMBERS) == ROOTS
    assert helper._process is None


def test_where_no_process_can_be_started_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is done here."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(sharing, "WORTH_STARTING", 0.0)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    helper = Helper()
    for _ in range(2):
        assert helper(math.sqrt, NUMBERS) == ROOTS
        assert helper._process is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_it_dies_the_work_is_done_all_the_same(helper: Helper, number: int) -> None:
    """Killed while it waits, as by a system short of memory."""
    process = process_of(helper)
    process.send_signal(number)
    process.wait()
    assert helper(math.sqrt, NUMBERS) == ROOTS
    assert helper._process is None


def test_when_it_dies_at_work_the_work_is_done_all_the_same(helper: Helper) -> None:
    """Killed while it works."""
    killing = threading.Timer(0.2, process_of(helper).kill)
    killing.start()
    assert helper(time.sleep, [0.4, 0.4]) == [None, None]
    killing.join()
    assert helper._process is None
    assert helper(math.sqrt, NUMBERS) == ROOTS


def test_an_error_there_is_an_error_here(helper: Helper) -> None:
    """Of its half; and after it there is a helper again."""
    with pytest.raises(ValueError, match=NEGATIVE):
        helper(math.sqrt, [1.0, 4.0, 9.0, -1.0])
    assert helper(math.sqrt, NUMBERS) == ROOTS


def test_an_answer_that_nobody_waits_for_is_not_taken_for_another(helper: Helper) -> None:
    """Of our half, while it is at the other."""
    with pytest.raises(ValueError, match=NEGATIVE):
        helper(math.sqrt, [-1.0, 4.0, 9.0, 16.0])  # here, while it works out the other half
    assert helper(math.sqrt, NUMBERS) == ROOTS
    assert helper(math.sqrt, NUMBERS) == ROOTS


def test_ctrl_c_is_left_to_who_asked(helper: Helper) -> None:
    """A terminal sends it to both processes."""
    assert helper(math.sqrt, NUMBERS) == ROOTS  # by now it has started
    process = process_of(helper)
    process.send_signal(signal.SIGINT)
    assert helper(math.sqrt, NUMBERS) == ROOTS
    assert process.poll() is None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
def test_it_ends_with_who_started_it() -> None:
    """Even if that is killed."""
    code = (
        "import math, os, time\n"
        "from ratification.inference import sharing\n"
        "sharing.WORTH_STARTING = 0.0\n"
        "os.cpu_count = lambda: 2\n"
        "helper = sharing.Helper()\n"
        "helper(math.sqrt, [1.0, 4.0])\n"
        "print(helper._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert asking.stdout is not None
    number = int(asking.stdout.readline())
    assert _lives(number)
    asking.kill()
    asking.communicate()
    until = time.monotonic() + 20
    while _lives(number) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _lives(number)


def _lives(number: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        told = Path(f"/proc/{number}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return told.rpartition(")")[2].split()[0] != "Z"


def test_pieces_cover_everything_once_and_none_is_empty() -> None:
    """Of any number of items."""
    for items in (1, 2, 5, 192, 2048):
        for count in (1, 2, 14, 3000):
            found = pieces(items, count)
            assert len(found) == min(items, count)
            covered = [item for piece in found for item in range(items)[piece]]
            assert covered == list(range(items))
            sizes = [len(range(items)[piece]) for piece in found]
            assert max(sizes) - min(sizes) <= 1


def test_streams_do_not_depend_on_who_draws_first() -> None:
    """They are different all the same."""
    one = with_streams([0, 1], np.random.default_rng(4))
    other = with_streams([0, 1], np.random.default_rng(4))
    first = [rng.random() for _, rng in one]
    assert first == [rng.random() for _, rng in reversed(other)][::-1]
    assert first[0] != first[1]
