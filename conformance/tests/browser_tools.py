"""A headless Chromium for the tests: found and started with an empty profile, or what is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AXE = ROOT / "conformance" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


def missing():
    """What is not there, with the command that installs it; empty when all is well."""
    needed = {
        "chromium": shutil.which("chromium"),
        "chromedriver": shutil.which("chromedriver"),
        "selenium": importlib.util.find_spec("selenium"),
        "axe-core": AXE.is_file(),
    }
    absent = [name for name, found in needed.items() if not found]
    if not absent:
        return ""
    return (
        f"{', '.join(absent)} not found: apt-get install chromium chromium-driver; pip install selenium; "
        "npm ci --ignore-scripts --prefix conformance/browser"
    )


def need_browser():
    """Skip with the reason where no browser is found; fail under CI, and with BACKPROOF_BROWSER=required."""
    reason = missing()
    if not reason:
        return
    if os.environ.get("CI") or os.environ.get("BACKPROOF_BROWSER") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@contextmanager
def chromium(profile, *, width=1200, height=900, dark=False, phone=False):
    """A browser with a window of that size; its console is kept. profile: an empty folder."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield browser
    finally:
        browser.quit()
