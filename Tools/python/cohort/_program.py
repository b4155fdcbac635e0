"""The program `cohort`: run as a child, with pipes and `--json`. What writes a store goes this way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import IO, Any

from cohort._errors import CohortError, QuarantineWarning, UnavailableError, UsageError, category

_QUARANTINED = 6
_STDERR_KEPT = 1 << 16
_PIECE = 1 << 18


def program() -> str:
    """The path of the program: the one that the package carries, else COHORT_PROGRAM, else `cohort` on PATH.

    Raises: UnavailableError if there is none.
    """
    carried = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "cohort")
    for path in (carried, os.environ.get("COHORT_PROGRAM", ""), shutil.which("cohort") or ""):
        if path and os.access(path, os.X_OK):
            return path
    raise UnavailableError(
        "There is no program cohort", code="python.no-program", place=carried,
        hint="Install the wheel, or set COHORT_PROGRAM to the program's path",
    )  # fmt: skip


def sqlite_extension() -> str:
    """The path of libcohort, which is an extension of SQLite as well:

        db = sqlite3.connect(":memory:")
        db.enable_load_extension(True)
        db.load_extension(cohort.sqlite_extension())
        db.execute("SELECT cohort_open('data/store')")

    Raises: UnavailableError if the package does not carry it.
    """
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libcohort.so")
    if os.path.exists(path):
        return path
    raise UnavailableError(
        "The package carries no libcohort.so", code="python.no-library", place=path, hint="Install the wheel"
    )


def version() -> str:
    """The release of libcohort, such as "0.2.0"."""
    from cohort import _native

    return _native.version()


def run(
    verb: str,
    *arguments: str | os.PathLike[str] | int,
    store: str | os.PathLike[str] | None = None,
    input: Iterable[bytes] | None = None,
    progress: bool | None = False,
    **options: Any,
) -> Any:
    """Runs a command of the program, and returns what it reports.

        cohort.run("sample show", 17, store="data/store")
        cohort.run("plan show", "first", epoch=0, steps="0..<3", store="data/store")

    Args:
        verb: the command's words.
        arguments: what stands behind it. Never taken for options.
        store: the store's folder; else as the program finds it (COHORT_STORE, ./cohort).
        input: pieces of bytes for its standard input, taken as fast as it reads them.
        progress: whether what it says on the way (and its progress) goes to `sys.stderr`; None: if that is a terminal.
        options: `batch_size=32` is `--batch-size=32`, `True` a flag, a list an option that is repeated; None and False are
            left out.

    Returns:
        The object that it prints as a Report (a dict), or a list where it prints several.

    Raises:
        CohortError: as the program says, by category. What it had done before is in `result`.

    Warns:
        QuarantineWarning: when it is done and left something aside.
    """
    text, status = output(verb, *arguments, store=store, input=input, progress=progress, json=True, **options)
    return _report(verb, text, status)


def output(
    verb: str,
    *arguments: str | os.PathLike[str] | int,
    store: str | os.PathLike[str] | None = None,
    input: Iterable[bytes] | None = None,
    progress: bool | None = False,
    **options: Any,
) -> tuple[str, int]:
    """Like `run`, but what the program printed as it is, and 0 or 6 (done, something left aside)."""
    if store is not None:
        options["store"] = store
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    options["progress"] = "on" if progress else "off"
    command = [program(), *verb.split(), *_flags(options)]
    if arguments:
        command += ["--", *(os.fspath(value) if isinstance(value, os.PathLike) else str(value) for value in arguments)]
    status, printed, said = _child(command, input, bool(progress))
    text = printed.decode("utf-8", "surrogateescape")
    if status not in (0, _QUARANTINED):
        raise _failure(verb, text, said.decode("utf-8", "replace"), status)
    return text, status


def lines(
    verb: str,
    *arguments: str | os.PathLike[str] | int,
    store: str | os.PathLike[str],
    progress: bool | None = False,
    **options: Any,
) -> Iterator[bytes]:
    """The lines that a command prints, while it runs: memory does not grow with them.

    Raises: CohortError behind the last line, as `run` does.
    """
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    options |= {"store": store, "progress": "on" if progress else "off", "json": True}
    command = [program(), *verb.split(), *_flags(options), "--", *map(str, arguments)]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=-1)
    assert child.stdout is not None and child.stderr is not None
    said = bytearray()
    # The last line is the error of a command that fails.
    last = b""
    listener = threading.Thread(target=_listen, args=(child.stderr, said, bool(progress)), daemon=True)
    try:
        listener.start()
        for line in child.stdout:
            if last:
                yield last
            last = line
        status = child.wait()
        listener.join()
    except BaseException:
        _end(child)
        raise
    finally:
        child.stdout.close()
        child.stderr.close()
    if status not in (0, _QUARANTINED):
        raise _failure(verb, last.decode("utf-8", "replace"), said.decode("utf-8", "replace"), status)
    if last:
        yield last


def _flags(options: Mapping[str, Any]) -> list[str]:
    flags: list[str] = []
    for name, value in options.items():
        flag = "--" + name.rstrip("_").replace("_", "-")
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if item is True:
                flags.append(flag)
            elif item is not None and item is not False:
                flags.append(f"{flag}={os.fspath(item) if isinstance(item, os.PathLike) else item}")
    return flags


def _child(command: list[str], input: Iterable[bytes] | None, forward: bool) -> tuple[int, bytes, bytes]:
    """Exit status, standard output and the end of standard error. Standard input is fed from this thread, as fast as the
    child reads."""
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
    except OSError as error:
        raise UnavailableError(
            "The program cohort cannot be run", code="python.no-program", place=command[0], cause=str(error)
        ) from error
    assert child.stdout is not None and child.stderr is not None
    printed: list[bytes] = []
    said = bytearray()
    readers = [
        threading.Thread(target=_collect, args=(child.stdout, printed), daemon=True),
        threading.Thread(target=_listen, args=(child.stderr, said, forward), daemon=True),
    ]
    try:
        for reader in readers:
            reader.start()
        if input is not None:
            assert child.stdin is not None
            _feed(child.stdin, input)
        status = child.wait()
        for reader in readers:
            reader.join()
    except BaseException:
        _end(child)
        raise
    finally:
        if child.stdin is not None:
            child.stdin.close()
        child.stdout.close()
        child.stderr.close()
    return status, b"".join(printed), bytes(said)


def _feed(pipe: IO[bytes], pieces: Iterable[bytes]) -> None:
    """Small pieces go together. Ends early where the child wants no more: what it printed says why."""
    waiting = bytearray()
    try:
        for piece in pieces:
            waiting += piece
            if len(waiting) >= _PIECE:
                _write(pipe, waiting)
                waiting = bytearray()
        _write(pipe, waiting)
    except BrokenPipeError:
        pass
    pipe.close()


def _write(pipe: IO[bytes], data: bytearray) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[pipe.write(rest) :]


def _collect(pipe: IO[bytes], pieces: list[bytes]) -> None:
    while piece := pipe.read(1 << 16):
        pieces.append(piece)


def _listen(pipe: IO[bytes], kept: bytearray, forward: bool) -> None:
    while piece := pipe.read(1 << 12):
        kept += piece
        if len(kept) > _STDERR_KEPT:
            del kept[: len(kept) - _STDERR_KEPT]
        if forward and sys.stderr is not None and not piece.startswith(b"error: "):
            sys.stderr.write(piece.decode("utf-8", "replace"))
            sys.stderr.flush()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Asks the child to end, and sees to it. What it had acknowledged is stored."""
    child.terminate()
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _report(verb: str, text: str, status: int) -> Any:
    from cohort._tables import Report

    value = parsed(text)
    if isinstance(value, dict):
        value = Report(value)
    if status == _QUARANTINED:
        count = value.get("quarantined") or value.get("refused") if isinstance(value, dict) else None
        warnings.warn(
            f"{verb}: done, but {count or 'some'} records were left aside; store.sql('SELECT * FROM quarantine') says why",
            QuarantineWarning,
            stacklevel=_outside(),
        )
    return value


def parsed(text: str) -> Any:
    """One JSON value, or lines of them as a list."""
    text = text.strip()
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line]


def _failure(verb: str, text: str, said: str, status: int) -> CohortError:
    """The error that a command ended with: the last line that it printed."""
    try:
        # A stream of lines may stand before it; of an array that was begun it is the last element.
        last = json.loads(text.rstrip().removesuffix("\n]").rpartition("\n")[2])
        error = last.pop("error")
        fields = {name: error.get(name) or "" for name in ("code", "place", "cause", "hint")}
        return category(error.get("exit_code", status))(error["message"], result=last, **fields)
    except (ValueError, KeyError, AttributeError, TypeError):
        pass
    if status < 0:
        return CohortError(
            f"cohort {verb} was ended by signal {-status}", code="python.killed", cause=said.strip(),
            hint="Run it again: what it had acknowledged is stored",
        )  # fmt: skip
    return category(status)(f"cohort {verb} failed", code="python.program", cause=said.strip())


def _outside() -> int:
    """How many frames up the package is left."""
    depth, here = 1, os.path.dirname(__file__)
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(here):
        frame, depth = frame.f_back, depth + 1
    return depth


def scalar(value: Any) -> str:
    """A value of SQL as the program reads it: as JSON, so that a text which looks like a number stays one."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return json.dumps(value)
    raise UsageError(f"SQL takes numbers, texts and None, not {type(value).__name__}", code="python.usage")


def listed(value: Any, name: str) -> str | None:
    """A list as a program's option takes it: with commas. Texts stay."""
    if value is None or isinstance(value, str):
        return value
    try:
        return ",".join(str(item) for item in value)
    except TypeError:
        raise UsageError(f"{name} must be a list, not {value!r}", code="python.usage") from None


def assigned(value: Mapping[str, Any] | str | None) -> str | None:
    """A mapping as `a=b,c=d`. Texts stay."""
    if value is None or isinstance(value, str):
        return value
    return ",".join(f"{key}={item}" for key, item in value.items())


def conditions(value: Mapping[str, Any] | str | Iterable[str] | None) -> list[str]:
    """Conditions as the program's repeated option takes them: `{"lang": "fr"}`, or texts such as "lang!=fr"."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [f"{key}={_text(item)}" for key, item in value.items()]
    return [str(item) for item in value]


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
