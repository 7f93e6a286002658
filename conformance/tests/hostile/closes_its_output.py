import os
import time

from polite import serve, third


def change(request, line):
    if third(request):
        os.close(1)
        time.sleep(1000)
    return line


serve(change)
