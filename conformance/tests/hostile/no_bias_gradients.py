import json

from polite import HELLO, serve


def change(request, line):
    answer = json.loads(line)
    if request["type"] == "run":
        answer["result"] = {"weight_gradients": answer["result"][0]["weight_gradients"]}
    return json.dumps(answer) + "\n"


serve(change, hello=HELLO)
