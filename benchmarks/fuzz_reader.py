"""Feed the reader of answers mutated lines: each must be read, or refused with one clear error, and nothing else.

    python benchmarks/fuzz_reader.py --inputs 100000

The lines are hypothesis's, drawn from a fixed seed: a right answer with other values in some places of its tree, or its
text cut, doubled, with pieces of other JSON put in; then read as an answer, as an observation and as a hello.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from copy import deepcopy
from time import perf_counter
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from backproof.case import Case
from backproof.catalogue import get_case
from backproof.errors import SubjectError
from backproof.loading import load_subject
from backproof.observation import read_observation
from backproof.run import answer
from backproof.wire.adapter import show
from backproof.wire.cases import write_case
from backproof.wire.files import Files, request_files
from backproof.wire.messages import message, read_answer, read_hello

SEED = 2023
LONGEST_MESSAGE = 1500
NAMES = ("id", "result", "skipped", "error", "final", "loss", "weights", "shape", "protocol", "observes", "kink")
SLUGS = ("one-neuron-a-layer", "worked-example", "some-biases")
PIECES = (
    *(
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b'"NaN"',
        b'"Infinity"',
        b"null",
        b"true",
        b"1e400",
        b"-1e400",
        b"1e-400",
        b"-0",
    ),
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b"[]",
        b"{}",
        b",",
        b":",
        b'"',
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"\x00",
        b"\xff",
        b"\xc3\xa4",
    ),
    *(b'"id":', b'"id": 2', b'"result":', b'"error": "x"', b'"skipped": {"loss": "log"}', b'"final":', b'"loss":'),
    *(
        b'"deltas":',
        b'"weights":',
        b"[" * 40,
        b"9" * 400,
        b"0" * 50,
        b"1" * 19,
        b'{"dtype": "float64", "shape": [2, 2], ',
    ),
    *(
        b'"base64": "AAAA"}',
        b'"dtype": "int8"',
        b'"shape": [-1]',
        b'"shape": [1e9, 1e9]',
        b'"shape": []',
        b"[[1], [1, 2]]",
    ),
)


def _right_lines() -> list[tuple[Case, bytes]]:
    subject, found = load_subject("numpy"), []
    for slug in SLUGS:
        case = get_case(slug).under(subject.conventions)
        packed = show(answer(subject, case), case)
        found.append((case, message({"id": 2, "result": packed})))
        plain = {"loss": 0.25, "deltas": write_case(case)["layers"], "weights": [write_case(case)["x"]] * case.depth}
        plain["deltas"] = [layer["weights"] for layer in plain["deltas"]]
        found.append((case, message({"id": 2, "result": [plain] * len(case.batches)})))
        found.append((case, message({"id": 2, "result": {"final": plain}})))
    case = found[0][0]
    found.append((case, message({"id": 2, "skipped": {"loss": "log"}})))
    found.append((case, message({"id": 2, "error": "no"})))
    hello = {"protocol": "backproof/1", "name": "n", "losses": ["log"], "conventions": {"kink": 0.5}}
    found.append((case, json.dumps({**hello, "capabilities": ["base64", "npy"], "skips": ["masked"]}).encode()))
    return found


VALUES = (
    *(
        None,
        True,
        0,
        -0.0,
        1e308,
        5e-324,
        10**30,
        "NaN",
        "Infinity",
        "",
        "log",
        "masked",
        [],
        {},
        [[]],
        [1, [2]],
        {"a": 1},
    ),
    *(
        {"loss": "log"},
        {"final": {}},
        {"dtype": "float32", "shape": [1], "base64": "AAAAAA=="},
        [None, 0.5],
        [["-Infinity"]],
    ),
    *({"dtype": "float64", "shape": [10**15, 0], "base64": ""}, {"dtype": "bool", "shape": [1], "base64": "/w=="}),
    *({"npy": name} for name in ("right.npy", "cut.npy", "objects.npy", "absent.npy", "../right.npy", 3)),
)


def _filled(files: Files) -> Files:
    """Put into a request's folder what VALUES name: a right file, half of one, and one of objects."""
    np.save(files.folder / "right.npy", np.array([[0.5]]))
    right = files.folder.joinpath("right.npy").read_bytes()
    files.folder.joinpath("cut.npy").write_bytes(right[:-3])
    np.save(files.folder / "objects.npy", np.array([None], object), allow_pickle=True)
    return files


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) within a tree."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in list(pairs) for place in ((tree, key), *_places(value))]


@st.composite
def replanted(draw: st.DrawFn, lines: list[tuple[Case, bytes]]) -> tuple[Case, bytes]:
    """Draw a right line and put other values in some places of its tree."""
    case, line = draw(st.sampled_from(lines))
    tree = json.loads(line)
    for _ in range(draw(st.integers(0, 3))):
        places = _places(tree)
        if not places:
            break
        container, key = draw(st.sampled_from(places))
        value = deepcopy(draw(st.sampled_from(VALUES)))
        if draw(st.booleans()):
            container[key] = value
        elif isinstance(container, list):
            container.insert(key, value)
        else:
            container[draw(st.sampled_from(NAMES))] = container.pop(key)
    return case, json.dumps(tree).encode()


@st.composite
def mutated(draw: st.DrawFn, lines: list[tuple[Case, bytes]]) -> tuple[Case, bytes]:
    """Draw a right line and change it in a few places."""
    case, line = draw(st.sampled_from(lines))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(line)))
        size = draw(st.integers(0, 12))
        new = draw(st.sampled_from(PIECES) | st.binary(max_size=3) | st.just(b"") | st.just(line[at : at + 40]))
        line = line[:at] + new + line[at + size :]
    return case, line


def fuzz(inputs: int) -> tuple[Counter[str], list[str]]:
    """Return what became of so many inputs, and the failures: anything but an answer or one clear error."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    lines = _right_lines()

    @seed(SEED)
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn=replanted(lines) | mutated(lines))
    def feed(drawn: tuple[Case, bytes]) -> None:
        case, line = drawn
        for outcome in (_as_answer(case, line, files), _as_hello(line)):
            counts[outcome.partition(":")[0]] += 1
            if outcome.startswith("failure"):
                failures.append(f"{outcome}: {line[:200]!r}")

    with request_files(most=1000) as made:
        files = _filled(made)
        feed()
    return counts, failures


def _as_answer(case: Case, line: bytes, files: Files) -> str:
    try:
        found = read_answer(line, 2, packed=True, files=files)
        if found.result is not None:
            read_observation(found.result, case)
    except SubjectError as error:
        return _refusal(error)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a failure
        return f"failure: {type(error).__name__}: {error}"
    return "read"


def _as_hello(line: bytes) -> str:
    try:
        read_hello(line)
    except SubjectError as error:
        return _refusal(error)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a failure
        return f"failure: {type(error).__name__}: {error}"
    return "read"


def _refusal(error: SubjectError) -> str:
    text = str(error)
    clear = text.strip() and len(text) < LONGEST_MESSAGE and "Traceback" not in text
    return "refused" if clear else f"failure: unclear message {text[:200]!r}"


def main() -> int:
    """Print the figure; exit 1 when anything failed."""
    parser = argparse.ArgumentParser(description="Feed the reader of answers mutated lines.")
    parser.add_argument("--inputs", type=int, default=100_000, metavar="N", help="default: 100000")
    options = parser.parse_args()
    start = perf_counter()
    counts, failures = fuzz(options.inputs)
    total = sum(counts.values()) // 2
    print(
        f"{total} lines (seed {SEED}), each read as an answer and as a hello: {counts['refused']} times refused with "
        f"one clear error, {counts['read']} times read, {counts['failure']} times anything else "
        f"({perf_counter() - start:.0f} s)"
    )
    for failure in failures[:5]:
        print(failure, file=sys.stderr)
    return 1 if failures or total < options.inputs else 0


if __name__ == "__main__":
    raise SystemExit(main())
