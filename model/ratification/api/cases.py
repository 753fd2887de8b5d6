"""Cases: those that are shipped, and any folder."""

from ratification.case.folder import load, load_family, shipped
from ratification.case.tabled import families

__all__ = ["families", "load", "load_family", "shipped"]
