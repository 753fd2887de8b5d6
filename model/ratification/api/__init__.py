"""The Python API that the command line itself uses: load a case, change it, forecast it.

from ratification.api import forecast, load, posterior_tree, set_from_text
case = load("sebac-2011")
answer = forecast(case, as_of="2011-06-24")
print(answer.rules[0].estimate.probability, answer.rules[0].because)
tighter = case.with_priors(set_from_text(case.priors, "tau_union=0.4"))
tree = posterior_tree(case, as_of="2011-06-24")      # an ArviZ DataTree

Each name is loaded when it is asked for, so that a forecast does not wait for what it does not
need; which module has it stands in `__init__.pyi`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
