"""Plans: epochs of single-group batches, a pure function from (epoch, step) to sample ids."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cohort import _html
from cohort._batch import Batch
from cohort._errors import UsageError
from cohort._tables import Report

if TYPE_CHECKING:
    from cohort import _native
    from cohort._store import Store


class Plan:
    """A plan of a store, by `store.plan(name)`.

    It stands on a snapshot: what it gives never changes, however the store grows. Any step costs the same, there is no
    state. A step is an optimizer step. Of `world` processes, the one of `rank` reads its share of it, in `accumulation`
    micro-batches; all shares together are the step. `len(plan)` is the number of steps of an epoch.

    Pickled as store and hash: it opens in any process that sees the store.
    """

    def __init__(self, store: Store, native: _native.Plan) -> None:
        self._store = store
        self._native = native
        self._info: dict[str, Any] | None = None
        self.report: Report | None = None
        """What `store.create_plan` said of the new plan: repeated, dropped and mixed samples, padding. Else None."""

    @property
    def store(self) -> Store:
        """The store it is of."""
        return self._store

    @property
    def info(self) -> dict[str, Any]:
        """name, hash, store, snapshot, grouping, batch_size, tokens, seed, steps_per_epoch, samples_per_epoch, tail, order,
        groups, report."""
        if self._info is None:
            self._info = json.loads(self._native.json())
        return self._info

    @property
    def name(self) -> str:
        """Its name in the store."""
        return self.info["name"]

    @property
    def hash(self) -> str:
        """32 hexadecimal digits over all that decides which samples come when. Equal hashes, equal batches."""
        return self.info["hash"]

    @property
    def steps_per_epoch(self) -> int:
        """How many steps an epoch has: the same in every epoch."""
        return self._native.steps()

    @property
    def samples_per_epoch(self) -> int:
        """How many samples the steps of an epoch have together, repeated ones counted each time."""
        return self.info["samples_per_epoch"]

    @property
    def largest_step(self) -> int:
        """The most samples that a step has."""
        return self._native.largest()

    def __len__(self) -> int:
        return self.steps_per_epoch

    # -- Steps --

    def ids(self, epoch: int, step: int, rank: int = 0, world: int = 1, accumulation: int = 1) -> npt.NDArray[np.uint64]:
        """The ids of a share of a step, micro-batch after micro-batch: uint64[n]. Ids of samples that were deleted since are
        still there.

        Raises: NotFoundError for a step that the epoch does not have, UsageError for a share that cannot be.
        """
        return np.frombuffer(self._native.ids(*_share(epoch, step, rank, world, accumulation))[0], np.uint64)

    def parts(
        self, epoch: int, step: int, rank: int = 0, world: int = 1, accumulation: int = 1
    ) -> list[npt.NDArray[np.uint64]]:
        """The ids of a share of a step, an array for each micro-batch; some may be empty."""
        memory, bounds, _ = self._native.ids(*_share(epoch, step, rank, world, accumulation))
        ids = np.frombuffer(memory, np.uint64)
        ends = np.frombuffer(bounds, np.int64).tolist()
        return [ids[begin:end] for begin, end in itertools.pairwise(ends)]

    def group(self, epoch: int, step: int) -> int | None:
        """The group that a step is of; None for a mixed one."""
        return self._native.ids(*_share(epoch, step, 0, 1, 1))[2]

    def batch(self, epoch: int, step: int, rank: int = 0, world: int = 1, accumulation: int = 1) -> Batch:
        """A share of a step with its texts."""
        share = _share(epoch, step, rank, world, accumulation)
        return self._made(self._native.batch(*share), share)

    def rows(self, epoch: int, step: int) -> list[tuple[int, str | None, int]]:
        """Where the samples of a step are from: id, source, and line of the source's file (from 1; 0: not known)."""
        batch = self.batch(epoch, step)
        return list(zip(batch.ids.tolist(), batch.sources, batch.lines.tolist(), strict=True))

    def which(self, id: int, epoch: int) -> tuple[int, int] | None:
        """The step of an epoch that has a sample, and its place among the step's ids; None if the epoch does not have it.
        The first one if it comes more than once. Takes microseconds; for a sample that has changed its group since the
        snapshot, time in proportion to it."""
        return self._native.find(_natural(epoch, "epoch"), _natural(id, "id"))

    def read(
        self,
        epoch: int = 0,
        step: int = 0,
        rank: int = 0,
        world: int = 1,
        accumulation: int = 1,
        ahead: int = 0,
        threads: int = 0,
        steps: int | None = None,
    ) -> Reader:
        """The steps from one on, epoch after epoch without end, read ahead by threads of the library.

        Args:
            ahead: how many steps to read in advance; 0: as the library thinks best.
            threads: how many threads do it; 0: likewise.
            steps: end after that many.
        """
        return Reader(self, _share(epoch, step, rank, world, accumulation), ahead, threads, steps)

    # -- Cursors --

    def cursor(self, epoch: int, step: int) -> str:
        """Where a training is, as JSON for its checkpoint: the step that comes next. Names the plan's hash."""
        return self._native.cursor(_natural(epoch, "epoch"), _natural(step, "step"))

    def resume(self, cursor: str | Mapping[str, Any]) -> tuple[int, int]:
        """Epoch and step of a cursor.

        Raises: UsageError, with both hashes, for a cursor of another plan.
        """
        text = cursor if isinstance(cursor, str) else json.dumps(dict(cursor))
        return self._native.parse_cursor(text)

    def digest(self, epochs: int, world: int = 1, accumulation: int = 1) -> str:
        """One hash over all ids of the first epochs, put together from the shares. By the program."""
        report = self._store.run("plan digest", self.name, epochs=epochs, world=world, accumulate=accumulation)
        return report["digest"]

    # -- The rest --

    def _made(self, native: _native.Batch, share: tuple[int, int, int, int, int]) -> Batch:
        return Batch(self._store, native, lambda: (_read_again, (self, share)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.hash == other.hash and self._store == other._store

    def __hash__(self) -> int:
        return hash((self.hash, self._store))

    def __reduce__(self) -> Any:
        return _opened, (self._store, self.hash)

    def __repr__(self) -> str:
        return f"<cohort.Plan {self.name!r} {self.hash}: {self.steps_per_epoch} steps an epoch>"

    def _repr_html_(self) -> str:
        fields = [(key, value) for key, value in self.info.items() if not isinstance(value, (dict, list))]
        return _html.table(f"Plan {self.name}", ("", ""), fields)


class Reader:
    """Steps of a plan one after the other, read ahead. An iterator of batches, and a context manager that ends its threads.

    May be used by several threads, which then share the steps. In a child after fork, and where it is unpickled, it goes on
    at the step that would have come next.
    """

    def __init__(self, plan: Plan, start: tuple[int, int, int, int, int], ahead: int, threads: int, steps: int | None) -> None:
        if ahead < 0 or threads < 0:
            raise UsageError("ahead and threads cannot be negative", code="python.usage")
        self.plan = plan
        """The plan it reads."""
        self._next = start
        self._ahead = ahead
        self._threads = threads
        self._left = steps
        self._closed = False
        self._native: _native.Reader | None = None
        self._process = os.getpid()
        self._lock = threading.Lock()

    @property
    def position(self) -> tuple[int, int]:
        """Epoch and step of the batch that comes next."""
        return self._next[0], self._next[1]

    def cursor(self) -> str:
        """The position, for a checkpoint."""
        return self.plan.cursor(*self.position)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        if self._process != os.getpid():
            # The lock may have been another thread's of the parent, whose threads are not here.
            self._lock = threading.Lock()
            self._native = None
            self._process = os.getpid()
        with self._lock:
            if self._closed or (self._left is not None and self._left <= 0):
                self._native = None
                raise StopIteration
            if self._native is None:
                self._native = self.plan._native.reader(*self._next, self._ahead, self._threads)
            share = self._next
            batch = self.plan._made(self._native.next(), share)
            epoch, step = share[0], share[1] + 1
            if step == self.plan.steps_per_epoch:
                epoch, step = epoch + 1, 0
            self._next = (epoch, step, *share[2:])
            if self._left is not None:
                self._left -= 1
            return batch

    def close(self) -> None:
        """Ends the threads. The batches that it gave stay."""
        self._closed = True
        if self._process == os.getpid():
            with self._lock:
                self._native = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        return Reader, (self.plan, self._next, self._ahead, self._threads, 0 if self._closed else self._left)

    def __repr__(self) -> str:
        return f"<cohort.Reader of {self.plan.name!r} at epoch {self._next[0]}, step {self._next[1]}>"


def _natural(value: Any, name: str) -> int:
    try:
        number = value.__index__()
    except AttributeError:
        raise UsageError(f"{name} must be a whole number, not {value!r}", code="python.usage") from None
    if not 0 <= number < 1 << 63:
        raise UsageError(f"{name} must be 0 or more, not {number}", code="python.usage")
    return number


def _share(epoch: int, step: int, rank: int, world: int, accumulation: int) -> tuple[int, int, int, int, int]:
    return (
        _natural(epoch, "epoch"),
        _natural(step, "step"),
        _natural(rank, "rank"),
        _natural(world, "world"),
        _natural(accumulation, "accumulation"),
    )


def _opened(store: Store, name: str) -> Plan:
    return store.plan(name)


def _read_again(plan: Plan, share: tuple[int, int, int, int, int]) -> Batch:
    return plan.batch(*share)
