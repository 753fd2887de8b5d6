"""`ratify calibrate`: its options, its verdict in words, its JSON and its page."""

import json
from pathlib import Path

import numpy as np
import pytest
from ratification.api import load
from ratification.case.evidence import Report
from ratification.inference.numerics import stream
from ratification.output.calibration_words import verdict
from ratification.validation import calibrating
from ratification.validation.calibrating import Given, summed_up
from ratification.validation.jobs import Json
from ratification.validation.ranking import band, coverage, uniform_p_value
from ratification.validation.reliability import reliability
from ratification.validation.replicating import replicate
from scipy import stats
from test_cli import run

BASE = ["calibrate", "rail-2022", "--fits", "120"]


def made(given: Given) -> Json:
    """Level ranks, drawn without a fit from all that a fit would be made from."""
    pattern = " ".join(report.id for report in given.evidence.reports)
    rng = stream(given.seed, given.round, pattern, str(given.number))
    if given.engine == "instant" and given.number % 10 == 0:
        return {"refused": "Pareto k #"}
    chance = float(rng.uniform(0.01, 0.99))
    return {
        "engine": "nuts" if given.engine == "nuts" else "instant",
        "places": {"mu": float(rng.random()), "approving unions": float(rng.random())},
        "rules": {chosen.key: [chance, bool(rng.random() < chance)] for chosen in given.readings},
    }


@pytest.fixture(autouse=True)
def _no_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(calibrating, "one", made)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_verdict_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Verdict in one sentence, then quantities; refusals by reason; rules at the end."""
    code, out, _ = run(BASE, capsys)
    assert code == 0
    told = " ".join(out.split())
    assert "Calibrated: over 108 fits none of" in told
    assert told.index("Calibrated") < told.index("approving unions") < told.index("Ratified")
    assert "refused 12: Pareto k #" in told
    assert "which replicas are refused depends on their reports alone" in told


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints one object: verdict, tests with their false-alarm rate, every quantity."""
    code, out, _ = run([*BASE, "--json"], capsys)
    told = json.loads(out)
    assert code == 0
    assert (told["schema_version"], told["calibrated"], told["fitted"]) == (1, True, 108)
    assert told["refused"] == [{"reason": "Pareto k #", "fits": 12}]
    assert told["tests"]["p_below"] == pytest.approx(0.01 / told["tests"]["number"])
    assert [entry["name"] for entry in told["quantities"]] == ["mu", "approving unions"]
    assert sum(told["quantities"][0]["histogram"]) == 108


@pytest.mark.parametrize(
    "extra",
    [
        ["--round", "2011-08"],
        ["--as-of", "2011-06-22"],
        ["--bylaws", "1996/ballots"],
        ["--fits", "130"],
        ["--seed", "7"],
        ["--engine", "auto"],
        ["--engine", "nuts"],
    ],
)
def test_every_option_changes_the_answer(
    extra: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No option is accepted and ignored."""
    base = ["calibrate", "sebac-2011", "--fits", "120", "--as-of", "2011-06-20", "--json"]
    assert run([*base, *extra], capsys)[1] != run(base, capsys)[1]


def test_the_page_has_rank_plots_and_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--report` writes a page; a file that is there needs `--force`."""
    page = tmp_path / "page.html"
    code, _, err = run([*BASE, "--report", str(page)], capsys)
    assert (code, f"report: {page}" in err) == (0, True)
    text = page.read_text()
    for part in ("chart-ranks", "chart-histograms", "chart-reliability", "Is it calibrated?"):
        assert part in text
    assert run([*BASE, "--report", str(page)], capsys)[0] == 2
    assert run([*BASE, "--report", str(page), "--force"], capsys)[0] == 0


def outcomes(shape: float, shift: float, count: int = 400) -> list[Json]:
    """Ranks as draws have them whose spread is wrong by a factor, or whose place is off."""
    level = (np.arange(count) + 0.5) / count
    places = stats.norm.cdf(shape * stats.norm.ppf(level) + shift)
    return [{"engine": "instant", "places": {"mu": float(at)}, "rules": {}} for at in places]


@pytest.mark.parametrize(
    ("shape", "shift", "says"),
    [
        (1.0, 0.0, "Calibrated: over 400 fits none of 1 test fails"),
        (
            1.6,
            0.0,
            "NOT calibrated: over 400 fits it fails at mean yes share (mu) (intervals too n",
        ),
        (0.6, 0.0, "(intervals too wide)"),
        (1.0, 0.5, "(drawn too low)"),
        (1.0, -0.5, "(drawn too high)"),
    ],
)
def test_the_verdict_says_what_is_wrong(shape: float, shift: float, says: str) -> None:
    """Intervals too narrow or too wide, draws too low or too high: each is named."""
    assert says in verdict(summed_up(outcomes(shape, shift)))


def test_too_few_fits_have_no_verdict() -> None:
    """Below 100 fits neither pass nor failure is claimed."""
    found = summed_up(outcomes(3.0, 0.0, count=99))
    assert found.passes is None
    assert verdict(found).startswith("Too few fits to tell: 99 fits")


def test_ranks_that_are_level_fail_no_more_often_than_is_said() -> None:
    """Of 4,000 sets of 100 level ranks at most 1% have a p below 1%: one-sided, p > 1e-6."""
    rng = np.random.default_rng(2)
    low = sum(uniform_p_value(rng.random(100)) < 0.01 for _ in range(4000))
    assert stats.binomtest(low, 4000, 0.01, alternative="greater").pvalue > 1e-6


def test_the_band_holds_level_ranks_as_often_as_it_says() -> None:
    """99% of level curves stay inside the whole band; 2,000 tried, p > 1e-6."""
    rng = np.random.default_rng(3)
    lines = [band(rng.random(200).tolist()) for _ in range(2000)]
    out = sum(
        any(
            not low <= apart <= high
            for low, apart, high in zip(line.low, line.apart, line.high, strict=True)
        )
        for line in lines
    )
    assert stats.binomtest(out, 2000, 0.01).pvalue > 1e-6


def test_coverage_counts_central_intervals() -> None:
    """Of ranks at every percent a central half holds half."""
    found = coverage([(at + 0.5) / 100 for at in range(100)])
    assert found.covered == (0.5, 0.8, 0.96)
    assert found.histogram == (10,) * 10


def test_reliability_is_exact() -> None:
    """Three chances of one half: none true has a two-sided p of 2/8."""
    found = reliability([0.5, 0.5, 0.5], [False, False, False])
    assert found.overall.p == pytest.approx(0.25)
    assert (found.overall.true, found.overall.chance) == (0, 0.5)


def test_a_replica_reports_in_the_pattern_of_the_case() -> None:
    """The same units and kinds, ranges as wide, thresholds at the same places; all of it true."""
    case = load("sebac-2011")
    evidence = case.evidence(as_of="2011-06-22")
    for number in range(20):
        replica = replicate(case, evidence, "2011-06", np.random.default_rng(number))
        told = {report.id: report for report in replica.case.reports}
        assert list(told) == [report.id for report in evidence.reports]
        for like in evidence.reports:
            assert_like(told[like.id], like)
        now = replica.case.evidence()
        assert {r.id for r in now.reports} == set(told), "none supersedes another"


def assert_like(told: Report, like: Report) -> None:
    """One report against that of the pattern."""
    assert (told.units, told.kind, told.reported) == (like.units, like.kind, like.reported)
    if like.low is not None and like.high is not None and told.low != 0 and told.high != 1:
        assert told.low is not None
        assert told.high is not None
        assert told.high - told.low == like.high - like.low
    elif like.low is not None and like.high is None:
        assert told.low == like.low or told.high == like.low - 1


def test_finished_fits_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a run has fitted is found again, and fitted anew only with `--fresh`."""
    kept = tmp_path / "jobs" / "calibrate.jsonl"
    asked = [*BASE, "--store", str(tmp_path)]
    code, first, _ = run(asked, capsys)
    assert code == 0
    lines = len(kept.read_text().splitlines())
    assert run(asked, capsys)[1] == first
    assert len(kept.read_text().splitlines()) == lines >= 120
    assert run([*asked, "--fresh"], capsys)[1] == first
    assert len(kept.read_text().splitlines()) > lines
