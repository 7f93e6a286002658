import json

from polite import serve, third


def change(request, line):
    answer = json.loads(line)
    if third(request):
        answer["result"][0]["deltas"][0][1].pop()
    return json.dumps(answer) + "\n"


serve(change)
