import os

from polite import serve, third


def change(request, line):
    if third(request):
        os.write(1, b'{"id": 3, "result": [')
        for _ in range(2000):
            os.write(1, b"0.12345678901234567," * 50_000)
    return line


serve(change)
