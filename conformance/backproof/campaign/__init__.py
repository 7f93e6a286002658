"""A campaign: subjects x case families x seeds x dtypes x devices, in cells that any number of workers judge.

    plan (TOML) ──► cells ──► workers (Dask, or this process) ──► one file a cell ──► merged report

A cell that is on disk is not judged again; the merged report does not depend on who judged what.
"""

from backproof.campaign.merged import merge
from backproof.campaign.plan import Cell, Plan, read_plan
from backproof.campaign.work import run_campaign

__all__ = ["Cell", "Plan", "merge", "read_plan", "run_campaign"]
