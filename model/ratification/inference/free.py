"""The votes of leaves by themselves, given yes share, turnout and what is counted so far."""

import numpy as np

TRIES = 20  # binomial draws for a turnout above what is counted, before it is found by inversion


def votes(
    members: np.ndarray,
    turnout: np.ndarray,
    yes_share: np.ndarray,
    seen: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Yes and no, (world, leaf). `seen` holds the yes and no counted so far, by leaf.

    Ballots are binomial, and at least as many as are counted. Those counted stay as they are; the
    others are yes with the leaf's yes share: the law of the votes given that any ballot was as
    likely as another to be counted first.
    """
    seen_yes, seen_no = seen
    counted = seen_yes + seen_no
    cast = rng.binomial(members, turnout)
    if not counted.any():
        yes = rng.binomial(cast, yes_share)
        return yes, cast - yes
    least = np.broadcast_to(counted, cast.shape)
    for _ in range(TRIES):
        short = np.nonzero(cast < least)
        if not len(short[0]):
            break
        cast[short] = rng.binomial(members[short], turnout[short])
    short = np.nonzero(cast < least)
    if len(short[0]):
        cast[short] = _at_least(members[short], turnout[short], least[short], rng)
    yes = seen_yes + rng.binomial(cast - least, yes_share)
    return yes, cast - yes


def _at_least(
    members: np.ndarray, turnout: np.ndarray, least: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Binomial numbers of at least `least`, which are rare: by inverting their own law.

    From one number to the next the law changes by (n - b) / (b + 1) * t / (1 - t).
    """
    found = np.empty_like(least)
    for index, (n, t, low) in enumerate(zip(members, turnout, least, strict=True)):
        numbers = np.arange(low, n)
        odds = np.log(t) - np.log1p(-t)
        log_law = np.cumsum(np.log((n - numbers) / (numbers + 1)) + odds)
        law = np.exp(np.concatenate([[0.0], log_law]) - max(0.0, log_law.max(initial=0.0)))
        below = np.cumsum(law)
        found[index] = low + np.searchsorted(below, rng.random() * below[-1])
    return found
