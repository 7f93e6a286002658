"""Finding a subject by its name: a bundled one, an installed one, FILE.py:NAME, or module:NAME."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

import numpy as np

from backproof.door import Subject, as_subject
from backproof.errors import SubjectError, UsageError
from backproof.guarded import own_warnings, where
from backproof.installed import installed_subjects, load_installed
from backproof.zoo import zoo_folder


@dataclass(frozen=True, slots=True)
class Bundled:
    """A bundled subject: its module with `make_subject(device)`, what it is, and what it needs.

    package: what pip installs; imports: the name that it is imported by, where it is another;
    file: for a program, what must be there below conformance/zoo; build: the command that puts it there.
    """

    module: str
    what: str
    package: str = ""
    imports: str = ""
    file: str = ""
    build: str = ""

    @property
    def needs(self) -> str:
        """The name that the package is imported by; empty where nothing is needed."""
        return self.imports or self.package

    @property
    def available(self) -> bool:
        """Whether what it needs is installed; nothing is imported to know."""
        if self.file:
            return (zoo_folder() / self.file).is_file()
        return not self.needs or importlib.util.find_spec(self.needs) is not None

    @property
    def install(self) -> str:
        """The command that installs what it needs; empty where nothing is needed."""
        return self.build or (f"pip install {self.package}" if self.package else "")

    @property
    def status(self) -> str:
        """Whether it can run here, and how to change that: `available`, or `not installed: pip install ...`."""
        return "available" if self.available else f"not installed: {self.install}"


def _npm(module: str, what: str, package: str) -> Bundled:
    file = f"npm/node_modules/{package}/package.json"
    return Bundled(module, what, file=file, build="npm ci --ignore-scripts --prefix conformance/zoo/npm")


BUNDLED = {
    "numpy": Bundled("backproof.subjects.bundled_numpy", "the bundled NumPy implementation, backproof_numpy"),
    "torch": Bundled("backproof.autograd.subject", "PyTorch: autograd and torch.optim.SGD", "torch"),
    "scikit-learn": Bundled(
        "backproof.subjects.scikit_learn", "scikit-learn's MLPClassifier and MLPRegressor", "scikit-learn", "sklearn"
    ),
    "mlxtend": Bundled("backproof.subjects.mlxtend", "mlxtend's MultiLayerPerceptron", "mlxtend"),
    "micrograd": Bundled("backproof.subjects.micrograd", "micrograd's engine and its Neuron and Layer", "micrograd"),
    "autograd": Bundled("backproof.subjects.hips_autograd", "HIPS autograd, with its own sgd", "autograd"),
    "nerva-numpy": Bundled(
        "backproof.subjects.nerva", "Nerva's layers, losses and optimizers on NumPy", "nerva-numpy", "nerva_numpy"
    ),
    "numpy-ml": Bundled(
        "backproof.subjects.numpy_ml", "numpy-ml's FullyConnected, Softmax and SGD", "numpy-ml", "numpy_ml"
    ),
    "tinygrad": Bundled("backproof.subjects.tinygrad", "tinygrad: autograd and nn.optim.SGD", "tinygrad"),
    "brain.js": _npm("backproof.subjects.brain_js", "brain.js: NeuralNetwork", "brain.js"),
    "convnetjs": _npm("backproof.subjects.convnetjs", "convnetjs: Net and Trainer", "convnetjs"),
    "synaptic": _npm("backproof.subjects.synaptic", "synaptic: Network and Trainer", "synaptic"),
    "fann": Bundled(
        "backproof.subjects.fann",
        "FANN, the Fast Artificial Neural Network library (floatfann)",
        file="fann/fann_net",
        build="apt-get install libfann-dev libcjson-dev && make -C conformance/zoo/fann",
    ),
}


def load_subject(target: str, device: str = "cpu") -> Subject:
    """Return the subject that `target` names: a bundled or an installed name, FILE.py:NAME, or module:NAME.

    Raises UsageError when nothing has that name, SubjectError when its code fails while it is imported.
    """
    if target in BUNDLED:
        entry = BUNDLED[target]
        if entry.file and not entry.available:
            msg = f"subject {target!r} needs {zoo_folder() / entry.file}, which is not there: {entry.install}"
            raise UsageError(msg)
        module = _import(entry.module, target)
        return as_subject(module.make_subject(device), target)
    installed = installed_subjects()
    if target in installed:
        with np.errstate(), own_warnings():
            return load_installed(target, installed[target])
    where, colon, name = target.rpartition(":")
    if not colon or not where or not name:
        if target.endswith(".py") and Path(target).is_file():
            msg = f"{target} is a file: name the function in it, as in {target}:my_net"
            raise UsageError(msg)
        if Path(target).is_file():
            msg = f'{target} is a file, and no Python: run it as a program, as in --command "node my_net.mjs"'
            raise UsageError(msg)
        raise unknown_subject(target, [*BUNDLED, *installed])
    with np.errstate(), own_warnings():  # what a file sets for NumPy is its own
        module = _load_file(Path(where), target) if where.endswith(".py") else _import(where, target)
    if not hasattr(module, name):
        names = [key for key, value in vars(module).items() if _a_subject(value) and not key.startswith("_")]
        near = get_close_matches(name, names, n=3) or names[:8]
        msg = f"{where} has no {name!r}; it has {', '.join(near) or 'nothing that can be called'}"
        raise UsageError(msg)
    return as_subject(getattr(module, name), name)


def unknown_subject(target: str, known: Sequence[str] = tuple(BUNDLED)) -> UsageError:
    """Return the error that says that nothing has this name, with the one of the known that comes near."""
    near = get_close_matches(target, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    expected = "a name of `backproof list subjects`, FILE.py:NAME or module:NAME"
    return UsageError(f"no subject {target!r}: expected {expected}.{hint}")


def _a_subject(value: object) -> bool:
    return callable(value) or isinstance(value, Subject)


@contextmanager
def _searched(folder: str) -> Iterator[None]:
    """Search a folder for modules, first, for a while."""
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _load_file(path: Path, target: str) -> ModuleType:
    if not path.is_file():
        msg = f"no file {path} (from {target!r}); expected the path of a Python file before the colon"
        raise UsageError(msg)
    # A name of our own: a file called json.py must not take the place of the module json.
    name = f"backproof_subject_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"{path} cannot be loaded as a Python module"
        raise UsageError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _searched(str(path.parent.resolve())):
        try:
            spec.loader.exec_module(module)
        except UsageError:
            raise
        except (Exception, SystemExit) as error:
            msg = f"{path} fails while it is imported: {type(error).__name__}: {error}{where(error)}"
            raise SubjectError(msg) from error
    return module


def _import(name: str, target: str) -> ModuleType:
    with _searched(""):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise UsageError(_missing(error.name or name, name, target)) from error
        except UsageError:
            raise
        except (TypeError, ValueError) as error:
            if name.startswith("."):
                msg = f"{name!r} (from {target!r}) is a relative name; expected an importable module"
                raise UsageError(msg) from error
            msg = f"{name} fails while it is imported: {type(error).__name__}: {error}{where(error)}"
            raise SubjectError(msg) from error
        except (Exception, SystemExit) as error:
            msg = f"{name} fails while it is imported: {type(error).__name__}: {error}{where(error)}"
            raise SubjectError(msg) from error


def _missing(missing: str, name: str, target: str) -> str:
    if name == missing or name.startswith(f"{missing}."):
        return f"no module {missing!r} (from {target!r}); expected an importable module or FILE.py before the colon"
    if "." in missing:
        return f"subject {target!r} imports {missing!r}, and there is no such module"
    package = next((entry.package for entry in BUNDLED.values() if entry.needs == missing), missing)
    return f"subject {target!r} needs the package {package}, which is not installed: pip install {package}"
