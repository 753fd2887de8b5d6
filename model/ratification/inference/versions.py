"""What makes the numbers: the revision of the laws of fits and worlds, and versions of packages."""

import platform
from collections.abc import Mapping
from importlib import metadata

from ratification.inference.posterior import EngineName

# Of the laws of fits and worlds: raised when the same inputs come to give other numbers, so that
# nothing kept by older code of the same version is taken for today's.
REVISION = 10
# Since this revision only digits have changed, not laws: what was checked at one since then holds.
SAME_LAWS_SINCE = 3
PACKAGES: Mapping[EngineName, tuple[str, ...]] = {
    "nuts": ("ratification", "numpy", "pymc", "pytensor", "nutpie", "arviz"),
    "instant": ("ratification", "numpy"),
}


def versions(engine: EngineName) -> dict[str, str]:
    """Versions of everything that makes the numbers of an engine."""
    found = {name: metadata.version(name) for name in PACKAGES[engine]}
    return {"python": platform.python_version()} | found


def made_by(engine: EngineName) -> str:
    """The versions and the revision as one text: results of two that differ may differ."""
    return repr((REVISION, sorted(versions(engine).items())))
