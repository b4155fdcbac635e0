"""A `cohortd` for tools: started, watched, asked and killed. Python's standard library only."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def executables(folder: str | None = None) -> Path:
    """The folder with `cohort` and `cohortd`: the one named, else the newest build of this checkout."""
    candidates = [Path(folder).resolve()] if folder else [ROOT / ".build" / kind for kind in ("release", "debug")]
    found = [c for c in candidates if (c / "cohortd").is_file() and (c / "cohort").is_file()]
    if not found:
        raise SystemExit(f"no cohort and cohortd in {', '.join(map(str, candidates))}: swift build")
    return max(found, key=lambda c: (c / "cohortd").stat().st_mtime)


def run(argv: list, check: bool = True) -> str:
    """Standard output of a command that has to succeed."""
    done = subprocess.run([str(part) for part in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, argv))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def made_up_rows(count: int, first: int = 0) -> list[dict]:
    """Samples of three tasks, with responses of different lengths."""
    tasks = ("sum", "poem", "code")
    return [
        {"prompt": f"question number {i} of {tasks[i % 3]}", "completion": f"word {i} " * (i % 17 + 1), "kind": tasks[i % 3]}
        for i in range(first, first + count)
    ]


def lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def retry_after(self) -> float:
        text = self.headers.get("retry-after", "")
        return float(text) if text.isdigit() else 0.2


class Broken(Exception):
    """The connection ended, or said what is not HTTP, before the answer was whole."""


class Client:
    """One kept connection; requests one after the other. It connects when it has to."""

    def __init__(self, host: str, port: int, token: str | None = None, timeout: float = 60):
        self.host, self.port, self.token, self.timeout = host, port, token, timeout
        self.reader = self.writer = None

    async def close(self) -> None:
        writer, self.reader, self.writer = self.writer, None, None
        if writer:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                pass

    async def request(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> Response:
        """Raises `Broken` when there is no whole answer: nobody knows then whether the request was carried out."""
        try:
            return await asyncio.wait_for(self._request(method, path, body, headers or {}), self.timeout)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError, asyncio.LimitOverrunError) as problem:
            await self.close()
            raise Broken(f"{method} {path}: {type(problem).__name__} {problem}") from problem

    async def _request(self, method: str, path: str, body: bytes | None, headers: dict) -> Response:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
        fields = {"Host": f"{self.host}:{self.port}", **headers}
        if self.token:
            fields["Authorization"] = f"Bearer {self.token}"
        if body is not None or method in ("POST", "PUT", "PATCH"):
            fields["Content-Length"] = str(len(body or b""))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
        self.writer.write(head.encode() + (body or b""))
        # A server that refuses a body answers before all of it was sent, and may close then.
        drained = asyncio.ensure_future(self.writer.drain())
        try:
            return await self._response(method)
        finally:
            drained.cancel()
            try:
                await drained
            except (OSError, asyncio.CancelledError):
                pass

    async def _response(self, method: str) -> Response:
        status = 100
        while 100 <= status < 200:
            first = (await self._line()).split(b" ", 2)
            if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit():
                raise ValueError(f"not a status line: {first!r}")
            status, headers = int(first[1]), {}
            while line := await self._line():
                name, _, value = line.partition(b":")
                headers[name.decode().strip().lower()] = value.decode().strip()
        if method == "HEAD" or status in (204, 304):
            body = b""
        elif "chunked" in headers.get("transfer-encoding", "").lower():
            parts = []
            while size := int((await self._line()).split(b";")[0], 16):
                parts.append(await self.reader.readexactly(size))
                await self.reader.readexactly(2)
            while await self._line():
                pass
            body = b"".join(parts)
        elif "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        else:
            body = await self.reader.read()
            headers["connection"] = "close"
        if headers.get("connection", "").lower() == "close":
            await self.close()
        return Response(status, headers, body)

    async def _line(self) -> bytes:
        return (await self.reader.readuntil(b"\n")).rstrip(b"\r\n")


class Daemon:
    """A `cohortd` with one store, on a TCP port of its own."""

    token = "write-0123456789abcdef0123456789abcdef"
    reading_token = "read-0123456789abcdef0123456789abcdef"

    def __init__(self, folder: Path, store: Path, binaries: Path, options: list[str] | None = None):
        self.folder, self.store, self.binaries, self.options = folder, store, binaries, options or []
        self.token_file = folder / "tokens"
        self.token_file.touch(mode=0o600)
        self.token_file.write_text(f"write {self.token}\nread {self.reading_token}\n")
        self.log = folder / "cohortd.log"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> float:
        """Starts it and waits until it is ready to be asked.

        Returns the seconds that took.
        """
        argv = [self.binaries / "cohortd", "--store", self.store, "--listen", f"127.0.0.1:{self.port}"]
        argv += ["--token-file", self.token_file, "--log-format", "json", *self.options]
        begun = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        while time.monotonic() < begun + 60:
            if self.process.poll() is not None:
                raise SystemExit(f"cohortd ended with {self.process.returncode}\n{self.tail()}")
            try:
                if self.ask("GET", "/readyz", token=None).status == 200:
                    return time.monotonic() - begun
            except Broken:
                pass
            time.sleep(0.01)
        raise SystemExit(f"cohortd is not ready after 60 s\n{self.tail()}")

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = 30) -> tuple[int, float]:
        """SIGTERM. Returns the exit code and the seconds it took."""
        begun = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.process.returncode, time.monotonic() - begun

    def client(self, token: str | None = token, timeout: float = 60) -> Client:
        return Client("127.0.0.1", self.port, token, timeout)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict | None = None, token: str | None = token
    ) -> Response:
        """One request on a connection of its own, for callers that are not asynchronous."""

        async def once() -> Response:
            client = self.client(token)
            try:
                return await client.request(method, path, body, headers)
            finally:
                await client.close()

        return asyncio.run(once())

    def name(self) -> str:
        """The store's name in paths."""
        document = self.ask("GET", "/v1/stores").json()
        stores = document if isinstance(document, list) else document.get("stores", [])
        return stores[0]["name" if "name" in stores[0] else "store"]

    def use(self) -> dict[str, float]:
        """Memory in MiB (`anonymous`: its own, without mapped files), descriptors and processor seconds, right now.

        Empty while there is no process. Children count: a store may have a process of its own.
        """
        found = {"anonymous": 0.0, "resident": 0.0, "descriptors": 0.0, "threads": 0.0, "cpu": 0.0}
        try:
            for pid in [self.process.pid, *children(self.process.pid)]:
                for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                    key, _, value = line.partition(":")
                    if key == "RssAnon":
                        found["anonymous"] += int(value.split()[0]) / 1024
                    elif key == "VmRSS":
                        found["resident"] += int(value.split()[0]) / 1024
                    elif key == "Threads":
                        found["threads"] += int(value)
                found["descriptors"] += len(os.listdir(f"/proc/{pid}/fd"))
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                found["cpu"] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, AttributeError):
            return {}
        return found if found["resident"] else {}


def children(pid: int) -> list[int]:
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found += [int(word) for word in (thread / "children").read_text().split()]
        except OSError:
            pass
    return found


def prepare_store(binaries: Path, folder: Path, rows: int = 600, name: str = "store") -> Path:
    """A store with samples, two groupings (`tasks`, `lengths`), a snapshot `monday` and a plan `first`."""
    store, data = folder / name, folder / f"{name}-rows.jsonl"
    data.write_bytes(lines(made_up_rows(rows)))
    cohort = [binaries / "cohort", "--store", store]
    run([*cohort, "init"])
    run([*cohort, "ingest", data, "--task-field", "kind"])
    run([*cohort, "grouping", "create", "tasks", "--by", "task"])
    run([*cohort, "grouping", "create", "lengths", "--by", "length", "--edges", "20,60"])
    run([*cohort, "snapshot", "create", "monday"])
    run([*cohort, "plan", "create", "first", "--snapshot", "monday", "--grouping", "tasks", "--batch-size", "16"])
    return store
