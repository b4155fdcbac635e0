"""The loss of each group, task and source while a model is trained."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from . import _refusals

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
    Needs a trainer with `CohortTrainerMixin`.
    """

    def __init__(self, by: tuple[str, ...] = KINDS, path: str | os.PathLike | None = "steps.jsonl"):
        unknown = set(by) - set(KINDS)
        if unknown:
            raise _refusals.usage(f"loss is known by {', '.join(KINDS)}, not by {', '.join(sorted(unknown))}")
        self.by, self.path = tuple(by), path
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
            shares = {
                "group": {"mixed" if step["group"] is None else step["group"]: step["tokens"]},
                "task": step["tasks"],
                "source": step["sources"],
            }
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
        """Take back the lines of steps that come again."""
        self._pending = []
        self._sums.clear()
        self._weights.clear()
        path = self._file(args)
        if path is None or not state.is_world_process_zero or not path.exists():
            return
        kept = []
        for line in path.read_text().splitlines():
            try:
                if json.loads(line)["global_step"] <= state.global_step:
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
