"""The equations of "Backpropagation: Step-By-Step Derivation" as pure functions, in the article's order.

    elementary        exp, log, ... for floats, ball numbers, SymPy expressions
    sigmoid           E18 to E21
    activations       f and f' of every activation
    forward           E1, E2
    losses            E3 to E6
    gradient          E7 to E11
    delta             E12 to E17
    output_delta      E22 to E25
    descent           E26 to E28
    algorithm         A1, M1 to M3
    worked_example    X1 to X6, V1

The clauses run on float arrays, on object arrays of ball numbers and on object arrays of SymPy expressions alike.
"""

from backproof_spec.activations import RULES, Activation, Rule, activation
from backproof_spec.algorithm import (
    backpropagation,
    batch_gradient_descent,
    descend,
    mini_batch_gradient_descent,
    stochastic_gradient_descent,
)
from backproof_spec.delta import (
    delta_by_next_deltas,
    delta_by_weights,
    delta_chain_rule,
    delta_chain_rule_split,
    delta_rule,
    net_input_by_activation,
)
from backproof_spec.descent import gradient_descent, update_rule, weight_gradient_recalled
from backproof_spec.forward import bias_as_weight, forward_propagation, net_input
from backproof_spec.gradient import (
    error_gradient,
    net_input_by_weight,
    single_sample_gradient,
    weight_chain_rule,
    weight_gradient,
)
from backproof_spec.losses import LOSSES, Loss, cross_entropy_loss, error_function, log_loss, squared_loss
from backproof_spec.network import Layer, Network, Step
from backproof_spec.output_delta import (
    SPECIAL_FORMS,
    WrongPairError,
    binary_output_delta,
    multiclass_output_delta,
    output_delta,
    output_deltas,
    regression_output_delta,
)
from backproof_spec.registry import Clause, UnknownClauseError, clause, clause_of, clauses, get_clause
from backproof_spec.sigmoid import sigmoid, sigmoid_activation_derivative, sigmoid_delta_rule, sigmoid_derivative
from backproof_spec.worked_example import (
    example_backward,
    example_descent,
    example_forward,
    example_network,
    example_output_delta,
    example_sample,
    example_second_forward,
    vanishing_gradient,
)

__all__ = [
    "LOSSES",
    "RULES",
    "SPECIAL_FORMS",
    "Activation",
    "Clause",
    "Layer",
    "Loss",
    "Network",
    "Rule",
    "Step",
    "UnknownClauseError",
    "WrongPairError",
    "activation",
    "backpropagation",
    "batch_gradient_descent",
    "bias_as_weight",
    "binary_output_delta",
    "clause",
    "clause_of",
    "clauses",
    "cross_entropy_loss",
    "delta_by_next_deltas",
    "delta_by_weights",
    "delta_chain_rule",
    "delta_chain_rule_split",
    "delta_rule",
    "descend",
    "error_function",
    "error_gradient",
    "example_backward",
    "example_descent",
    "example_forward",
    "example_network",
    "example_output_delta",
    "example_sample",
    "example_second_forward",
    "forward_propagation",
    "get_clause",
    "gradient_descent",
    "log_loss",
    "mini_batch_gradient_descent",
    "multiclass_output_delta",
    "net_input",
    "net_input_by_activation",
    "net_input_by_weight",
    "output_delta",
    "output_deltas",
    "regression_output_delta",
    "sigmoid",
    "sigmoid_activation_derivative",
    "sigmoid_delta_rule",
    "sigmoid_derivative",
    "single_sample_gradient",
    "squared_loss",
    "stochastic_gradient_descent",
    "update_rule",
    "vanishing_gradient",
    "weight_chain_rule",
    "weight_gradient",
    "weight_gradient_recalled",
]
