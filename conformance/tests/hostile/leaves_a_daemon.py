import os
import sys
import time

from polite import serve

if os.fork() == 0:  # as daemons do: a session of its own, a parent that ends, another environment
    os.setsid()
    if os.fork() == 0:
        words = [sys.executable, "-c", "import time; time.sleep(1000)", *sys.argv[1:]]
        os.execve(sys.executable, words, {})  # noqa: S606 - itself
    os._exit(0)
time.sleep(0.2)
serve()
