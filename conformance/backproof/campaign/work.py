"""Judging the cells that are not on disk yet: in this process, or on Dask's workers.

dask.distributed is the well-kept library for workers that come, go and die; nothing here schedules anything itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from backproof.campaign.cell import broken, run_cell
from backproof.campaign.plan import Cell, Plan
from backproof.campaign.store import Store
from backproof.errors import UsageError

Progress = Callable[[int, int, Cell], None]
AHEAD = 2  # cells in flight for each worker: memory stays bounded, whatever the number of cells
MISSING = "--jobs and --scheduler need dask.distributed, which is not installed: pip install 'backproof[campaign]'"


def run_campaign(
    plan: Plan, store: Store, *, jobs: int = 1, scheduler: str | None = None, progress: Progress | None = None
) -> None:
    """Judge every cell that is not in the store, and keep each as soon as it is finished.

    jobs: 1 for this process alone, more for so many of Dask's workers on this machine; scheduler: the address of a Dask
    scheduler in their place; progress: called after each cell with how many are finished, of how many, and the cell.

    Raises UsageError where dask.distributed is not installed or the scheduler does not answer.
    """
    total, left = len(plan.cells), [cell for cell in plan.cells if store.finished(cell) is None]
    done = total - len(left)
    finished = map(_here, left) if jobs == 1 and scheduler is None else _on_workers(left, jobs, scheduler)
    for cell, data in finished:
        store.keep(cell, data)
        done += 1
        if progress is not None:
            progress(done, total, cell)


def _here(cell: Cell) -> tuple[Cell, dict[str, Any]]:
    return cell, run_cell(cell)


def _on_workers(cells: list[Cell], jobs: int, scheduler: str | None) -> Iterator[tuple[Cell, dict[str, Any]]]:
    if not cells:
        return
    try:
        from distributed import KilledWorker, as_completed  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(MISSING) from error
    with _client(jobs, scheduler) as client:
        waiting = iter(cells)
        room = AHEAD * max(1, jobs if scheduler is None else sum(client.nthreads().values()))
        running = {_submit(client, cell): cell for cell in islice(waiting, room)}
        completed = as_completed(list(running))
        for future in completed:
            cell = running.pop(future)
            try:
                yield cell, future.result()
            except KilledWorker:
                yield cell, broken(cell, "it ended the worker that judged it, several times over")
            except Exception as error:  # noqa: BLE001 - the kit's own failure in one cell ends no campaign
                yield cell, broken(cell, f"the kit itself failed: {type(error).__name__}: {error}")
            following = next(waiting, None)
            if following is not None:
                added = _submit(client, following)
                running[added] = following
                completed.add(added)


def _submit(client: Any, cell: Cell) -> Any:
    return client.submit(run_cell, cell, key=f"backproof-{cell.key}", pure=False)


@contextmanager
def _client(jobs: int, scheduler: str | None) -> Iterator[Any]:
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra

    if scheduler is not None:
        try:
            client = Client(scheduler, timeout="10s")
        except (OSError, TimeoutError, ValueError) as error:
            msg = f"--scheduler {scheduler}: no Dask scheduler answers there ({error}); as in tcp://host:8786"
            raise UsageError(msg) from error
        with client:
            yield client
        return
    with (
        LocalCluster(n_workers=jobs, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client
