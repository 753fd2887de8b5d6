"""The break-even of early returns: where it lies, where there is none, and the command."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hand_made import FINE, constant_draws, make_case
from made_runs import MadeRuns
from ratification.answers.breakeven import Point, between, bracket, curve_of, split_at
from ratification.answers.estimates import Estimate
from ratification.api import break_even
from ratification.case.bylaws import choose
from ratification.case.case import Case
from ratification.cli.asking import Asked
from ratification.cli.main import main
from ratification.errors import ConvergenceError, RequestError
from ratification.inference.layout import build_layout
from ratification.inference.posterior import Posterior

ROWS = "unit,parent,members\na,,1000\nb,,50000\n"
OUT = "r,june,2011-06-01,a,outcome,,,,,rejected\n"
RULE = """\
[[bylaws]]
id = "b"
[[bylaws.reading]]
id = "veto"
all = [{ approves = "b" }]
[[bylaws.reading]]
id = "one"
all = [{ measure = "approving unions", at_least = 1 }]
[[bylaws.reading]]
id = "both"
all = [{ measure = "approving unions", at_least = 2 }]
"""
MEAN, SPREAD = 0.5, 0.8


class HeldRuns(MadeRuns):
    """Union b's logit share is normal round MEAN plus the strength times the balance published."""

    def __init__(self, *, fails: Sequence[float] = ()) -> None:
        super().__init__()
        self.fails = fails

    def posterior(self, case: Case, evidence: object, round_id: str, **asked: object) -> object:  # type: ignore[override]
        """Draws that no evidence has touched but for the strength, which is as it was held."""
        seed, scenario = asked["seed"], asked.get("scenario")
        layout = build_layout(case, evidence, round_id, scenario)  # type: ignore[arg-type]
        draws = constant_draws(layout.structure, (4, 1000))
        rng = np.random.default_rng(seed)  # type: ignore[arg-type]
        draws["mu"] = rng.normal(MEAN, SPREAD, (4, 1000))
        draws["kappa"] = np.full((4, 1000), case.priors.kappa.mean)
        if layout.structure.early_returns and case.priors.kappa.mean in self.fails:
            raise ConvergenceError("worth too few draws")
        return "made", Posterior(layout, draws, FINE, seed)  # type: ignore[arg-type]


def two_unions(parent: Path, evidence: str = OUT, **more: str) -> Case:
    """A has voted, b has not."""
    return make_case(parent, ROWS, evidence, bylaws=RULE, **more)


def test_it_lies_where_the_law_says(tmp_path: Path) -> None:
    """After one rejection b is moved by minus the strength: it crosses 1/2 at the mean itself."""
    found = break_even(two_unions(tmp_path), runs=HeldRuns(), worlds=4000)
    veto, one, both = found.curves
    assert not found.inert
    assert veto.crossing is not None
    assert veto.crossing.strength == pytest.approx(MEAN, abs=5 * veto.crossing.mcse)
    assert 0.005 < veto.crossing.mcse < 0.05
    for point in veto.points:
        chance = scipy.stats.norm.cdf((MEAN - point.strength) / SPREAD)
        assert point.estimate.probability == pytest.approx(chance, abs=0.04)
    assert one.crossing == veto.crossing  # a has rejected: one union is b
    assert (both.standing, both.crossing) == ("defeated", None)


def test_a_target_of_ones_own(tmp_path: Path) -> None:
    """The chance named is crossed where the law has it; out of reach, nothing is."""
    case = two_unions(tmp_path)
    found = break_even(case, target=0.9, runs=HeldRuns(), worlds=4000)
    crossing = found.curves[0].crossing
    assert crossing is not None
    expected = MEAN - SPREAD * scipy.stats.norm.ppf(0.9)
    assert crossing.strength == pytest.approx(expected, abs=6 * crossing.mcse)
    assert crossing.strength < 0
    weak = break_even(case, target=0.9, strongest=0.2, runs=HeldRuns(), worlds=1000)
    assert weak.curves[0].crossing is None
    assert [p.strength for p in weak.curves[0].points][:: len(weak.curves[0].points) - 1] == [
        -0.2,
        0.2,
    ]


def test_without_results_before_others_there_is_no_effect(tmp_path: Path) -> None:
    """No report, or a straw poll only: no strength would, and nothing is swept."""
    poll = "p,june,2011-06-01,a,poll,30,20,,,\n"
    for name, rows in (("none", ""), ("poll", poll)):
        found = break_even(two_unions(tmp_path, rows, name=name), runs=HeldRuns(), worlds=400)
        assert found.inert
        assert all(not curve.points and curve.crossing is None for curve in found.curves)


def test_a_strength_that_does_not_converge_leaves_a_gap(tmp_path: Path) -> None:
    """The sweep goes on without it and says so; without any there is no answer."""
    runs = HeldRuns(fails=(-2.0, 1.0))
    found = break_even(two_unions(tmp_path), runs=runs, worlds=1000)
    assert found.gaps == (-2.0, 1.0)
    assert {-2.0, 1.0}.isdisjoint(point.strength for point in found.curves[0].points)
    assert found.curves[0].crossing is not None
    never = HeldRuns(fails=tuple(np.round(np.linspace(-2, 2, 9), 3)))
    with pytest.raises(ConvergenceError, match="no strength of the effect gave a forecast"):
        break_even(two_unions(tmp_path, name="never"), runs=never, worlds=400)


def test_of_several_crossings_the_weakest_effect_counts() -> None:
    """A chance that crosses twice is answered by the crossing nearest to no effect."""
    points = [
        Point(strength=k, estimate=Estimate(probability=p, mcse=0.01))
        for k, p in ((-2.0, 0.6), (-1.0, 0.4), (0.0, 0.3), (1.0, 0.4), (2.0, 0.6))
    ]
    pair = bracket(points, 0.45)
    assert pair is not None
    assert abs(between(pair, 0.45)) == pytest.approx(1.25)
    assert bracket(points, 0.9) is None
    assert split_at(0.0) == 0.5
    assert split_at(1.0) == pytest.approx(1 - split_at(-1.0))


def test_the_slope_is_not_that_of_noise(tmp_path: Path) -> None:
    """Two fits a hundredth apart differ by two points: the curve is no steeper for that."""
    chosen = choose(two_unions(tmp_path).bylaws, ())[0]
    points = [
        Point(strength=k, estimate=Estimate(probability=p, mcse=0.01))
        for k, p in ((0.0, 0.4), (0.49, 0.49), (0.5, 0.51), (1.0, 0.6))
    ]
    found = curve_of(chosen, "open", points, 0.5).crossing
    assert found is not None
    assert found.strength == pytest.approx(0.495)
    assert found.mcse == pytest.approx(0.01 / 0.2)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"target": 1.0}, "target 1 is no chance between 0 and 1"),
        ({"strongest": 0.0}, "strongest 0 is not above 0"),
        ({"scenarios": ["a", "b"]}, "one scenario at a time"),
    ],
)
def test_a_wrong_question_is_refused(tmp_path: Path, asked: dict[str, object], says: str) -> None:
    """No chance, no strength, or several scenarios."""
    with pytest.raises(RequestError, match=says):
        break_even(two_unions(tmp_path), runs=HeldRuns(), **asked)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cases in the folder the command runs in, in one of which no result is out."""
    two_unions(tmp_path)
    two_unions(tmp_path, "", name="silent")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Asked, "runs", lambda *_, **_settings: HeldRuns())
    return tmp_path


def ratify(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as stopped:
        main(["breakeven", *arguments, "--worlds", "1000"])
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_it_is_said_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it crosses and what that means; where arithmetic, silence or weakness leave none."""
    code, out, _ = ratify(["made"], capsys)
    assert code == 0
    assert re.search(r"at \+0\.\d\d ±0\.\d\d it crosses 50%: as strong as if a unit split", out)
    assert "no strength would: by arithmetic it is defeated" in out
    assert "Strength" in out
    code, out, _ = ratify(["made", "--target", "0.9", "--strongest", "0.2"], capsys)
    assert "no strength from -0.2 to +0.2 would: it stays from" in out
    code, out, _ = ratify(["silent"], capsys)
    assert code == 0
    assert "no strength would: no result of this vote was published before another" in out


def test_its_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Curves with their points, the crossing and the sentence."""
    code, out, _ = ratify(["made", "--json"], capsys)
    assert code == 0
    found = json.loads(out)
    assert (found["schema_version"], found["target"], found["inert"]) == (1, 0.5, False)
    assert found["curves"][0]["crossing"]["strength"] == pytest.approx(MEAN, abs=0.2)
    assert found["curves"][0]["says"].startswith("at +0.")
    assert found["curves"][2]["crossing"] is None


def test_wrong_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target outside 0 to 1 is told by the command line itself."""
    code, out, err = ratify(["made", "--target", "1.5"], capsys)
    assert (code, out) == (2, "")
    assert "1.5 is not in the range" in err
