"""The errors of the kit, in one small tree.

BackproofError
├── UsageError            the command line, a name, an option: exit status 2
│   └── CaseError         a case that breaks a precondition of the equations
├── SubjectError          the subject crashed or answered nonsense: its case is errored, exit status 3
│   ├── ObservationError  an answer that cannot be read as an observation
│   ├── SkipError         no error of the case: the subject says, after the fact, which feature it does not do
│   └── WireError         a program behind a pipe broke the protocol backproof/1, or kept silent
│       └── CrashError    it ended although a request was open
└── OracleError           the oracles disagree, or the kit contradicts itself: exit status 3
"""


class BackproofError(Exception):
    """An error of the kit; the message says what, where, what was expected, what came, and what to do."""


class UsageError(BackproofError):
    """A name, an option or an argument is wrong."""


class CaseError(UsageError):
    """A case breaks a precondition of the equations."""


class SubjectError(BackproofError):
    """The subject could not be loaded, crashed, or answered nonsense."""


class ObservationError(SubjectError):
    """The subject's answer cannot be read as an observation."""


class SkipError(SubjectError):
    """The subject skips the case; the message names the activation, loss, dtype or flag that it does not do."""


class WireError(SubjectError):
    """A program behind a pipe broke the protocol backproof/1, was too slow, or said too much."""


class CrashError(WireError):
    """A program behind a pipe ended although a request was open.

    status: its exit status, if it had one; last: its last line on standard error.
    """

    status: int | None = None
    last: str = ""


class OracleError(BackproofError):
    """The oracles disagree with one another, or the kit's own rules contradict each other."""
