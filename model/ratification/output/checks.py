"""Which engine made the numbers, and how its checks came out, in words."""

from collections.abc import Sequence

from ratification.inference.parameters import ParameterSummary
from ratification.inference.posterior import Diagnostics, EngineName

NAMES = {
    "nuts": "NUTS (PyMC and nutpie)",
    "instant": "instant (importance sampling of the same posterior)",
}


def engine_name(engine: EngineName) -> str:
    """An engine's name for readers."""
    return NAMES[engine]


def checks(found: Diagnostics) -> list[tuple[str, str]]:
    """What was checked and what was found, with the limit it is held to."""
    again = ", tried again with more" if found.retried else ""
    if found.rhat_max is None:
        told = [
            ("Largest Pareto k", f"{max(found.pareto_k or 0.0, 0.0):.2f} (limit 0.70)"),
            ("Effective draws", f"{found.ess_min:,.0f} (limit 400){again}"),
        ]
    else:
        twice = ", sampled twice" if found.retried else ""
        told = [
            ("Converged", f"R-hat at most {found.rhat_max:.3f} (limit 1.01)"),
            ("Effective draws", f"at least {found.ess_min:,.0f} (limit 400)"),
            ("Divergences", f"{found.divergences}{twice}"),
        ]
    if found.handed_over:
        told.append(("Why NUTS answered", found.handed_over))
    return told


def in_short(found: Diagnostics) -> str:
    """The same in half a line."""
    if found.rhat_max is None:
        shape = max(found.pareto_k or 0.0, 0.0)
        return f"Pareto k {shape:.2f}, effective draws {found.ess_min:.0f}"
    twice = ", sampled twice" if found.retried else ""
    short = f"R-hat {found.rhat_max:.3f}, effective draws {found.ess_min:.0f}"
    return f"{short}, divergences {found.divergences}{twice}"


def convergence(found: Sequence[ParameterSummary]) -> list[tuple[str, str, str, str]]:
    """R-hat, bulk and tail effective sample size of every parameter that NUTS sampled."""
    return [
        (p.name, f"{p.rhat:.3f}", f"{p.ess_bulk:,.0f}", f"{p.ess_tail:,.0f}")
        for p in found
        if p.rhat is not None
    ]
