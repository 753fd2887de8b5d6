"""A case with other priors, and a case written to files."""

from ratification.case.beliefs import beliefs, believing
from ratification.case.priors import set_from_text
from ratification.case.saving import priors_toml, save_case, write_priors

__all__ = ["beliefs", "believing", "priors_toml", "save_case", "set_from_text", "write_priors"]
