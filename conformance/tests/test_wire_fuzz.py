"""Mutated lines are read or refused, and nothing else; the figure of the documentation is printed by this very code."""

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "fuzz_reader.py"


@pytest.fixture
def fuzz_reader():
    spec = importlib.util.spec_from_file_location("fuzz_reader", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_reader"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fuzz_reader"]


def test_mutated_lines_are_read_or_refused_and_nothing_else(fuzz_reader):
    counts, failures = fuzz_reader.fuzz(500)
    assert failures == []
    assert sum(counts.values()) == 1000
    assert counts["read"] > 20
    assert counts["refused"] > 500


def test_the_same_seed_gives_the_same_counts(fuzz_reader):
    assert fuzz_reader.fuzz(100)[0] == fuzz_reader.fuzz(100)[0]


def test_a_reader_that_raises_anything_else_is_a_failure(fuzz_reader, monkeypatch, capsys):
    def careless(line, number, *, packed, files):
        del files
        return {}[line[:number]] if packed else None

    monkeypatch.setattr(fuzz_reader, "read_answer", careless)
    monkeypatch.setattr(sys, "argv", ["fuzz_reader.py", "--inputs", "20"])
    assert fuzz_reader.main() == 1
    printed = capsys.readouterr()
    assert "20 times anything else" in printed.out
    assert "KeyError" in printed.err
