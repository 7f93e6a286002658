"""The errors of the kit, in one small tree.

BackproofError
├── UsageError            the command line, a name, an option: exit status 2
│   └── CaseError         a case that breaks a precondition of the equations
├── SubjectError          the subject crashed or answered nonsense: its case is errored, exit status 3
│   └── ObservationError  an answer that cannot be read as an observation
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


class OracleError(BackproofError):
    """The oracles disagree with one another, or the kit's own rules contradict each other."""
