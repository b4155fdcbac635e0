"""What a training tells the store of itself: a run's losses by group, task and source."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cohort._errors import CohortError, UsageError

if TYPE_CHECKING:
    from cohort._plan import Plan

log = logging.getLogger(__name__)


@dataclass
class Loss:
    """The losses of one group, task or source: sums over the steps of a run."""

    steps: int = 0
    tokens: float = 0
    total: float = 0.0
    first: float = math.nan
    last: float = math.nan

    def add(self, loss: float, tokens: float) -> None:
        if not self.steps:
            self.first = loss
        self.last = loss
        self.steps += 1
        self.tokens += tokens
        self.total += loss * tokens


class RunLosses:
    """Sums over all steps of a run, from its first one on. A step is a line of `steps.jsonl`."""

    def __init__(self) -> None:
        self.steps = self.samples = 0
        self.tokens: float = 0
        self.losses: dict[tuple[str, str], Loss] = {}

    def add(self, step: dict[str, Any]) -> None:
        """Count a step."""
        loss, samples, trained, kinds = step["loss"], step["samples"], step["tokens"], shares_of(step)
        self.steps += 1
        self.samples += samples
        self.tokens += trained
        for by, shares in kinds.items():
            for name, tokens in shares.items():
                if tokens > 0:
                    self.losses.setdefault((by, str(name)), Loss()).add(loss, tokens)

    def request(self, plan: Plan, done: int) -> dict[str, Any]:
        """What `cohort run note` takes, after `done` steps of the optimizer."""
        epoch, step = divmod(done, len(plan))
        return {
            "plan": plan.name,
            "plan_hash": plan.hash,
            "epoch": epoch,
            "step": step,
            "steps": self.steps,
            "samples": self.samples,
            "tokens": round(self.tokens),
            "losses": [
                {
                    "by": by,
                    "name": name,
                    "steps": loss.steps,
                    "tokens": round(loss.tokens),
                    "mean": _number(loss.total / loss.tokens),
                    "first": _number(loss.first),
                    "last": _number(loss.last),
                }
                for (by, name), loss in sorted(self.losses.items())
            ],
        }

    def note(self, run: str, plan: Plan, done: int) -> None:
        """Bring the sums into the store. A store that cannot take them now is no reason to end a training: the next note
        says all of it."""
        text = json.dumps(self.request(plan, done), allow_nan=False).encode()
        try:
            plan.store.run("run note", run, "-", input=[text])
        except CohortError as error:
            log.warning("the losses of run %s were not noted in the store: %s", run, error)


def shares_of(step: dict[str, Any]) -> dict[str, dict[Any, float]]:
    """The trained tokens of a step by group, task and source."""
    group = "mixed" if step["group"] is None else step["group"]
    return {"group": {group: step["tokens"]}, "task": step["tasks"], "source": step["sources"]}


def check(run: str, plan: Plan) -> None:
    """Refuse a run that follows another plan.

    Raises: UsageError, with both hashes.
    """
    for known in plan.store.run("run list"):
        if known["run"] == run and known["plan_hash"] != plan.hash:
            raise UsageError(
                f"run {run} follows another plan than {plan.name}",
                code="python.usage",
                place=f"run {run}",
                cause=f"the run follows plan {known['plan_hash']}, {plan.name} is {plan.hash}",
                hint="Give the new run another name",
            )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
