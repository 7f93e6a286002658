import sys
import time

from polite import serve, third


def change(request, line):
    if third(request):
        print("thinking", file=sys.stderr, flush=True)
        time.sleep(1000)
    return line


serve(change)
