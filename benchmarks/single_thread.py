"""Import this before NumPy, torch or scikit-learn: every library then computes on one thread."""

import os

THREADS = 1

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
