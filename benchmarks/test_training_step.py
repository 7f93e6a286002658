"""The training step under pytest-benchmark: `pytest benchmarks`, kept out of the normal tests."""

import pytest
from contenders import BATCHES, CONTENDERS, DTYPES, SIZES, problem
from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("widths", SIZES, ids=lambda widths: "-".join(map(str, widths)))
@pytest.mark.parametrize("name", CONTENDERS)
def test_training_step(benchmark: BenchmarkFixture, name: str, widths: tuple[int, ...], batch: int, dtype: str) -> None:
    """Time one training step; the group holds the contenders of one size side by side."""
    benchmark.group = f"{'-'.join(map(str, widths))} batch {batch} {dtype}"
    benchmark(CONTENDERS[name](problem(widths, batch, dtype)))
