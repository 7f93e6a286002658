from polite import serve, third

serve(lambda request, line: line.replace('"loss": ', '"loss": 1.0, "loss": ') if third(request) else line)
