"""The catalogue: wide enough to mean something, exact in its dtype, clear of every kink, its numbers fixed by value."""

from itertools import pairwise

import numpy as np
import pytest

from backproof.balls import middle, precision
from backproof.case import DTYPES
from backproof.catalogue import all_cases, get_case
from backproof.catalogue.build import build_case
from backproof.catalogue.generator import Numbers
from backproof.errors import UsageError
from backproof.tolerance import SATURATION, Tolerance
from backproof.truth import exact_nodes, needed_bits, truth_of
from backproof_spec import RULES

CASES = all_cases("float64")
BOTH = all_cases()
FEWEST = 40
CLEAR_OF_KINKS = 100  # judgement.md: no ReLU |z| within 100 bounds
ADMITTED = 1e-4  # judgement.md: the float32 bound of a multi-step case, relative
FLAGS = {
    "masked",
    "no-biases",
    "no-hidden-layer",
    "several-updates",
    "partial-batch",
    "mixed-activations",
    "several-outputs",
    "several-hidden-layers",
    "several-samples",
    "other-output-activation",
    "soft-labels",
    "general-output-delta",
    "two-classes",
    "saturated-output",
    "exact-zero",
    "zero-error",
    "rectangular",
    "worked-example",
}
PAIRS = {
    *((name, "squared") for name in ("identity", "sigmoid", "tanh", "relu", "softplus", "softmax")),
    ("sigmoid", "log"),
    ("softmax", "cross_entropy"),
}


def name_of(case):
    return f"{case.slug}-{case.dtype}"


def test_there_are_enough_networks_each_with_its_own_slug_and_title():
    assert len(CASES) >= FEWEST
    assert len({case.slug for case in CASES}) == len({case.title for case in CASES}) == len(CASES)
    assert len({tuple(case.x.ravel()) for case in CASES}) >= len(CASES) - 1


def test_both_dtypes_hold_the_same_cases_in_the_same_order():
    assert [case.dtype for case in BOTH] == ["float64"] * len(CASES) + ["float32"] * len(CASES)
    assert [case.slug for case in BOTH] == 2 * [case.slug for case in CASES]
    assert [case.slug for case in all_cases("float32")] == [case.slug for case in CASES]
    assert {case.dtype for case in all_cases("float32")} == {"float32"}


def test_the_smallest_case_comes_first_after_the_worked_example():
    sizes = [case.size for case in CASES[1:]]
    assert CASES[0].slug == "worked-example"
    assert sizes == sorted(sizes)


def test_networks_are_never_all_square_all_of_one_sample_or_all_of_one_output():
    for wanted in (
        lambda case: "rectangular" in case.flags,
        lambda case: any(len(batch) > 1 for batch in case.batches),
        lambda case: case.widths[-1] > 1,
        lambda case: any(len(set(pair)) == 2 for pair in pairwise(case.widths[1:])),
    ):
        assert sum(wanted(case) for case in CASES) > len(CASES) / 2
    for wanted in (
        lambda case: len(case.batches[0]) == 1,
        lambda case: case.widths[-1] == 1,
        lambda case: case.depth > 1 and len(case.batches[0]) > 1 and case.mode == "M3",
    ):
        assert any(wanted(case) for case in CASES)


def test_depths_and_widths_reach_from_the_smallest_to_the_largest():
    assert {case.depth for case in CASES} >= {1, 2, 3, 4, 5, 6, 8}
    assert {width for case in CASES for width in case.widths} >= {1, 2, 3, 4, 5, 6, 7, 8, 64}


def test_every_activation_every_pair_and_every_mode_is_there():
    hidden = {layer.activation.name for case in CASES for layer in case.layers[:-1]}
    assert hidden == {name for name, rule in RULES.items() if rule.elementwise}
    assert {(case.layers[-1].activation.name, case.loss) for case in CASES} >= PAIRS
    assert {case.mode for case in CASES} == {"M1", "M2", "M3"}
    assert {dict(la.activation.parameters).get("approximate") for case in CASES for la in case.layers} >= {
        "none",
        "tanh",
    }


def test_every_flag_is_there_and_on_no_more_than_half_of_the_cases_but_for_the_plain_ones():
    flags = [flag for case in CASES for flag in case.flags]
    assert set(flags) == FLAGS
    common = {flag for flag in FLAGS if flags.count(flag) > len(CASES) / 2}
    assert common == {"rectangular", "several-outputs", "several-samples", "other-output-activation"}


def test_learning_rates_reach_from_a_thousandth_to_nine_tenths():
    rates = {case.learning_rate for case in CASES}
    assert {1e-3, 0.9} <= rates
    assert all(0 < rate < 1 for rate in rates)


@pytest.mark.parametrize("case", all_cases("float32"), ids=lambda case: case.slug)
def test_every_number_of_a_float32_case_is_exact_in_float32(case):
    numbers = [case.learning_rate, *(value for la in case.layers for _, value in la.activation.parameters)]
    assert all(float(np.float32(value)) == value for value in numbers if not isinstance(value, str))
    arrays = [case.x, case.y]
    arrays += [array for la in case.layers for array in (la.weights, la.biases) if array is not None]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_rounding_to_float32_does_round():
    double, single = get_case("tanh-regression"), get_case("tanh-regression", "float32")
    assert (double.x != single.x).any()
    assert get_case("small-rate").learning_rate != get_case("small-rate", "float32").learning_rate


def distances_to_kinks(case):
    """Yield |z| in units of its own bound, for each kinked layer of each update."""
    model = Tolerance(case.dtype)
    with precision(needed_bits(case)):
        steps = exact_nodes(case)
    parameters = [(layer.weights, layer.biases) for layer in case.layers]
    for batch, nodes in zip(case.batches, steps, strict=True):
        below = case.x[list(batch)].astype(np.float64)
        for number, (layer, (weights, biases)) in enumerate(zip(case.layers, parameters, strict=True), 1):
            z = middle(nodes["net_inputs", number].reference)
            if layer.activation.kink is not None:
                yield float((np.abs(z) / model.net_input(weights, biases, below, z)).min())
            below = middle(nodes["activations", number].reference)
        after = range(1, case.depth + 1)
        parameters = [
            tuple(None if key not in nodes else middle(nodes[key].reference) for key in (("weights", n), ("biases", n)))
            for n in after
        ]


KINKED = [case for case in BOTH if any(layer.activation.kink for layer in case.layers)]


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=name_of(case)) for case in KINKED if "exact-zero" not in case.flags],
)
def test_no_net_input_of_a_kinked_layer_is_near_the_kink(case):
    assert min(distances_to_kinks(case)) > CLEAR_OF_KINKS


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_the_cases_flagged_so_have_exact_zeros_at_a_kink(dtype):
    flagged = [case for case in all_cases(dtype) if "exact-zero" in case.flags]
    assert flagged
    assert all(min(distances_to_kinks(case)) == 0 for case in flagged)


def keeps_its_bound(case):
    """Whether the bound of every updated parameter stays small beside the largest parameter of its layer."""
    for values in truth_of(case).steps:
        for number in range(1, case.depth + 1):
            names = [key for key in (("weights", number), ("biases", number)) if key in values]
            largest = max(np.abs(middle(values[name].exact)).max() for name in names)
            if not all((values[name].rms < ADMITTED * largest).all() for name in names):
                return False
    return True


@pytest.mark.parametrize(
    "case", [case for case in all_cases("float32") if len(case.batches) > 1], ids=lambda case: case.slug
)
def test_a_multi_step_case_keeps_its_float32_bound(case):
    assert keeps_its_bound(case)


def test_a_case_of_many_large_steps_would_not_keep_it():
    options = {"batches": [range(4)] * 8, "learning_rate": 0.5, "weight_scale": 2.0}
    wild = build_case("wild", "", (2, 4, 2), "tanh", "squared", seed=5, **options)
    assert not keeps_its_bound(wild.as_dtype("float32"))


@pytest.mark.parametrize("case", [case for case in CASES if case.loss != "squared"], ids=lambda case: case.slug)
def test_saturated_outputs_are_flagged_where_they_are_and_nowhere_else(case):
    with precision(needed_bits(case)):
        outputs = [nodes["activations", case.depth].reference for nodes in exact_nodes(case)]
        nearest = min(float(min(o, 1 - o).mid()) for array in outputs for o in array.ravel())
    assert (nearest < SATURATION * Tolerance("float32").u) == ("saturated-output" in case.flags)


def test_a_case_is_found_by_its_slug_and_a_near_miss_is_told():
    assert get_case("masked", "float32").dtype == "float32"
    with pytest.raises(UsageError, match=r"no case 'maskd'; nearest: masked.* \(backproof list cases\)"):
        get_case("maskd")


def philox(seed, block):
    """Return the words of one block of Philox 4x64-10, written from the paper of Salmon et al. (2011)."""
    words, keys, mask = [block, 0, 0, 0], [seed, 0], 2**64 - 1
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * words[0], 0xCA5A826395121157 * words[2]
        words = [(second >> 64) ^ words[1] ^ keys[0], second & mask, (first >> 64) ^ words[3] ^ keys[1], first & mask]
        keys = [(keys[0] + 0x9E3779B97F4A7C15) & mask, (keys[1] + 0xBB67AE8584CAA73B) & mask]
    return words


def test_the_stream_of_seed_1_is_fixed_by_value():
    expected = ["-0x1.924aec2454ec0p-2", "0x1.6513e80eeaf82p-1", "-0x1.601e346a23e7ep-1", "-0x1.e025a25a57ee0p-1"]
    assert [value.hex() for value in Numbers(1).uniform(4).tolist()] == expected
    assert [value.hex() for value in Numbers(2).uniform(4).tolist()] != expected


@pytest.mark.parametrize("seed", [0, 1, 101, 2**63])
def test_the_stream_is_that_of_the_published_generator(seed):
    words = [word for block in (1, 2, 3) for word in philox(seed, block)]
    assert Numbers(seed).uniform(3, 4).ravel().tolist() == [(word >> 11) * 2.0**-52 - 1 for word in words]


def test_numbers_lie_between_minus_1_and_1_and_use_the_range():
    values = Numbers(3).uniform(100, 100)
    assert values.shape == (100, 100)
    assert ((values >= -1) & (values < 1)).all()
    assert values.min() < -0.99
    assert values.max() > 0.99


def test_whole_numbers_and_orders():
    numbers = Numbers(3)
    assert set(numbers.integers(5, 200).tolist()) == {0, 1, 2, 3, 4}
    assert sorted(numbers.order(9)) == list(range(9))
    assert Numbers(1).order(9) != Numbers(2).order(9)
    assert Numbers(2).order(5) == (1, 4, 0, 3, 2)
