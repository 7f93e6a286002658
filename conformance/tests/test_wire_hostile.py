"""Programs that do one thing wrong: each has its own message, is stopped in time, and leaves no process behind."""

import re
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from wire_tools import command, left_behind

from backproof.api import check
from backproof.catalogue import get_case
from backproof.errors import CrashError, WireError
from backproof.report import report_schema
from backproof.wire.subject import command_subject

SLUGS = ("one-neuron-a-layer", "sigmoid-regression", "sigmoid-binary", "tanh-binary")
THIRD = SLUGS[2]
TIMEOUT = 4.0


class Outcome:
    """What became of a program: the result, how long it took, and the processes that it left."""

    def __init__(self, name, *words, timeout=20.0, memory=None, slugs=SLUGS):
        self.token = token = uuid.uuid4().hex
        start = time.monotonic()
        try:
            subject = command_subject([*command(name), *words, token], timeout=timeout, memory=memory, grace=1.0)
            cases = [get_case(slug) for slug in slugs]
            self.result = check(subject, cases, autograd=False)
        finally:
            self.seconds = time.monotonic() - start
            self.left = left_behind(token)
        Draft202012Validator(report_schema()).validate(self.result.report)
        self.errors = {error["case"]: error["message"] for error in self.result.report["errors"]}
        self.skipped = {skip["case"]: skip["reason"] for skip in self.result.report["skipped"]}
        self.judged = [result.case.slug for result in self.result.judged.judged]


def test_the_right_program_conforms():
    """The counter-test of this file: what the wrong ones share is right."""
    outcome = Outcome("right")
    assert (outcome.result.verdict, outcome.judged, outcome.errors) == ("conforms", list(SLUGS), {})
    assert outcome.left == []


ONE_ERROR = {
    "dies_in_third_case": "the program was ended by SIGSEGV before it answered run 13 (sigmoid-binary); "
    "its standard error ends:\n    out of luck\n    (the same happened before, and it was started afresh)",
    "garbage": "answer: expected one line of JSON; 'loss = 0.25' came; "
    "print one JSON object on one line, and everything else on standard error",
    "ends_in_a_line": "the program ended with exit status 0 in the middle of a line "
    '(\'{"id": 13, "result": [{"net_inputs": [[[',
    "two_answers": "after the answer to run 12 (sigmoid-binary): expected nothing on standard output; "
    '\'{"id": 12, "result": [{"net_inputs": [[[',
    "talks_unasked": "after the answer to run 12 (sigmoid-binary): expected nothing on standard output; "
    "'done!\\n' came; answer each request with one line, flush it, and print everything else on standard error",
    "wrong_id": "answer: field id: expected 12; 11, that of an earlier request, came; "
    "answer each request once, in order, with its own id",
    "no_id": "answer: field id: expected 12; no id came; answer each request once, in order, with its own id",
    "ragged": "update 1: deltas of layer 1: list cannot be read as an array of numbers: ",
    "strings_for_numbers": "update 1: deltas of layer 1[1][2]: expected a number; '0,25' came; "
    'show numbers as JSON numbers, and those that are not finite as "NaN", "Infinity" or "-Infinity"',
    "null_for_nan": "update 1: loss[0]: expected a number; null came; show numbers as JSON numbers",
    "nan_token": 'answer: expected JSON; the token NaN came; write the string "NaN" in quotes',
    "too_large_a_number": "answer: expected numbers of float64; 1e400 came; "
    'write infinities as "Infinity" and "-Infinity"',
    "same_key_twice": "answer: expected every key once; 'loss' twice came; give each key one value",
    "not_utf8": "answer: expected UTF-8; byte 0xe4 at 20 came; write UTF-8, or ASCII with \\u escapes",
    "deep": "answer: expected at most 24 levels of nesting; a level 25 came; an array is a list of lists of numbers",
    "gigabytes": " bytes on a line; more came; show the quantities of this case, once, and end the line",
    "says_error": "the program answered with an error: no convergence",
}


@pytest.mark.parametrize("name", ONE_ERROR)
def test_one_fault_is_an_error_of_its_case_and_the_others_are_judged(name):
    outcome = Outcome(name)
    assert list(outcome.errors) == [THIRD]
    assert ONE_ERROR[name] in outcome.errors[THIRD]
    assert outcome.judged == [slug for slug in SLUGS if slug != THIRD]
    assert outcome.result.verdict == "broken"
    assert outcome.result.judged.deviations == []
    assert outcome.left == []
    assert outcome.seconds < 30


SLOW = {
    "hangs": "answer to run 12 (sigmoid-binary): expected an answer within 4 s; nothing came; "
    "see whether it hangs, end each answer with a newline and flush it, or raise --timeout; "
    "its standard error ends:\n    thinking",
    "late": "answer to run 12 (sigmoid-binary): expected an answer within 4 s; nothing came; ",
    "half_line": "answer to run 12 (sigmoid-binary): expected an answer within 4 s; "
    'half a line (\'{"id": 12, "result": [{"net_inputs": [[[',
}


@pytest.mark.parametrize("name", SLOW)
def test_a_program_that_keeps_silent_is_stopped_at_the_time_limit(name):
    outcome = Outcome(name, timeout=TIMEOUT)
    assert list(outcome.errors) == [THIRD]
    assert SLOW[name] in outcome.errors[THIRD]
    assert outcome.judged == [slug for slug in SLUGS if slug != THIRD]
    assert outcome.left == []
    assert TIMEOUT <= outcome.seconds < TIMEOUT + 20


def test_a_program_that_closes_its_output_is_told_so():
    outcome = Outcome("closes_its_output", slugs=SLUGS[1:])
    assert "the program closed its standard output before it answered run " in outcome.errors[THIRD]
    assert (outcome.judged, outcome.left) == ([SLUGS[1], SLUGS[3]], [])


NO_HELLO = {
    "exits_at_start": (
        CrashError,
        "the program ended with exit status 1 before it answered hello; its standard error ends:\n    no licence found",
    ),
    "wrong_version": (
        WireError,
        "hello: field protocol: expected 'backproof/1'; 'backproof/2' came; this kit (",
    ),
    "output_before_hello": (
        WireError,
        (
            "hello: expected one line of JSON; 'Loading the model ...' came; "
            "print one JSON object on one line, and everything else on standard error"
        ),
    ),
}


@pytest.mark.parametrize("name", NO_HELLO)
def test_a_program_without_a_right_hello_is_no_subject(name):
    kind, message = NO_HELLO[name]
    token = uuid.uuid4().hex
    with pytest.raises(kind) as caught:
        command_subject([*command(name), token], timeout=20.0)
    assert message in str(caught.value)
    assert left_behind(token) == []


def test_a_program_that_never_says_hello_is_stopped_at_the_time_limit():
    token = uuid.uuid4().hex
    with pytest.raises(WireError, match=r"answer to hello: expected an answer within 0\.5 s; nothing came"):
        command_subject([command("right")[0], "-c", "import time; time.sleep(1000)", token], timeout=0.5)
    assert left_behind(token) == []


def test_a_crash_that_does_not_come_again_costs_nothing_but_is_told(capsys):
    outcome = Outcome("dies_once")
    assert (outcome.result.verdict, outcome.judged, outcome.left) == ("conforms", list(SLUGS), [])
    told = capsys.readouterr().err
    assert (
        "the program ended with exit status 7 before it answered run 3 (one-neuron-a-layer); it is started afresh"
        in told
    )
    (note,) = outcome.result.report["notes"]
    assert re.match(r"The program crashed \d+ times and answered when it was started afresh; the first time: the", note)
    assert "run 3 (one-neuron-a-layer)" in note


def test_a_crash_that_comes_again_is_an_error_and_no_note():
    assert Outcome("dies_in_third_case").result.report["notes"] == []


def test_a_program_that_is_late_when_it_is_asked_again_counts_as_a_failure(tmp_path):
    """A crash and then silence: the cases after three of them are not asked."""
    outcome = Outcome("dies_then_hangs", str(tmp_path / "marker"), timeout=1.0, slugs=(*[THIRD] * 3, "tanh-binary"))
    messages = [error["message"] for error in outcome.result.report["errors"]]
    assert [message.startswith("answer to run") for message in messages] == [True] * 3 + [False]
    assert messages[3].startswith("not asked: the program failed in 3 cases one after another")
    assert (outcome.result.report["notes"], outcome.left) == ([], [])


def test_a_program_that_ends_after_an_answer_is_started_again():
    outcome = Outcome("dies_after_each_answer")
    assert (outcome.result.verdict, outcome.judged, outcome.left) == ("conforms", list(SLUGS), [])
    assert re.match(r"The program crashed \d+ times and answered", outcome.result.report["notes"][0])


def test_a_program_that_declares_something_else_after_a_restart_is_told_so(tmp_path):
    outcome = Outcome("changes_its_mind", str(tmp_path / "marker"))
    expected = "hello: expected the declarations of the first start; others came; declare the same at every start"
    assert expected in outcome.errors[THIRD]
    assert outcome.left == []


def test_a_program_that_fails_again_and_again_is_not_started_for_ever():
    slugs = ("sigmoid-binary",) * 4
    outcome = Outcome("garbage", slugs=(*slugs, "tanh-binary"))
    messages = [error["message"] for error in outcome.result.report["errors"]]
    assert [message.startswith("answer: expected one line of JSON") for message in messages] == [True] * 3 + [False] * 2
    assert messages[3].startswith("not asked: the program failed in 3 cases one after another")


def test_a_link_in_place_of_a_file_is_an_error_of_its_case_and_its_folder_is_removed():
    outcome = Outcome("npy_link")
    assert list(outcome.errors) == [THIRD]
    message = "loss.npy: expected a regular file loss.npy in the folder of the request; a link came; write it there"
    assert message in outcome.errors[THIRD]
    assert (outcome.judged, outcome.left) == ([slug for slug in SLUGS if slug != THIRD], [])
    (target,) = Path(tempfile.gettempdir()).glob(f"backproof-*-{outcome.token}.npy")
    assert not target.with_name(target.name.removesuffix(f"-{outcome.token}.npy")).exists()
    target.unlink()  # what the link pointed to was left alone


def test_wrong_shapes_are_a_deviation_of_the_subject():
    outcome = Outcome("wrong_shapes")
    first = outcome.result.report["first_deviation"]
    assert (outcome.result.verdict, outcome.errors, outcome.left) == ("deviates", {}, [])
    assert (first["case"], first["judged"], first["quantity"]) == (THIRD, "presence", "deltas")


def test_standard_error_is_drained_while_a_program_writes_there_for_ever():
    outcome = Outcome("errors_for_ever")
    assert (outcome.result.verdict, outcome.judged, outcome.left) == ("conforms", list(SLUGS), [])


@pytest.mark.parametrize("name", ["ignores_bye", "leaves_a_child", "leaves_a_daemon"])
def test_nothing_is_left_of_a_program_that_does_not_leave(name):
    outcome = Outcome(name, slugs=SLUGS[:2])
    assert (outcome.result.verdict, outcome.judged, outcome.left) == ("conforms", list(SLUGS[:2]), [])
    assert outcome.seconds < 30


def test_the_processes_that_a_test_looks_for_are_found_while_they_run():
    """The negative twin of every `left == []`."""
    token = uuid.uuid4().hex
    with command_subject([*command("leaves_a_child"), token]):
        assert len(left_behind(token, seconds=0.1)) == 3, "the keeper, the program, and its child"
    assert left_behind(token) == []


def test_a_daemon_is_found_while_it_runs():
    """The same for one that left session, parent and environment."""
    token = uuid.uuid4().hex
    with command_subject([*command("leaves_a_daemon"), token]):
        assert len(left_behind(token, seconds=0.1)) == 3
    assert left_behind(token) == []


@pytest.mark.parametrize("name", ["dies_and_leaves_a_daemon", "kills_its_group", "kills_its_parent"])
def test_nothing_is_left_of_a_program_that_dies_with_violence(name):
    outcome = Outcome(name)
    assert list(outcome.errors) == [THIRD]
    how = "ended with exit status 9" if name.startswith("dies") else "was ended by SIGKILL"
    assert f"the program {how} before it answered run 13 (sigmoid-binary)" in outcome.errors[THIRD]
    assert (outcome.judged, outcome.left) == ([slug for slug in SLUGS if slug != THIRD], [])


def test_nothing_is_left_when_the_kit_itself_is_killed():
    token = uuid.uuid4().hex
    words = [*command("leaves_a_daemon"), token]
    code = "import sys, time; from backproof.wire.subject import command_subject; "
    code += f"kept = command_subject({words!r}); print('ready', flush=True); time.sleep(1000)"
    kit = subprocess.Popen([command("right")[0], "-c", code], stdout=subprocess.PIPE, text=True)
    assert kit.stdout.readline() == "ready\n"
    assert len(left_behind(token, seconds=0.1)) == 4, "the kit, the keeper, the program, and its daemon"
    kit.kill()
    kit.wait()
    kit.stdout.close()
    assert left_behind(token) == []


def test_a_program_beyond_its_memory_limit_fails_in_its_case_alone():
    outcome = Outcome("needs_much_memory", memory=3 << 30)
    assert list(outcome.errors) == [THIRD]
    assert "ended with exit status 1 (its memory limit is 3221225472 bytes of address space)" in outcome.errors[THIRD]
    assert "MemoryError" in outcome.errors[THIRD]
    assert outcome.left == []


def test_a_skipped_feature_is_skipped_in_every_case():
    logs = "one-neuron-a-layer,sigmoid-binary,tanh-binary"
    outcome = Outcome("skips", f"loss,log,{logs}")
    assert outcome.errors == {}
    assert outcome.skipped == dict.fromkeys(logs.split(","), "loss log: skipped by its answer")
    assert outcome.judged == ["sigmoid-regression"]


@pytest.mark.parametrize(
    ("words", "case", "message"),
    [
        (
            "loss,log,sigmoid-binary",
            "sigmoid-binary",
            (
                "answer: expected a result; skipped came; loss log was answered in one-neuron-a-layer: "
                "a feature is skipped in every case or in none"
            ),
        ),
        (
            "loss,log,one-neuron-a-layer,tanh-binary",
            "sigmoid-binary",
            "answer: expected skipped; a result came; loss log was skipped in one-neuron-a-layer: ",
        ),
        (
            "loss,squared,sigmoid-binary",
            "sigmoid-binary",
            (
                "answer: field skipped: expected one feature of this case "
                "(activation sigmoid, loss log, dtype float64, flag several-samples); loss squared came; "
                "name what is not done"
            ),
        ),
        (
            "weather,rain,sigmoid-binary",
            "sigmoid-binary",
            "answer: field skipped: expected any of activation, loss, dtype, flag; 'weather' came; ",
        ),
    ],
)
def test_a_case_is_never_skipped_for_itself(words, case, message):
    outcome = Outcome("skips", words)
    assert list(outcome.errors) == [case]
    assert message in outcome.errors[case]
    assert outcome.left == []
