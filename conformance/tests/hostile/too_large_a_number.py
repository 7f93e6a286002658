from polite import serve, third

serve(lambda request, line: line.replace('"loss": ', '"loss": 1e400, "x": ') if third(request) else line)
