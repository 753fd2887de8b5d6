"""Learning from past votes: `learn`."""

import os
from collections.abc import Sequence

from ratification.api.forecasts import DEFAULT_SEED
from ratification.case.case import Case
from ratification.case.folder import load_cases
from ratification.errors import RequestError
from ratification.inference.fit import Progress, no_progress
from ratification.validation.learned import Learned, learned
from ratification.validation.past_votes import past_votes


def learn(
    cases: Sequence[Case | str | os.PathLike[str]],
    *,
    since: str | None = None,
    until: str | None = None,
    fast: bool = False,
    seed: int = DEFAULT_SEED,
    progress: Progress = no_progress,
) -> Learned:
    """Priors for a new vote from past ones whose final counts are known.

    A case is one that is read already, a folder, the name of a shipped case, or of a shipped table
    such as "australia". Votes from the day `since` to the day `until` count; what differs
    between eras, as turnout before and after it was compulsory, is told apart by choosing them.

    Raises:
        RequestError: a case is not there or named twice, or none has two unions counted.
        CaseError: a case is wrong.
        ConvergenceError: NUTS did not converge.
    """
    loaded: list[Case] = []
    for name in cases:
        loaded += [name] if isinstance(name, Case) else load_cases(name)
    ids = [case.id for case in loaded]
    twice = {name for name in ids if ids.count(name) > 1}
    if twice:
        raise RequestError(f"the same case twice: {', '.join(sorted(twice))}")
    votes = past_votes(loaded, since=since, until=until)
    return learned(votes, seed=seed, fast=fast, progress=progress)
