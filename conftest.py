"""The test suite's own settings: CUDA tests say aloud when they do not run."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")

NOT_RUN = "not run: no CUDA device"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --require-cuda."""
    parser.addoption("--require-cuda", action="store_true", help="fail where no CUDA device is found")


def _cuda_device() -> str | None:
    if importlib.util.find_spec("torch") is None:
        return None
    import torch  # noqa: PLC0415 - takes seconds, and is needed by the CUDA tests alone

    return "cuda" if torch.cuda.is_available() else None


@pytest.fixture(scope="session")
def cuda(request: pytest.FixtureRequest) -> str:
    """The CUDA device; without one the test is not run, or fails under --require-cuda."""
    device = _cuda_device()
    if device is None:
        if request.config.getoption("require_cuda"):
            pytest.fail(f"--require-cuda: {NOT_RUN}")
        pytest.skip(NOT_RUN)
    return device


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in the summary what was not run for want of a device or of torch."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} tests skipped: {reason.removeprefix('Skipped: ')}", yellow=True)
