from polite import serve, third

serve(lambda request, line: line + line if third(request) else line)
