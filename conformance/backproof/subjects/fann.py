"""FANN as a subject, through conformance/zoo/fann/fann_net.c."""

from __future__ import annotations

from backproof.door import Subject
from backproof.subjects.program import program_subject


def make_subject(device: str = "cpu") -> Subject:
    """Return FANN as a subject (it runs on the CPU, whatever the device)."""
    del device
    return program_subject("", "fann/fann_net")
