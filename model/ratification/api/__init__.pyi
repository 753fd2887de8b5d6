from .backtests import backtest, backtest_cases, write_backtest
from .breakevens import break_even
from .calibrations import calibrate, write_calibration
from .cases import families, load, load_family, shipped
from .checks import leave_one_union_out, predictive_tree, sensitivity_tree
from .comparisons import compare
from .diffs import diff, diff_runs
from .forecaster import Forecaster, Result
from .forecasts import DEFAULT_SEED, forecast, run
from .kept import Runs, read_run
from .learning import learn
from .panel import PriorsPanel
from .pivots import pivots
from .posteriors import posterior_tree
from .priors import beliefs, believing, priors_toml, save_case, set_from_text, write_priors
from .reports import write_report
from .settings_compared import SettingsCompared
from .standings import CaseStanding, standing
from .sweeps import amend, sweep
from .timelines import timeline
from .tuning import tune
from .watching import Accepted, Refused, Watch
from .whatifs import whatif, whatif_each

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
