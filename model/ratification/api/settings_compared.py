"""How the answer depends on settings: one table, one chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ratification.answers.estimates import Estimate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Setting:
    """One row of a comparison: what was set, and the estimate of every reading."""

    name: str
    value: str
    how: str
    chances: Mapping[str, Estimate]


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
                "probability": found.probability,
                "mcse": found.mcse,
                "how": entry.how,
            }
            for entry in self.settings
            for rule, found in entry.chances.items()
        ]
        return pd.DataFrame(rows)

    def chart(self) -> Any:
        """Chances by setting, two standard errors to either side; an Altair chart."""
        from ratification.output.views.settings_chart import settings_chart

        return settings_chart(self.frame())

    def _repr_html_(self) -> str:
        from ratification.output.views.tables import html_table
        from ratification.output.words import with_error

        rows = [
            {"setting": entry.name, "value": entry.value}
            | {rule: with_error(found) for rule, found in entry.chances.items()}
            for entry in self.settings
        ]
        weighed = sum(entry.how == "weighed" for entry in self.settings)
        return html_table(rows, f"{weighed} rows by weighing worlds anew, without a fit.")
