"""Cases and posteriors made by hand, so that what follows from them is known exactly."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from ratification.case.case import Case
from ratification.case.folder import load
from ratification.case.known import Known, known
from ratification.inference.layout import build_layout
from ratification.inference.posterior import Diagnostics, Posterior
from ratification.inference.structure import Structure

CASE = """\
title = "Made by hand"
target = "june"
[[round]]
id = "june"
title = "The vote"
"""
TWO_ROUNDS = """\
title = "Made by hand"
target = "june"
[[round]]
id = "may"
title = "First vote"
[[round]]
id = "june"
title = "Second vote"
repeats = "may"
"""
BYLAWS = """\
[[bylaws]]
id = "rule"
title = "The rule"
[[bylaws.reading]]
id = "unions"
title = "One union approves"
all = [{ measure = "approving unions", at_least = 1 }]
"""
EVIDENCE = "id,round,reported,units,kind,yes,no,low,high,result\n"
FINE = Diagnostics(rhat_max=1.0, ess_min=4000, divergences=0, target_accept=0.97, retried=False)
# A total over unions that say only which way they went, close calls among them: the line of an
# outcome has to know how far straightening the total moves it.
TIED_TREE = """\
unit,parent,members
a,,
a-1,a,3000
a-2,a,2500
b,,2600
c,,1900
d,,1400
e,,900
f,,700
"""
TIED = """\
r0,june,2011-06-01,a,outcome,,,,,approved
r1,june,2011-06-01,b,outcome,,,,,approved
r2,june,2011-06-01,c,outcome,,,,,approved
r3,june,2011-06-01,d,outcome,,,,,approved
r4,june,2011-06-01,e,count,500,150,,,
r5,june,2011-06-02,* - f,count,5050,4100,,,
"""


def make_case(
    parent: Path,
    electorate: str,
    evidence: str = "",
    *,
    settings: str = CASE,
    bylaws: str = BYLAWS,
    name: str = "made",
) -> Case:
    """Write a case folder and load it. The tables come without the usual headings of evidence."""
    folder = parent / name
    folder.mkdir()
    files = {
        "case.toml": settings,
        "electorate.csv": electorate,
        "evidence.csv": EVIDENCE + evidence,
        "bylaws.toml": bylaws,
    }
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    return load(folder)


def facts_of(case: Case, round_id: str = "june") -> Known:
    """What the case's reports say together about a round."""
    return known(case.evidence(round_id=round_id), round_id, case.electorate, case.id)


def make_posterior(
    case: Case,
    yes_share: Mapping[str, float] | None = None,
    turnout: Mapping[str, float] | None = None,
    *,
    shape: tuple[int, int] = (4, 500),
    seed: int = 7,
    others: float = 0.5,
) -> Posterior:
    """Draws all alike, in which leaves have the yes share and turnout given, others `others`.

    The leaf's own effect carries it: scales are 1, effects of wider units 0.
    """
    layout = build_layout(case, case.evidence(), case.target)
    structure = layout.structure
    draws = constant_draws(structure, shape)
    for name, given in (("z", yes_share or {}), ("z_turnout", turnout or {})):
        for position, (node, r) in enumerate(structure.nodes):
            if node in case.electorate.leaf_index and structure.rounds[r] == case.target:
                draws[name][..., position] = logit(given.get(node, others))
    return Posterior(layout=layout, draws=draws, diagnostics=FINE, seed=seed)


def constant_draws(structure: Structure, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """Draws of every parameter: means and effects 0, scales 1, no correlation."""
    nodes, repeated = len(structure.nodes), len(structure.repeated)
    draws = {
        "mu": np.zeros(shape),
        "nu": np.zeros((*shape, len(structure.rounds))),
        "tau": np.ones((*shape, structure.depth)),
        "tau_turnout": np.ones((*shape, structure.depth)),
        "correlation": np.zeros(shape),
        "z": np.zeros((*shape, nodes)),
        "z_turnout": np.zeros((*shape, nodes)),
    }
    if len(structure.rounds) > 1:
        draws["swing"] = np.zeros((*shape, len(structure.rounds) - 1))
    if structure.repeated:
        draws["persistence"] = np.full(shape, 0.5)
        draws["lasting"] = np.zeros((*shape, repeated))
        draws["lasting_turnout"] = np.zeros((*shape, repeated))
    return draws


def logit(share: float) -> float:
    """Log odds."""
    return float(np.log(share / (1 - share)))


def tied_by_a_total(parent: Path) -> Case:
    """Outcomes of four unions, one count, and a total over the five."""
    return make_case(parent, TIED_TREE, TIED)
