"""The catalogue: the cases that every subject is judged by, each with a permanent slug."""

from backproof.catalogue.cases import all_cases, get_case
from backproof.catalogue.narrow import NARROW, narrow_cases

__all__ = ["NARROW", "all_cases", "get_case", "narrow_cases"]
