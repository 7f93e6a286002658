"""Judging large networks by random probes: one sum with random signs for each row of a product, in float64.

A case of few parameters is judged element by element (`backproof.judge`); one of many by what stands here. Findings
are of the same kind; the report says which was used, and what it can see.
"""

from backproof.probes.account import Account, Sight
from backproof.probes.case import LargeCase, is_large
from backproof.probes.judge import Probed, judge_by_probes

__all__ = ["Account", "LargeCase", "Probed", "Sight", "is_large", "judge_by_probes"]
