import time

from polite import serve, third


def change(request, line):
    time.sleep(6 if third(request) else 0)
    return line


serve(change)
