"""synaptic as a subject, through conformance/zoo/npm/synaptic.mjs."""

from __future__ import annotations

from backproof.door import Subject
from backproof.subjects.program import program_subject


def make_subject(device: str = "cpu") -> Subject:
    """Return synaptic as a subject (it runs on the CPU, whatever the device)."""
    del device
    return program_subject("node", "npm/synaptic.mjs", narrow=("one-activation",))
