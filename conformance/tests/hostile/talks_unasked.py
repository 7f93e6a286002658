from polite import serve, third

serve(lambda request, line: line + "done!\n" if third(request) else line)
