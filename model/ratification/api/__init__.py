"""The Python API that the command line itself uses: load a case, change it, forecast it.

from ratification.api import forecast, load, posterior_tree, set_from_text
case = load("sebac-2011")
answer = forecast(case, as_of="2011-06-24")
print(answer.rules[0].estimate.probability, answer.rules[0].because)
tighter = case.with_priors(set_from_text(case.priors, "tau_union=0.4"))
tree = posterior_tree(case, as_of="2011-06-24")      # an ArviZ DataTree
"""

from ratification.api.backtests import backtest, backtest_cases, write_backtest
from ratification.api.breakevens import break_even
from ratification.api.calibrations import calibrate, write_calibration
from ratification.api.checks import leave_one_union_out, predictive_tree, sensitivity_tree
from ratification.api.comparisons import compare
from ratification.api.diffs import diff, diff_runs
from ratification.api.forecaster import Forecaster, Result
from ratification.api.forecasts import DEFAULT_SEED, forecast, run
from ratification.api.learning import learn
from ratification.api.panel import PriorsPanel
from ratification.api.pivots import pivots
from ratification.api.posteriors import posterior_tree
from ratification.api.reports import write_report
from ratification.api.settings_compared import SettingsCompared
from ratification.api.standings import CaseStanding, standing
from ratification.api.sweeps import amend, sweep
from ratification.api.timelines import timeline
from ratification.api.tuning import tune
from ratification.api.watching import Accepted, Refused, Watch
from ratification.api.whatifs import whatif, whatif_each
from ratification.case.beliefs import beliefs, believing
from ratification.case.folder import load, load_family, shipped
from ratification.case.priors import set_from_text
from ratification.case.saving import priors_toml, save_case, write_priors
from ratification.case.tabled import families
from ratification.output.recorded import read_run
from ratification.output.runs import Runs

__all__ = [
    "DEFAULT_SEED",
    "Accepted",
    "CaseStanding",
    "Forecaster",
    "PriorsPanel",
    "Refused",
    "Result",
    "Runs",
    "SettingsCompared",
    "Watch",
    "amend",
    "backtest",
    "backtest_cases",
    "beliefs",
    "believing",
    "break_even",
    "calibrate",
    "compare",
    "diff",
    "diff_runs",
    "families",
    "forecast",
    "learn",
    "leave_one_union_out",
    "load",
    "load_family",
    "pivots",
    "posterior_tree",
    "predictive_tree",
    "priors_toml",
    "read_run",
    "run",
    "save_case",
    "sensitivity_tree",
    "set_from_text",
    "shipped",
    "standing",
    "sweep",
    "timeline",
    "tune",
    "whatif",
    "whatif_each",
    "write_backtest",
    "write_calibration",
    "write_priors",
    "write_report",
]
