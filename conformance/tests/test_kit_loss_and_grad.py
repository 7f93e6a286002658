"""A function of (params, x, y) that returns (loss, gradients) is a subject: right ones conform, wrong ones are told."""

import functools
import importlib.util

import numpy as np
import pytest
from kit_subjects import FUNCTIONS, SLOPES

import backproof
from backproof import check, from_loss_and_grad, get_case
from backproof.errors import ObservationError, SubjectError, UsageError
from backproof.run import answer

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed: there are no tensors to return"
)
DECLARED = {"activations": ["sigmoid"], "losses": ["log"]}
GENERAL = {"activations": ["identity", "sigmoid", "tanh"], "losses": ["squared", "log"]}


def of_case(params, x, y, case, factor=1):
    """A network as the case says, squared or log loss."""
    names = [layer.activation.name for layer in case.layers]
    below = [x]
    for name, (w, b) in zip(names, params, strict=True):
        below.append(FUNCTIONS[name](below[-1] @ w.T + (0 if b is None else b)))
    o = below[-1]
    if case.loss == "log":
        loss, delta = -(y * np.log(o) + (1 - y) * np.log(1 - o)).sum(), o - y
    else:
        loss, delta = ((o - y) ** 2).sum(), 2 * (o - y) * SLOPES[names[-1]](o)
    gradients = []
    for n in range(len(params) - 1, -1, -1):
        gradients.insert(0, (factor * delta.T @ below[n], None if params[n][1] is None else delta.sum(axis=0)))
        if n:
            delta = (delta @ params[n][0]) * SLOPES[names[n - 1]](below[n])
    return loss, gradients


def plain(params, x, y):
    """Sigmoid everywhere, log loss: no need for the case."""
    a = [x]
    for w, b in params:
        a.append(1 / (1 + np.exp(-(a[-1] @ w.T + (0 if b is None else b)))))
    delta, gradients = a[-1] - y, []
    for n in range(len(params) - 1, -1, -1):
        gradients.insert(0, (delta.T @ a[n], None if params[n][1] is None else delta.sum(axis=0)))
        delta = a[n] * (1 - a[n]) * (delta @ params[n][0])
    return -(y * np.log(a[-1]) + (1 - y) * np.log(1 - a[-1])).sum(), gradients


def judged(subject, **words):
    return check(subject, autograd=False, **words)


def test_three_arguments_conform_over_every_update_and_show_five_quantities():
    result = judged(from_loss_and_grad(plain, **DECLARED))
    assert result.conforms, result
    assert result.report["subject"]["name"] == "plain"
    assert set(result.report["subject"]["observes"]) == {
        "loss",
        "weight_gradients",
        "bias_gradients",
        "weights",
        "biases",
    }
    assert answer(from_loss_and_grad(plain), get_case("worked-example")).steps[1].get("weights", 1) is not None


def test_a_parameter_called_case_is_handed_the_case():
    assert judged(from_loss_and_grad(of_case, range="moderate", **GENERAL)).conforms
    wrong = from_loss_and_grad(functools.partial(of_case, factor=0.5), range="moderate", **GENERAL)
    result = judged(wrong)
    assert (result.verdict, result.report["first_deviation"]["clause"]) == ("deviates", "E11")


def test_it_is_a_decorator_with_or_without_declarations():
    @from_loss_and_grad(losses=["log"], activations=["sigmoid"], name="mine")
    def net(params, x, y):
        return plain(params, x, y)

    assert (net.name, net.losses) == ("mine", ("log",))
    assert from_loss_and_grad(plain).losses is None
    assert backproof.from_loss_and_grad is from_loss_and_grad


def flat(function, *, with_none):
    def flattened(params, x, y):
        loss, gradients = function(params, x, y)
        return loss, [item for pair in gradients for item in pair if with_none or item is not None]

    return flattened


@pytest.mark.parametrize("with_none", [True, False])
def test_a_flat_list_of_gradients_is_taken_too(with_none):
    assert judged(from_loss_and_grad(flat(plain, with_none=with_none), **DECLARED)).conforms


def test_the_layouts_are_those_that_are_declared():
    def turned(params, x, y):
        loss, gradients = plain([(w.T, b) for w, b in params], x.T, y.T)
        return loss, [(dw.T, db) for dw, db in gradients]

    layout = {"weight_layout": "in_out", "batch_axis": 1}
    assert judged(from_loss_and_grad(turned, **DECLARED, **layout)).conforms
    with pytest.raises(SubjectError):
        answer(from_loss_and_grad(turned, **DECLARED), get_case("worked-example"))


@pytest.mark.parametrize("moment", ["after", "none"])
def test_the_loss_is_shown_when_it_is_declared(moment):
    case = get_case("sigmoid-binary").under(backproof.Conventions(loss_at=moment))
    record = answer(from_loss_and_grad(plain, **DECLARED, loss_at=moment), case).steps[0]
    before = answer(from_loss_and_grad(plain, **DECLARED), get_case("sigmoid-binary")).steps[0]
    shown = record.get("loss", 0)
    assert (shown is None) if moment == "none" else (shown < before.get("loss", 0))
    assert judged(from_loss_and_grad(plain, **DECLARED, loss_at=moment)).conforms


def test_what_the_function_writes_into_its_arguments_does_not_enter_the_update():
    def writes(params, x, y):
        result = plain(params, x, y)
        for w, _ in params:
            w[...] = 7
        x[...] = 7
        return result

    assert judged(from_loss_and_grad(writes, **DECLARED)).conforms


def test_an_edge_that_does_not_exist_is_not_updated():
    masked = next(case for case in backproof.all_cases("float64") if "masked" in case.flags and case.loss == "squared")
    weights = answer(from_loss_and_grad(of_case), masked).steps[0].get("weights", 1)
    assert (weights[~masked.layers[0].mask] == 0).all()


@needs_torch
def test_tensors_are_taken_and_torchs_own_gradients_conform():
    import torch

    @from_loss_and_grad(**DECLARED, range="moderate")
    def net(params, x, y):
        leaves = [[None if v is None else torch.tensor(v, requires_grad=True) for v in pair] for pair in params]
        a = torch.tensor(x)
        for w, b in leaves:
            a = torch.sigmoid(torch.nn.functional.linear(a, w, b))
        labels = torch.tensor(y)
        loss = -(torch.xlogy(labels, a) + torch.xlogy(1 - labels, 1 - a)).sum()
        loss.backward()
        return loss.detach(), [(w.grad, None if b is None else b.grad) for w, b in leaves]

    assert judged(net).conforms


NONSENSE = [
    (lambda _: 3.0, "<lambda>: expected (loss, gradients); float came"),
    (lambda _: (1, 2, 3), "<lambda>: expected (loss, gradients); 3 values came"),
    (lambda p: (1.0, p[0][0]), "expected the gradients as one pair (dW, db) for each layer, or the flat list"),
    (lambda p: (1.0, p[:1]), "[dW1, db1, dW2, ...], for 3 layers; 1 items came"),
    (lambda p: (1.0, [p[0][0], *p[1:]]), "for 3 layers; ndarray at [0] came"),
    (lambda p: (1.0, [(w.T, b) for w, b in p]), "weight gradient of layer 1: expected shape (3, 2), that of its"),
    (lambda p: (1.0, [(w.T, b) for w, b in p]), "weight_layout='out_in' is declared: is yours 'in_out'?"),
    (lambda p: (1.0, [(w, None) for w, _ in p]), "bias gradient of layer 1: expected an array of shape (3,)"),
    (
        lambda p: (1.0, [("a", b) for _, b in p]),
        "weight gradient of layer 1: expected an array of float64; dtype",
    ),
]


@pytest.mark.parametrize(("function", "message"), NONSENSE, ids=[message[-30:] for _, message in NONSENSE])
def test_another_structure_is_told(function, message):
    case = get_case("worked-example")
    assert case.widths == (2, 3, 2, 1), "the messages name its shapes"
    with pytest.raises(ObservationError) as told:
        answer(from_loss_and_grad(lambda params, *_: function(params)), case)
    assert message in str(told.value)


UNFIT = [
    (lambda _, __: None, "cannot be called with (params, x, y): too many positional arguments"),
    (lambda _, __, ___, ____: None, "a fourth parameter must be called `case`"),
    (3, "from_loss_and_grad: expected a function of (params, x, y); 3 came"),
]


@pytest.mark.parametrize(("function", "message"), UNFIT, ids=[message[-20:] for _, message in UNFIT])
def test_a_function_with_other_parameters_is_refused_before_it_runs(function, message):
    with pytest.raises(UsageError) as refused:
        from_loss_and_grad(function)
    assert message in str(refused.value)


def test_declarations_are_those_of_the_decorator():
    with pytest.raises(UsageError, match="unknown convention 'reductoin'"):
        from_loss_and_grad(plain, reductoin="mean")
