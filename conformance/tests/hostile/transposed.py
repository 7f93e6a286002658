import json

from polite import serve


def change(request, line):
    answer = json.loads(line)
    if request["type"] == "run":
        answer["result"][0]["weights"] = [list(zip(*w, strict=True)) for w in answer["result"][0]["weights"]]
    return json.dumps(answer) + "\n"


serve(change)
