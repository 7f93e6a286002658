import time

from polite import serve, third


def change(request, line):
    if third(request):
        print(line[:40], end="", flush=True)
        time.sleep(1000)
    return line


serve(change)
