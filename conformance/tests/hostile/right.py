from polite import serve

serve()
