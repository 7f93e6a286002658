"""The pages on real packages say what the expectation files and the pins say; no package is needed to know."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from zoo_helpers import EXPECTATIONS, ROOT, expected, need

from backproof.loading import BUNDLED, Bundled

FOUND = (ROOT / "docs" / "found.md").read_text(encoding="utf-8")
ZOO = (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
PINS = dict(pin.split("==") for pin in PROJECT["zoo"])
NPM = json.loads((ROOT / "conformance" / "zoo" / "npm" / "package.json").read_text(encoding="utf-8"))["dependencies"]
NAMED = {package: version for package, version in (PINS | NPM).items() if package != "scipy"}  # autograd's own need
FILES = sorted(path.stem for path in EXPECTATIONS.glob("*.toml"))


def unnamed(page, scripts):
    """Return the scripts that a page does not name."""
    return [script for script in scripts if script not in page]


@pytest.mark.parametrize("name", FILES)
def test_what_is_expected_is_told_with_its_script(name):
    scripts = {entry["reproduction"] for entry in expected(name)}
    assert scripts
    assert unnamed(FOUND, scripts) == []
    assert all((ROOT / script).is_file() for script in scripts)
    assert unnamed(FOUND.replace(min(scripts), ""), scripts) == [min(scripts)]


def test_every_expectation_file_is_that_of_a_bundled_subject():
    assert set(FILES) <= set(BUNDLED)


def test_every_entry_gives_its_reason_and_keys_that_are_known():
    for name in FILES:
        for entry in expected(name):
            assert {"clause", "reason", "reproduction"} <= set(entry)
            assert set(entry) <= {"clause", "case", "dtype", "diagnosis", "reason", "reproduction"}
            assert entry["reason"]


def test_every_script_that_is_told_is_there():
    told = re.findall(r"conformance/zoo/reproductions/[\w.]+", FOUND)
    assert told
    assert [script for script in told if not (ROOT / script).is_file()] == []


@pytest.mark.parametrize(("package", "version"), sorted(NAMED.items()))
def test_versions_on_the_pages_are_the_pinned_ones(package, version):
    assert f"{package} {version}" in ZOO
    assert f"{package} {version}" in FOUND
    assert f"{package} {version}.1" not in ZOO


def test_pins_are_those_of_the_constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [f"{package}=={version}" for package, version in PINS.items() if f"{package}=={version}" not in lines] == []


def test_the_lock_of_npm_names_no_registry():
    lock = json.loads((ROOT / "conformance" / "zoo" / "npm" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {path: entry for path, entry in lock["packages"].items() if path}
    assert {path.removeprefix("node_modules/") for path in packages} >= set(NPM)
    assert all("resolved" not in entry for entry in packages.values())
    assert all(entry["integrity"] for entry in packages.values())


def test_an_absent_package_is_skipped_with_its_reason_and_fails_where_it_is_required(monkeypatch):
    monkeypatch.setitem(BUNDLED, "absent", Bundled("a", "b", "no-such-package", "no_such_package"))
    monkeypatch.delenv("BACKPROOF_ZOO", raising=False)
    with pytest.raises(pytest.skip.Exception, match="absent is not installed: pip install no-such-package"):
        need("absent")
    monkeypatch.setenv("BACKPROOF_ZOO", "required")
    with pytest.raises(pytest.fail.Exception, match="BACKPROOF_ZOO=required: absent is not installed"):
        need("absent")
    need("numpy")


def test_every_script_belongs_to_an_entry():
    scripts = {path.name for path in (ROOT / "conformance" / "zoo" / "reproductions").iterdir() if path.is_file()}
    assert scripts == {entry["reproduction"].rsplit("/", 1)[1] for name in FILES for entry in expected(name)}


def steps(text):
    """Return the lines of a script that do something: no imports, comments, braces, nor the exit status at the end."""
    code = re.sub(r'"""(.*?)"""|/\*(.*?)\*/', "", text, flags=re.DOTALL)
    idle = (
        r"\s*($|#|//|import |from |with .*ignore|const .*createRequire|[{}]|int main|return !|raise Sys|process\.exit)"
    )
    return [line for line in code.splitlines() if not re.match(idle, line)]


@pytest.mark.parametrize("script", sorted({entry["reproduction"] for name in FILES for entry in expected(name)}))
def test_a_script_shows_its_deviation_in_ten_lines(script):
    text = (ROOT / script).read_text(encoding="utf-8")
    assert 1 <= len(steps(text)) <= 10, steps(text)
    assert len(steps(text + "x = 1\n" * 11)) > 10
