"""Batches: texts and other values of some samples, decoded when they are asked for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from cohort import _html

if TYPE_CHECKING:
    from cohort import _native
    from cohort._store import Store

Sample = dict[str, Any]


class Batch:
    """Some samples, read at one moment: a step of a plan, a rank's part of it, or ids of your choice.

    Texts lie in one piece of memory and become `str` when they are asked for. Arrays show that memory as it is: they are
    read-only, cost nothing, and keep it alive when the batch is gone. n is `len(batch)`.

    A batch is pickled as its arguments: it is read again where it is unpickled.
    """

    __slots__ = ("_cache", "_native", "_origin", "_store")

    def __init__(self, store: Store, native: _native.Batch, origin: Callable[[], tuple[Any, ...]]) -> None:
        self._store = store
        self._native = native
        self._origin = origin
        self._cache: dict[str, Any] = {}

    # -- Where it is of --

    @property
    def epoch(self) -> int:
        """The plan's epoch, from 0; 0 if the batch is not of a plan."""
        return self._native.place()[0]

    @property
    def step(self) -> int:
        """The step in its epoch, from 0; 0 if the batch is not of a plan."""
        return self._native.place()[1]

    @property
    def group(self) -> int | None:
        """The group that all samples of the step belong to; None for mixed steps, or if the batch is not of a plan."""
        return self._native.place()[2]

    @property
    def parts(self) -> list[slice]:
        """The micro-batches, in order: `batch.ids[part]`, `batch.prompts[part]`, `batch[part]`. One unless the step was
        read with accumulation. A part may be empty."""
        bounds = self._view("part").tolist()
        return [slice(begin, end) for begin, end in itertools.pairwise(bounds)]

    # -- Arrays --

    @property
    def ids(self) -> npt.NDArray[np.uint64]:
        """uint64[n]: the ids."""
        return self._view("ids")

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """bool[n]: True for samples that were deleted. Their texts are empty."""
        return self._view("missing")

    @property
    def lines(self) -> npt.NDArray[np.uint64]:
        """uint64[n]: the line in the source's file, from 1; 0 if it is not known."""
        return self._view("line")

    @property
    def lengths(self) -> npt.NDArray[np.uint32]:
        """uint32[n]: length of prompt and response together, in the store's unit; `cohort.NONE` where there is none.
        For other measures: `store.lengths(measure=…, ids=batch.ids)`."""
        return self._cached("lengths", lambda: self._store.lengths(ids=self.ids))

    # -- Texts --

    @property
    def prompts(self) -> list[str]:
        """What stands before the response. The user's turn alone if it is the only one; else all turns, joined by an empty
        line, each behind its role: "system: …". Empty for deleted samples."""
        return self._cached("prompts", self._native.prompts)

    @property
    def responses(self) -> list[str]:
        """The turn to train on: the last of the assistant that is not masked. Empty if there is none."""
        return self._cached("responses", self._native.responses)

    @property
    def messages(self) -> list[list[dict[str, Any]]]:
        """All turns: `{"role", "content", …}` with what else the turn carries, such as `tool_calls`, `name`, `weight`."""
        return self._cached("messages", lambda: self._native.messages(json.loads))

    @property
    def tools(self) -> list[list[Any] | None]:
        """The tools that were offered, None where there were none."""
        return self._cached(
            "tools", lambda: [None if text is None else json.loads(text) for text in self._native.strings("tools")]
        )

    @property
    def attributes(self) -> list[dict[str, Any]]:
        """Further fields of the records."""
        return self._cached(
            "attributes", lambda: [{} if text is None else json.loads(text) for text in self._native.strings("attributes")]
        )

    @property
    def tasks(self) -> list[str | None]:
        """Names of the tasks, None where there is none."""
        return self._cached("tasks", lambda: self._store._names("tasks", self._view("task")))

    @property
    def sources(self) -> list[str | None]:
        """Names of the sources; None for samples that never were."""
        return self._cached("sources", lambda: self._store._names("sources", self._view("source")))

    # -- Rows --

    def __len__(self) -> int:
        return len(self._native)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        """A sample as a dict, or a list of them: id, messages, prompt, response, task, source, line; tools and attributes
        where there are some; missing (True) for a deleted one."""
        if isinstance(index, slice):
            return self._rows(range(*index.indices(len(self))))
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"the batch has {size} samples, there is no number {index}")
        return self._rows((index % size,))[0]

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._rows(range(len(self))))

    def _rows(self, places: Iterable[int]) -> list[Sample]:
        ids, lines, missing = self._cached("numbers", lambda: (self.ids.tolist(), self.lines.tolist(), self.missing.tolist()))
        messages, prompts, responses, tasks, sources = self.messages, self.prompts, self.responses, self.tasks, self.sources
        tools, attributes = self.tools, self.attributes
        rows: list[Sample] = []
        for i in places:
            row: Sample = {
                "id": ids[i],
                "messages": messages[i],
                "prompt": prompts[i],
                "response": responses[i],
                "task": tasks[i],
                "source": sources[i],
                "line": lines[i],
            }
            if tools[i] is not None:
                row["tools"] = tools[i]
            if attributes[i]:
                row["attributes"] = attributes[i]
            if missing[i]:
                row["missing"] = True
            rows.append(row)
        return rows

    # -- The rest --

    def _view(self, name: str) -> Any:
        return self._cached("view " + name, lambda: np.asarray(self._native.view(name)))

    def _cached(self, name: str, make: Callable[[], Any]) -> Any:
        try:
            return self._cache[name]
        except KeyError:
            value = self._cache[name] = make()
            return value

    def __reduce__(self) -> Any:
        return self._origin()

    def __repr__(self) -> str:
        group = "" if self.group is None else f", group {self.group}"
        return f"<cohort.Batch: {len(self)} samples, epoch {self.epoch}, step {self.step}{group}>"

    def _repr_html_(self) -> str:
        rows = [
            (int(self.ids[i]), self.tasks[i] or "", _html.short(self.prompts[i]), _html.short(self.responses[i]))
            for i in range(min(len(self), _html.ROWS))
        ]
        return _html.table(repr(self)[1:-1], ("id", "task", "prompt", "response"), rows, len(self))
