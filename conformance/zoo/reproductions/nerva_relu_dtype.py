"""nerva-numpy: behind a ReLU the deltas of a float32 network are float64."""

import numpy as np
from nerva_numpy.activation_functions import ReLUActivation
from nerva_numpy.layers import ActivationLayer

layer = ActivationLayer(2, 3, ReLUActivation())
output = layer.feedforward(np.ones((1, 2), np.float32))
layer.backpropagate(output, np.ones_like(output))
print(f"weights {layer.W.dtype}, output {output.dtype}, gradient of ReLU {layer.act.gradient(layer.Z).dtype}")
print(f"deltas {layer.DZ.dtype}, right: float32; what is propagated {layer.DX.dtype}")
raise SystemExit(not (output.dtype == np.float32 and layer.DZ.dtype == np.float64))
