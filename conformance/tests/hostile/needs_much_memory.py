from polite import serve, third


def change(request, line):
    return line if not third(request) else str(bytearray(4 << 30))


serve(change)
