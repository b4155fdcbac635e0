"""Plans as PyTorch's samplers, datasets and loaders.

- `PlanBatchSampler`: lists of sample ids for a `DataLoader` over `store.dataset()`.
- `PlanDataset`: an iterable of micro-batches, read ahead by the library's own threads. It needs no workers.
- `PlanLoader`: a `DataLoader` whose indices are keys (epoch, step, micro-batch) in place of ids. The Trainer uses it, and
  `accelerator.prepare` leaves it as it is.

All of them give a process its own part of every step, so nothing may shard them again. `rank` and `world` are
torch.distributed's when it is initialised, else 0 and 1. With `accumulation=A`, A micro-batches are one optimizer step,
of one group on every rank.

`ragged` says what happens when a step does not divide into world * accumulation even parts: ``keep`` gives a shorter or
an empty list, ``pad`` fills up with ids of -1, ``error`` refuses the plan before the first step. The number of
micro-batches is the same on every rank in any case, so collectives never wait for a rank that has stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler, get_worker_info

from . import _position, _refusals
from ._position import Position, Slice

__all__ = ["MicroBatches", "PlanBatchSampler", "PlanDataset", "PlanKeys", "PlanLoader"]


def _slice(rank: int | None, world: int | None, accumulation: int) -> Slice:
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    if rank is None:
        rank = torch.distributed.get_rank() if distributed else 0
    if world is None:
        world = torch.distributed.get_world_size() if distributed else 1
    return Slice.checked(rank, world, accumulation)


class _PlanSampler(Sampler):
    """An item for each micro-batch of an epoch, and a position that can be saved.

    The first epoch is 0. When an epoch has been given whole, the next iterator gives the next epoch; `set_epoch` says it
    outright. Memory and the time of a jump to any step are constant.
    """

    def __init__(self, plan, rank: int | None = None, world: int | None = None, accumulation: int = 1, ragged: str = "keep"):
        self.plan = plan
        self.slice = _slice(rank, world, accumulation)
        self.ragged = _position.check_ragged(ragged)
        if ragged == "error":
            _position.refuse_uneven(plan, self.slice)
        self._next = Position(0, 0)
        self._current: _PlanIterator | None = None
        self._consumed: int | None = None

    # `DataLoader` and others only ask these of a batch sampler.
    drop_last = False

    @property
    def batch_size(self) -> int:
        """Not to be had: steps differ in size. Over several ranks it refuses, for who asks is about to shard again."""
        if self.slice.world > 1:
            raise _refusals.usage(
                "a plan's sampler gives each rank its own part already and must not be sharded again",
                "leave its loader out of accelerator.prepare(), or use cohort.torch.PlanLoader, which may be prepared",
            )
        raise AttributeError("batch_size")

    @property
    def epoch(self) -> int:
        """The epoch that is being given, or that the next iterator gives."""
        return self._current.position.epoch if self._current else self._next.epoch

    def __len__(self) -> int:
        """Micro-batches of an epoch, the same on every rank: steps per epoch times accumulation."""
        return len(self.plan) * self.slice.accumulation

    def __iter__(self) -> _PlanIterator:
        # Loaders make iterators that they never use. So a position is taken by the first `next`, not by `iter`.
        return _PlanIterator(self, self._next)

    def _take(self, iterator: _PlanIterator) -> None:
        self._current = iterator
        self._next = _position.after(iterator.position, len(self))
        if self._consumed is not None:
            self._consumed = iterator.position.micro // self.slice.accumulation

    def set_epoch(self, epoch: int) -> None:
        """Begin the next iterator with `epoch`. Keeps a loaded position inside that epoch."""
        if epoch < 0:
            raise _refusals.usage(f"there is no epoch {epoch}", "epochs count from 0")
        if epoch != self._next.epoch:
            self._next = Position(int(epoch), 0)

    def set_consumed(self, steps: int) -> None:
        """Say how many steps of this epoch the training has done.

        A plain `DataLoader` with workers fetches ahead, so the sampler cannot know. Call it after each optimizer step,
        and `state_dict` counts what was consumed. `StatefulDataLoader` and 0 workers need no such call.
        """
        if not 0 <= steps <= len(self.plan):
            raise _refusals.usage(f"{steps} steps are more than the epoch's {len(self.plan)}")
        self._consumed = int(steps)

    def state_dict(self) -> dict[str, Any]:
        """Plan, epoch and the first step that is not wholly consumed."""
        at = self._current.position if self._current else self._next
        if self._consumed is not None:
            at = Position(at.epoch, self._consumed * self.slice.accumulation)
        return _position.state(self.plan, at, self.slice.accumulation)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on at a saved position, also with another world or accumulation. Another plan's state is refused."""
        self._jump(_position.position(self.plan, state_dict, self.slice.accumulation))

    def resume(self, cursor: str) -> None:
        """Go on at a cursor: the JSON that `plan.cursor` or `cohort plan show` gave."""
        epoch, step = self.plan.resume(cursor)
        self._jump(Position(epoch, step * self.slice.accumulation))

    def _jump(self, to: Position) -> None:
        self._next, self._current, self._consumed = to, None, None

    def _given_whole(self, iterator: _PlanIterator) -> None:
        if iterator is self._current:
            self._next = Position(iterator.position.epoch + 1, 0)

    def _item(self, epoch: int, step: int, micro: int) -> Any:
        raise NotImplementedError


class _PlanIterator:
    """One epoch of a sampler, from a position on. A micro-batch counts as consumed once it was given."""

    def __init__(self, sampler: _PlanSampler, position: Position):
        self.sampler = sampler
        self.position = position
        self._begun = False

    def __iter__(self) -> _PlanIterator:
        return self

    def __next__(self) -> Any:
        if not self._begun:
            self._begun = True
            self.sampler._take(self)
        epoch, at = self.position
        if at >= len(self.sampler):
            self.sampler._given_whole(self)
            raise StopIteration
        item = self.sampler._item(epoch, *divmod(at, self.sampler.slice.accumulation))
        self.position = Position(epoch, at + 1)
        return item

    def state_dict(self) -> dict[str, Any]:
        return _position.state(self.sampler.plan, self.position, self.sampler.slice.accumulation)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.position = _position.position(self.sampler.plan, state_dict, self.sampler.slice.accumulation)
        self._begun = True
        self.sampler._take(self)


class PlanBatchSampler(_PlanSampler):
    """Lists of sample ids, one for each micro-batch: the `batch_sampler` of a `DataLoader` over `store.dataset()`.

    >>> sampler = PlanBatchSampler(plan, accumulation=4)
    >>> loader = DataLoader(store.dataset(), batch_sampler=sampler, collate_fn=collate, num_workers=2)

    Ids are ints; -1 stands for a row that only fills up (`ragged="pad"`). Not to be sharded again.
    """

    def _item(self, epoch: int, step: int, micro: int) -> list[int]:
        row_ids = _position.ids(self.plan, epoch, step, self.slice, micro).tolist()
        if self.ragged == "pad":
            return _position.padded(row_ids, self.plan, epoch, step, self.slice)
        return row_ids


class PlanKeys(_PlanSampler):
    """Keys (epoch, step, micro-batch), one in a list: the `batch_sampler` of a loader over `MicroBatches`."""

    def _item(self, epoch: int, step: int, micro: int) -> list[tuple[int, int, int]]:
        return [(epoch, step, micro)]


class MicroBatches(Dataset):
    """Micro-batches of a plan by key. An item is a dict: `key`, `group` (None: mixed), `ids` (-1 for
    padding), `samples`.

    A worker process reads the samples of a key in one transaction. `samples` has one dict for each id; a padding row
    is ``{"id": -1, "messages": [], ..., "missing": True}``, and a sample that was deleted has its id and `missing`. With
    `ragged="pad"` parts are filled up; with `placeholder` an empty part gets one padding row, so that every rank takes part
    in every collective.
    """

    def __init__(self, plan, slice: Slice, ragged: str = "keep", placeholder: bool = False):
        self.plan, self.slice, self.ragged, self.placeholder = plan, slice, ragged, placeholder

    def __len__(self) -> int:
        return len(self.plan) * self.slice.accumulation

    def __getitem__(self, key: tuple[int, int, int]) -> dict[str, Any]:
        epoch, step, micro = key
        part, parts = self.slice.part(micro)
        batch = self.plan.batch(epoch, step, rank=part, world=parts)
        samples = batch[:]
        return _micro_batch(self.plan, self.slice, self.ragged, self.placeholder, (epoch, step, micro), samples)


def _micro_batch(plan, slice: Slice, ragged: str, placeholder: bool, key, samples: list[dict]) -> dict[str, Any]:
    epoch, step, _ = key
    row_ids = [int(sample["id"]) for sample in samples]
    if ragged == "pad":
        row_ids = _position.padded(row_ids, plan, epoch, step, slice)
    if placeholder and not row_ids:
        row_ids = [-1]
    samples = samples + [padding_row() for _ in range(len(row_ids) - len(samples))]
    return {"key": key, "group": plan.group(epoch, step), "ids": row_ids, "samples": samples}


def padding_row() -> dict[str, Any]:
    """A row that takes a place in a batch and adds nothing to a loss."""
    nothing = {"prompt": "", "response": "", "task": None, "source": None, "line": 0}
    return {"id": -1, "messages": [], **nothing, "missing": True}


class _First:
    """Hands the one item of a list to a collate function. A class, so that spawned workers can receive it."""

    def __init__(self, collate: Callable[[dict], Any] | None):
        self.collate = collate

    def __call__(self, items: list[dict]) -> Any:
        (item,) = items
        return self.collate(item) if self.collate else item


class PlanLoader(DataLoader):
    """A `DataLoader` of a plan's micro-batches for this process.

    `collate` turns a micro-batch (see `MicroBatches`) into what the loop wants; it runs in the workers. Further keyword
    arguments are `DataLoader`'s: `num_workers`, `pin_memory`, `multiprocessing_context`, ... `len()` is exact.
    Skipping ahead skips keys and reads no data. `accelerator.prepare` returns it unchanged: it is rank-aware already.
    """

    def __init__(
        self,
        plan,
        collate: Callable[[dict], Any] | None = None,
        *,
        rank: int | None = None,
        world: int | None = None,
        accumulation: int = 1,
        ragged: str = "keep",
        placeholder: bool = False,
        **options: Any,
    ):
        keys = PlanKeys(plan, rank, world, accumulation, ragged)
        data = MicroBatches(plan, keys.slice, ragged, placeholder)
        super().__init__(data, batch_sampler=keys, collate_fn=_First(collate), **options)
        self._is_accelerate_prepared = True

    def set_epoch(self, epoch: int) -> None:
        """See `PlanBatchSampler.set_epoch`."""
        self.batch_sampler.set_epoch(epoch)

    def set_consumed(self, steps: int) -> None:
        """See `PlanBatchSampler.set_consumed`."""
        self.batch_sampler.set_consumed(steps)

    def state_dict(self) -> dict[str, Any]:
        """See `PlanBatchSampler.state_dict`; call `set_consumed` first if there are workers."""
        return self.batch_sampler.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See `PlanBatchSampler.load_state_dict`."""
        self.batch_sampler.load_state_dict(state_dict)


class PlanDataset(IterableDataset):
    """An iterable of micro-batches (dicts as in `MicroBatches`), read ahead by the library's threads.

    >>> for batch in DataLoader(PlanDataset(plan, collate=collate), batch_size=None): ...

    The fast way: no worker processes, no pickling. `collate` runs in the thread that iterates. Where it is costly,
    `num_workers` spreads it; each worker then takes every n-th micro-batch, in order, and `set_epoch` must be called
    before every epoch. Without workers the next iterator gives the next epoch.
    `ahead` is the number of steps read in advance; 0 lets the library choose.
    """

    def __init__(
        self,
        plan,
        rank: int | None = None,
        world: int | None = None,
        accumulation: int = 1,
        ragged: str = "keep",
        collate: Callable[[dict], Any] | None = None,
        ahead: int = 0,
        placeholder: bool = False,
    ):
        self.plan = plan
        self.slice = _slice(rank, world, accumulation)
        self.ragged = _position.check_ragged(ragged)
        if ragged == "error":
            _position.refuse_uneven(plan, self.slice)
        self.collate, self.ahead, self.placeholder = collate, ahead, placeholder
        self._next = Position(0, 0)
        self._current: _PlanReader | None = None
        # Shared with worker processes, so that `set_epoch` reaches persistent ones: (epoch, number of calls).
        self._said = torch.zeros(2, dtype=torch.int64).share_memory_()
        self._heard = 0

    def __len__(self) -> int:
        """Micro-batches of an epoch, the same on every rank."""
        return len(self.plan) * self.slice.accumulation

    def set_epoch(self, epoch: int) -> None:
        """Begin the next iterator with `epoch`. Keeps a loaded position inside that epoch."""
        if epoch < 0:
            raise _refusals.usage(f"there is no epoch {epoch}", "epochs count from 0")
        self._said += torch.tensor([epoch - int(self._said[0]), 1])

    def _hear(self) -> None:
        epoch, calls = self._said.tolist()
        if calls != self._heard:
            self._heard = calls
            if epoch != self._next.epoch:
                self._next = Position(epoch, 0)

    def __iter__(self) -> _PlanReader:
        self._hear()
        return _PlanReader(self, self._next)

    def _take(self, reader: _PlanReader) -> None:
        self._current = reader
        self._next = _position.after(reader.position, len(self))

    def state_dict(self) -> dict[str, Any]:
        """Plan, epoch and the first step that is not wholly consumed."""
        self._hear()
        at = self._current.position if self._current else self._next
        return _position.state(self.plan, at, self.slice.accumulation)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on at a saved position, also with another world or accumulation. Another plan's state is refused."""
        exact = get_worker_info() is not None
        self._next = _position.position(self.plan, state_dict, self.slice.accumulation, exact=exact)
        self._current = None
        self._heard = int(self._said[1])

    def resume(self, cursor: str) -> None:
        """Go on at a cursor: the JSON that `plan.cursor` gave."""
        epoch, step = self.plan.resume(cursor)
        self._next, self._current = Position(epoch, step * self.slice.accumulation), None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_current": None}

    def _given_whole(self, reader: _PlanReader) -> None:
        if reader is self._current:
            self._next = Position(reader.position.epoch + 1, 0)


class _PlanReader:
    """One epoch of a `PlanDataset`, from a position on; in a worker process, that worker's share of it."""

    def __init__(self, data: PlanDataset, position: Position):
        self.data = data
        self.position = position
        worker = get_worker_info()
        self._workers = worker.num_workers if worker else 1
        if self._workers > 1:
            self.position = Position(position.epoch, min(position.micro + worker.id, len(data)))
        self._micro_batches: Iterator[dict] | None = None

    def __iter__(self) -> _PlanReader:
        return self

    def __next__(self) -> Any:
        if self._micro_batches is None:
            self.data._take(self)
            self._micro_batches = self._spread() if self._workers > 1 else self._ahead()
        try:
            at, item = next(self._micro_batches)
        except StopIteration:
            self.data._given_whole(self)
            raise
        self.position = Position(self.position.epoch, min(at + self._workers, len(self.data)))
        return self.data.collate(item) if self.data.collate else item

    def _item(self, at: int, samples: list[dict]) -> tuple[int, dict]:
        data = self.data
        key = (self.position.epoch, *divmod(at, data.slice.accumulation))
        return at, _micro_batch(data.plan, data.slice, data.ragged, data.placeholder, key, samples)

    def _ahead(self) -> Iterator[tuple[int, dict]]:
        """Whole steps, read ahead by the library."""
        data, (epoch, begin) = self.data, self.position
        rank, world, accumulation = data.slice
        if begin >= len(data):
            return
        first, inside = divmod(begin, accumulation)
        with data.plan.read(epoch, first, rank, world, accumulation, ahead=data.ahead, steps=len(data.plan) - first) as reader:
            for step, batch in enumerate(reader, first):
                parts = batch.parts
                for micro in range(inside if step == first else 0, accumulation):
                    yield self._item(step * accumulation + micro, batch[parts[micro]])

    def _spread(self) -> Iterator[tuple[int, dict]]:
        """This worker's share: every n-th micro-batch, so that the loader's turns give them in order."""
        data, (epoch, begin) = self.data, self.position
        for at in range(begin, len(data), self._workers):
            step, micro = divmod(at, data.slice.accumulation)
            part, parts = data.slice.part(micro)
            batch = data.plan.batch(epoch, step, rank=part, world=parts)
            yield self._item(at, batch[:])

    def state_dict(self) -> dict[str, Any]:
        return _position.state(self.data.plan, self.position, self.data.slice.accumulation)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        exact = get_worker_info() is not None
        self.position = _position.position(self.data.plan, state_dict, self.data.slice.accumulation, exact=exact)
        self._micro_batches = None
        self.data._take(self)
