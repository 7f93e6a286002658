"""Diagnosis: the known bug that an observation agrees with, or the conventions under which it would conform.

Suggestions with their evidence, never a verdict; what conforms is not diagnosed. "No known mutant" is an honest answer.
"""

from backproof.diagnosis.conventions import suggest_conventions
from backproof.diagnosis.mutants import suggest_mutants
from backproof.diagnosis.suggestion import Suggestion

__all__ = ["Suggestion", "suggest_conventions", "suggest_mutants"]
