import os
import time

from polite import serve, third


def change(request, line):
    if third(request):
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
        os._exit(9)
    return line


serve(change)
