"""Stores: what is in them, read here; what changes them, by the program."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cohort import NONE, _html, _program
from cohort._batch import Batch
from cohort._dataset import Dataset
from cohort._errors import NotFoundError, UsageError
from cohort._plan import Plan
from cohort._tables import GroupTable
from cohort._verbs import Ids, Part, Path, Verbs

if TYPE_CHECKING:
    import datasets
    import pandas
    import pyarrow

    from cohort import _native

_PARTS = {"prompt": 0, "response": 1, "total": 2}
_CHUNK = 1024


def open(path: Path | None = None) -> Store:
    """Opens a store for reading.

    Args:
        path: its folder; else COHORT_STORE, else ./cohort.

    Raises: NotFoundError if there is no store.
    """
    return Store(path)


def init(path: Path | None = None, **options: Any) -> Store:
    """Creates a store, and opens it.

    Args:
        path: its folder; else COHORT_STORE, else ./cohort.
        options: as `cohort init` takes them: length_unit="words", tokenizer="tokenizer.json", dedupe="store",
            embedding="models/potion-base-8M", embed_text="both", …
    """
    path = _folder(path)
    _program.run("init", store=path, **options)
    return Store(path)


class Store(Verbs):
    """A store, open for reading; its methods that write run the program `cohort`.

    Everything is as the store is when you ask: what others have put in since is there. Ids of samples are whole numbers from
    0 in the order in which they came, and are never given again. `len(store)` counts the samples that are there.

    Pickled as its path. May be used by several threads, and in a child after fork.
    """

    def __init__(self, path: Path | None = None) -> None:
        from cohort import _native

        self.path: str = _folder(path)
        """The store's folder."""
        self._native: _native.Store = _native.Store(self.path)
        self._dimensions: dict[str | None, int] = {}
        self._known_names: dict[str, list[str | None]] = {}
        self._id: str | None = None

    # -- What it is --

    def info(self) -> dict[str, Any]:
        """id, path, samples (ever stored), deleted, bytes, and what there is: spaces, measures, groupings, snapshots, plans,
        tasks, sources."""
        return json.loads(self._native.json())

    @property
    def id(self) -> str:
        """32 hexadecimal digits that no other store has."""
        if self._id is None:
            self._id = self.info()["id"]
        return self._id

    @property
    def samples(self) -> int:
        """How many samples were ever stored: their ids are 0 to samples - 1."""
        return self._native.samples()[0]

    def __len__(self) -> int:
        samples, deleted = self._native.samples()
        return samples - deleted

    def __bool__(self) -> bool:
        return True

    def plans(self) -> list[dict[str, Any]]:
        """The plans: name, hash, snapshot, grouping, steps_per_epoch, created."""
        return self.info()["plans"]

    def snapshots(self) -> list[dict[str, Any]]:
        """The snapshots: name, samples, digest, created, groupings."""
        return self.info()["snapshots"]

    def groupings(self) -> list[dict[str, Any]]:
        """The groupings: name, kind, definition, groups, space."""
        return self.info()["groupings"]

    def plan(self, name: str) -> Plan:
        """The plan of a name, or of a hash of 32 hexadecimal digits.

        Raises: NotFoundError, which says which plans there are.
        """
        return Plan(self, self._native.plan(name))

    def groups(self, grouping: str, snapshot: str | None = None) -> GroupTable:
        """The open groups of a grouping as they are now, or as a snapshot pinned them."""
        return GroupTable(grouping, snapshot, json.loads(self._native.groups(grouping, snapshot)))

    # -- Columns --

    def ids(self, snapshot: str | None = None) -> npt.NDArray[np.uint64]:
        """uint64[n], ascending: the samples that are there; with a snapshot, those of it that are still there."""
        # Room for all: one call.
        chunks = list(self._id_chunks(snapshot, self.samples + 1))
        return np.concatenate(chunks) if chunks else np.empty(0, np.uint64)

    def present(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """bool[n]: which samples are there. False for those that were deleted, or never were."""
        return self._column("present", np.bool_, ids)

    def assignments(self, grouping: str, ids: Ids | None = None) -> npt.NDArray[np.uint32]:
        """uint32[n]: the group of each sample as it is now; `cohort.NONE` where it has none. Without ids: of all samples ever
        stored, so that the index is the id."""
        return self._column("assignments", np.uint32, ids, grouping)

    def distances(self, grouping: str, ids: Ids | None = None) -> npt.NDArray[np.float32]:
        """float32[n]: the squared Euclidean distance of each sample's vector to the centre of its group (vectors have length
        1, so that it is about 2 - 2 cos); NaN where there is none."""
        return self._column("distances", np.float32, ids, grouping)

    def lengths(self, part: Part = "total", measure: str | None = None, ids: Ids | None = None) -> npt.NDArray[np.uint32]:
        """uint32[n]: lengths by a measure; `cohort.NONE` for what was not measured, or deleted.

        Args:
            part: of the prompt, the response, or all together.
            measure: a name of `info()["measures"]`; None: the store's own.
            ids: which samples; None: all ever stored.
        """
        if part not in _PARTS:
            raise UsageError(f"part is one of {', '.join(_PARTS)}, not {part!r}", code="python.usage")
        return self._column("lengths", np.uint32, ids, measure, _PARTS[part])

    def embeddings(self, ids: Ids | None = None, space: str | None = None) -> npt.NDArray[np.float32]:
        """float32[n, d]: vectors, a row a sample; a row of NaN where there is none.

        Args:
            ids: which samples; None: all ever stored.
            space: a name of `info()["spaces"]`; None: the default one.
        """
        wanted = self._wanted(ids)
        known = self._dimensions.get(space)
        if known is not None:
            try:
                return self._vectors(wanted, space, known)
            except UsageError:
                pass  # dropped, and made anew with another dimension
        # An unknown one is refused by the library, which says which there are.
        dimension = next(
            (
                record["dimension"] or 0
                for record in self.info()["spaces"]
                if (record["default"] if space is None else record["name"] == space)
            ),
            0,
        )
        vectors = self._vectors(wanted, space, dimension)
        self._dimensions[space] = dimension
        return vectors

    def tasks(self, ids: Ids | None = None) -> list[str | None]:
        """The task of each sample; None where there is none."""
        return self._names("tasks", self._column("tasks", np.uint32, ids))

    def sources(self, ids: Ids | None = None) -> list[str | None]:
        """The source of each sample."""
        return self._names("sources", self._column("sources", np.uint32, ids))

    # -- Samples --

    def batch(self, ids: Ids) -> Batch:
        """Samples with their texts, in the order of the ids, read in one transaction.

        Raises: NotFoundError for an id that the store never had.
        """
        wanted = self._wanted(ids)
        return Batch(self, self._native.batch(wanted), lambda: (_batch_of, (self, wanted)))

    def dataset(self, snapshot: str | None = None) -> Dataset:
        """The samples as a map-style dataset, indexed by id. With a snapshot, other ids are a KeyError."""
        if snapshot is not None and all(record["name"] != snapshot for record in self.snapshots()):
            raise NotFoundError(f"There is no snapshot named {snapshot!r}", code="store.unknown-snapshot")
        return Dataset(self, snapshot)

    def to_arrow(
        self, ids: Ids | None = None, *, snapshot: str | None = None, columns: Sequence[str] | None = None
    ) -> pyarrow.Table:
        """Samples as an Arrow table. Needs pyarrow.

        `messages` is a list of structs: role and content, tool_calls as JSON, name, tool_call_id, reasoning_content, and in
        `extra` what else a turn has, as JSON. `tools` and `attributes` are JSON. A table of the columns that come if none are
        named is poured in by `ingest` as the same samples.

        Args:
            ids: which samples; None: all that are there.
            snapshot: those of a snapshot instead.
            columns: of id, messages, tools, attributes, task, source, line, prompt, response, length.
        """
        import pyarrow as pa

        from cohort import _arrow

        names = _arrow.checked(columns)
        return pa.Table.from_batches(list(self._record_batches(ids, snapshot, names)), _arrow.schema(names))

    def arrow_reader(
        self, ids: Ids | None = None, *, snapshot: str | None = None, columns: Sequence[str] | None = None
    ) -> pyarrow.RecordBatchReader:
        """Like `to_arrow`, but streamed: memory does not grow with the samples."""
        import pyarrow as pa

        from cohort import _arrow

        names = _arrow.checked(columns)
        return pa.RecordBatchReader.from_batches(_arrow.schema(names), self._record_batches(ids, snapshot, names))

    def to_pandas(
        self, ids: Ids | None = None, *, snapshot: str | None = None, columns: Sequence[str] | None = None
    ) -> pandas.DataFrame:
        """Samples as a data frame, with messages, tools and attributes as Python has them. Needs pandas. Arguments as in
        `to_arrow`."""
        import pandas

        from cohort import _arrow

        names = _arrow.checked(columns)
        values: dict[str, list[Any]] = {name: [] for name in names}
        for batch in self._batches(ids, snapshot):
            keep = [i for i, gone in enumerate(batch.missing.tolist()) if not gone]
            for name in names:
                column = getattr(batch, _BATCH_NAMES.get(name, name + "s"))
                values[name].extend(column[i] for i in keep)
        types = {"id": np.uint64, "line": np.uint64}
        return pandas.DataFrame(
            {name: pandas.Series(column, dtype=types.get(name, object)) for name, column in values.items()}, columns=list(names)
        )

    def to_datasets(
        self, ids: Ids | None = None, *, snapshot: str | None = None, columns: Sequence[str] | None = None
    ) -> datasets.Dataset:
        """Samples as a `datasets.Dataset`, in memory. Needs datasets. For more than memory holds: `to_parquet`, and
        `load_dataset("parquet", …)`. Arguments as in `to_arrow`."""
        import datasets

        return datasets.Dataset(self.to_arrow(ids, snapshot=snapshot, columns=columns))

    def to_parquet(
        self,
        path: Path,
        ids: Ids | None = None,
        *,
        snapshot: str | None = None,
        columns: Sequence[str] | None = None,
        row_group_size: int = 8192,
    ) -> int:
        """Writes samples as a Parquet file, and returns how many. Needs pyarrow. The file appears when it is complete; memory
        does not grow with it. Arguments as in `to_arrow`."""
        from cohort import _arrow

        names = _arrow.checked(columns)
        return _arrow.write_parquet(
            os.fspath(path), self._record_batches(ids, snapshot, names), _arrow.schema(names), row_group_size
        )

    # -- The rest --

    def _wanted(self, ids: Ids | None) -> npt.NDArray[np.uint64]:
        """Ids as the extension takes them."""
        if ids is None:
            return np.arange(self.samples, dtype=np.uint64)
        array = np.asarray([ids] if isinstance(ids, (int, np.integer)) else ids)
        if array.dtype != np.uint64:
            if array.size == 0:
                array = array.astype(np.uint64)
            elif array.dtype.kind not in "iu":
                raise UsageError(f"ids are whole numbers, not {array.dtype}", code="python.usage")
            elif int(array.min()) < 0:
                raise NotFoundError(f"There is no sample {int(array.min())}: ids begin at 0", code="python.unknown-sample")
        if array.ndim != 1:
            raise UsageError("ids are a flat list", code="python.usage")
        array = np.ascontiguousarray(array, dtype=np.uint64)
        return array if array.flags.aligned else array.copy()

    def _column(
        self, kind: str, type: Any, ids: Ids | None, name: str | None = None, part: int = 0, dimension: int = 0
    ) -> npt.NDArray[Any]:
        return np.frombuffer(self._native.column(kind, name, part, dimension, self._wanted(ids)), type)

    def _vectors(self, wanted: npt.NDArray[np.uint64], space: str | None, dimension: int) -> npt.NDArray[np.float32]:
        return self._column("embeddings", np.float32, wanted, space, 0, dimension).reshape(len(wanted), dimension)

    def _names(self, table: str, numbers: npt.NDArray[np.uint32]) -> list[str | None]:
        """Names of tasks or sources by number. The names are read again when there is a number that is new."""
        known, wanted = self._known_names.get(table, []), numbers.tolist()
        try:
            return [None if number == NONE else known[number] for number in wanted]
        except IndexError:
            records = self.info()[table]
            known = [None] * (max((record["id"] for record in records), default=-1) + 1)
            for record in records:
                known[record["id"]] = record["name"]
            self._known_names[table] = known
        return [known[number] if number < len(known) else None for number in wanted]

    def _id_chunks(self, snapshot: str | None, size: int) -> Iterator[npt.NDArray[np.uint64]]:
        """Ids that are there, `size` at a time. The members of a snapshot are found anew by each call: few calls, then."""
        start, capacity = 0, size if snapshot is None else max(size, 1 << 20)
        while True:
            ids = np.frombuffer(self._native.ids(snapshot, start, capacity), np.uint64)
            if not ids.size:
                return
            for first in range(0, len(ids), size):
                yield ids[first : first + size]
            start = int(ids[-1]) + 1

    def _batches(self, ids: Ids | None, snapshot: str | None) -> Iterator[Batch]:
        if ids is None:
            for chunk in self._id_chunks(snapshot, _CHUNK):
                yield self.batch(chunk)
            return
        if snapshot is not None:
            raise UsageError("Ids or a snapshot, not both", code="python.usage")
        wanted = self._wanted(ids)
        for start in range(0, len(wanted), _CHUNK):
            yield self.batch(wanted[start : start + _CHUNK])

    def _record_batches(self, ids: Ids | None, snapshot: str | None, columns: Sequence[str]) -> Iterator[Any]:
        from cohort import _arrow

        for batch in self._batches(ids, snapshot):
            yield _arrow.record_batch(batch, columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Store) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __reduce__(self) -> Any:
        return Store, (self.path,)

    def __repr__(self) -> str:
        return f"<cohort.Store {self.path!r}: {len(self)} samples>"

    def _repr_html_(self) -> str:
        info = self.info()
        rows: list[tuple[str, object]] = [
            ("samples", info["samples"] - info["deleted"]), ("deleted", info["deleted"]), ("bytes", info["bytes"]),
        ]  # fmt: skip
        rows += [
            (kind, ", ".join(record["name"] for record in info[kind][: _html.ROWS]))
            for kind in ("spaces", "measures", "groupings", "snapshots", "plans", "tasks", "sources")
        ]
        return _html.table(f"Store {self.path}", ("", ""), rows)


_BATCH_NAMES = {"messages": "messages", "tools": "tools", "attributes": "attributes"}


def _folder(path: Path | None) -> str:
    return os.path.abspath(os.fspath(path if path is not None else os.environ.get("COHORT_STORE") or "cohort"))


def _batch_of(store: Store, ids: npt.NDArray[np.uint64]) -> Batch:
    return store.batch(ids)
