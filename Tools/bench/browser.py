"""A Chromium without a window, spoken to by its DevTools protocol over pipes: no port, no packages."""

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"]


class Browser:
    """One page in one browser; use it in a `with`. `size` is the window's, in pixels."""

    def __init__(self, path: str | None = None, size: tuple[int, int] = (1400, 900)):
        path = path or next((found for name in NAMES if (found := shutil.which(name))), None)
        if path is None:
            raise SystemExit("no Chromium found: install one, or name it by --chromium PATH")
        self.folder = tempfile.TemporaryDirectory(prefix="browser-")
        to_read, self.send_end = os.pipe()
        self.receive_end, to_write = os.pipe()
        flags = ["--headless=new", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--remote-debugging-pipe",
                 f"--user-data-dir={self.folder.name}", f"--window-size={size[0]},{size[1]}", "about:blank"]
        if os.geteuid() == 0:
            flags.insert(0, "--no-sandbox")
        # The browser speaks on descriptors 3 (in) and 4 (out).
        command = f'exec "$0" "$@" 3<&{to_read} 4>&{to_write}'
        self.child = subprocess.Popen(["sh", "-c", command, path, *flags], pass_fds=[to_read, to_write],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.pending, self.number, self.events = b"", 0, []
        target = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Performance"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self.child.wait(10)
        except (OSError, SystemExit, subprocess.TimeoutExpired):
            self.child.kill()
            self.child.wait()
        os.close(self.send_end)
        os.close(self.receive_end)
        shutil.rmtree(self.folder.name, ignore_errors=True)

    session = None

    def call(self, method: str, timeout: float = 120, **parameters) -> dict:
        """Asks, and waits for the answer; what else comes is kept in `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self.send_end, text):]
        until = time.monotonic() + timeout
        while True:
            answer = self.receive(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self, until: float) -> dict:
        while b"\0" not in self.pending:
            if not select.select([self.receive_end], [], [], max(0, until - time.monotonic()))[0]:
                raise SystemExit("the browser did not answer in time")
            part = os.read(self.receive_end, 1 << 20)
            if not part:
                raise SystemExit("the browser ended")
            self.pending += part
        text, self.pending = self.pending.split(b"\0", 1)
        return json.loads(text)

    def run(self, script: str, timeout: float = 120):
        """The value of an expression in the page; of a promise, what it becomes."""
        answer = self.call("Runtime.evaluate", timeout, expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"the page threw: {json.dumps(answer['exceptionDetails'])[:600]}")
        return answer["result"].get("value")

    def open(self, path: Path) -> None:
        """Starts to load a file; returns before it is there."""
        self.call("Page.navigate", url=path.resolve().as_uri())

    def busy(self) -> float:
        """Seconds that the page's own thread has worked so far."""
        metrics = self.call("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "TaskDuration")

    def picture(self, path: Path) -> None:
        import base64

        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def complaints(self) -> list[str]:
        """What the page reported as errors so far: exceptions, blocked loads, failed policies."""
        found = []
        for event in self.events:
            method, said = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                details = said["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details["text"])
            elif method == "Log.entryAdded" and said["entry"]["level"] == "error":
                found.append(said["entry"]["text"])
        return found
