"""A browser that is absent is skipped aloud, and fails under CI."""

import browser_tools
import pytest
from browser_tools import need_browser


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.setattr(browser_tools, "missing", lambda: "chromium not found: apt-get install chromium")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BACKPROOF_BROWSER", raising=False)


@pytest.mark.usefixtures("absent")
def test_an_absent_browser_is_skipped_with_its_reason():
    with pytest.raises(pytest.skip.Exception, match="chromium not found: apt-get install chromium"):
        need_browser()


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("BACKPROOF_BROWSER", "required")])
def test_an_absent_browser_fails_where_it_is_required(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(pytest.fail.Exception, match="chromium not found"):
        need_browser()
