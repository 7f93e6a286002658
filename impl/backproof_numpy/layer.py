"""One layer as data: weights, biases, the edges that exist, the activation.

Immutable, checked, private copies.
"""

from dataclasses import dataclass

import numpy as np

from backproof_numpy.activations import ACTIVATIONS
from backproof_numpy.arrays import BoolArray, FloatArray
from backproof_numpy.errors import DomainError, DtypeError, ShapeError
from backproof_numpy.validation import as_mask, as_parameters, as_real, check_choice


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer: a = f(W a_previous + b), over the edges that exist.

    Arguments:
        weights: (n_out, n_in), float32 or float64; `weights[i, j]` leads from neuron j to neuron i.
        biases: (n_out,) of the same dtype, or None for a layer without biases. mask: (n_out, n_in)
        booleans, False where there is no edge, or None for all edges. A missing edge has weight 0.
        activation: "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "gelu",
        or, in the output
            layer, "softmax".
        slope: of leaky_relu for z <= 0.
        alpha: of elu, above 0.
        approximate: "none" or "tanh", which of the two GELUs.

    Derivatives at a kink: relu 0, leaky_relu its slope, elu its alpha.

    The arrays are copied, and the copies are read-only.

    Raises: ShapeError, DtypeError, DomainError, ChoiceError.

    Source: E1 `forward-propagation`, E2 `bias-as-weight`; the mask from X1 `example-network`.

    >>> Layer([[0.5, 0.7]], activation="sigmoid").n_in
    2
    """

    weights: FloatArray
    biases: FloatArray | None = None
    mask: BoolArray | None = None
    activation: str = "sigmoid"
    slope: float = 0.01
    alpha: float = 1.0
    approximate: str = "none"

    def __post_init__(self) -> None:
        """Check the fields, and replace the arrays with private copies."""
        weights = as_parameters("weights", self.weights, ndim=2)
        fields: dict[str, object] = {"weights": weights}
        if self.biases is not None:
            biases = as_parameters("biases", self.biases, ndim=1)
            if biases.dtype != weights.dtype:
                hint = f"convert with biases.astype(numpy.{weights.dtype})"
                raise DtypeError("biases", f"{weights.dtype}, the dtype of the weights", str(biases.dtype), hint)
            if biases.shape != weights.shape[:1]:
                expected = f"shape ({weights.shape[0]},), one per row of the weights"
                raise ShapeError("biases", expected, f"shape {biases.shape}", "give one bias per neuron, or None")
            fields["biases"] = biases
        if self.mask is not None:
            mask = as_mask(self.mask, weights.shape)
            if weights[~mask].any():
                i, j = (int(index) for index in np.argwhere((weights != 0) & ~mask)[0])
                hint = "set the weight to 0, or the mask to True"
                raise DomainError(
                    "weights",
                    "0 where the mask is False",
                    f"{weights[i, j]!s} at index [{i}, {j}]",
                    hint,
                )
            fields["mask"] = mask
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("approximate", self.approximate, ("none", "tanh"))
        fields["slope"] = as_real("slope", self.slope, positive=False)
        fields["alpha"] = as_real("alpha", self.alpha, positive=True)
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def n_in(self) -> int:
        """The number of neurons (or inputs) the layer reads."""
        return int(self.weights.shape[1])

    @property
    def n_out(self) -> int:
        """The number of the layer's neurons."""
        return int(self.weights.shape[0])
