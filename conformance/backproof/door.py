"""A subject: the implementation under test, with what it declares of itself.

@backproof.subject(reduction="mean", losses=["log"])
def my_net(case):
    ...
    return {"deltas": [...], "weights": [...], "biases": [...]}
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any, Self, TypeVar

from backproof.case import DTYPES
from backproof.catalogue.narrow import NARROW
from backproof.conventions import Conventions
from backproof.errors import UsageError
from backproof.observation import QUANTITIES
from backproof_spec import LOSSES, RULES

Run = Callable[[Any], Any]
Target = TypeVar("Target", bound=Callable[..., Any])

FLAGS = {
    "masked": "some edges do not exist",
    "no-biases": "a layer has no biases",
    "no-hidden-layer": "the network is a single layer",
    "several-updates": "the case makes more than one update",
    "partial-batch": "the mini-batches differ in size",
    "mixed-activations": "the hidden layers differ in activation",
    "several-outputs": "the network has more than one output",
    "several-hidden-layers": "the network has more than one hidden layer",
    "several-samples": "an update is made on more than one sample",
    "other-output-activation": "the output layer has another activation than the hidden layers",
    "soft-labels": "labels of the log or cross-entropy loss that are neither 0 nor 1",
    "general-output-delta": "output activation and loss have no special form (E23 to E25)",
    "two-classes": "softmax over fewer than three classes",
    "saturated-output": "an output so near 0 or 1 that its rounding hides the loss",
    "exact-zero": "net inputs that are exactly 0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An implementation under test: `run(case)` answers with what it shows.

    activations, losses, dtypes: what it can do (None: everything);
    output_activations: those of its output layer; `activations` are then those of the hidden layers (None: of all);
    skips: flags of cases that it cannot do;
    observes: the quantities that it promises to show in every case (None: those it shows in any);
    narrow: families of cases for what does one kind of network only, judged after the catalogue (`NARROW`);
    in_process: it is handed the arrays themselves, so that it could write into them;
    close: ends what it holds (a process); it may be run again afterwards, and closed twice;
    told: what its door noticed beside its answers since the last call, for the notes of the report.

    Raises UsageError for a declaration that is not in the closed list, naming the right ones.
    """

    name: str
    run: Run
    version: str = ""
    language: str = "Python"
    conventions: Conventions = field(default_factory=Conventions)
    activations: tuple[str, ...] | None = None
    output_activations: tuple[str, ...] | None = None
    losses: tuple[str, ...] | None = None
    dtypes: tuple[str, ...] | None = None
    skips: tuple[str, ...] = ()
    observes: tuple[str, ...] | None = None
    in_process: bool = True
    narrow: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None
    told: Callable[[], tuple[str, ...]] = tuple

    def __post_init__(self) -> None:
        """Validate every declaration against its closed list."""
        _closed("activations", self.activations, RULES)
        _closed("output_activations", self.output_activations, RULES)
        _closed("losses", self.losses, LOSSES)
        _closed("dtypes", self.dtypes, DTYPES)
        _closed("skips", self.skips, FLAGS)
        _closed("observes", self.observes, QUANTITIES)
        _closed("narrow", self.narrow, NARROW)

    def __enter__(self) -> Self:
        """Return the subject, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the subject, whatever happened."""
        self.close()

    def skip_reason(self, case: Any) -> str | None:
        """Return why this subject does not do a case, as declared beforehand; None if it does."""
        if self.dtypes is not None and case.dtype not in self.dtypes:
            return f"dtype {case.dtype} is not declared"
        if self.losses is not None and case.loss not in self.losses:
            return f"loss {case.loss} is not declared"
        lacking = self._lacking(*(layer.activation.name for layer in case.layers))
        if lacking is not None:
            return f"{lacking} is not declared"
        for flag in case.flags:
            if flag in self.skips:
                return f"flag {flag}: declared as skipped"
        if self.conventions.range == "moderate" and "saturated-output" in case.flags:
            return "flag saturated-output: declared range=moderate"
        return None

    def _lacking(self, *names: str) -> str | None:
        """Return the first activation of these layers, the output layer's last, that is not declared."""
        *hidden, output = names
        if self.output_activations is None:
            hidden.append(output)
        elif output not in self.output_activations:
            return f"output activation {output}"
        known = self.activations
        return next((f"activation {name}" for name in hidden if known is not None and name not in known), None)


def subject(
    target: Target | None = None,
    /,
    *,
    name: str | None = None,
    version: str = "",
    activations: Iterable[str] | None = None,
    output_activations: Iterable[str] | None = None,
    losses: Iterable[str] | None = None,
    dtypes: Iterable[str] | None = None,
    skips: Iterable[str] = (),
    observes: Iterable[str] | None = None,
    **conventions: Any,
) -> Any:
    """Mark a function of a case, or a class whose instances are one, as a subject.

    target: what is marked, where the decorator stands without parentheses;
    conventions: any of reduction, loss_factor, weight_layout ... (`backproof list conventions`); the other arguments
    are those of Subject. Raises UsageError for a name or value that is not in the closed lists.
    """
    known = [item.name for item in fields(Conventions)]
    unknown = sorted(set(conventions) - set(known))
    if unknown:
        hint = _nearest(unknown[0], known) or "; each is a keyword of its own, as in reduction='mean'"
        msg = f"@backproof.subject: unknown convention {unknown[0]!r}; the conventions are {', '.join(known)}{hint}"
        raise UsageError(msg)
    declared = Conventions(**conventions)

    def mark(target: Target) -> Target:
        own_name: str = getattr(target, "__name__", type(target).__name__)
        made = Subject(
            name=name or own_name,
            run=_runner(target),
            version=version,
            conventions=declared,
            activations=_names(activations),
            output_activations=_names(output_activations),
            losses=_names(losses),
            dtypes=_names(dtypes),
            skips=_names(skips) or (),
            observes=_names(observes),
        )
        target.backproof_subject = made  # type: ignore[attr-defined]  # functions and classes take attributes
        return target

    return mark if target is None else mark(target)


def _runner(target: Any) -> Run:
    """Return what is called with a case: the function itself, or an instance of the class."""
    made = target() if isinstance(target, type) else target
    if not callable(made):
        what = (
            f"class {target.__name__}, whose instances cannot be called," if isinstance(target, type) else repr(target)
        )
        msg = f"@backproof.subject: expected a function of a case, or a class with __call__(self, case); {what} came"
        raise UsageError(msg)
    return made


def as_subject(target: Any, name: str) -> Subject:
    """Return the subject that an object is or carries; a bare callable is one with every default.

    Raises UsageError when it is neither.
    """
    if isinstance(target, Subject):
        return target
    carried = getattr(target, "backproof_subject", None)
    if isinstance(carried, Subject):
        # A wrapper, a subclass or an instance carries the mark of another object: it is judged itself, as declared.
        itself = carried.run is target or (isinstance(target, type) and type(carried.run) is target)
        return carried if itself else replace(carried, run=_runner(target))
    if callable(target):
        a_class = isinstance(target, type) and any("__call__" in vars(base) for base in target.__mro__)
        return Subject(name=name, run=_runner(target) if a_class else target)
    expected = "a function of a case, or something marked with @backproof.subject"
    msg = f"{name}: expected {expected}; {type(target).__name__} came"
    raise UsageError(msg)


def _names(given: Iterable[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    return (given,) if isinstance(given, str) else tuple(given)


def _closed(what: str, given: tuple[str, ...] | None, known: Collection[str]) -> None:
    for item in given or ():
        if item not in known:
            msg = f"{what}: unknown {item!r}; the known ones are {', '.join(known)}{_nearest(str(item), known)}"
            raise UsageError(msg)


def _nearest(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
