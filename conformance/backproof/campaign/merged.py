"""The merged report of a campaign: from the finished cells alone, so that it does not depend on who judged them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from backproof.campaign.plan import Plan
from backproof.campaign.store import Store, reproduction_name

SCHEMA = "backproof/campaign-report/1"
ORDER = ("deviates", "broken", "incomplete", "conforms")


def merge(plan: Plan, store: Store) -> dict[str, Any]:
    """Return the merged report: cells in the order of the plan, counts by subject, each deviation with where it is."""
    cells: list[dict[str, Any]] = []
    subjects: dict[str, dict[str, Any]] = {}
    missing = 0
    for cell in plan.cells:
        data = store.finished(cell)
        if data is None:
            missing += 1
            continue
        for deviation in data["deviations"]:
            known = deviation["smallest"] is not None
            deviation["reproduction"] = f"{reproduction_name(cell.key, deviation['clause'])}.py" if known else None
            deviation["smallest"] = None if not known else _size(deviation["smallest"])
        cells.append(data)
        entry = subjects.setdefault(
            cell.subject, {"subject": cell.subject, "cells": 0, "verdicts": Counter(), "counts": Counter()}
        )
        entry["cells"] += 1
        entry["verdicts"][data["verdict"]] += 1
        entry["counts"].update(data["counts"])
    verdicts = {data["verdict"] for data in cells}
    verdict = next((name for name in ORDER if name in verdicts), "incomplete")
    return {
        "schema": SCHEMA,
        "verdict": "incomplete" if missing and verdict == "conforms" else verdict,
        "cells": len(plan.cells),
        "missing": missing,
        "subjects": [
            {**entry, "verdicts": dict(entry["verdicts"]), "counts": dict(entry["counts"])}
            for entry in subjects.values()
        ],
        "results": cells,
    }


def _size(case: dict[str, Any]) -> dict[str, Any]:
    return {"widths": case["widths"], "samples": sum(map(len, case["batches"])), "loss": case["loss"]}
