import json

from polite import HELLO, serve


def change(request, line):
    answer = json.loads(line)
    if request["type"] == "run":
        answer["result"] = {"deltas": answer["result"][0]["deltas"]}
    return json.dumps(answer) + "\n"


serve(change, hello={**HELLO, "observes": ["loss"]})
