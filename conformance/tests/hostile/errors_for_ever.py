import os
import threading

from polite import serve


def complain():
    while True:
        os.write(2, b"warning: deprecated\n" * 1000)


threading.Thread(target=complain, daemon=True).start()
serve()
