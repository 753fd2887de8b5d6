"""The sliders of the notebook, moved without a browser."""

import pytest
from ratification.api import Forecaster, PriorsPanel, believing, load
from ratification.errors import ConvergenceError
from ratification.output.words import with_error

OPEN = "july-2011/per-capita"


@pytest.fixture
def panel() -> PriorsPanel:
    """Over SEBAC early in its first vote."""
    ask = Forecaster(engine="instant", progress=lambda *_: None)
    return PriorsPanel(ask, ask.forecast(load("sebac-2011").as_of("2011-06-15")))


def test_it_starts_with_what_is_believed(panel: PriorsPanel) -> None:
    """The sliders say the priors, and the table the forecast."""
    assert panel.sliders["mu"].value == pytest.approx((0.36, 0.80), abs=0.005)
    assert panel.sliders["tau_union"].value == pytest.approx(0.23, abs=0.005)
    assert OPEN in panel.answer.value
    assert "as fitted" in panel.answer.value
    said = [with_error(found) for found in panel.at_first.values()]
    for text in said:  # of every rule, at first and now
        assert panel.answer.value.count(f">{text}</td>") == 2 * said.count(text)
    assert len(panel.widget.children) == 5


def test_a_move_weighs_anew(panel: PriorsPanel) -> None:
    """The priors follow the slider, and so do the chances, without a fit."""
    before = panel.answer.value
    panel.sliders["tau_union"].value = 0.12
    assert panel.priors == believing(panel.case.priors, "tau_union", 0, 0.12)
    assert "weighed anew" in panel.answer.value
    assert panel.answer.value != before
    assert f">{with_error(panel.at_first[OPEN])}</td>" in panel.answer.value
    assert panel.result.run.case.priors == panel.case.priors


def test_a_long_move_fits_again(panel: PriorsPanel) -> None:
    """Where the draws cannot be weighed it says so and refits; the next move starts from there."""
    panel.sliders["mu"].value = (0.05, 0.12)
    assert "fitted again" in panel.answer.value
    assert panel.result.run.case.priors == panel.priors
    panel.sliders["nu"].value = (0.5, 0.85)
    assert "weighed anew" in panel.answer.value


def test_no_answer_is_said(panel: PriorsPanel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fit that fails leaves the panel and its last result as they were."""

    def failing(*_: object, **__: object) -> None:
        raise ConvergenceError("no <draw> agrees")

    last = panel.result
    monkeypatch.setattr(panel.ask, "forecast", failing)
    panel.sliders["mu"].value = (0.05, 0.12)
    assert "no answer: no &lt;draw&gt; agrees" in panel.answer.value
    assert panel.result is last
