"""How the answer depends on settings: one table, one chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Setting:
    """One row of a comparison: what was set, and the chance and error of every reading."""

    name: str
    value: str
    how: str
    chances: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, repr=False)
class SettingsCompared:
    """Chances by setting and reading."""

    settings: tuple[Setting, ...]

    def frame(self) -> "pd.DataFrame":
        """One row a setting and reading: setting, value, rule, probability, mcse, how."""
        import pandas as pd

        rows = [
            {
                "setting": entry.name,
                "value": entry.value,
                "rule": rule,
                "probability": probability,
                "mcse": mcse,
                "how": entry.how,
            }
            for entry in self.settings
            for rule, (probability, mcse) in entry.chances.items()
        ]
        return pd.DataFrame(rows)

    def chart(self) -> Any:
        """Chances by setting, two standard errors to either side; an Altair chart."""
        from ratification.output.views.settings_chart import settings_chart

        return settings_chart(self.frame())

    def _repr_html_(self) -> str:
        from ratification.output.views.tables import chance, html_table

        rows = [
            {"setting": entry.name, "value": entry.value}
            | {
                rule: chance(p, mcse, "open" if mcse else "decided")
                for rule, (p, mcse) in entry.chances.items()
            }
            for entry in self.settings
        ]
        weighed = sum(entry.how == "weighed" for entry in self.settings)
        return html_table(rows, f"{weighed} rows by weighing the first row's worlds anew.")
