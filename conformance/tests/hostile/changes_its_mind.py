import os
import sys
from pathlib import Path

from polite import HELLO, serve, third

marker = Path(sys.argv[1])
again = marker.exists()
marker.touch()


def change(request, line):
    if third(request):
        os._exit(1)
    return line


serve(change, hello={**HELLO, "losses": ["log"]} if again else HELLO)
