"""Sliders over what is believed beforehand, with the chances that follow, for a notebook."""

from html import escape
from typing import TYPE_CHECKING, Any

from ratification.answers.reweighting import Reweighted
from ratification.api.forecaster import Forecaster, Result
from ratification.case.beliefs import beliefs, believing
from ratification.case.priors import PriorError, Priors
from ratification.errors import RatificationError

if TYPE_CHECKING:
    from ipywidgets import VBox

CHANCE = 0.9
# A widget has wide lines, and no table of its own: those of other outputs in JupyterLab.
STYLE = '<div class="jp-RenderedHTMLCommon" style="line-height: 1.4; width: fit-content">'
SLIDERS = {
    "mu": ("Coalition's yes share", 0.05, 0.95),
    "nu": ("Turnout of a typical union", 0.05, 0.98),
    "tau_union": ("Two thirds of unions within ±", 0.01, 0.45),
}


class PriorsPanel:
    """Moves priors and shows the chances under them: at once by weighing, else by a new fit.

    `priors` is what the sliders say now. Shown by its last line in a cell.
    """

    def __init__(self, ask: Forecaster, result: Result) -> None:
        import ipywidgets as widgets

        self.ask, self.result = ask, result
        self.case = result.run.case
        self.priors: Priors = self.case.priors
        self.answer = widgets.HTML()
        self.at_first = self._as_it_is().estimates
        self.sliders: dict[str, Any] = {}
        said = {belief.prior: belief for belief in beliefs(self.priors, CHANCE)}
        for name, (label, least, most) in SLIDERS.items():
            settings = {"min": least, "max": most, "step": 0.01, "description": label}
            settings |= {"readout_format": ".0%", "continuous_update": False}
            settings |= {"style": {"description_width": "17em"}, "layout": {"width": "43em"}}
            if said[name].kind == "spread":
                slider = widgets.FloatSlider(value=said[name].high, **settings)
            else:
                ends = (said[name].low, said[name].high)
                slider = widgets.FloatRangeSlider(value=ends, **settings)
            slider.observe(lambda change, name=name: self._moved(name, change["new"]), "value")
            self.sliders[name] = slider
        self._show(self._as_it_is(), "as fitted")

    @property
    def widget(self) -> "VBox":
        """The sliders above the answer."""
        import ipywidgets as widgets

        note = widgets.HTML(f"Ranges hold with a chance of {CHANCE:.0%}.")
        return widgets.VBox([note, *self.sliders.values(), self.answer])

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def _moved(self, name: str, value: Any) -> None:
        low, high = value if isinstance(value, tuple) else (0.0, value)
        try:
            self.priors = believing(self.priors, name, low, high, chance=CHANCE)
        except PriorError as error:
            self.answer.value = f"<p>{escape(str(error))}</p>"
            return
        weighed = self.result.under(self.priors)
        if weighed.refit is None:
            self._show(weighed, f"weighed anew, worth {weighed.effective:,.0f} draws")
            return
        self.answer.value = f"<p>refitting: {weighed.refit}</p>"
        try:
            self.result = self.ask.forecast(self.case.with_priors(self.priors))
        except RatificationError as error:
            self.answer.value = f"<p>no answer: {escape(str(error))}</p>"
            return
        self._show(self._as_it_is(), "fitted again")

    def _as_it_is(self) -> Reweighted:
        return self.result.under(self.result.run.case.priors)

    def _show(self, found: Reweighted, how: str) -> None:
        from ratification.output.views.tables import html_table
        from ratification.output.words import with_error

        rows = [
            {
                "rule": rule,
                "at first": with_error(self.at_first[rule]),
                "now": with_error(entry),
            }
            for rule, entry in found.estimates.items()
        ]
        self.answer.value = f"{STYLE}{html_table(rows, how)}</div>"
