from polite import serve, third

serve(lambda request, line: "loss = 0.25\n" if third(request) else line)
