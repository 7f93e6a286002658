import signal
import time

from polite import serve

for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(name, signal.SIG_IGN)
serve()
time.sleep(1000)
