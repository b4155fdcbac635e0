"""The short form of Tools/torture/train-while-ingesting: steps of a plan while a daemon pours samples into the store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "torture" / "train-while-ingesting"
TORTURE = os.environ.get("COHORT_TORTURE") == "1"


def test_steps_stay_as_they_are_while_a_daemon_ingests(tmp_path: Path) -> None:
    """The same ids and texts, flat memory, and no read transaction that stays behind."""
    size = ["--steps", "100000"] if TORTURE else ["--steps", "3000", "--turn", "200", "--rows", "3000", "--pause", "0.001"]
    command = [sys.executable, SCRIPT, *size, "--json", tmp_path / "figures.json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["samples_taken_in"] > 0 and figures["looks_at_readers"] > 0
    assert figures["steps"] == (100_000 if TORTURE else 3000)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("wanted = self.expected[self.done]", "wanted = self.expected[self.done] + (self.done == 150)", "step 150: ids"),
        ("if text != prompt(row)", "if text != prompt(row + (self.done == 150))", "step 150: sample"),
    ],
)
def test_a_step_that_changed_is_found(tmp_path: Path, before: str, after: str, words: str) -> None:
    """The script with a fault in it: one that never says anything would show nothing."""
    source = SCRIPT.read_text()
    assert before in source
    script = tmp_path / "faulty"
    script.write_text(source.replace(before, after))
    size = ["--steps", "400", "--turn", "100", "--rows", "2000", "--pause", "0.002", "--seed", "3"]
    done = subprocess.run([sys.executable, script, *size], capture_output=True, text=True, timeout=600)
    assert done.returncode == 1 and words in done.stdout, done.stdout[-4000:] + done.stderr[-2000:]
