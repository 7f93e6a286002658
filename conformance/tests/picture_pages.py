"""The pages that the pictures of the documentation are taken of: `python conformance/tests/picture_pages.py`.

Pixels differ between machines, pages do not: beside each picture stands the hash of the page that it was taken of.
Numbers are left out of the hash, since the last digits of what passes differ between processors. The matrix is one that
was stored (`backproof matrix --no-autograd --json docs/pictures/matrix.json`, with all real packages installed).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path

from doc_pages import block

from backproof.api import check
from backproof.loading import load_subject
from backproof.page.matrix_page import matrix_page
from backproof.page.report_page import report_page

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
HASHES = PICTURES / "pages.json"
MATRIX = PICTURES / "matrix.json"
WRONG = "deltas[l - 1] = deltas[l] @ case.layers[l].weights"
RIGHT = "deltas[l - 1] = a[l] * (1 - a[l]) * (deltas[l] @ case.layers[l].weights)"
ENVIRONMENT = {
    "python": "3.11",
    "platform": "Linux x86_64",
    "device": "cpu",
    "packages": {"backproof": "0.1.0", "numpy": None, "python-flint": None, "torch": None},
}
# Width, height, dark, phone.
SIZES = {
    "report-deviates.png": (1100, 1290, False, False),
    "report-conforms.png": (1100, 1290, False, False),
    "report-deviates-dark-phone.png": (400, 1290, True, True),
    "matrix.png": (1100, 1290, False, False),
}


def ten_lines():
    """The README's example, with its mistake."""
    return block((ROOT / "README.md").read_text(encoding="utf-8"), "file", "my_file.py")


def report(code):
    """The page of the example, as the command writes it in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my_file.py"
        path.write_text(code, encoding="utf-8")
        result = check(load_subject(f"{path}:my_net"), autograd=False, target="my_file.py:my_net")
    return report_page(result.judged, {**result.report, "environment": ENVIRONMENT})


def pages():
    """Return every page by the name of its picture."""
    code = ten_lines()
    assert WRONG in code
    wrong, right = report(code), report(code.replace(WRONG, RIGHT))
    matrix = matrix_page(json.loads(MATRIX.read_text(encoding="utf-8")))
    return {
        "report-deviates.png": wrong,
        "report-conforms.png": right,
        "report-deviates-dark-phone.png": wrong,
        "matrix.png": matrix,
    }


def fingerprint(page):
    """The hash of a page without its numbers."""
    return hashlib.sha256(re.sub(r"\d[\d.]*(e[-+]\d+)?", "#", page).encode()).hexdigest()


def main():
    """Take the pictures anew and write down the pages that they were taken of."""
    from browser_tools import chromium, missing

    if missing():
        sys.exit(missing())
    made = pages()
    for name, page in made.items():
        width, height, dark, phone = SIZES[name]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page.html"
            path.write_text(page, encoding="utf-8")
            with chromium(Path(folder) / "profile", width=width, height=height, dark=dark, phone=phone) as browser:
                browser.get(path.as_uri())
                browser.save_screenshot(str(PICTURES / name))
    text = json.dumps({name: fingerprint(page) for name, page in made.items()}, indent=2)
    HASHES.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
