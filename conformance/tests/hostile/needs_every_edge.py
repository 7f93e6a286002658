from polite import serve


def change(request, line):
    if request["type"] == "run" and any(layer["mask"] for layer in request["case"]["layers"]):
        raise SystemExit(3)
    return line


serve(change)
