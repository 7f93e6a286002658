"""brain.js as a subject, through conformance/zoo/npm/brain.mjs."""

from __future__ import annotations

from backproof.door import Subject
from backproof.subjects.program import program_subject


def make_subject(device: str = "cpu") -> Subject:
    """Return brain.js as a subject (it runs on the CPU, whatever the device)."""
    del device
    return program_subject("node", "npm/brain.mjs", narrow=("one-activation",))
