"""The result as JUnit XML: the same items, names and properties as `pytest --backproof TARGET --junitxml` writes.

xml.etree is the standard library's own writer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from backproof.api import Result
from backproof.outcome import VERDICT, Outcome, items, outcome
from backproof.terminal import plain_screen
from backproof.verdict import Verdict
from backproof_spec import clauses

# What XML 1.0 cannot hold, not even escaped: a subject's error may say anything.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(result: Result, target: str | Sequence[str] | None = None) -> str:
    """Return the result as JUnit XML: one testcase for each clause and case that exercises it, and the verdict.

    target: as in build_report, for the line that reproduces a failure.
    """
    run = result.judged.run
    observed = [clause for clause in clauses() if clause.observed]
    found: list[tuple[str, Outcome]] = []
    for one in run.results:
        alone = Verdict(replace(run, results=(one,), selected=True))
        found += [(item.id, outcome(item, alone, target)) for item in items([one.case], observed)]
    message = ""
    if not result.conforms:
        said = "\n".join([f"the verdict is {result.verdict}, not conforms", *result.unmet])
        message = f"{said}\n\n{plain_screen(result)}"
    closing = {"clause": VERDICT, "status": result.verdict, "cases": result.report["counts"]["cases"]}
    found.append((VERDICT, Outcome(status=result.verdict, message=message, properties=closing)))
    return _text(result.report["subject"]["name"], found)


def _text(name: str, found: Sequence[tuple[str, Outcome]]) -> str:
    kinds = [_kind(one) for _, one in found]
    suites = ET.Element("testsuites")
    counts = {
        "tests": len(found),
        "failures": kinds.count("failure"),
        "errors": kinds.count("error"),
        "skipped": kinds.count("skipped"),
    }
    suite = ET.SubElement(suites, "testsuite", {"name": "backproof", **{key: str(n) for key, n in counts.items()}})
    for (item, one), kind in zip(found, kinds, strict=True):
        case = ET.SubElement(suite, "testcase", {"classname": f"backproof.{_legal(name)}", "name": item})
        properties = ET.SubElement(case, "properties")
        for key, value in one.properties.items():
            ET.SubElement(properties, "property", {"name": f"backproof_{key}", "value": str(value)})
        if kind:
            told = ET.SubElement(case, kind, {"message": _legal(one.message.partition("\n")[0])})
            told.text = _legal(one.message)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _kind(one: Outcome) -> str:
    if not one.message:
        return ""
    if one.skipped:
        return "skipped"
    return "error" if one.status in ("errored", "broken") else "failure"


def _legal(text: str) -> str:
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
