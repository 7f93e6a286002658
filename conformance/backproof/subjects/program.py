"""Programs in other languages as subjects: adapters in conformance/zoo that speak `backproof/1`."""

from __future__ import annotations

from dataclasses import replace

from backproof.door import Subject
from backproof.wire.subject import command_subject
from backproof.zoo import zoo_folder


def program_subject(interpreter: str, adapter: str, *, narrow: tuple[str, ...] = ()) -> Subject:
    """Return the subject that an adapter is, with its families of cases.

    interpreter: what runs it, or nothing for a compiled one; adapter: its file below conformance/zoo.
    """
    words = [interpreter, str(zoo_folder() / adapter)]
    return replace(command_subject([word for word in words if word]), narrow=narrow)
