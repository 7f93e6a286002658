"""A case: its preconditions and their messages, what follows from its structure, its copies for a subject."""

import re
from dataclasses import replace

import numpy as np
import pytest

from backproof.case import Case
from backproof.catalogue import get_case
from backproof.catalogue.build import build_case
from backproof.conventions import Conventions
from backproof.errors import CaseError
from backproof_spec import activation

CASE = build_case("made", "A made case", (3, 4, 2), "tanh", "squared", seed=7, samples=5)
LOG = build_case("made-log", "With log loss", (3, 4, 2), "tanh", "log", seed=8)
CROSS = build_case("made-cross", "With cross-entropy", (3, 4, 3), "tanh", "cross_entropy", seed=9)
MASKED = build_case("made-masked", "Sparse", (3, 4, 2), "tanh", "squared", seed=10, density=0.5)


def with_layer(case, number, **changes):
    layers = list(case.layers)
    layers[number - 1] = replace(layers[number - 1], **changes)
    return {"layers": tuple(layers)}


def with_value(values, index, value):
    changed = values.copy()
    changed[index] = value
    return changed


FIRST, MASK = CASE.layers[0], MASKED.layers[0].mask

# what is wrong, the case it is done to, the changes, what the message must say: field, expected, came
BROKEN = [
    ("dtype", CASE, {"dtype": "float16"}, "dtype must be one of float64, float32, not 'float16'"),
    ("loss", CASE, {"loss": "hinge"}, "loss must be one of squared, log, cross_entropy, not 'hinge'"),
    ("no layers", CASE, {"layers": ()}, "at least one layer; layers is empty"),
    ("x a list", CASE, {"x": CASE.x.tolist()}, "x must be an array of 2 dimensions, not <class 'list'>"),
    ("x a vector", CASE, {"x": CASE.x[0]}, "x must be an array of 2 dimensions, not (3,)"),
    ("x in float32", CASE, {"x": CASE.x.astype("float32")}, "x must be float64, not float32"),
    ("NaN in x", CASE, {"x": with_value(CASE.x, (1, 2), np.nan)}, "x must be finite"),
    ("infinity in y", CASE, {"y": with_value(CASE.y, (1, 1), np.inf)}, "y must be finite"),
    ("rows of y", CASE, {"y": CASE.y[:4]}, "x has 5, y has 4"),
    ("columns of y", CASE, {"y": CASE.y[:, :1]}, "y must be (n, 2) for 2 outputs, not (5, 1)"),
    ("rate 0", CASE, {"learning_rate": 0.0}, "learning_rate must be positive and exact in float64, not 0.0"),
    ("rate below 0", CASE, {"learning_rate": -0.5}, "learning_rate must be positive and exact in float64, not -0.5"),
    ("rate NaN", CASE, {"learning_rate": float("nan")}, "learning_rate must be positive and exact in float64, not nan"),
    (
        "rate not exact",
        CASE.as_dtype("float32"),
        {"learning_rate": 0.1},
        "learning_rate must be positive and exact in float32, not 0.1",
    ),
    (
        "fan-in",
        CASE,
        with_layer(CASE, 2, weights=np.ones((2, 5))),
        "layers[2].weights must be (n_out, 4), not (2, 5)",
    ),
    (
        "no neurons",
        CASE,
        with_layer(CASE, 2, weights=np.ones((0, 4))),
        "layers[2].weights must be (n_out, 4), not (0, 4)",
    ),
    (
        "weights in float32",
        CASE,
        with_layer(CASE, 1, weights=FIRST.weights.astype("float32")),
        "layers[1].weights must be float64, not float32",
    ),
    ("biases", CASE, with_layer(CASE, 1, biases=np.ones(3)), "layers[1].biases must be (4,) or None, not (3,)"),
    ("biases a matrix", CASE, with_layer(CASE, 1, biases=np.ones((4, 1))), "layers[1].biases must be an array of 1"),
    (
        "mask's shape",
        CASE,
        with_layer(CASE, 1, mask=np.ones((3, 4), bool)),
        "layers[1].mask must be bool (4, 3) or None",
    ),
    ("mask's dtype", CASE, with_layer(CASE, 1, mask=np.ones((4, 3))), "layers[1].mask must be bool (4, 3) or None"),
    (
        "weight without an edge",
        MASKED,
        with_layer(MASKED, 1, weights=np.where(MASK, MASKED.layers[0].weights, 1.0)),
        "layers[1].weights must be exactly 0 where the mask says that there is no edge",
    ),
    (
        "hidden softmax",
        CASE,
        with_layer(CASE, 1, activation=activation("softmax")),
        "layers[1].activation: softmax is not element-wise and belongs to the output layer",
    ),
    (
        "parameter not exact",
        CASE.as_dtype("float32"),
        with_layer(CASE.as_dtype("float32"), 1, activation=activation("leaky_relu", slope=0.1)),
        "layers[1].activation: slope=0.1 is not a finite number exact in float32",
    ),
    ("no batches", CASE, {"batches": ()}, "batches needs at least one update; it is empty"),
    ("an empty batch", CASE, {"batches": ((0,), ())}, "batches[2] must hold sample indices from 0 to 4, not ()"),
    ("an index too high", CASE, {"batches": ((0, 5),)}, "batches[1] must hold sample indices from 0 to 4, not (0, 5)"),
    ("an index below 0", CASE, {"batches": ((-1,),)}, "batches[1] must hold sample indices from 0 to 4, not (-1,)"),
    (
        "log loss elsewhere",
        LOG,
        with_layer(LOG, 2, activation=activation("tanh")),
        "the log loss needs sigmoid outputs, not tanh",
    ),
    (
        "cross-entropy elsewhere",
        CROSS,
        with_layer(CROSS, 2, activation=activation("sigmoid")),
        "the cross_entropy loss needs softmax outputs, not sigmoid",
    ),
    ("label above 1", LOG, {"y": LOG.y + 0.5}, "labels of the log loss must lie between 0 and 1"),
    ("label below 0", LOG, {"y": LOG.y - 0.5}, "labels of the log loss must lie between 0 and 1"),
    (
        "labels that do not sum to 1",
        CROSS,
        {"y": CROSS.y * 0.5},
        "labels of the cross_entropy loss must sum to exactly 1 in every row",
    ),
]


@pytest.mark.parametrize(("case", "changes", "message"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_precondition_names_the_case_the_field_what_was_expected_and_what_came(case, changes, message):
    with pytest.raises(CaseError, match=f"^{re.escape(f'case {case.slug!r}: ')}.*{re.escape(message)}"):
        replace(case, **changes)


@pytest.mark.parametrize("case", [CASE, LOG, CROSS, MASKED], ids=lambda case: case.slug)
def test_the_cases_that_are_broken_above_are_right_before(case):
    assert replace(case).widths == case.widths


def test_an_infinite_learning_rate_is_refused():
    with pytest.raises(CaseError, match="learning_rate"):
        replace(CASE, learning_rate=float("inf"))


def test_a_sample_index_that_is_no_whole_number_is_refused():
    with pytest.raises(CaseError, match=r"batches\[1\]"):
        replace(CASE, batches=((0.5,),))


def test_an_infinite_activation_parameter_is_refused():
    with pytest.raises(CaseError, match="alpha"):
        replace(CASE, **with_layer(CASE, 1, activation=activation("elu", alpha=float("inf"))))


FLAGGED = [
    ("masked", MASKED, CASE),
    ("no-biases", replace(CASE, **with_layer(CASE, 2, biases=None)), CASE),
    ("several-updates", replace(CASE, batches=((0, 1), (2, 3))), CASE),
    ("partial-batch", replace(CASE, batches=((0, 1), (2,))), replace(CASE, batches=((0, 1), (2, 3)))),
    ("mixed-activations", build_case("a", "", (2, 3, 3, 1), ("tanh", "sigmoid"), seed=1), CASE),
    ("no-hidden-layer", build_case("a", "", (2, 3), (), seed=1), CASE),
    ("several-outputs", CASE, build_case("a", "", (3, 4, 1), seed=1)),
    ("several-hidden-layers", build_case("a", "", (2, 3, 3, 1), seed=1), CASE),
    ("several-samples", CASE, build_case("a", "", (3, 4, 2), samples=1, seed=1)),
    ("other-output-activation", CASE, build_case("a", "", (3, 4, 2), "tanh", output="tanh", seed=1)),
    ("rectangular", CASE, build_case("a", "", (3, 3, 3), seed=1)),
    ("soft-labels", replace(LOG, y=np.full_like(LOG.y, 0.25)), LOG),
    ("two-classes", build_case("a", "", (3, 2), (), "cross_entropy", seed=1), CROSS),
    ("general-output-delta", replace(CASE, **with_layer(CASE, 2, activation=activation("tanh"))), CASE),
]


@pytest.mark.parametrize(("flag", "flagged", "plain"), FLAGGED, ids=[row[0] for row in FLAGGED])
def test_a_flag_follows_from_the_structure_and_from_nothing_else(flag, flagged, plain):
    assert flag in flagged.flags
    assert flag not in plain.flags


def test_flags_are_sorted_and_given_ones_stay():
    flags = replace(CASE, flags=("zero-error",)).flags
    assert "zero-error" in flags
    assert list(flags) == sorted(set(flags))


def test_size_depth_and_widths_count_what_is_there():
    assert (CASE.widths, CASE.depth, CASE.size) == ((3, 4, 2), 2, 4 * 3 + 4 + 2 * 4 + 2)
    assert replace(CASE, **with_layer(CASE, 1, biases=None)).size == CASE.size - 4


MODES = [
    (((0, 1, 2, 3, 4),), "M1"),
    (((4, 1, 0, 3, 2), (0, 1, 2, 3, 4)), "M1"),
    (((2,), (0,)), "M2"),
    (((0, 1), (2, 3), (4,)), "M3"),
    (((0, 1, 2, 3, 3),), "M3"),
]


@pytest.mark.parametrize(("batches", "mode"), MODES)
def test_the_mode_of_descent_follows_from_the_batches(batches, mode):
    assert replace(CASE, batches=batches).mode == mode


def test_the_clauses_follow_from_the_structure():
    common = {"E1", "E3", "E22", "E11", "E26", "A1", "M1"}
    assert set(CASE.clauses) == common | {"E4", "E17"}
    assert set(LOG.clauses) == common | {"E5", "E17", "E18"}
    assert set(CROSS.clauses) == common | {"E6", "E17"}
    assert set(build_case("a", "", (2, 3), (), seed=1).clauses) == common | {"E4"}
    assert "V1" in get_case("worked-example").clauses


def numbers_of(case):
    arrays = [case.x, case.y, np.array([case.learning_rate])]
    for layer in case.layers:
        arrays += [layer.weights] if layer.biases is None else [layer.weights, layer.biases]
        arrays.append(
            np.array([value for _, value in layer.activation.parameters if not isinstance(value, str)], float)
        )
    return np.concatenate([np.asarray(array, dtype=np.float64).ravel() for array in arrays])


def test_as_dtype_rounds_every_number_of_the_case():
    ragged = replace(CASE, learning_rate=0.1, **with_layer(CASE, 1, activation=activation("leaky_relu", slope=0.1)))
    single = ragged.as_dtype("float32")
    before, after = numbers_of(ragged), numbers_of(single)
    assert (after == before.astype(np.float32)).all()
    assert (after != before).any()
    assert {single.x.dtype, single.y.dtype, single.layers[0].weights.dtype} == {np.dtype("float32")}
    assert isinstance(single.learning_rate, float)


def test_as_dtype_keeps_masks_flags_and_its_own_dtype():
    single = MASKED.as_dtype("float32")
    assert (single.layers[0].mask == MASK).all()
    assert single.flags == MASKED.flags
    assert (numbers_of(CASE.as_dtype("float64")) == numbers_of(CASE)).all()


def test_under_and_with_parameters_change_that_alone():
    mean = CASE.under(Conventions(reduction="mean"))
    assert (mean.conventions.reduction, mean.slug, mean.layers) == ("mean", CASE.slug, CASE.layers)
    moved = CASE.with_parameters([(layer.weights + 1, layer.biases) for layer in CASE.layers])
    assert (moved.layers[0].weights == CASE.layers[0].weights + 1).all()
    assert moved.layers[0].activation == CASE.layers[0].activation
    with pytest.raises(ValueError, match="zip"):
        CASE.with_parameters([])


def arrays_of(case):
    found = {"x": case.x, "y": case.y}
    for number, layer in enumerate(case.layers, 1):
        parts = {"weights": layer.weights, "biases": layer.biases, "mask": layer.mask}
        found |= {f"{name} {number}": part for name, part in parts.items() if part is not None}
    return found


@pytest.mark.parametrize("weight_layout", ["out_in", "in_out"])
@pytest.mark.parametrize("batch_axis", [0, 1])
def test_a_subject_gets_the_declared_layout(weight_layout, batch_axis):
    case = MASKED.under(Conventions(weight_layout=weight_layout, batch_axis=batch_axis))
    own, given = arrays_of(case), arrays_of(case.for_subject())
    turned = [
        name for name in own if (name in "xy" and batch_axis == 1) or (name[0] in "wm" and weight_layout == "in_out")
    ]
    for name, values in own.items():
        expected = values.T if name in turned else values
        assert given[name].shape == expected.shape, name
        assert (given[name] == expected).all(), name
        assert given[name].dtype == values.dtype
        assert given[name].flags.c_contiguous


def test_what_a_subject_writes_into_its_copy_changes_nothing():
    before = {name: values.copy() for name, values in arrays_of(MASKED).items()}
    copy = MASKED.for_subject()
    for values in arrays_of(copy).values():
        assert values.flags.writeable
        values[...] = 1
    assert all((values == before[name]).all() for name, values in arrays_of(MASKED).items())
    assert not (arrays_of(copy)["x"] == before["x"]).all()


def test_the_copy_of_a_subject_says_what_the_case_says():
    copy = CASE.for_subject()
    assert isinstance(copy, Case)
    for name in ("slug", "dtype", "loss", "learning_rate", "widths", "size", "mode", "clauses", "flags"):
        assert getattr(copy, name) == getattr(CASE, name)
    assert [tuple(batch) for batch in copy.batches] == list(CASE.batches)
    assert CASE.x[copy.batches[0]].shape == CASE.x.shape, "a list indexes rows; a tuple would index dimensions"


@pytest.mark.parametrize("conventions", [{"weight_layout": "in_out"}, {"batch_axis": 1}], ids=str)
def test_a_turned_copy_still_has_the_widths_and_the_mode_of_the_case(conventions):
    case = replace(CASE, batches=((0, 1, 2, 3, 4),)).under(Conventions(**conventions))
    copy = case.for_subject()
    assert (copy.widths, copy.mode) == (case.widths, case.mode)
