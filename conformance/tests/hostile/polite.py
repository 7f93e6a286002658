"""What the wrong programs do right: the skeleton that ships, with a hook for the one thing that each does wrong."""

import json
import re
import sys
from pathlib import Path

import backproof

sys.path.insert(0, str(Path(backproof.__file__).parent / "wire" / "skeletons"))
from my_net import HELLO, run

THIRD = "sigmoid-binary"


def third(request):
    return request["type"] == "run" and request["case"]["slug"] == THIRD


def unchanged(request, line):
    del request
    return line


def serve(change=unchanged, hello=HELLO):
    """Answer as one should; change(request, line) returns what is written instead."""
    for text in sys.stdin:
        request = json.loads(text)
        if request["type"] == "bye":
            break
        answer = hello if request["type"] == "hello" else {"id": request["id"], "result": run(request["case"])}
        sys.stdout.write(change(request, re.sub("-?Infinity|NaN", r'"\g<0>"', json.dumps(answer)) + "\n"))
        sys.stdout.flush()
