"""Work in several processes: the same results as in one, in the order of the tasks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def process_pool(jobs: int) -> ProcessPoolExecutor:
    """Return a pool whose processes are started anew.

    Not forked: a child of a process that has threads (BLAS, torch's OpenMP) waits for ever for those it did not get.
    """
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


def in_processes(
    function: Callable[[Task], Result], tasks: Iterable[Task], jobs: int, chunksize: int = 1
) -> Iterator[Result]:
    """Yield function(task) of each task, in their order; jobs = 1 starts no process.

    The function and the tasks are pickled: they stand in a module, and hold nothing that cannot cross.
    """
    if jobs == 1:
        yield from map(function, tasks)
        return
    with process_pool(jobs) as pool:
        yield from pool.map(function, tasks, chunksize=chunksize)
