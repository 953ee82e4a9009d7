"""Which runtime scores a package on this host: chosen by measurement, kept beside the package, outside its hash."""

from strata.runtime.choice.document import Choice, choice_folder
from strata.runtime.choice.load import load_tuned

__all__ = ["Choice", "choice_folder", "load_tuned"]
