"""The catalogue: the cases that every subject is judged by, each with a permanent slug."""

from backproof.catalogue.cases import all_cases, get_case

__all__ = ["all_cases", "get_case"]
