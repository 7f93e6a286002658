"""`backproof regen`."""

from __future__ import annotations

import argparse
import os

from backproof.regen import regenerate


def run(options: argparse.Namespace) -> int:
    """Rebuild the vectors and goldens; with --check exit 1 if anything would change."""
    jobs = options.jobs or os.cpu_count() or 1
    return regenerate(jobs, check=options.check, overwrite=options.overwrite, with_matrix=options.matrix)
