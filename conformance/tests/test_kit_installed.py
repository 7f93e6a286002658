"""Subjects of installed packages are found by name, listed with their distribution, and broken ones told when asked."""

import json
import sys

import kit_commands
import pytest
from kit_packages import install

from backproof.errors import SubjectError, UsageError
from backproof.installed import installed_subjects
from backproof.loading import load_subject

SOURCE = """
from backproof import Subject
from kit_subjects import right, train
def net(case):
    return train(case)
declared = Subject(name="declared", run=net, version="7", losses=("log",))
number = 3
"""
POINTS = """
tiny-net = tiny_backprop:right
tiny-function = tiny_backprop:net
tiny-declared = tiny_backprop:declared
tiny-number = tiny_backprop:number
tiny-gone = tiny_backprop:gone
tiny-nowhere = no_such_module:net
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder into which pip installed a package with subjects, good and broken."""
    return install(tmp_path_factory.mktemp("tiny"), "tiny_backprop", SOURCE, {"backproof.subjects": POINTS})


@pytest.fixture
def installed(site, monkeypatch):
    """The package, on the search path of this process."""
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("tiny_backprop", None)


def run(site, *words, cwd):
    """The command line in a process that finds the package."""
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from backproof.cli.main import main; sys.exit(main())"
    before = kit_commands.BACKPROOF
    kit_commands.BACKPROOF = [sys.executable, "-c", code]
    try:
        return kit_commands.run(*words, cwd=cwd)
    finally:
        kit_commands.BACKPROOF = before


@pytest.mark.usefixtures("installed")
def test_an_installed_subject_is_found_by_name_and_takes_its_distributions_version():
    assert (load_subject("tiny-function").name, load_subject("tiny-function").version) == ("tiny-function", "1.2")
    assert (load_subject("tiny-declared").losses, load_subject("tiny-declared").version) == (("log",), "7")


def test_without_the_package_its_name_is_unknown():
    with pytest.raises(UsageError, match="no subject 'tiny-function'"):
        load_subject("tiny-function")


BROKEN = [
    ("tiny-gone", "subject 'tiny-gone' of tiny_backprop 1.2 cannot be loaded: its entry point 'tiny_backprop:gone'"),
    ("tiny-nowhere", "raises ModuleNotFoundError: No module named 'no_such_module'"),
]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("name", "message"), BROKEN)
def test_a_broken_entry_point_is_told_when_it_is_asked_for(name, message):
    with pytest.raises(SubjectError) as refused:
        load_subject(name)
    assert message in str(refused.value)


@pytest.mark.usefixtures("installed")
def test_what_is_no_subject_is_refused_and_near_names_are_offered():
    with pytest.raises(UsageError, match="tiny-number: expected a function of a case"):
        load_subject("tiny-number")
    with pytest.raises(UsageError, match=r"list subjects`, FILE.py:NAME or module:NAME. Did you mean 'tiny-function'"):
        load_subject("tiny-functoin")


def test_one_name_in_two_distributions_is_refused(tmp_path, monkeypatch):
    site = install(tmp_path, "tiny_one", SOURCE, {"backproof.subjects": "twin = tiny_one:net"})
    install(tmp_path, "tiny_two", SOURCE, {"backproof.subjects": "twin = tiny_two:net"})
    monkeypatch.syspath_prepend(str(site))
    assert len(installed_subjects()["twin"]) == 2
    with pytest.raises(UsageError) as refused:
        load_subject("twin")
    assert str(refused.value) == (
        "subject 'twin' is registered twice, by tiny_one 1.2 (tiny_one:net) and tiny_two 1.2 (tiny_two:net): "
        "name it as module:NAME"
    )


def test_the_command_line_judges_and_lists_it_and_broken_neighbours_disturb_nobody(site, tmp_path):
    done = run(site, "check", "tiny-net", "--no-autograd", "--case", "tanh-binary", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "right: conforms" in done.stdout
    rows = json.loads(run(site, "list", "subjects", "--json", "-", cwd=tmp_path).stdout)
    shown = {row["name"]: row["what"] for row in rows}
    assert shown["tiny-net"] == "tiny_backprop:right, installed by tiny_backprop 1.2"
    assert shown["tiny-nowhere"] == "no_such_module:net, installed by tiny_backprop 1.2"
    assert next(iter(shown)) == "numpy"
    broken = run(site, "check", "tiny-gone", cwd=tmp_path)
    assert (broken.returncode, broken.stdout) == (3, "")
    assert "backproof: subject 'tiny-gone' of tiny_backprop 1.2 cannot be loaded" in broken.stderr
