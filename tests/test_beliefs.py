"""Priors said in shares, and made from what is said."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ratification.case.beliefs import SAID, beliefs, believing
from ratification.case.priors import DEFAULT, Normal, PositiveNormal, PriorError, Priors
from ratification.inference.numerics import expit, stream
from ratification.inference.quantiles import quantile

SHARES = st.tuples(st.floats(0.02, 0.9), st.floats(0.03, 0.08)).map(lambda x: (x[0], x[0] + x[1]))

KNOWN_SCALE = replace(DEFAULT, tau_union=PositiveNormal(mean=0.4, sd=0.1))


@pytest.mark.parametrize("priors", [DEFAULT, KNOWN_SCALE], ids=["default", "known scale"])
@pytest.mark.parametrize("name", SAID)
def test_a_belief_holds_as_often_as_it_says(name: str, priors: Priors) -> None:
    """Draws of the prior, said as shares or points, lie within the range in nine of ten."""
    [belief] = [entry for entry in beliefs(priors) if entry.prior == name]
    prior = getattr(priors, name)
    draws = quantile(prior, stream(1, name).standard_normal(100_000))
    said = expit(draws) - (0.0 if belief.kind == "share" else 0.5)
    assert np.mean((said >= belief.low) & (said <= belief.high)) == pytest.approx(0.9, abs=0.005)


@given(SHARES, st.floats(0.5, 0.99))
def test_what_is_believed_is_what_the_prior_says(ends: tuple[float, float], chance: float) -> None:
    """There and back, for a share and for a spread."""
    low, high = ends
    believed = believing(DEFAULT, "mu", low, high, chance=chance)
    belief = beliefs(believed, chance)[0]
    assert (belief.low, belief.high) == pytest.approx((low, high), abs=1e-9)
    spread = min(high, 0.45)
    wide = beliefs(believing(DEFAULT, "tau_union", 0, spread, chance=chance), chance)[2]
    assert (wide.prior, wide.low, wide.high) == ("tau_union", 0.0, pytest.approx(spread))


def test_a_belief_changes_one_prior_alone() -> None:
    """The published reading of the default: 60%, from 36% to 80%."""
    assert str(beliefs(DEFAULT)[0]) == (
        "the coalition's yes share: between 36% and 80% (chance 90%)"
    )
    changed = believing(DEFAULT, "nu", 0.5, 0.8)
    assert isinstance(changed.nu, Normal)
    assert changed.mu == DEFAULT.mu


@pytest.mark.parametrize(
    ("name", "low", "high", "chance", "said"),
    [
        ("mv", 0.3, 0.8, 0.9, "'mv' is not said so"),
        ("mu", 0.8, 0.3, 0.9, "is no range between 0.0 and 1.0"),
        ("mu", 0.3, 1.0, 0.9, "is no range"),
        ("tau_union", 0.1, 0.2, 0.9, "has one number: say 0 to 0.2"),
        ("tau_union", 0, 0.7, 0.9, "is no range between 0.0 and 0.5"),
        ("mu", 0.3, 0.8, 1.0, "a chance of 1.0 is not between 0 and 1"),
    ],
)
def test_beliefs_that_cannot_be(
    name: str, low: float, high: float, chance: float, said: str
) -> None:
    """Each is refused with what to do."""
    with pytest.raises(PriorError, match=said):
        believing(DEFAULT, name, low, high, chance=chance)
