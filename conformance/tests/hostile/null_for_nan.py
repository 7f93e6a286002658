import json

from polite import serve, third


def change(request, line):
    answer = json.loads(line)
    if third(request):
        answer["result"][0]["loss"] = [None]
    return json.dumps(answer) + "\n"


serve(change)
