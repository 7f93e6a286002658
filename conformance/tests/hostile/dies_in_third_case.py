import os
import signal
import sys

from polite import serve, third


def change(request, line):
    if third(request):
        print("out of luck", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    return line


serve(change)
