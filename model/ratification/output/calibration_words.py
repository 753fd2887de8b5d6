"""A calibration in words: its verdict first, then what it rests on."""

from ratification.output import wording
from ratification.validation.calibrating import ALARM, FEWEST_FITS, Calibrated, Calibration
from ratification.validation.ranking import Coverage

MOST_NAMED = 3  # failures that a sentence names
PLAIN = {
    "mu": "mean yes share (mu)",
    "nu": "mean turnout (nu)",
    "correlation": "correlation of a union's yes share and turnout",
    "tau_union": "spread of yes shares between unions",
    "tau_unit": "spread between units of a union",
    "tau_local": "spread between locals of a unit",
    "tau_turnout_union": "spread of turnout between unions",
    "tau_turnout_unit": "spread of turnout between units",
    "tau_turnout_local": "spread of turnout between locals",
    "persistence": "what persists between rounds",
    "swing": "swing from the round before",
}


def plain(name: str) -> str:
    """A quantity's name for people."""
    return PLAIN.get(name, name)


def verdict(found: Calibrated) -> str:
    """Whether it is calibrated, in one sentence with the false-alarm rate."""
    fits, tests = wording.plural(found.fitted, "fit"), wording.plural(found.tests, "test")
    if found.passes is None:
        return (
            f"Too few fits to tell: {fits} of {found.fits:,} replicas, "
            f"at least {FEWEST_FITS} are needed."
        )
    if found.passes:
        return (
            f"Calibrated: over {fits} none of {tests} fails, of which a right engine fails one or "
            f"more with a chance of at most {100 * ALARM:g}%."
        )
    named = [_failure(found, entry.name) for entry in found.failures[:MOST_NAMED]]
    more = len(found.failures) - len(named)
    named += [f"{more} more"] if more > 0 else []
    return (
        f"NOT calibrated: over {fits} it fails at {wording.listing(named)}; a right engine fails "
        f"one or more of {tests} with a chance of at most {100 * ALARM:g}%."
    )


def _failure(found: Calibrated, name: str) -> str:
    for quantity in found.quantities:
        if quantity.name == name:
            return f"{plain(name)} ({astray(quantity.coverage)})"
    rule = found.rules[name.removeprefix("ratified, ")].overall
    said, came = wording.share(rule.chance), wording.share(rule.true / rule.forecasts)
    return f'"{name}" (said {said}, came true {came})'


def astray(found: Coverage) -> str:
    """How truths lie among the draws where they do not lie evenly."""
    (low, high), held = found.ranges[0], found.covered[0]
    half = len(found.histogram) // 2
    below = sum(found.histogram[:half]) / found.fitted
    if held < low and abs(below - 0.5) < abs(held - 0.5):
        return "intervals too narrow"
    if held > high:
        return "intervals too wide"
    if below > 0.5:
        return "drawn too high"
    return "drawn too low"


def method(calibration: Calibration) -> str:
    """What was done, in one sentence."""
    day = f" of {wording.day(calibration.as_of)}" if calibration.as_of else ""
    reports = wording.plural(calibration.reports, "report")
    return (
        f"{calibration.found.fits:,} votes were simulated from the priors on this electorate, "
        f"reported on in the pattern{day} ({reports}: the same units, kinds and widths), and "
        f"fitted with engine {calibration.engine}, seed {calibration.seed}; each truth was then "
        "looked up among the draws."
    )


def refusals(found: Calibrated) -> list[str]:
    """How many fits there are, by engine, and why others were refused."""
    made = [f"{count:,} by {name}" for name, count in found.engines.items()]
    lines = [f"{found.fitted:,} of {found.fits:,} replicas fitted ({wording.listing(made)})"]
    lines += [f"refused {count:,}: {why}" for why, count in found.refused.items()]
    if found.refused:
        lines.append(
            "which replicas are refused depends on their reports alone, so calibration must hold "
            "among the others"
        )
    return lines
