"""A network as the article draws it: layers of weights, biases and an activation, and the edges that exist.

Index conventions: layer l has n_l neurons, layer 0 is the input; weights^l is (n_l, n_(l-1)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backproof_spec.activations import Activation


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer: weights (n_out, n_in), biases (n_out,) or None, a connection mask (n_out, n_in) or None, f.

    An edge that does not exist (mask False) has the weight exactly 0, so that no equation but the gradient needs the
    mask. A mask of None means that every edge exists.
    """

    weights: Any
    biases: Any
    activation: Activation
    mask: Any = None


Network = tuple[Layer, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """All that one update of the complete algorithm computes.

    net_inputs, activations, deltas: one array (batch, n_l) for each layer 1..L; loss: E of the batch, before the
    update; weight_gradients (n_l, n_(l-1)) and bias_gradients (n_l,) or None; network: after the update.
    """

    net_inputs: tuple[Any, ...]
    activations: tuple[Any, ...]
    loss: Any
    deltas: tuple[Any, ...]
    weight_gradients: tuple[Any, ...]
    bias_gradients: tuple[Any, ...]
    network: Network
