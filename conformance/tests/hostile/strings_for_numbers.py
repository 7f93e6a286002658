import json

from polite import serve, third


def change(request, line):
    answer = json.loads(line)
    if third(request):
        answer["result"][0]["deltas"][0][1][2] = "0,25"
    return json.dumps(answer) + "\n"


serve(change)
