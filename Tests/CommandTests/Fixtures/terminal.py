"""Runs a program on a terminal of its own, and types into it. For tests.

usage: terminal.py SCRIPT

SCRIPT is JSON: {"command": [...], "environment": {...}, "rows": 24, "columns": 80, "steps": [[verb, text], ...]}. Steps are
["expect", text] (waits until the text was shown since the last text that was waited for), ["type", keys], ["shows", path]
(waits until the file is there) and ["resize", "rows columns"]. Prints {"text": all that was shown, "status": exit code,
"missing": the text that did not come, or null}.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 60

script = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    # Whoever runs the tests may have it ignored or blocked, and children inherit that.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.environ.update(script["environment"])
    os.execvp(script["command"][0], script["command"])


def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


resize(script["rows"], script["columns"])
shown = b""
place = 0
is_open = True


def pump(seconds):
    """Takes what is shown within some seconds."""
    global shown, is_open
    if not is_open:
        return
    if select.select([terminal], [], [], seconds)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            data = b""
        is_open = bool(data)
        shown += data


missing = None
for verb, text in script["steps"]:
    end = time.monotonic() + PATIENCE
    if verb == "expect":
        while (found := shown.find(text.encode(), place)) < 0 and is_open and time.monotonic() < end:
            pump(0.05)
        if found < 0:
            missing = text
            break
        place = found + len(text.encode())
    elif verb == "shows":
        while not os.path.exists(text) and is_open and time.monotonic() < end:
            pump(0.05)
    elif verb == "resize":
        resize(*map(int, text.split()))
    else:
        os.write(terminal, text.encode())

end = time.monotonic() + (PATIENCE if missing is None else 0)
status = None
while status is None and time.monotonic() < end:
    pump(0.05)
    done, code = os.waitpid(child, os.WNOHANG)
    if done:
        status = os.waitstatus_to_exitcode(code)
while is_open and select.select([terminal], [], [], 0)[0]:
    pump(0)
if status is None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print(json.dumps({"text": shown.decode(errors="replace"), "status": status, "missing": missing}))
