from polite import serve, third

serve(lambda request, line: line.replace('"id": 12', '"id": 11') if third(request) else line)
