"""Finding a subject by name: files, modules, bundled ones; every way in which that fails is told."""

import re
import sys
import warnings
from pathlib import Path

import pytest

from backproof.errors import SubjectError, UsageError
from backproof.loading import BUNDLED, load_subject

SOURCE = """
import backproof
from backproof import Subject
number = 3
def my_net(case):
    return case
def my_other_net(case):
    return helper_value
def _hidden(case):
    return case
declared = Subject(name="declared", run=my_net, losses=("log",))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that is the working directory; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    before = dict(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - set(before):
        del sys.modules[name]
    sys.modules.update(before)


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_function_in_a_file(folder):
    path = write(folder, "subject_file.py", SOURCE)
    assert load_subject(f"{path}:my_net").name == "my_net"
    assert load_subject("subject_file.py:my_net").run("case") == "case"
    assert load_subject("subject_file.py:declared").losses == ("log",)


def test_a_function_in_a_module(folder):
    write(folder, "subject_module.py", SOURCE)
    write(folder, "subject_package/__init__.py", "")
    write(folder, "subject_package/inner.py", SOURCE)
    assert load_subject("subject_module:declared").name == "declared"
    assert load_subject("subject_package.inner:my_net").run("case") == "case"


def test_a_file_may_import_its_neighbours(folder):
    write(folder, "sub/neighbour_of_subject.py", "def net(case): return 'from the neighbour'")
    write(folder, "sub/imports_neighbour.py", "from neighbour_of_subject import net")
    assert load_subject("sub/imports_neighbour.py:net").run(None) == "from the neighbour"


def test_the_same_name_in_two_folders_is_two_subjects(folder):
    for sub in ("one", "two"):
        write(folder, f"{sub}/same_name.py", f"def net(case): return {sub!r}")
    assert [load_subject(f"{sub}/same_name.py:net").run(None) for sub in ("one", "two")] == ["one", "two"]


def test_dataclasses_in_a_file_find_their_module(folder):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    write(folder, "with_dataclass.py", f"{text}@dataclass\nclass Net:\n    case: int\n")
    assert load_subject("with_dataclass.py:Net").run(3).case == 3


REFUSED = [
    (
        "nampy",
        "expected a name of `backproof list subjects`, FILE.py:NAME or module:NAME. Did you mean 'numpy'",
    ),
    ("scikitlearn", "Did you mean 'scikit-learn'?"),
    ("xyzzy", "no subject 'xyzzy': expected a name of `backproof list subjects`, FILE.py:NAME or module:NAME."),
    ("", "no subject ''"),
    (":my_net", "no subject ':my_net'"),
    ("subject_file.py:", "no subject 'subject_file.py:'"),
    ("nowhere.py:my_net", "no file nowhere.py (from 'nowhere.py:my_net'); expected the path of a Python file"),
    ("no_such_module:my_net", "no module 'no_such_module' (from 'no_such_module:my_net')"),
    ("no_such.inner:my_net", "no module 'no_such' (from 'no_such.inner:my_net')"),
    ("subject_file.py:my_nett", "subject_file.py has no 'my_nett'; it has my_net"),
    ("subject_file.py:number", "number: expected a function of a case, or something marked with"),
    ("empty_file.py:net", "empty_file.py has no 'net'; it has nothing that can be called"),
]


@pytest.mark.parametrize(("target", "message"), REFUSED, ids=[target or "nothing" for target, _ in REFUSED])
def test_a_name_that_leads_nowhere_says_what_was_expected(folder, target, message):
    write(folder, "subject_file.py", SOURCE)
    write(folder, "empty_file.py", "")
    with pytest.raises(UsageError) as refused:
        load_subject(target)
    assert message in str(refused.value)


def test_a_far_name_gets_no_hint():
    with pytest.raises(UsageError) as refused:
        load_subject("xyzzy")
    assert "Did you mean" not in str(refused.value)
    assert "xyzzy" not in BUNDLED


def test_a_file_without_the_name_lists_what_it_has_but_nothing_private(folder):
    write(folder, "subject_file.py", SOURCE)
    with pytest.raises(UsageError) as refused:
        load_subject("subject_file.py:zzz")
    assert "my_net, my_other_net" in str(refused.value)
    assert "_hidden" not in str(refused.value)


def test_a_file_without_the_name_lists_its_subjects(folder):
    write(folder, "subject_file.py", SOURCE)
    with pytest.raises(UsageError, match="declared"):
        load_subject("subject_file.py:declare")


FAILING = [
    ("raise ValueError('no luck')", "ValueError: no luck"),
    ("import sys; sys.exit(0)", "SystemExit: 0"),
    ("def net(case:", "SyntaxError"),
    ("1 / 0", "ZeroDivisionError"),
    ("import backproof_no_such_package", "backproof_no_such_package"),
]


@pytest.mark.parametrize(("source", "message"), FAILING, ids=[message for _, message in FAILING])
@pytest.mark.parametrize("target", ["failing_subject.py:net", "failing_subject:net"])
def test_code_that_fails_while_it_is_imported_is_named_with_its_error(folder, target, source, message):
    write(folder, "failing_subject.py", source)
    with pytest.raises((SubjectError, UsageError)) as refused:
        load_subject(target)
    assert message in str(refused.value)
    if "package" not in message:
        assert isinstance(refused.value, SubjectError)
        assert "fails while it is imported" in str(refused.value)
    if message != "SyntaxError" and "package" not in message:
        assert re.search(r"\(in <module>, .*failing_subject\.py:1\)$", str(refused.value))


@pytest.mark.parametrize(
    "target", ["numpy_net.py:net", "numpy_net.py:nothing", "failing_net.py:net", "gone:net", "gone.py:net"]
)
def test_the_search_path_is_restored_whatever_happens(folder, target):
    write(folder, "numpy_net.py", "def net(case): return case")
    write(folder, "failing_net.py", "1 / 0")
    before = list(sys.path)
    try:
        load_subject(target)
    except (SubjectError, UsageError):
        assert "numpy_net.py:net" not in target
    assert sys.path == before


def test_the_search_path_keeps_what_the_file_put_there_and_nothing_of_ours(folder, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    write(folder, "sub/inserts_path.py", "import sys\nsys.path.insert(0, 'put-there')\ndef net(case): return case")
    before = list(sys.path)
    load_subject("sub/inserts_path.py:net")
    assert sys.path == ["put-there", *before]


def test_a_file_named_like_a_module_does_not_replace_it(folder):
    import json

    write(folder, "json.py", "def net(case): return case")
    load_subject("json.py:net")
    assert sys.modules["json"] is json


def test_a_missing_submodule_is_no_missing_package(folder):
    write(folder, "subject_package/__init__.py", "")
    with pytest.raises(UsageError) as refused:
        load_subject("subject_package.inner.deep:net")
    assert "pip install" not in str(refused.value)


def test_a_relative_module_is_a_usage_error(folder):
    with pytest.raises(UsageError):
        load_subject(".subject_module:net")
    assert folder == Path.cwd()


def test_a_bundled_subject_is_found_by_its_name():
    pytest.importorskip("torch", reason="torch is not installed: its bundled subject cannot be made")
    made = load_subject("torch")
    assert (made.name, made.version[:1].isdigit()) == ("torch", True)


def test_a_warning_while_a_file_is_imported_is_no_error_whatever_the_filters(folder):
    """pytest's `-W error`, and Python's, decide nothing about a subject."""
    write(folder, "warns.py", "import warnings\nwarnings.warn('old')\ndef net(case): return case\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_subject("warns.py:net").name == "net"
        with pytest.raises(UserWarning, match="old"):
            exec((folder / "warns.py").read_text(encoding="utf-8"))  # noqa: S102 - the twin: without our filters it fails


def test_a_file_of_another_language_is_told_how_to_run(folder):
    (folder / "net.mjs").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r'net\.mjs is a file, and no Python: run it as a program, as in --command "'):
        load_subject(str(folder / "net.mjs"))
