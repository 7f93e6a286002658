import os

from polite import serve, third


def change(request, line):
    if third(request):
        os.write(1, b'{"id": 3, "error": "\xe4"}\n')
    return "" if third(request) else line


serve(change)
