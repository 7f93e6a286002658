import json

from polite import serve, third


def change(request, line):
    return json.dumps({"id": request["id"], "error": "no convergence"}) + "\n" if third(request) else line


serve(change)
