"""Jobs over processes: equal results, none lost, progress, and going on from what is done."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client
from job_tasks import (
    deadly,
    killing_once,
    mean_of_draws,
    not_json,
    refusing,
    settings,
    slow_jobs,
    slowly,
)
from ratification.case.priors import DEFAULT, set_from_text
from ratification.errors import RequestError
from ratification.validation.job_fingerprint import job_fingerprint
from ratification.validation.jobs import Job, JobError, run_jobs

TESTS = Path(__file__).parent
JOBS = [Job(name=f"seed {n}", given={"seed": n}) for n in range(12)]


def told() -> tuple[list[tuple[str, int, int]], Any]:
    """A list, and a progress callback that fills it."""
    seen: list[tuple[str, int, int]] = []
    return seen, lambda *args: seen.append(args)


def as_bytes(found: object) -> bytes:
    """Results as they would be written."""
    return json.dumps(found).encode()


def until(condition: Any, seconds: float = 60) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def dask(*arguments: str) -> subprocess.Popen[bytes]:
    """A `dask` command in a process of its own, which finds the tests' tasks."""
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "dask", *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running scheduler with two worker processes."""
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    local = ("--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard")
    worker = ("--nthreads", "1", "--local-directory", str(folder))
    started = [dask("scheduler", "--port", "0", *local)]
    try:
        until(file.exists)
        started += [dask("worker", *local, *worker) for _ in range(2)]
        address = json.loads(file.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(30)


def test_one_process_answers_in_order_and_tells_each_end() -> None:
    """Results come in the order of the jobs; progress counts jobs that have ended."""
    seen, progress = told()
    found = run_jobs(mean_of_draws, JOBS, doing="drawing", progress=progress)
    assert [entry["seed"] for entry in found] == list(range(12))
    assert seen == [("drawing", done, 12) for done in range(13)]


def test_no_jobs_find_nothing() -> None:
    """Without jobs there is nothing to start."""
    assert run_jobs(mean_of_draws, [], doing="drawing", processes=2) == []


def test_one_process_loads_no_dask() -> None:
    """A plain loop does without Dask, SciPy and PyMC."""
    code = (
        "import sys\nfrom job_tasks import mean_of_draws\n"
        "from ratification.validation.jobs import Job, run_jobs\n"
        "run_jobs(mean_of_draws, [Job(name='a', given={'seed': 1})], doing='drawing')\n"
        "print([n for n in ('dask', 'distributed', 'scipy', 'pymc') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TESTS
    )
    assert done.stdout == "[]\n"


def test_a_failed_job_is_named_and_what_was_done_is_kept(tmp_path: Path) -> None:
    """An error names the job and its reason; jobs done before it are not done again."""
    kept = tmp_path / "deep" / "kept.jsonl"
    jobs = [Job(name=f"seed {n}", given={"seed": n, "refused": 4}) for n in range(6)]
    with pytest.raises(JobError, match=r"^drawing: job 'seed 4' failed: ValueError: no such seed"):
        run_jobs(refusing, jobs, doing="drawing", kept=kept)
    seen, progress = told()
    with pytest.raises(JobError, match="job 'seed 4'"):
        run_jobs(refusing, jobs, doing="drawing", kept=kept, progress=progress)
    assert seen == [("drawing", 4, 6)]


def test_a_result_that_json_cannot_hold_is_refused() -> None:
    """A task that returns an array fails its job, in one process as in many."""
    with pytest.raises(JobError, match=r"job 'a' failed: TypeError: .*ndarray"):
        run_jobs(not_json, [Job(name="a", given=1)], doing="making")


def test_two_jobs_of_one_name_are_refused() -> None:
    """A name stands for one job."""
    with pytest.raises(ValueError, match="two jobs are named 'seed 1'"):
        run_jobs(mean_of_draws, [*JOBS, JOBS[1]], doing="drawing")
    with pytest.raises(RequestError, match="0 processes cannot do anything"):
        run_jobs(mean_of_draws, JOBS, doing="drawing", processes=0)


def test_kept_results_answer_at_once_and_only_their_own_jobs(tmp_path: Path) -> None:
    """A finished run is answered from its file; other values, or `fresh`, are worked out."""
    log, kept = tmp_path / "log", tmp_path / "kept.jsonl"
    jobs = slow_jobs(log, 4, 0.0)
    first = run_jobs(slowly, jobs, doing="drawing", kept=kept)
    seen, progress = told()
    assert as_bytes(run_jobs(slowly, jobs, doing="drawing", kept=kept, progress=progress)) == (
        as_bytes(first)
    )
    assert seen == [("drawing", 4, 4)]
    assert len(log.read_text().splitlines()) == 4
    other = [*jobs[:3], Job(name=jobs[3].name, given={**jobs[3].given, "seconds": 0.001})]
    assert as_bytes(run_jobs(slowly, other, doing="drawing", kept=kept)) == as_bytes(first)
    assert len(log.read_text().splitlines()) == 5
    assert as_bytes(run_jobs(slowly, jobs, doing="drawing", kept=kept, fresh=True)) == (
        as_bytes(first)
    )
    assert len(log.read_text().splitlines()) == 9


def test_other_versions_are_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older revision of the laws found is worked out anew."""
    log, kept = tmp_path / "log", tmp_path / "kept.jsonl"
    jobs = slow_jobs(log, 2, 0.0)
    run_jobs(slowly, jobs, doing="drawing", kept=kept)
    monkeypatch.setattr("ratification.inference.versions.REVISION", -1)
    run_jobs(slowly, jobs, doing="drawing", kept=kept)
    assert len(log.read_text().splitlines()) == 4


@pytest.mark.parametrize("cut", [1, 2, 40, 100])
def test_a_torn_last_line_is_passed_over(cut: int, tmp_path: Path) -> None:
    """A line that a killed run left half-written is ignored, and the next one is whole again."""
    log, kept = tmp_path / "log", tmp_path / "kept.jsonl"
    jobs = slow_jobs(log, 3, 0.0)
    first = run_jobs(slowly, jobs, doing="drawing", kept=kept)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-cut])
    again = 0 if cut == 1 else 1  # only the end of the line is missing: its result is there
    for _ in range(2):
        assert as_bytes(run_jobs(slowly, jobs, doing="drawing", kept=kept)) == as_bytes(first)
        assert len(log.read_text().splitlines()) == 3 + again


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A folder in place of the file ends the run with a clear line."""
    with pytest.raises(RequestError, match=r"cannot read .*: Is a directory"):
        run_jobs(mean_of_draws, JOBS, doing="drawing", kept=tmp_path)


def test_fingerprints_tell_values_apart_and_nothing_else() -> None:
    """Order of mappings and sets and the kind of sequence do not matter; everything else does."""
    case = {"a": (1, 2), "b": frozenset({"x", "y"}), "p": DEFAULT, "v": np.arange(3)}
    same = {"v": np.arange(3), "p": DEFAULT, "b": {"y", "x"}, "a": [1, 2]}
    assert job_fingerprint(case) == job_fingerprint(same)
    others = [
        {"a": (1, 2.0)},
        {"a": (True, 2)},
        {"a": (2, 1)},
        {"a": ((1,), 2)},
        {"b": {"x"}},
        {"p": set_from_text(DEFAULT, "tau_union=0.61")},
        {"v": np.arange(3.0)},
        {"v": np.arange(4)},
        {"c": None},
    ]
    found = {job_fingerprint(case), *(job_fingerprint(case | other) for other in others)}
    assert len(found) == len(others) + 1
    with pytest.raises(TypeError, match=r"cannot be given a builtins\.object"):
        job_fingerprint([object()])
    with pytest.raises(TypeError, match=r"cannot be given a builtins\.function"):
        job_fingerprint(lambda: 1)


def test_fingerprints_are_the_same_in_another_process() -> None:
    """A fingerprint does not depend on the process's hash seed."""
    code = (
        "from ratification.case.priors import DEFAULT\n"
        "from ratification.validation.job_fingerprint import job_fingerprint\n"
        "print(job_fingerprint({'p': DEFAULT, 's': {'a', 'b', 'c'}}))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {job_fingerprint({"p": DEFAULT, "s": {"a", "b", "c"}}) + "\n"}


@pytest.mark.slow
def test_two_processes_find_what_one_does_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two local workers, of one thread each, give one process's bytes and leave nothing behind."""
    monkeypatch.chdir(tmp_path)
    environment = dict(os.environ)
    seen, progress = told()
    found = run_jobs(mean_of_draws, JOBS, doing="drawing", processes=2, progress=progress)
    assert dict(os.environ) == environment
    assert list(tmp_path.iterdir()) == []
    assert seen == [("drawing", done, 12) for done in range(13)]
    assert as_bytes(found) == as_bytes(run_jobs(mean_of_draws, JOBS, doing="drawing"))


@pytest.mark.slow
def test_workers_of_a_scheduler_share_the_jobs(scheduler: str) -> None:
    """Two workers of a running scheduler both work, each on one thread."""
    jobs = [Job(name=str(n), given=n) for n in range(80)]
    found = run_jobs(settings, jobs, doing="asking", scheduler=scheduler)
    assert [entry["given"] for entry in found] == [str(n) for n in range(80)]
    workers = Counter(entry["pid"] for entry in found)
    assert len(workers) == 2
    assert os.getpid() not in workers
    assert {entry["threads"] for entry in found} == {"1"}


@pytest.mark.slow
def test_a_worker_killed_midway_loses_nothing(scheduler: str, tmp_path: Path) -> None:
    """A job whose worker is killed is done by another, with the same bytes."""
    jobs = [Job(name=f"seed {n}", given={"seed": n, "mark": str(tmp_path / "m")}) for n in range(8)]
    found = run_jobs(killing_once, jobs, doing="drawing", scheduler=scheduler)
    assert (tmp_path / "m").exists()
    assert as_bytes(found) == as_bytes(run_jobs(killing_once, jobs, doing="drawing"))


@pytest.mark.slow
def test_a_job_that_fails_on_a_worker_is_named(scheduler: str) -> None:
    """Errors of workers, and a job that kills one worker after another, are told by name."""
    jobs = [Job(name=f"seed {n}", given={"seed": n, "refused": 2}) for n in range(4)]
    with pytest.raises(JobError, match=r"^drawing: job 'seed 2' failed: ValueError: no such seed"):
        run_jobs(refusing, jobs, doing="drawing", scheduler=scheduler)
    with pytest.raises(JobError, match="job 'a' failed: one worker after another died of it"):
        run_jobs(deadly, [Job(name="a", given={})], doing="dying", scheduler=scheduler)


@pytest.mark.slow
def test_a_worker_of_other_versions_is_refused(
    scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that would find other numbers is not asked for any."""
    monkeypatch.setattr("ratification.inference.versions.REVISION", -1)
    with pytest.raises(JobError, match=r"job 'seed [0-9]+' failed: its worker has other versions"):
        run_jobs(mean_of_draws, JOBS, doing="drawing", scheduler=scheduler)


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_is_a_wrong_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An address where no scheduler answers is said with what was asked."""
    monkeypatch.setattr("ratification.validation.workers.SECONDS_TO_ANSWER", 1)
    with pytest.raises(RequestError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        run_jobs(mean_of_draws, JOBS, doing="drawing", scheduler="tcp://127.0.0.1:9")


def running(group: int) -> list[int]:
    """Processes of a group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of_group) == group and state != "Z":
            found.append(int(stat.parent.name))
    return found


def start(folder: Path, processes: int) -> subprocess.Popen[str]:
    """A whole run of twelve jobs of 0.2 s in a process group of its own."""
    command = [sys.executable, str(TESTS / "job_tasks.py"), str(folder), "12", "0.2"]
    return subprocess.Popen(
        [*command, str(processes)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
@pytest.mark.parametrize(("processes", "ended"), [(1, "KILL"), (2, "KILL"), (2, "INT")])
def test_a_killed_run_goes_on_from_what_is_done(processes: int, ended: str, tmp_path: Path) -> None:
    """A run killed midway takes its workers with it; begun again it does only what was left."""
    kept, log = tmp_path / "kept.jsonl", tmp_path / "log"
    first = start(tmp_path, processes)
    until(lambda: kept.exists() and len(kept.read_text().splitlines()) >= 3)
    if ended == "KILL":
        first.kill()
    else:
        os.killpg(first.pid, signal.SIGINT)  # as a terminal does with Ctrl-C
    _, err = first.communicate(timeout=30)
    until(lambda: not running(first.pid), 15)
    assert not (tmp_path / "found.json").exists()
    if ended == "INT":
        assert err.rstrip().endswith("KeyboardInterrupt")
        assert err.count("Traceback") == 1, err
    lines = [json.loads(line) for line in kept.read_text().splitlines() if line.endswith("}")]
    done = {entry["found"]["seed"] for entry in lines}
    assert 3 <= len(done) < 12
    log.unlink()
    second = start(tmp_path, processes)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, err) == (0, "")
    assert out.splitlines() == [f"{number} 12" for number in range(len(done), 13)]
    assert {int(line.split()[0]) for line in log.read_text().splitlines()} == set(range(12)) - done
    expected = run_jobs(mean_of_draws, JOBS, doing="drawing")
    assert (tmp_path / "found.json").read_bytes() == as_bytes(expected)
    assert {path.name for path in tmp_path.iterdir()} == {"kept.jsonl", "log", "found.json"}
