"""The one way numbers become words."""

import pytest
from ratification.output import wording


@pytest.mark.parametrize(
    ("probability", "mcse", "decided", "said"),
    [
        (0.9999, 0.01, False, ">99%"),
        (0.426, 0.0005, False, "42.6%"),
        (0.426, 0.004, False, "43%"),
        (0.0, 0.0, False, "<1%"),
        (1.0, 0.0, False, ">99%"),
        (0.0, 0.0, True, "0%"),
        (1.0, 0.0, True, "100%"),
        (0.9899, 0.005, False, "99%"),
    ],
)
def test_a_probability_is_said_as_sharply_as_it_is_known(
    probability: float, mcse: float, decided: bool, said: str
) -> None:
    """No more digits than the error supports; 0% and 100% only where arithmetic decides."""
    assert wording.percent(probability, mcse=mcse, decided=decided) == said


def test_a_sentence_has_no_signs_for_more_and_less() -> None:
    """What is read aloud says "less than 1%"."""
    told = [wording.percent(p, mcse=0.01, in_words=True) for p in (0.001, 0.426, 0.999)]
    assert told == ["less than 1%", "43%", "more than 99%"]


@pytest.mark.parametrize(
    ("probability", "decided", "said"),
    [
        (0.0, True, "out of reach"),
        (1.0, True, "certain"),
        (0.0, False, "almost impossible"),
        (0.05, False, "very unlikely"),
        (0.3, False, "unlikely"),
        (0.5, False, "about as likely as not"),
        (0.7, False, "likely"),
        (0.95, False, "very likely"),
        (0.999, False, "almost certain"),
    ],
)
def test_a_likelihood_is_hedged(probability: float, decided: bool, said: str) -> None:
    """Sure words are kept for what arithmetic decides."""
    assert wording.likelihood(probability, decided=decided) == said


@pytest.mark.parametrize(
    ("difference", "mcse", "said"),
    [
        (0.2, 0.004, "+20 points ±0.4"),
        (-0.112, 0.0005, "\N{MINUS SIGN}11.2 points ±0.1"),
        (0.0, 0.0, "no difference"),
        (-1.0, 0.0, "more than \N{MINUS SIGN}99 points"),
        (0.004, 0.004, "no difference"),
    ],
)
def test_a_difference_has_a_sign_and_an_error(difference: float, mcse: float, said: str) -> None:
    """Points, signed; what rounds to nothing is no difference."""
    assert wording.points(difference, mcse) == said


@pytest.mark.parametrize(
    ("value", "mcse", "said"),
    [
        (0.127, 0.0059, "13 points ±0.6"),
        (0.0127, 0.0005, "1.3 points ±0.1"),
        (0.0096, 0.004, "1 point ±0.4"),
        (0.004, 0.004, "less than 1 point ±0.4"),
        (0.0, 0.0, "less than 0.1 points ±0.1"),
    ],
)
def test_an_expected_movement_has_no_sign(value: float, mcse: float, said: str) -> None:
    """Points without a direction, no sharper than their error."""
    assert wording.moved(value, mcse) == said


def test_days_are_written_as_people_do() -> None:
    """An ISO date loses its zeros, a time stays."""
    assert wording.day("2011-06-04") == "4 June 2011"
    assert wording.day("2011-06-24T18:30") == "24 June 2011, 18:30"


def test_long_names_lose_their_middle() -> None:
    """Head and tail tell names apart; a short one stays."""
    assert wording.shortened("CEUI", 30) == "CEUI"
    assert wording.shortened("CEUI (Connecticut Employees Union Independent)", 30) == "CEUI"
    found = {wording.shortened(f"Local union of district number {i} of it", 30) for i in range(99)}
    assert len(found) == 99
    assert max(map(len, found)) <= 30


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0.002, "fewer than 1 of 100 simulated votes"),
        (0.0149, "1 of 100 simulated votes"),
        (0.374, "37 of 100 simulated votes"),
        (0.998, "more than 99 of 100 simulated votes"),
    ],
)
def test_a_frequency_is_of_a_hundred(probability: float, said: str) -> None:
    """Whole votes out of 100, hedged at the ends."""
    assert wording.frequency(probability) == said
