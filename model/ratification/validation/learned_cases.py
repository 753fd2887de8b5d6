"""A case with what votes of other polling days teach: priors, and if asked for, leanings."""

from collections.abc import Sequence
from dataclasses import replace

from ratification.case.case import Case
from ratification.errors import RequestError
from ratification.validation.fast_learning import fast_hyper
from ratification.validation.hyper import Hyper, priors_beside_leanings, priors_of
from ratification.validation.past_votes import past_votes

LEANING = "leaning"  # the feature's name


class Learner:
    """Learns by the fast learner, once from each set of votes.

    With `leanings`, those of unions that recur among the others are a feature beside the priors.
    Where nothing can be learned, as from votes without counts, the case stays as it is.
    """

    def __init__(self, *, leanings: bool = False) -> None:
        self.leanings = leanings
        self._known: dict[tuple[tuple[str, str], ...], Hyper | None] = {}

    def __call__(self, case: Case, others: Sequence[Case]) -> Case:
        """The case as one would have it who knew these other votes."""
        hyper = self._learned(others)
        if hyper is None:
            return case
        leaning = _leanings(case, hyper) if self.leanings else {}
        beside = priors_beside_leanings(hyper, case.priors) if leaning else None
        if beside is None:
            return case.with_priors(priors_of(hyper, case.priors))
        return replace(case, priors=beside, features={**case.features, LEANING: leaning})

    def _learned(self, others: Sequence[Case]) -> Hyper | None:
        key = tuple((other.id, other.target) for other in others)
        if key not in self._known:
            try:
                self._known[key] = fast_hyper(past_votes(others))
            except RequestError:  # no vote among them has two unions counted
                self._known[key] = None
        return self._known[key]


def _leanings(case: Case, hyper: Hyper) -> dict[str, float]:
    """The leaning of every leaf whose union recurs."""
    if hyper.leanings is None:
        return {}
    tree = case.electorate
    by_union = dict(zip(hyper.units, hyper.leanings.tolist(), strict=True))
    paths = {leaf: tree.paths[leaf][0] for leaf in tree.leaves}
    return {leaf: by_union[union] for leaf, union in paths.items() if union in by_union}
