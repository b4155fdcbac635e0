"""The clustering engine without store and files: builds `clustering-bench` and runs it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def build(work: Path) -> Path:
    scratch = work / "clustering-bench"
    command = ["swift", "build", "-c", "release", "--package-path", HERE / "clustering", "--scratch-path", scratch]
    subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr)
    return scratch / "release" / "clustering-bench"


@dataclass
class History:
    """What the engine made of a history: by sample, in order of arrival, the place of its group's centroid, and whether
    it was assigned provisionally; centroids as published."""

    reports: list[dict]
    groups: np.ndarray
    provisional: np.ndarray
    centroids: np.ndarray

    @property
    def last(self) -> dict:
        return self.reports[-1]


def history(binary: Path, folder: Path, vectors: Path, dimension: int, options: list, events=None) -> History:
    """Runs a whole history: `events` are rows to insert, or -row - 1 to delete; without them all rows in file order."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "history"
    command = [binary, "history", vectors, "--out", out, *options]
    if events is not None:
        np.asarray(events, np.int64).tofile(folder / "events")
        command += ["--order", folder / "events"]
    told = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return History(
        [json.loads(line) for line in told.splitlines()],
        np.fromfile(f"{out}.groups", np.uint32),
        np.signbit(np.fromfile(f"{out}.distances", np.float32)),
        np.fromfile(f"{out}.centroids", np.float32).reshape(-1, dimension),
    )
