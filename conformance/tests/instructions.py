"""Counting what the interpreter executes: the same wherever it runs, which no time is."""

import gc
import sys
import threading


def instructions(call):
    """Return how many bytecode instructions a call executes; what NumPy and flint do inside counts as one."""
    counting = _monitored if hasattr(sys, "monitoring") else _traced  # Python 3.12 lost events of the older way
    collecting = gc.isenabled()
    gc.disable()  # no finalizer of an earlier test is counted
    try:
        return counting(call)
    finally:
        if collecting:
            gc.enable()


def _monitored(call):
    monitoring, thread, count = sys.monitoring, threading.get_ident(), 0

    def executed(*_):
        nonlocal count
        count += threading.get_ident() == thread

    monitoring.use_tool_id(monitoring.PROFILER_ID, "instructions")
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.INSTRUCTION, executed)
    monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.INSTRUCTION)
    try:
        call()
    finally:
        monitoring.set_events(monitoring.PROFILER_ID, 0)
        monitoring.free_tool_id(monitoring.PROFILER_ID)
    return count


def _traced(call):
    count = 0

    def trace(frame, event, _):
        nonlocal count
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
