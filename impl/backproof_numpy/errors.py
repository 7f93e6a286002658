"""The errors of this package, one small tree.

    NetworkError (a ValueError)
    ├── ShapeError         an array has the wrong shape, or there is nothing in it
    ├── DtypeError         numbers of another type than the network computes with
    ├── DomainError        a value outside what the formula allows (NaN and infinity among them)
    ├── ChoiceError        a name that is not known
    └── CombinationError   two choices that do not go together

Every message says which argument, what was expected, what came, and what to do about it.
"""


class NetworkError(ValueError):
    """Base of all errors for bad input; it reads `argument: expected ..., got ...; hint`."""

    def __init__(self, argument: str, expected: str, got: str, hint: str) -> None:
        super().__init__(argument, expected, got, hint)
        self.argument = argument
        self.expected = expected
        self.got = got
        self.hint = hint

    def __str__(self) -> str:
        """Return the whole message."""
        return f"{self.argument}: expected {self.expected}, got {self.got}; {self.hint}."


class ShapeError(NetworkError):
    """An array has the wrong shape, or there is nothing in it."""


class DtypeError(NetworkError):
    """Numbers of another type than the network computes with."""


class DomainError(NetworkError):
    """A value lies outside what the formula allows; NaN and infinity always do."""


class ChoiceError(NetworkError):
    """A name is not one of the known ones."""


class CombinationError(NetworkError):
    """Two choices do not go together, such as a softmax output and the log loss."""
