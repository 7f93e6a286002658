import os

from polite import serve, third


def change(request, line):
    if third(request):
        os.write(1, line[:40].encode())
        os._exit(0)
    return line


serve(change)
