"""Data of many kinds as JSON lines for `cohort ingest`, record by record."""

from __future__ import annotations

import datetime
import decimal
import itertools
import json
import math
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np

from cohort._errors import UsageError

_ROWS = 1000
_ARROW_FILES = (".parquet", ".arrow", ".feather", ".ipc")

_SAMPLE_KEYS = frozenset(("id", "messages", "prompt", "response", "task", "source", "line"))
_COLUMN_KEYS = frozenset(("id", "messages", "tools", "attributes", "task", "source", "line"))
_ALL_KEYS = _SAMPLE_KEYS | _COLUMN_KEYS | {"length", "missing"}
_CONVERSATION_KEYS = frozenset(
    ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns", "items", "data", "contents")
)
_PART_KEYS = frozenset(
    (
        *("system", "system_prompt", "system_message", "systeminstruction", "system_instruction", "systemprompt"),
        *("tools", "functions", "tool_defs", "task"),
    )
)


def is_arrow_file(path: str) -> bool:
    """Whether a file is read here, as Arrow or Parquet; the program reads all others."""
    return os.path.splitext(path)[1].lower() in _ARROW_FILES


def remade(records: Iterable[Mapping[str, Any]]) -> tuple[Iterable[Mapping[str, Any]], bool]:
    """The same records with samples of this package as the records they came from, and whether the first one is such."""
    iterator = iter(records)
    first = next(iterator, None)
    if first is None:
        return (), False
    if not isinstance(first, Remade) and not (isinstance(first, Mapping) and is_sample(first.keys())):
        return itertools.chain((first,), iterator), False
    return (
        record if isinstance(record, Remade) or not isinstance(record, Mapping) else record_of(record)
        for record in itertools.chain((first,), iterator)
        if not (isinstance(record, Mapping) and record.get("missing"))
    ), True


def lines(records: Iterable[Mapping[str, Any]], count: Callable[[int], object] | None = None) -> Iterator[bytes]:
    """Records as lines of JSON.

    Raises: UsageError for a record that is no mapping, or has a value that JSON cannot say.
    """
    for number, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise UsageError(f"Records are dicts, not {type(record).__name__}", code="python.record", place=f"record {number}")
        yield line(record, number)
        if count is not None:
            count(1)


def is_sample(keys: Set[str]) -> bool:
    """Whether these are the keys of a sample as this package gives it: a row of a dataset, or the columns of a table."""
    return keys <= _ALL_KEYS and (keys >= _SAMPLE_KEYS or keys >= _COLUMN_KEYS)


class Remade(dict[str, Any]):
    """A record that was made from a sample of this package: its layout is known."""


def line(record: Mapping[str, Any], number: int) -> bytes:
    """A record as a line of JSON."""
    try:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=_plain)
        try:
            return text.encode() + b"\n"
        except UnicodeEncodeError:
            # Half of a surrogate pair: the program puts the record in quarantine and says so.
            return json.dumps(record, separators=(",", ":"), default=_plain).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            "A record cannot be written as JSON", code="python.record", place=f"record {number}", cause=str(error)
        ) from None


def record_of(sample: Mapping[str, Any]) -> Remade:
    """The record that becomes this sample: messages and tools, task, and attributes beside them. Like `cohort export`, an
    attribute that would be taken for a part of the sample stands under attributes.KEY."""
    messages = []
    for message in sample.get("messages") or ():
        turn = {key: value for key, value in message.items() if value is not None}
        if isinstance(turn.get("extra"), Mapping):
            turn.update(turn.pop("extra"))
        messages.append(turn)
    record = Remade(messages=messages)
    if sample.get("tools") is not None:
        record["tools"] = sample["tools"]
    if sample.get("task") is not None:
        record["task"] = sample["task"]
    for key, value in (sample.get("attributes") or {}).items():
        folded = key.strip().lower()
        taken = key in record or folded in _PART_KEYS or (folded in _CONVERSATION_KEYS and isinstance(value, (list, str)))
        record[f"attributes.{key}" if taken else key] = value
    return record


def _plain(value: Any) -> Any:
    """What json does not know."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID, os.PathLike)):
        return str(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON knows: {value!r:.80}")


# -- What data may be ---------------------------------------------------------------------------------------------------


def records(data: Any) -> tuple[Iterable[Mapping[str, Any]], int | None]:
    """Records of any data that is in memory or streamed, and how many, if that is known.

    Takes dicts, Arrow (tables, batches, readers, datasets, Parquet files), data frames of pandas and whatever else offers
    an Arrow stream, datasets of Hugging Face.
    """
    kind = type(data)
    home = kind.__module__.partition(".")[0]
    if isinstance(data, Mapping) and home != "datasets":
        return [data], 1
    if home == "datasets":
        return _hugging_face(data)
    if home == "pandas" and hasattr(data, "iloc") and hasattr(data, "columns"):
        return _frame(data), len(data)
    if home == "pyarrow":
        return _arrow(data)
    if hasattr(data, "__arrow_c_stream__"):
        import pyarrow

        return _batches(pyarrow.RecordBatchReader.from_stream(data)), _length(data)
    if isinstance(data, (str, bytes)) or not hasattr(data, "__iter__"):
        raise UsageError(f"Samples cannot be made from {kind.__name__}", code="python.usage")
    return data, _length(data)


def _length(data: Any) -> int | None:
    try:
        return len(data)
    except TypeError:
        return None


def _hugging_face(data: Any) -> tuple[Iterable[Mapping[str, Any]], int | None]:
    if isinstance(data, Mapping):
        raise UsageError(
            f"{type(data).__name__} has several splits: {', '.join(map(str, data))}", code="python.usage",
            hint="Pour them in one by one: store.ingest(data['train'], source='train')",
        )  # fmt: skip
    # By Arrow, where the types are known: what `datasets` gives as Python's objects has lost digits of JSON's numbers.
    if hasattr(data, "with_format") and getattr(data, "features", None) is not None:
        tables = data.with_format("arrow").iter(batch_size=_ROWS)
        rows = (record for table in tables for batch in table.to_batches() for record in _rows(batch))
        return rows, getattr(data, "num_rows", None)
    # Streams: what one record lacks and another has, comes as None.
    return (dict(record) if is_sample(record.keys()) else without_nulls(record) for record in data), None


def _frame(frame: Any) -> Iterator[dict[str, Any]]:
    import pandas

    ours = is_sample(set(frame.columns))
    for start in range(0, len(frame), _ROWS):
        for row in frame.iloc[start : start + _ROWS].to_dict("records"):
            record = {
                str(key): value if ours else without_nulls(value, nan=True)
                for key, value in row.items()
                if not (pandas.api.types.is_scalar(value) and pandas.isna(value))
            }
            yield record_of(record) if ours else record


def without_nulls(value: Any, nan: bool = False) -> Any:
    """A value without the members of dicts that are None, at any depth; None in lists stays. With `nan`, NaN counts as None,
    as it does in a data frame."""
    if isinstance(value, Mapping):
        return {
            key: without_nulls(item, nan)
            for key, item in value.items()
            if item is not None and not (nan and isinstance(item, float) and math.isnan(item))
        }
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [without_nulls(item, nan) for item in value]
    return value


# -- Arrow --------------------------------------------------------------------------------------------------------------


def _arrow(data: Any) -> tuple[Iterable[Mapping[str, Any]], int | None]:
    import pyarrow
    import pyarrow.parquet

    if isinstance(data, pyarrow.parquet.ParquetFile):
        return _batches(data.iter_batches(_ROWS)), data.metadata.num_rows
    if isinstance(data, pyarrow.RecordBatch):
        return _batches([data]), data.num_rows
    if isinstance(data, pyarrow.Table):
        return _batches(data.to_batches(_ROWS)), data.num_rows
    if isinstance(data, pyarrow.RecordBatchReader):
        return _batches(data), None
    if hasattr(data, "to_batches"):  # pyarrow.dataset.Dataset
        return _batches(data.to_batches(batch_size=_ROWS)), None
    raise UsageError(f"Samples cannot be made from {type(data).__name__}", code="python.usage")


def file(path: str) -> tuple[Iterable[Mapping[str, Any]], int | None]:
    """Records of a Parquet file, row group by row group, or of an Arrow file, batch by batch. Needs pyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "Parquet and Arrow files are read by pyarrow, which is not installed", code="python.no-pyarrow", place=path,
            hint="pip install pyarrow",
        ) from error  # fmt: skip
    try:
        if path.lower().endswith(".parquet"):
            return _arrow(pyarrow.parquet.ParquetFile(path))
        source = pyarrow.memory_map(path)
        try:
            reader = pyarrow.ipc.open_file(source)
            return _batches(reader.get_batch(i) for i in range(reader.num_record_batches)), None
        except pyarrow.ArrowInvalid:
            source.seek(0)
            return _batches(pyarrow.ipc.open_stream(source)), None
    except pyarrow.ArrowInvalid as error:
        raise UsageError("The file cannot be read", code="python.file", place=path, cause=str(error)) from error


def _batches(batches: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            yield from _rows(batch.slice(start, _ROWS))


def _rows(batch: Any) -> Iterator[dict[str, Any]]:
    """Rows as records: without nulls, since Arrow cannot tell them from what is not there, and with JSON as what it says."""
    columns = [(name, _converter(field.type), column.to_pylist())
               for name, field, column in zip(batch.schema.names, batch.schema, batch.columns, strict=True)]  # fmt: skip
    ours = is_sample(set(batch.schema.names))
    for i in range(batch.num_rows):
        row = {name: convert(values[i]) for name, convert, values in columns if values[i] is not None}
        yield record_of(row) if ours else row


def _converter(type: Any) -> Callable[[Any], Any]:
    """From what Arrow's to_pylist gives to what JSON writes."""
    import pyarrow

    if isinstance(type, pyarrow.BaseExtensionType):
        if type.extension_name == "arrow.json":
            return lambda value: None if value is None else json.loads(value)
        return _converter(type.storage_type)
    if pyarrow.types.is_struct(type):
        members = {type.field(i).name: _converter(type.field(i).type) for i in range(type.num_fields)}
        return lambda value: (
            None
            if value is None
            else {name: convert(value[name]) for name, convert in members.items() if value[name] is not None}
        )
    if pyarrow.types.is_map(type):
        key, item = _converter(type.key_type), _converter(type.item_type)
        return lambda value: None if value is None else {str(key(k)): item(v) for k, v in value}
    if hasattr(type, "value_type") and not pyarrow.types.is_dictionary(type):
        convert = _converter(type.value_type)
        return lambda value: None if value is None else [convert(item) for item in value]
    return lambda value: value
