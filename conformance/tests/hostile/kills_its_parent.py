import os
import signal
import time

from polite import serve, third


def change(request, line):
    if third(request):
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)
    return line


serve(change)
