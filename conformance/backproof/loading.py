"""Finding a subject by its name: a bundled one, FILE.py:NAME, or module:NAME."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from backproof.door import Subject, as_subject
from backproof.errors import SubjectError, UsageError

BUNDLED = {
    "numpy": ("backproof.subjects.bundled_numpy", "the bundled NumPy implementation, backproof_numpy"),
    "torch": ("backproof.autograd.subject", "PyTorch: autograd and torch.optim.SGD"),
    "scikit-learn": ("backproof.subjects.scikit_learn", "scikit-learn's MLPClassifier and MLPRegressor"),
}


def load_subject(target: str, device: str = "cpu") -> Subject:
    """Return the subject that `target` names: a bundled name, FILE.py:NAME, or module:NAME.

    Raises UsageError when nothing has that name, SubjectError when its code fails while it is imported.
    """
    if target in BUNDLED:
        module = _import(BUNDLED[target][0], target)
        return as_subject(module.make_subject(device), target)
    where, colon, name = target.rpartition(":")
    if not colon or not where or not name:
        near = get_close_matches(target, BUNDLED, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        msg = f"no subject {target!r}: expected {', '.join(BUNDLED)}, FILE.py:NAME or module:NAME.{hint}"
        raise UsageError(msg)
    module = _load_file(Path(where), target) if where.endswith(".py") else _import(where, target)
    if not hasattr(module, name):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        near = get_close_matches(name, names, n=3) or names[:8]
        msg = f"{where} has no {name!r}; it has {', '.join(near) or 'nothing that can be called'}"
        raise UsageError(msg)
    return as_subject(getattr(module, name), name)


def _load_file(path: Path, target: str) -> ModuleType:
    if not path.is_file():
        msg = f"no file {path} (from {target!r}); expected the path of a Python file before the colon"
        raise UsageError(msg)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        msg = f"{path} cannot be loaded as a Python module"
        raise UsageError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        msg = f"{path} fails while it is imported: {type(error).__name__}: {error}"
        raise SubjectError(msg) from error
    finally:
        sys.path.pop(0)
    return module


def _import(name: str, target: str) -> ModuleType:
    sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if missing in (name, name.partition(".")[0]):
            msg = f"no module {name!r} (from {target!r}); expected an importable module or FILE.py before the colon"
            raise UsageError(msg) from error
        package = {"sklearn": "scikit-learn"}.get(missing, missing)
        msg = f"subject {target!r} needs the package {package}, which is not installed: pip install {package}"
        raise UsageError(msg) from error
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        msg = f"{name} fails while it is imported: {type(error).__name__}: {error}"
        raise SubjectError(msg) from error
    finally:
        sys.path.pop(0)
