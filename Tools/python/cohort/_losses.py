"""The loss of each group, task and source while a model is trained."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from . import _refusals, _runs

KINDS = ("group", "task", "source")


@dataclass
class StepLoss:
    """One optimizer step on this rank: its place in the plan, the sum of its micro-batches' losses, and what was in it."""

    global_step: int
    epoch: int
    step: int
    group: int | None
    loss: Any = None
    tokens: int = 0
    samples: int = 0
    tasks: dict[str, float] = field(default_factory=dict)
    sources: dict[str, float] = field(default_factory=dict)


class GroupLossCallback(TrainerCallback):
    """Loss by group, task and source: in the Trainer's logs, and a line a step in a file.

    A step of a plan is one group, so its loss is the group's and costs nothing more to know. A step with several tasks or
    sources counts for each by its share of the trained tokens. The logs (so TensorBoard and the like) get ``loss/group/7``,
    ``loss/task/NAME``, ``loss/source/NAME``: means over the steps since the last log, weighted by tokens.
    `by` chooses the kinds. The file, ``steps.jsonl`` in the output folder unless `path` says otherwise (None: no file), is
    written by the first process at every log. A training that resumes takes back the lines of steps that it repeats.
    `run` names a run of the store: it gets the losses over the whole run with every checkpoint of the Trainer and at the
    end (``cohort run show NAME``, or ``store.run("run show", NAME)["losses"]``), by the program `cohort` or beside the daemon
    that owns the store. It needs the file: what was learned before a resume is counted from there. A store that cannot be
    written at the moment costs a warning; the next note says all.
    Needs a trainer with `CohortTrainerMixin`.
    """

    def __init__(self, by: tuple[str, ...] = KINDS, path: str | os.PathLike | None = "steps.jsonl", run: str | None = None):
        unknown = set(by) - set(KINDS)
        if unknown:
            raise _refusals.usage(f"loss is known by {', '.join(KINDS)}, not by {', '.join(sorted(unknown))}")
        if run is not None and path is None:
            raise _refusals.usage("a run of the store is counted from the file of steps", "leave path as it is")
        self.by, self.path, self.run = tuple(by), path, run
        self._totals = _runs.RunLosses()
        self._pending: list[StepLoss] = []
        self._sums: dict[str, float] = defaultdict(float)
        self._weights: dict[str, float] = defaultdict(float)

    def add(self, step: StepLoss) -> None:
        """Take a step's loss, a tensor that stays on its device until the next log."""
        self._pending.append(step)

    def flush(self, trainer) -> None:
        """Bring what is known to the file. Every rank must call it."""
        mine = [{**vars(step), "loss": float(step.loss)} for step in self._pending]
        self._pending = []
        steps = _over_ranks(mine, trainer.args.world_size)
        self._write(trainer, steps)
        for step in steps:
            self._totals.add(step)
            shares = _runs.shares_of(step)
            for kind in self.by:
                for name, tokens in shares[kind].items():
                    self._sums[f"loss/{kind}/{name}"] += step["loss"] * tokens
                    self._weights[f"loss/{kind}/{name}"] += tokens

    def drain(self, trainer) -> dict[str, float]:
        """The means since the last call, over all ranks. Every rank must call it."""
        self.flush(trainer)
        means = {name: self._sums[name] / self._weights[name] for name in sorted(self._sums) if self._weights[name]}
        self._sums.clear()
        self._weights.clear()
        return means

    def check(self, trainer) -> None:
        """Refuse a run of another plan, before the first step."""
        if self.run is not None:
            _runs.check(self.run, trainer.plan)

    def note(self, trainer) -> None:
        """Bring the losses so far into the store, from the first process. Every step must have been flushed."""
        if self.run is not None and trainer.is_world_process_zero():
            self._totals.note(self.run, trainer.plan, trainer.state.global_step)

    def _file(self, args) -> Path | None:
        return None if self.path is None else Path(args.output_dir) / self.path

    def _write(self, trainer, steps: list[dict[str, Any]]) -> None:
        path = self._file(trainer.args)
        if path is None or not steps or not trainer.is_world_process_zero():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a") as file:
            file.writelines(json.dumps(step) + "\n" for step in steps)

    def on_train_begin(self, args, state, control, **kwargs):
        """Take back the lines of steps that come again, and count those that stay."""
        self._pending = []
        self._totals = _runs.RunLosses()
        self._sums.clear()
        self._weights.clear()
        path = self._file(args)
        if path is None or not state.is_world_process_zero or not path.exists():
            return
        kept = []
        for line in path.read_text().splitlines():
            try:
                step = json.loads(line)
                if step["global_step"] <= state.global_step:
                    self._totals.add(step)
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError):
                continue  # a line that a killed process did not finish
        partial = path.with_name(path.name + ".partial")
        partial.write_text("".join(kept))
        os.replace(partial, path)


def _over_ranks(mine: list[dict[str, Any]], world: int) -> list[dict[str, Any]]:
    """The steps with the mean of the ranks' losses and the sums of their counts, in order."""
    if world <= 1:
        return mine
    from accelerate.utils import gather_object

    steps: dict[int, dict[str, Any]] = {}
    for step in gather_object(mine):
        known = steps.setdefault(
            step["global_step"], {**step, "loss": 0.0, "tokens": 0, "samples": 0, "tasks": {}, "sources": {}}
        )
        known["loss"] += step["loss"] / world
        for count in ("tokens", "samples"):
            known[count] += step[count]
        for kind in ("tasks", "sources"):
            for name, tokens in step[kind].items():
                known[kind][name] = known[kind].get(name, 0) + tokens
    return [steps[number] for number in sorted(steps)]
