import json

from polite import serve


def change(request, line):
    return json.dumps({**json.loads(line), "id": 1}) + "\n" if request["type"] == "run" else line


serve(change)
