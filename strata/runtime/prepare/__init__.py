"""Raw features -> what a model reads, as numbers a package carries: one implementation, in training and online."""

from strata.runtime.prepare.missing import Fill, FillLinear, Indicator, Range
from strata.runtime.prepare.preparation import Preparation
from strata.runtime.prepare.reading import MOST_SLOTS, MOST_STEPS, read_steps
from strata.runtime.prepare.scales import Bins, Knots, Scale, Single
from strata.runtime.prepare.step import Step
from strata.runtime.prepare.table import MOST_NUMBERS, Table
from strata.runtime.prepare.weighted import Link, Weighted

__all__ = [
    "MOST_NUMBERS",
    "MOST_SLOTS",
    "MOST_STEPS",
    "Bins",
    "Fill",
    "FillLinear",
    "Indicator",
    "Knots",
    "Link",
    "Preparation",
    "Range",
    "Scale",
    "Single",
    "Step",
    "Table",
    "Weighted",
    "read_steps",
]
