"""Modules and autograd functions of torch's users as subjects: right ones conform, a wrong backward is named."""

import functools
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: there are no modules to wrap")

from torch import nn  # noqa: E402 - only where torch is

import backproof  # noqa: E402
from backproof.errors import ObservationError, UsageError  # noqa: E402
from backproof.run import answer  # noqa: E402

ACTIVATIONS = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": functools.partial(nn.ReLU, inplace=True),
    "softmax": functools.partial(nn.Softmax, dim=-1),
}
SOME = {"activations": [*ACTIVATIONS], "dtypes": ["float64"]}
CASE = backproof.get_case("sigmoid-binary")


def build(case, *, without_last=False):
    """A user's network: Linear layers and activations, some of which work in place."""
    parts = []
    for layer in case.layers:
        n_out, n_in = layer.weights.shape
        parts += [nn.Linear(n_in, n_out, bias=layer.biases is not None), ACTIVATIONS[layer.activation.name]()]
    return nn.Sequential(*parts[: -1 if without_last else None])


def judged(subject):
    return backproof.check(subject, autograd=False)


def test_a_module_conforms_and_hooks_show_every_quantity():
    subject = backproof.from_module(build, activations=[*ACTIVATIONS])
    result = judged(subject)
    assert result.conforms, result
    assert len(result.report["subject"]["observes"]) == 8
    assert (subject.name, subject.version) == ("build", str(torch.__version__))


def test_a_module_that_ends_with_net_inputs_conforms_under_logits_and_deviates_without():
    half = functools.partial(build, without_last=True)
    result = judged(backproof.from_module(half, logits=True, skips=["general-output-delta"], **SOME))
    assert result.conforms, result
    assert "activations" not in result.report["subject"]["observes"]
    assert not judged(backproof.from_module(half, losses=["cross_entropy"], **SOME)).conforms


def test_the_squared_loss_of_other_outputs_has_no_logits():
    half = functools.partial(build, without_last=True)
    case = backproof.get_case("sigmoid-output-squared")
    with pytest.raises(ObservationError, match="logits: the squared loss of sigmoid outputs cannot be taken from net"):
        answer(backproof.from_module(half, logits=True), case)


def test_conventions_enter_the_loss_that_is_made_here():
    made = backproof.from_module(build, reduction="mean", loss_factor=0.5, loss_at="after", **SOME)
    assert judged(made).conforms


def test_a_loss_of_the_users_own_is_judged_as_declared():
    def halved(o, y, case):
        assert case.loss == "squared"
        return ((o - y) ** 2).sum() / 2

    words = {"losses": ["squared"], **SOME}
    assert judged(backproof.from_module(build, loss=halved, loss_factor=0.5, **words)).conforms
    assert judged(backproof.from_module(build, loss=halved, **words)).verdict == "deviates"


def test_an_optimizer_that_is_not_plain_descent_deviates_at_the_update():
    momentum = functools.partial(torch.optim.SGD, weight_decay=0.1)
    result = judged(backproof.from_module(build, optimizer=momentum, **SOME))
    assert (result.verdict, result.report["first_deviation"]["clause"]) == ("deviates", "E26")


class Functional(nn.Module):
    """Layers that are used without being called: hooks see nothing of them."""

    def __init__(self, case):
        super().__init__()
        self.inner = build(case)

    def forward(self, x):
        for part in self.inner:
            x = nn.functional.linear(x, part.weight, part.bias) if isinstance(part, nn.Linear) else part(x)
        return x


def test_where_hooks_see_nothing_gradients_and_parameters_are_judged():
    result = judged(backproof.from_module(Functional, **SOME))
    assert result.conforms, result
    assert result.report["subject"]["observes"] == ["bias_gradients", "biases", "loss", "weight_gradients", "weights"]


UNFIT = [
    (lambda _: 3, "build: expected a torch.nn.Module; int came"),
    (lambda _: nn.Linear(3, 4), "build: expected 2 layers with a weight (n_out, n_in); 1 came (Linear)"),
    (
        lambda _: nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 1)),
        "build: layer 1 (Linear): expected a weight of shape (4, 3); (5, 3) came",
    ),
    (
        lambda _: nn.Sequential(nn.Linear(3, 4, bias=False), nn.Linear(4, 1)),
        "build: layer 1 (Linear): expected a bias of shape (4,); none came (`case.layers[0].biases is None` tells)",
    ),
]


@pytest.mark.parametrize(("made", "message"), UNFIT, ids=[message[:50] for _, message in UNFIT])
def test_a_module_that_does_not_fit_the_case_is_told(made, message):
    with pytest.raises(ObservationError) as told:
        answer(backproof.from_module(made), CASE)
    assert message in str(told.value)


@pytest.mark.parametrize("name", ["weight_layout", "batch_axis", "delta_of"])
def test_conventions_that_torch_leaves_no_choice_of_are_refused(name):
    with pytest.raises(UsageError, match=f"from_module: leave {name} out: "):
        backproof.from_module(build, **{name: "in_out"})


def test_a_module_itself_is_no_function_of_a_case():
    with pytest.raises(UsageError, match=r"a function from a case to a torch.nn.Module; int came"):
        backproof.from_module(3)


class Sigmoid(torch.autograd.Function):
    """A user's own sigmoid."""

    @staticmethod
    def forward(ctx, z):
        a = 1 / (1 + torch.exp(-z))
        ctx.save_for_backward(a)
        return a

    @staticmethod
    def backward(ctx, gradient):
        (a,) = ctx.saved_tensors
        return gradient * a * (1 - a)


class SigmoidWithoutSlope(Sigmoid):
    @staticmethod
    def backward(ctx, gradient):
        (a,) = ctx.saved_tensors
        return gradient * a


class Linear(torch.autograd.Function):
    """A user's own layer."""

    @staticmethod
    def forward(ctx, a, weights, biases):
        ctx.save_for_backward(a, weights)
        return a @ weights.T if biases is None else a @ weights.T + biases

    @staticmethod
    def backward(ctx, gradient):
        a, weights = ctx.saved_tensors
        return gradient @ weights, gradient.T @ a, gradient.sum(dim=0) if ctx.needs_input_grad[2] else None


class LinearWithoutLast(Linear):
    """The last sample is left out of the weight gradient."""

    @staticmethod
    def backward(ctx, gradient):
        a, _ = ctx.saved_tensors
        below, _, biases = Linear.backward(ctx, gradient)
        return below, gradient[:-1].T @ a[:-1], biases


@pytest.mark.parametrize(
    ("function", "replaces", "clauses"),
    [
        (Sigmoid, "sigmoid", set()),
        (SigmoidWithoutSlope, "sigmoid", {"E17", "E22"}),
        (Linear, "linear", set()),
        (LinearWithoutLast, "linear", {"E11"}),
    ],
)
def test_a_custom_backward_is_judged_within_whole_networks(function, replaces, clauses):
    result = judged(backproof.from_function(function, replaces=replaces, dtypes=["float64"]))
    assert result.conforms is (not clauses), result
    assert result.report["subject"]["name"] == function.__name__
    named = {found["clause"] for found in result.report["deviations"] if found["judged"] == "local"}
    assert named == clauses


def test_an_activation_with_parameters_is_handed_them():
    def leaky(z, slope):
        return torch.where(z > 0, z, slope * z)

    made = backproof.from_function(leaky, replaces="leaky_relu")
    assert answer(made, backproof.get_case("leaky-relu-regression"))
    assert backproof.check(made, [backproof.get_case("leaky-relu-regression")], autograd=False).conforms


def test_what_cannot_be_replaced_is_refused():
    with pytest.raises(
        UsageError, match="from_function: unknown step 'swish' to replace; the known ones are linear, id"
    ):
        backproof.from_function(Sigmoid, replaces="swish")
    with pytest.raises(UsageError, match=r"expected a subclass of torch.autograd.Function; int came"):
        backproof.from_function(3, replaces="sigmoid")


@pytest.mark.parametrize(
    ("name", "imported"), [("subject", "False"), ("from_loss_and_grad", "False"), ("from_module", "True")]
)
def test_torch_is_imported_when_a_torch_wrapper_is_asked_for_and_not_before(name, imported):
    code = f"import sys, backproof; backproof.{name}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == imported
