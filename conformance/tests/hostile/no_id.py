from polite import serve, third

serve(lambda request, line: line.replace('"id": 12, ', "") if third(request) else line)
