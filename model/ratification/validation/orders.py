"""In which order unions report, and at which stages a replay stops to forecast."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from ratification.validation.votes import Vote

OrderName = Literal[
    "random", "actual", "largest-last", "smallest-last", "favourable-first", "unfavourable-first"
]
ORDERS: tuple[OrderName, ...] = get_args(OrderName)
FEW = 10  # unions: as many or fewer report one by one
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)  # of more unions, that have reported at a stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How many unions have reported: a number of few unions, a share of many."""

    label: str
    reported: int
    of: int

    @property
    def share(self) -> float:
        """Share of the unions that have reported."""
        return self.reported / self.of


def stages(unions: int) -> tuple[Stage, ...]:
    """Where a replay of so many unions forecasts: from none to all but one, or at shares of them.

    A share is a whole number of unions, the nearest; the first report is never rounded away.
    """
    if unions <= FEW:
        return tuple(Stage(label=str(k), reported=k, of=unions) for k in range(unions))
    return tuple(
        Stage(label=f"{share:.0%}", reported=max(round(share * unions), share > 0), of=unions)
        for share in SHARES
    )


def order_of(vote: Vote, order: OrderName, rng: np.random.Generator) -> tuple[str, ...] | None:
    """The unions of a vote in the order in which they report; None where it is not known.

    "actual" goes by the day from which a result was known, and is known where these differ.
    "largest-last" and "smallest-last" go by members; "favourable-first" and "unfavourable-first"
    by result, then by yes share where it is known. Ties are in the order of the case's file.
    """
    if order == "random":
        return tuple(rng.permutation(vote.reporting).tolist())
    if order == "actual" and len(set(vote.known_on.values())) < 2:
        return None
    return tuple(sorted(vote.reporting, key=_KEYS[order](vote)))


def _favour(vote: Vote) -> Mapping[str, tuple[bool, float]]:
    """Who approved, and by how much; half of the ballots where it is not known."""
    shares = {union: vote.share(union) for union in vote.reporting}
    return {
        union: (vote.approved[union], 0.5 if share is None else share)
        for union, share in shares.items()
    }


def _unfavourable(vote: Vote) -> Callable[[str], Any]:
    favour = _favour(vote)
    return lambda union: favour[union]


def _favourable(vote: Vote) -> Callable[[str], Any]:
    favour = _favour(vote)
    return lambda union: (not favour[union][0], -favour[union][1])


_KEYS: Mapping[str, Callable[[Vote], Callable[[str], Any]]] = {
    "actual": lambda vote: lambda union: vote.known_on[union],
    "largest-last": lambda vote: lambda union: vote.members[union],
    "smallest-last": lambda vote: lambda union: -vote.members[union],
    "favourable-first": _favourable,
    "unfavourable-first": _unfavourable,
}


def labels_of(found: Iterable[Stage]) -> list[str]:
    """Labels of stages as people read them, each once: numbers of unions, then shares of them."""
    places = {stage.label: (stage.of > FEW, _place(stage)) for stage in found}
    return sorted(places, key=lambda label: places[label])


def _place(stage: Stage) -> float:
    return stage.share if stage.of > FEW else stage.reported
