"""Samples as Arrow, for Parquet, pandas, and datasets of Hugging Face."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cohort import NONE
from cohort._errors import UsageError

if TYPE_CHECKING:
    import pyarrow

    from cohort._batch import Batch

COLUMNS = ("id", "messages", "tools", "attributes", "task", "source", "line")
"""The columns that samples have unless others are asked for. A table of exactly these is poured in as the same samples."""

MORE_COLUMNS = ("prompt", "response", "length")

_TEXTS = ("name", "tool_call_id", "reasoning_content")


def checked(columns: Sequence[str] | None) -> tuple[str, ...]:
    """The columns that were asked for.

    Raises: UsageError for one that there is not.
    """
    columns = COLUMNS if columns is None else tuple(columns)
    for name in columns:
        if name not in COLUMNS and name not in MORE_COLUMNS:
            raise UsageError(
                f"Samples have no column {name!r}", code="python.usage", hint=f"There are: {', '.join(COLUMNS + MORE_COLUMNS)}"
            )
    return columns


def schema(columns: Sequence[str]) -> pyarrow.Schema:
    """The types of columns. JSON is the canonical extension type `arrow.json`, which Parquet writes as its logical type JSON
    and `datasets` reads as its feature Json."""
    import pyarrow as pa

    types = {
        "id": pa.uint64(),
        "messages": pa.list_(_message_type()),
        "tools": pa.json_(),
        "attributes": pa.json_(),
        "task": pa.string(),
        "source": pa.string(),
        "line": pa.uint64(),
        "prompt": pa.string(),
        "response": pa.string(),
        "length": pa.uint32(),
    }
    return pa.schema([(name, types[name]) for name in columns])


def _message_type() -> Any:
    import pyarrow as pa

    texts = [(name, pa.string()) for name in _TEXTS]
    return pa.struct(
        [("role", pa.string()), ("content", pa.string()), ("tool_calls", pa.json_()), *texts, ("extra", pa.json_())]
    )


def record_batch(batch: Batch, columns: Sequence[str]) -> pyarrow.RecordBatch:
    """A batch as Arrow, in the order of its ids; deleted samples are left out."""
    import pyarrow as pa

    wanted = schema(columns)
    arrays = [_column(batch, name) for name in columns]
    record = pa.RecordBatch.from_arrays(arrays, schema=wanted)
    if batch.missing.any():
        record = record.filter(pa.array(~batch.missing))
    return record


def _column(batch: Batch, name: str) -> Any:
    import pyarrow as pa

    if name == "messages":
        return _messages(batch)
    if name in ("tools", "attributes"):
        return _json(batch._native.strings(name))
    if name in ("task", "source"):
        return pa.array(batch.tasks if name == "task" else batch.sources, pa.string())
    if name in ("prompt", "response"):
        return pa.array(batch.prompts if name == "prompt" else batch.responses, pa.string())
    if name == "length":
        lengths = batch.lengths
        return pa.array(lengths, mask=lengths == NONE)
    return pa.array(batch.ids if name == "id" else batch.lines)


def _json(texts: list[str | None]) -> Any:
    import pyarrow as pa

    return pa.ExtensionArray.from_storage(pa.json_(), pa.array(texts, pa.string()))


def _messages(batch: Batch) -> Any:
    """Turns as a list of structs. What a turn carries beyond role and content is in `tool_calls`, in texts of their own, and
    else in `extra`."""
    import pyarrow as pa

    native = batch._native
    extras = native.strings("extra")
    calls: list[str | None] = [None] * len(extras)
    texts: dict[str, list[str | None]] = {name: [None] * len(extras) for name in _TEXTS}
    for i, text in enumerate(extras):
        if text is None:
            continue
        extra = json.loads(text)
        if extra.get("tool_calls") is not None:
            calls[i] = dumped(extra.pop("tool_calls"))
        for name, values in texts.items():
            if isinstance(extra.get(name), str):
                values[i] = extra.pop(name)
        extras[i] = dumped(extra) if extra else None
    type = _message_type()
    turns = pa.StructArray.from_arrays(
        [
            pa.array(native.strings("role"), pa.string()),
            pa.array(native.strings("text"), pa.string()),
            _json(calls),
            *(pa.array(values, pa.string()) for values in texts.values()),
            _json(extras),
        ],
        fields=[type.field(i) for i in range(type.num_fields)],
    )
    first = batch._view("first_message").astype(np.int32) if len(batch) else np.zeros(1, np.int32)
    return pa.ListArray.from_arrays(pa.array(first), turns)


def dumped(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_parquet(path: str, batches: Iterator[Any], wanted: Any, rows: int) -> int:
    """Writes batches as row groups of about `rows` rows; the file appears when it is complete. Returns the rows."""
    import pyarrow as pa
    import pyarrow.parquet

    partial = f"{path}.{os.getpid()}.partial"
    written = 0
    try:
        with pyarrow.parquet.ParquetWriter(partial, wanted, compression="zstd") as writer:
            waiting: list[Any] = []
            size = 0
            for batch in batches:
                waiting.append(batch)
                size += batch.num_rows
                if size >= rows:
                    writer.write_table(pa.Table.from_batches(waiting, wanted), row_group_size=size)
                    written, size = written + size, 0
                    waiting.clear()
            if size:
                writer.write_table(pa.Table.from_batches(waiting, wanted), row_group_size=size)
            written += size
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise
    return written
