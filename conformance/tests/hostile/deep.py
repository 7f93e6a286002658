from polite import serve, third

serve(lambda request, line: '{"id": 3, "result": ' + "[" * 200_000 + "\n" if third(request) else line)
