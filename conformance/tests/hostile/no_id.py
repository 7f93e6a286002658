from polite import serve, third

serve(lambda request, line: line.replace('"id": 3, ', "") if third(request) else line)
