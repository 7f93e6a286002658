import os
import signal

from polite import serve, third


def change(request, line):
    if third(request):
        os.killpg(0, signal.SIGKILL)
    return line


serve(change)
