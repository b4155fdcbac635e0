"""The file of results: one JSON line for each finished run, found by its settings."""

import json
import math
import os
from pathlib import Path

import numpy as np


class Results:
    """Appends are one write, flushed to the disk; a line that a kill cut short is skipped and its run is made again."""

    def __init__(self, path: Path):
        self.path, self.rows, self.places = path, [], {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    row = json.loads(line)
                except json.JSONDecodeError:
                    continue
                self.remember(row)

    def remember(self, row: dict) -> None:
        self.places[key(row["settings"])] = len(self.rows)
        self.rows.append(row)

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, settings: dict) -> dict | None:
        place = self.places.get(key(settings))
        return None if place is None else self.rows[place]["measures"]

    def add(self, settings: dict, measures: dict) -> None:
        row = {"settings": settings, "measures": measures}
        torn = self.path.exists() and self.path.stat().st_size and self.path.read_bytes()[-1:] != b"\n"
        with open(self.path, "a") as f:
            f.write(("\n" if torn else "") + json.dumps(row) + "\n")
            f.flush()
            os.fsync(f.fileno())
        self.remember(row)


def key(settings: dict) -> str:
    return json.dumps(settings, sort_keys=True)


def best_rate(rates: list[float], sweep: list[list[dict | None]]) -> float:
    """The learning rate with the least mean loss on `valid`; `sweep[i]` are the runs with `rates[i]`. Diverged runs lose."""
    means = []
    for runs in sweep:
        if any(run is None for run in runs):
            raise ValueError("the sweep of learning rates is not finished: it comes with the phases 'tuned' and 'scratch'")
        mean = float(np.mean([run["valid"]["all"] for run in runs]))
        means.append(mean if math.isfinite(mean) else math.inf)
    return rates[int(np.argmin(means))]
