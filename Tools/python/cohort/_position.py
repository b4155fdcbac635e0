"""Where a training stands in a plan, and which part of a step each process reads.

Nothing here needs PyTorch. A *step* is one optimizer step: one global batch, of one group. It is cut into
``world * accumulation`` even contiguous parts; micro-batch ``m`` of rank ``r`` is part ``m * world + r``. So the order of
samples never depends on the number of processes, workers or micro-batches.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import _refusals

RAGGED = ("keep", "pad", "error")
STATE_FORMAT = 1


class Slice(NamedTuple):
    """The part of every step that one process reads: its rank among ``world``, and its micro-batches in a step."""

    rank: int
    world: int
    accumulation: int

    @classmethod
    def checked(cls, rank: int, world: int, accumulation: int) -> Slice:
        """The slice, or a refusal if the numbers do not fit together."""
        if world < 1 or not 0 <= rank < world:
            raise _refusals.usage(f"rank {rank} is not one of {world} ranks", "ranks count from 0")
        if accumulation < 1:
            raise _refusals.usage(f"{accumulation} micro-batches make no step", "accumulation is 1 or more")
        return cls(int(rank), int(world), int(accumulation))

    def part(self, micro: int) -> tuple[int, int]:
        """The part of a step that is micro-batch `micro` here, as (index, number of parts)."""
        return micro * self.world + self.rank, self.world * self.accumulation


class Position(NamedTuple):
    """The next micro-batch: `micro` counts micro-batches of the epoch, from 0 to steps * accumulation."""

    epoch: int
    micro: int


def state(plan, position: Position, accumulation: int) -> dict[str, Any]:
    """A position as plain data for a checkpoint. `step` is the first step that is not wholly consumed."""
    step, micro = divmod(position.micro, accumulation)
    return {
        "format": STATE_FORMAT,
        "plan": plan.name,
        "plan_hash": plan.hash,
        "epoch": position.epoch,
        "step": step,
        "micro": micro,
        "accumulation": accumulation,
    }


def position(plan, saved: dict[str, Any], accumulation: int, *, exact: bool = False) -> Position:
    """The position that `saved` names, in micro-batches of `accumulation`.

    A position inside a step goes back to the step's beginning, since its gradients are gone. With `exact` it stays if
    the accumulation is the same (a worker process continues for its own share only).
    A state of another plan is refused with both hashes.
    """
    if not isinstance(saved, dict) or saved.get("format") != STATE_FORMAT:
        raise _refusals.usage("this is no state of a plan's position", "give what state_dict() returned")
    same_plan(plan, saved["plan_hash"], saved.get("plan"), "the state")
    epoch, step = int(saved["epoch"]), int(saved["step"])
    if epoch < 0 or not 0 <= step <= len(plan):
        raise _refusals.usage(f"step {step} of epoch {epoch} is outside the plan, which has {len(plan)} steps an epoch")
    micro = int(saved["micro"]) if exact and saved["accumulation"] == accumulation else 0
    return Position(epoch, step * accumulation + micro)


def after(begun: Position, length: int) -> Position:
    """Where the next iterator begins when one has begun at `begun`: the same epoch anew, or the next if none is left."""
    return Position(begun.epoch + (begun.micro >= length), 0)


def same_plan(plan, other_hash: str, other_name: str | None, what: str) -> None:
    """Refuse what belongs to another plan, with both hashes."""
    if other_hash != plan.hash:
        named = f" ('{other_name}')" if other_name else ""
        raise _refusals.usage(
            f"{what} belongs to plan {other_hash}{named}, and this is plan {plan.hash} ('{plan.name}')",
            "open the plan that it was trained on, or start a new training",
        )


def ids(plan, epoch: int, step: int, slice: Slice, micro: int) -> np.ndarray:
    """Sample ids (uint64) of a micro-batch. May be empty when the step has fewer samples than parts."""
    part, parts = slice.part(micro)
    return np.asarray(plan.ids(epoch, step, rank=part, world=parts))


def padded_size(plan, epoch: int, step: int, slice: Slice) -> int:
    """Samples in the longest part of a step: every part has this many or one fewer."""
    return -(-len(plan.ids(epoch, step)) // (slice.world * slice.accumulation))


def padded(row_ids: list[int], plan, epoch: int, step: int, slice: Slice) -> list[int]:
    """The ids of a part, filled up with -1 to the length of the step's longest part."""
    return row_ids + [-1] * (padded_size(plan, epoch, step, slice) - len(row_ids))


def check_ragged(ragged: str) -> str:
    """`ragged` if it is a policy."""
    if ragged not in RAGGED:
        raise _refusals.usage(f"ragged is {', '.join(RAGGED)}, not {ragged!r}")
    return ragged


def refuse_uneven(plan, slice: Slice) -> None:
    """Refuse a plan one of whose steps does not divide evenly into the parts.

    Looks at the sizes of all steps of the first epoch, a few microseconds each.
    """
    parts = slice.world * slice.accumulation
    if parts == 1:
        return
    uneven = [(step, size) for step in range(len(plan)) if (size := len(plan.ids(0, step))) % parts]
    if uneven:
        step, size = uneven[0]
        raise _refusals.usage(
            f"{len(uneven)} of {len(plan)} steps do not divide into {parts} even parts "
            f"(world {slice.world} x accumulation {slice.accumulation}); step {step} of epoch 0 has {size} samples",
            "use ragged='keep' or 'pad', or a plan whose batch size the parts divide (--tail fill or drop)",
        )
