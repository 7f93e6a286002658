"""`backproof doctor`: each fault of an adapter is found at its own step, with what to do; a right one passes all."""

import sys
import uuid

import pytest
from kit_commands import run
from wire_tools import command, left_behind, quoted

from backproof.api import check
from backproof.catalogue import get_case
from backproof.conventions import Conventions
from backproof.door import Subject
from backproof.wire import doctor
from backproof.wire.subject import command_subject

STEPS = [
    "starts",
    "is silent before hello",
    "says hello",
    "speaks backproof/1",
    "declares what the lists know",
    "answers a tiny case (float64)",
    "shows enough (float64)",
    "shows the right shapes (float64)",
    "keeps every digit (float64)",
    "answers a tiny case (float32)",
    "shows enough (float32)",
    "shows the right shapes (float32)",
    "keeps every digit (float32)",
    "answers a second time",
    "answers a tiny case without biases",
    "answers a tiny case with a mask",
    "answers a tiny case of two updates",
    "writes what is not finite as strings",
    "leaves on bye",
]


def steps_of(name, **options):
    token = uuid.uuid4().hex
    options = {"silence": 0.2, **options}
    found = list(doctor.examine([*command(name), token], timeout=20.0, grace=1.0, **options))
    assert left_behind(token) == []
    return found


def test_a_right_adapter_passes_every_step_and_the_command_exits_0():
    steps = steps_of("right")
    assert [step.what for step in steps] == STEPS
    assert all(step.well for step in steps)
    done = run("doctor", "--command", quoted("right"))
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, len(STEPS) + 1)
    assert all(line.startswith("ok    ") for line in lines[:-1])
    assert lines[-1] == "the adapter is well: backproof check judges its mathematics"


FAULTS = {
    "exits_at_start": ("starts", "the program ended with exit status 1 before it answered hello"),
    "wrong_version": ("speaks backproof/1", "hello: field protocol: expected 'backproof/1'; 'backproof/2' came"),
    "unknown_activation": ("declares what the lists know", "hello: activations: unknown 'sigmod'; the known ones are"),
    "breaks_its_promise": ("shows enough (float64)", "loss is declared in observes, and is not shown"),
    "shows_deltas_alone": (
        "shows enough (float64)",
        "expected weight_gradients or weights; deltas came; show one of the two",
    ),
    "no_bias_gradients": (
        "shows enough (float64)",
        "weight_gradients is shown, bias_gradients is not: show both",
    ),
    "needs_biases": (
        "answers a tiny case without biases",
        "the program ended with exit status 1 before it answered run 4 (tiny)",
    ),
    "needs_every_edge": (
        "answers a tiny case with a mask",
        "the program ended with exit status 3 before it answered run 5 (tiny)",
    ),
    "prints_and_exits": (
        "starts",
        "the program ended with exit status 0, having printed 'hi\\n' unasked, before it answered hello",
    ),
    "one_update": (
        "answers a tiny case of two updates",
        "this case makes 2 updates: answer a list of 2 mappings",
    ),
    "transposed": (
        "shows the right shapes (float64)",
        "weights of layer 1: shape (2, 3) instead of (3, 2)",
    ),
    "few_digits": (
        "keeps every digit (float64)",
        (
            "weights of layer 1 at [0, 0]: expected 0.3333333333333333 to come back unchanged (x is 0); "
            "0.333333333333333 came; print 17 significant digits"
        ),
    ),
    "always_id_1": (
        "answers a tiny case (float32)",
        "answer: field id: expected 2; 1, that of an earlier request, came",
    ),
    "null_for_infinity": ("writes what is not finite as strings", "expected a number; null came"),
    "ignores_bye": (
        "leaves on bye",
        "expected its end within 1 s after bye; it still runs; end the program when bye comes",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_at_its_step(name):
    what, told = FAULTS[name]
    waits = {"silence": 20.0} if name in ("exits_at_start", "prints_and_exits") else {}  # it ends when it ends
    wrong = [step for step in steps_of(name, **waits) if not step.well]
    assert wrong
    assert wrong[0].what == what
    assert told in wrong[0].told


def test_output_before_hello_is_found_and_the_command_exits_3():
    done = run("doctor", "--command", quoted("output_before_hello"))
    assert done.returncode == 3
    assert "WRONG " in done.stdout
    assert "'Loading the model ..." in done.stdout
    assert done.stdout.splitlines()[-1] == "mend this first, and ask again"


def test_a_program_with_too_few_digits_is_what_check_alone_would_call_wrong_mathematics():
    """Why there is a doctor: 15 digits look like a deviation."""
    with command_subject(command("few_digits")) as subject:
        result = check(subject, [get_case("sigmoid-regression")], autograd=False)
    assert result.verdict == "deviates"


def test_a_program_that_declares_files_is_handed_one():
    """A Python target reads them; one that declares what it does not do ends the examination there."""
    words = [sys.executable, "-P", "-m", "backproof.wire.adapter", "numpy", "cpu"]
    found = {step.what: step for step in doctor.examine(words, silence=0.2)}
    assert [found[f"reads .npy files ({dtype})"].well for dtype in ("float64", "float32")] == [True, True]
    assert "came back to the last bit" in found["reads .npy files (float64)"].told
    last = steps_of("npy_unread")[-1]
    assert (last.what, last.well) == ("reads .npy files (float64)", False)
    assert "the program ended with exit status 1 before it answered run 2 (tiny)" in last.told


def test_a_tiny_case_is_one_that_the_subject_does():
    def subject(**options):
        return Subject(name="s", run=lambda case: case, **options)

    case = doctor.tiny_case(subject(losses=("cross_entropy",), skips=("no-hidden-layer",)), "float32")
    assert (case.loss, case.dtype, case.depth) == ("cross_entropy", "float32", 2)
    assert not case.x.any()
    only_one_layer = subject(activations=("softmax",), conventions=Conventions(weight_layout="in_out"))
    assert doctor.tiny_case(only_one_layer, "float64").depth == 1
    assert doctor.tiny_case(subject(activations=("gelu",), losses=("log",)), "float64") is None


def test_the_doctor_needs_a_command():
    done = run("doctor")
    assert done.returncode == 2
    assert "required: --command" in done.stderr
    done = run("doctor", "--command", "no-such-program --x")
    assert done.returncode == 2
    assert "no program 'no-such-program' is found; give its path, or install it" in done.stderr
