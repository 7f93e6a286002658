import json

from polite import serve


def change(request, line):
    answer = json.loads(line)
    if request["type"] == "run":
        answer["result"] = answer["result"][0]
    return json.dumps(answer) + "\n"


serve(change)
