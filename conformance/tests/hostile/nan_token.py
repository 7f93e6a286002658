import json
import math

from polite import serve, third


def change(request, line):
    answer = json.loads(line)
    if third(request):
        answer["result"][0]["loss"] = math.nan
    return json.dumps(answer) + "\n"


serve(change)
