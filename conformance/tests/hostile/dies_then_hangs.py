import os
import sys
import time
from pathlib import Path

from polite import serve

marker = Path(sys.argv[1])


def change(request, line):
    if request["type"] != "run":
        return line
    if marker.exists():
        marker.unlink()
        time.sleep(1000)
    marker.touch()
    os._exit(7)


serve(change)
