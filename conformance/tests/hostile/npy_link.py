import json
import sys
from pathlib import Path

import numpy as np
from polite import HELLO, serve, third


def change(request, line):
    if not third(request):
        return line
    folder = Path(request["folder"])
    outside = folder.with_name(f"{folder.name}-{sys.argv[1]}.npy")
    np.save(outside, np.zeros(()))
    (folder / "loss.npy").symlink_to(outside)
    answer = json.loads(line)
    answer["result"][0]["loss"] = {"npy": "loss.npy"}
    return json.dumps(answer) + "\n"


serve(change, {**HELLO, "capabilities": ["npy"]})
