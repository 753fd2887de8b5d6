"""How far the model has been checked: what stored results let a forecast say."""

import pytest
from made_runs import made_run
from ratification.api import load
from ratification.inference.versions import REVISION, SAME_LAWS_SINCE
from ratification.output.contract import forecast_object
from ratification.validation.status import calibration_status, status_of

CALIBRATION = {
    "name": "sebac-nuts",
    "revision": REVISION,
    "kind": "calibration",
    "of": "SEBAC's electorate",
    "engine": "nuts",
    "fits": 250,
    "fitted": 212,
    "tests": 87,
    "failed": [],
    "alarm": 0.01,
}


def test_what_is_shipped_is_of_the_model_in_use() -> None:
    """Every stored check counts, and real votes, simulated ones and what is missing are named."""
    found = calibration_status()
    assert found.checked
    assert len(found.statements) == len(found.checks) >= 5
    told = " ".join(found.statements)
    assert "28 Australian referendums of 16 polling days" in told
    assert "SEBAC's electorate of 2011" in told
    assert "Not checked on votes of unions: the 3 finished ones" in told


@pytest.mark.parametrize("revision", [SAME_LAWS_SINCE - 1, REVISION + 1])
def test_a_check_of_other_laws_says_nothing(revision: int) -> None:
    """Once the model has changed, the status is that it is not checked."""
    found = status_of([{**CALIBRATION, "revision": revision}])
    assert not found.checked
    assert found.checks == ()
    assert found.statements == ("Not checked: the model has changed since it was last checked.",)


def test_tests_that_fail_are_named() -> None:
    """A calibration that failed is no recommendation."""
    [passed] = status_of([CALIBRATION]).statements
    [failed] = status_of([{**CALIBRATION, "failed": ["mu", "tau_union"]}]).statements
    assert "212 fits by NUTS: of 87 tests whether the chances are right none fails;" in passed
    assert "of 87 tests whether the chances are right 2 fail (mu, tau_union);" in failed


def test_every_answer_says_how_far_it_is_checked() -> None:
    """In JSON the status stands beside the forecast's own checks."""
    found = forecast_object(made_run(load("sebac-2011"), as_of="2011-06-17").forecast)[
        "calibration"
    ]
    assert found["checked"] is True
    assert found["statements"] == calibration_status().statements
