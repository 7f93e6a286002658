from polite import serve

print("Loading the model ...", flush=True)
serve()
