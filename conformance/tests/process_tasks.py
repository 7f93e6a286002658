"""Tasks that test_kit_processes hands to other processes."""

import os
import threading

LOCK = threading.Lock()


def square(number):
    return number * number


def where(_):
    return os.getpid()


def divide(number):
    return 1 / number


def takes_the_lock(seconds):
    """Return whether the module's lock can be had here."""
    return LOCK.acquire(timeout=seconds)
