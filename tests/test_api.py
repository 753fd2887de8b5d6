"""The Python API, as the README shows it."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from made_runs import MadeRuns
from ratification import api
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import Worlds

README = Path(__file__).parent.parent / "README.md"


class FewWorlds(MadeRuns):
    """Made draws, and no more worlds than it takes to see that something runs."""

    def worlds(
        self, *case: Any, count: int | None = None, **asked: Any
    ) -> tuple[Posterior, Worlds]:
        """At most 400 of those asked for."""
        return super().worlds(*case, count=min(count or 400, 400), **asked)


def test_the_readmes_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of it works as it stands, on draws that are made instead of fitted."""
    [block] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    fitted = inspect.signature(api.posterior_tree)
    monkeypatch.setattr("ratification.api.forecasts.Runs", FewWorlds)
    monkeypatch.setattr(api, "posterior_tree", fitted.bind)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}

    exec(compile(block, "README.md", "exec"), names)

    assert [rule.bylaws for rule in names["answer"].rules] == ["july-2011"]
    council = next(u for u in names["what_if"].unions if u.unit == "council-4")
    assert council.standing == "rejected"
    assert (tmp_path / "page.html").stat().st_size > 100_000


def test_the_api_is_what_it_lists() -> None:
    """Every name of `__all__` is there, and says in a sentence what it is for."""
    for name in api.__all__:
        assert inspect.getdoc(getattr(api, name)), name
