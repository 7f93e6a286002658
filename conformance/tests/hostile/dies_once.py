import os

from polite import serve

asked = []


def change(request, line):
    asked.append(request["type"])
    if asked.count("run") == 3:
        os._exit(7)
    return line


serve(change)
