from polite import serve


def change(request, line):
    if request["type"] == "run":
        [len(layer["biases"]) for layer in request["case"]["layers"]]
    return line


serve(change)
