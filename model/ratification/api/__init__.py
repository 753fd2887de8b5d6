"""The Python API that the command line itself uses: load a case, change it, forecast it.

from ratification.api import forecast, load, posterior_tree, set_from_text
case = load("sebac-2011")
answer = forecast(case, as_of="2011-06-24")
print(answer.rules[0].estimate.probability, answer.rules[0].because)
tighter = case.with_priors(set_from_text(case.priors, "tau_union=0.4"))
tree = posterior_tree(case, as_of="2011-06-24")      # an ArviZ DataTree
"""

from ratification.api.breakevens import break_even
from ratification.api.comparisons import compare
from ratification.api.forecasts import DEFAULT_SEED, forecast, run
from ratification.api.posteriors import posterior_tree
from ratification.api.reports import write_report
from ratification.api.standings import CaseStanding, standing
from ratification.api.whatifs import whatif, whatif_each
from ratification.case.folder import load, shipped
from ratification.case.priors import set_from_text
from ratification.output.runs import Runs

__all__ = [
    "DEFAULT_SEED",
    "CaseStanding",
    "Runs",
    "break_even",
    "compare",
    "forecast",
    "load",
    "posterior_tree",
    "run",
    "set_from_text",
    "shipped",
    "standing",
    "whatif",
    "whatif_each",
    "write_report",
]
