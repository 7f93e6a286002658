"""Backpropagation in NumPy: any depth and widths, sparse or dense, nothing allocated in the step.

`Layer` and `Network` make a network, `Network.forward`, `.backward` and `.step` show every z, a,
delta and gradient, `fit` descends by batch, sample or mini-batch.
"""

from backproof_numpy.descent import History, Progress, fit
from backproof_numpy.errors import (
    ChoiceError,
    CombinationError,
    DomainError,
    DtypeError,
    NetworkError,
    ShapeError,
)
from backproof_numpy.layer import Layer
from backproof_numpy.network import Network
from backproof_numpy.results import Backward, Forward

__all__ = [
    "Backward",
    "ChoiceError",
    "CombinationError",
    "DomainError",
    "DtypeError",
    "Forward",
    "History",
    "Layer",
    "Network",
    "NetworkError",
    "Progress",
    "ShapeError",
    "fit",
]
