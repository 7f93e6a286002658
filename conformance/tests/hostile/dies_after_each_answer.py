import os
import sys

from polite import serve, third


def change(request, line):
    if third(request):
        sys.stdout.write(line)
        sys.stdout.flush()
        os._exit(0)
    return line


serve(change)
