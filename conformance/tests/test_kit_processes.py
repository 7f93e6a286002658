"""Several processes: the results of one, in order; children that own none of the parent's locks."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor

import process_tasks
import pytest

from backproof.processes import in_processes, process_pool


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_results_come_in_the_order_of_the_tasks(jobs):
    assert list(in_processes(process_tasks.square, range(7), jobs)) == [0, 1, 4, 9, 16, 25, 36]


def test_one_job_starts_no_process():
    assert list(in_processes(process_tasks.where, [0], 1)) == [os.getpid()]
    assert list(in_processes(process_tasks.where, [0], 2)) != [os.getpid()]


def test_an_error_in_a_process_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(in_processes(process_tasks.divide, [1, 0], 2))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # of the twin: that is what it shows
def test_a_lock_that_a_thread_holds_here_is_free_there():
    """A forked child would wait for it for ever, as torch's OpenMP does; the twin shows that the test can fail."""
    free, done = threading.Event(), threading.Event()

    def hold():
        with process_tasks.LOCK:
            free.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    free.wait(60)
    try:
        with process_pool(1) as pool:
            assert pool.submit(process_tasks.takes_the_lock, 5).result()
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            assert not pool.submit(process_tasks.takes_the_lock, 0.2).result()
    finally:
        done.set()
        thread.join()
