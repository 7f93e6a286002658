from polite import serve


def change(request, line):
    return line.replace('"-Infinity"', "null").replace('"Infinity"', "null") if request["type"] == "run" else line


serve(change)
