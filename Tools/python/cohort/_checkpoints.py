"""Which of a Trainer's checkpoint folders are complete, and where in the plan each of them stands.

The Trainer writes a checkpoint file by file; a process that is killed leaves a folder that looks like the newest one. So
a folder here carries a marker, ``cohort.json``, written in one piece after everything else is on disk. The marker says
which plan the checkpoint belongs to and the cursor of the next step.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARKER = "cohort.json"
PREFIX = "checkpoint-"


def begin(folder: str | os.PathLike) -> None:
    """Say that `folder` is being written: what it held before counts no more."""
    os.makedirs(folder, exist_ok=True)
    _write(Path(folder) / MARKER, {"complete": False})


def complete(folder: str | os.PathLike, facts: dict[str, Any]) -> None:
    """Bring all files of `folder` to disk, then mark it complete. `facts` holds plan_hash, cursor and the like."""
    for path in sorted(Path(folder).rglob("*")):
        if (path.is_file() and path.name != MARKER) or path.is_dir():
            _sync(path)
    _sync(Path(folder))
    _write(Path(folder) / MARKER, {"complete": True, **facts})


def read(folder: str | os.PathLike) -> dict[str, Any] | None:
    """The facts of a complete checkpoint; None if it is not complete or not marked."""
    try:
        facts = json.loads((Path(folder) / MARKER).read_text())
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) and facts.get("complete") is True else None


def newest(output: str | os.PathLike) -> str | None:
    """The newest complete checkpoint under `output` that a training can go on from; None if there is none."""
    for _, folder in sorted(_numbered(output), reverse=True):
        facts = read(folder)
        if facts and not facts.get("weights_only"):
            return os.fspath(folder)
    return None


def rotate(output: str | os.PathLike, limit: int | None, keep: str | None = None) -> None:
    """Remove the oldest complete checkpoints beyond `limit`, never the newest nor `keep`, and what was left unfinished.

    Folders without a marker are not ours, and stay.
    """
    if not limit or limit < 1:
        return
    complete_ones, unfinished = [], []
    for _, folder in sorted(_numbered(output)):
        if read(folder):
            complete_ones.append(folder)
        elif (folder / MARKER).exists():
            unfinished.append(folder)
    protected = {os.path.realpath(keep)} if keep else set()
    surplus = len(complete_ones) - limit
    for folder in complete_ones[:-1]:
        if surplus <= 0:
            break
        if os.path.realpath(folder) not in protected:
            unfinished.append(folder)
            surplus -= 1
    for folder in unfinished:
        # A folder that is half removed must not count as complete.
        _write(folder / MARKER, {"complete": False})
        shutil.rmtree(folder, ignore_errors=True)


def _numbered(output: str | os.PathLike) -> Iterator[tuple[int, Path]]:
    for path in Path(output).glob(f"{PREFIX}*"):
        number = path.name[len(PREFIX) :]
        if number.isdigit() and path.is_dir():
            yield int(number), path


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(path.name + ".partial")
    with open(partial, "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
