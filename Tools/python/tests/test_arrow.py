"""Arrow, Parquet, pandas, and datasets of Hugging Face, in and out."""

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import chats

import cohort

pytestmark = pytest.mark.arrow
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def same(first: cohort.Store, second: cohort.Store) -> None:
    """The samples of two stores are equal, but for where they are from."""
    assert len(first) == len(second)
    for there, here in zip(first.dataset(), second.dataset(), strict=True):
        for key in ("messages", "prompt", "response", "task", "tools", "attributes"):
            assert there.get(key) == here.get(key)


def rounded(value: Any) -> Any:
    """A value as `datasets` can give it: its reader of JSON loses the last digit of some numbers."""
    return json.loads(json.dumps(value), parse_float=lambda text: f"{float(text):.12g}")


@pytest.fixture
def source(new: Callable[..., cohort.Store]) -> cohort.Store:
    """Conversations of all kinds, with a hole."""
    store = new("source", dedupe="none")
    store.ingest(chats(4, 150), task="chats")
    store.ingest([{"text": "alone"}])
    store.ingest([{"prompt": "q", "completion": "a", "weights": {"a": 1.0, "b": [None, 1]}}])
    store.delete([7, 151])
    return store


def test_a_table_comes_back(source: cohort.Store, new: Callable[..., cohort.Store]) -> None:
    table = source.to_arrow()
    assert table.num_rows == len(source) and table["id"].to_pylist() == source.ids().tolist()
    turns = table.schema.field("messages").type.value_type
    assert [turns.field(i).name for i in range(turns.num_fields)][:3] == ["role", "content", "tool_calls"]
    for way, data in {"table": table, "reader": source.arrow_reader(), "batch": table.combine_chunks().to_batches()[0]}.items():
        other = new(way, dedupe="none")
        other.ingest(data)
        same(source, other)


def test_an_export_is_parquet(source: cohort.Store, new: Callable[..., cohort.Store], tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    report = source.export(path, as_="parquet")
    assert report.written == len(source) and report.bytes == path.stat().st_size and report.deleted == 0
    assert pq.read_table(path).equals(source.to_arrow())
    for options in [{"where": "id % 7 = 3"}, {"where": "SELECT id FROM samples WHERE NOT deleted ORDER BY id DESC LIMIT 9"},
                    {"task": "chats"}, {"search": "alone"}]:  # fmt: skip
        lines = tmp_path / "some.jsonl"
        source.export(lines, with_="ids", **options)
        expected = [json.loads(line)["id"] for line in lines.read_text().splitlines()]
        report = source.export(path, as_="parquet", **options)
        assert pq.read_table(path)["id"].to_pylist() == expected and report.written == len(expected) > 0
    before = path.read_bytes()
    with pytest.raises(cohort.CohortError, match="not valid"):
        source.export(path, as_="parquet", where="absent = 1")
    with pytest.raises(cohort.UsageError):
        source.export(path, as_="parquet", with_="ids")
    assert path.read_bytes() == before and len(list(tmp_path.glob("all.*"))) == 1
    other = new("exported", dedupe="none")
    other.ingest(path)
    assert len(other) == len(expected)


def test_parquet_comes_back(source: cohort.Store, new: Callable[..., cohort.Store], tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    assert source.to_parquet(path, row_group_size=40) == len(source)
    assert sorted(file.name for file in tmp_path.glob("some.*")) == ["some.parquet"]
    for way, data in {"path": path, "text": str(path), "file": pq.ParquetFile(path), "table": pq.read_table(path)}.items():
        other = new(way, dedupe="none")
        assert other.ingest(data).inserted == len(source)
        same(source, other)
        if way in ("path", "text"):
            assert other.sources([0]) == [f"{tmp_path.name}/some.parquet"]


def test_files_of_all_kinds_keep_their_order(source: cohort.Store, new: Callable[..., cohort.Store], tmp_path: Path) -> None:
    source.to_parquet(tmp_path / "b.parquet", ids=range(3))
    for name in ("a", "c"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"prompt": name, "completion": name}) + "\n")
    with pa.OSFile(str(tmp_path / "d.arrow"), "wb") as file, pa.ipc.new_file(file, source.to_arrow().schema) as writer:
        writer.write_table(source.to_arrow(range(3, 5)))
    other = new("other")
    report = other.ingest([tmp_path / name for name in ("a.jsonl", "b.parquet", "c.jsonl", "d.arrow")])
    assert report.inserted == len(other) == 7 and len(report.sources) == 4
    assert [Path(name or "").name for name in other.sources()] == ["a.jsonl"] + ["b.parquet"] * 3 + ["c.jsonl"] + [
        "d.arrow"
    ] * 2


def test_datasets_come_back(source: cohort.Store, new: Callable[..., cohort.Store], tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    dataset = source.to_datasets()
    assert len(dataset) == len(source)
    for row, sample in zip(dataset, source.dataset(), strict=True):
        for turn, message in zip(row["messages"], sample["messages"], strict=True):
            told = {key: value for key, value in turn.items() if value is not None and key != "extra"}
            assert rounded({**told, **(turn["extra"] or {})}) == rounded(message)
    source.to_parquet(tmp_path / "x.parquet")
    loaded = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "x.parquet"), split="train", cache_dir=str(tmp_path / "cache"))  # fmt: skip
    for way, data in {"memory": dataset, "loaded": loaded, "stream": loaded.to_iterable_dataset()}.items():
        other = new(way, dedupe="none")
        other.ingest(data)
        same(source, other)
    # Indices, as after shuffle and select, are followed.
    other = new("some")
    other.ingest(dataset.select([5, 2]))
    assert other.batch([0, 1]).messages == source.batch([int(dataset[5]["id"]), int(dataset[2]["id"])]).messages
    with pytest.raises(cohort.UsageError, match="train"):
        other.ingest(datasets.DatasetDict(train=dataset))


def test_nulls_that_arrow_adds_are_left_out(new: Callable[..., cohort.Store], tmp_path: Path) -> None:
    """What one record has and another has not, Arrow gives to all."""
    datasets = pytest.importorskip("datasets")

    def call(name: str, **arguments: Any) -> dict:
        function = {"name": name, "arguments": arguments}
        return {"role": "assistant", "content": "", "tool_calls": [{"id": name, "type": "function", "function": function}]}

    tool, user = {"type": "function", "function": {"name": "f"}}, {"role": "user", "content": "q"}
    found, answer = {"role": "tool", "content": "r", "tool_call_id": "f"}, {"role": "assistant", "content": "a"}
    records: list[dict[str, Any]] = [
        {"messages": [user, call("f", x="1"), found, answer], "tools": [tool], "lang": "fr"},
        {"messages": [user, call("g", y=["a", None], z={"w": "t"}), answer], "tools": [tool, tool], "lang": "de"},
    ]
    plain = new("plain")
    plain.ingest(records)
    table = pa.Table.from_pylist(records)
    assert table["messages"].to_pylist()[0][0]["tool_calls"] is None, "Arrow adds nulls"
    pq.write_table(table, tmp_path / "foreign.parquet")
    dataset = datasets.Dataset.from_list(records)
    for way, data in {
        "table": table, "parquet": tmp_path / "foreign.parquet", "dataset": dataset, "stream": dataset.to_iterable_dataset(),
        "pandas": table.to_pandas(),
    }.items():  # fmt: skip
        other = new(way)
        other.ingest(data)
        same(plain, other)


def test_pandas_comes_back(source: cohort.Store, new: Callable[..., cohort.Store]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = source.to_pandas()
    assert len(frame) == len(source) and frame["id"].dtype == "uint64"
    assert frame["messages"].tolist() == [row["messages"] for row in source.dataset()]
    other = new("other", dedupe="none")
    other.ingest(frame)
    same(source, other)
    loose = pandas.DataFrame({"prompt": ["a", "b", None], "completion": ["x", "y", "z"], "score": [1.5, None, 2]})
    third = new("third")
    with pytest.warns(cohort.QuarantineWarning):
        third.ingest(loose)
    assert third.batch([0, 1]).attributes == [{"score": 1.5}, {}]


def test_columns_of_choice(store: cohort.Store) -> None:
    table = store.to_arrow([5, 3], columns=["id", "prompt", "response", "length", "task"])
    assert table.column_names == ["id", "prompt", "response", "length", "task"]
    batch = store.batch([5, 3])
    assert table["prompt"].to_pylist() == batch.prompts and table["length"].to_pylist() == batch.lengths.tolist()
    assert store.to_pandas([5, 3], columns=["response", "length"])["response"].tolist() == batch.responses
    assert store.to_arrow(snapshot="chats").num_rows == 300
    with pytest.raises(cohort.UsageError, match="nope"):
        store.to_arrow(columns=["nope"])
    with pytest.raises(cohort.UsageError):
        store.to_arrow([1], snapshot="chats")


def test_an_empty_store_has_types(new: Callable[..., cohort.Store], tmp_path: Path) -> None:
    store = new()
    assert store.to_arrow().num_rows == 0 and store.to_arrow().schema == store.arrow_reader().schema
    assert store.to_parquet(tmp_path / "empty.parquet") == 0 and pq.read_table(tmp_path / "empty.parquet").num_rows == 0
    assert len(store.to_pandas()) == 0 and store.ingest(tmp_path / "empty.parquet").inserted == 0


def test_tables_of_answers(store: cohort.Store) -> None:
    groups = store.groups("tasks")
    assert groups.to_arrow().num_rows == len(groups) == len(groups.to_pandas())
    table = store.sql("SELECT name, inserted FROM sources")
    assert table.arrow().column_names == list(table.pandas().columns) == ["name", "inserted"]


def test_tqdm_shows_progress(new: Callable[..., cohort.Store], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    store = new()
    store.ingest(chats(5, 50), progress=True)
    said = capsys.readouterr()
    assert said.out == "seed 5\n" and "50/50" in said.err and "ingest" in said.err
    store.ingest(chats(6, 50))
    assert capsys.readouterr().err == ""


def test_parquet_is_streamed(new: Callable[..., cohort.Store], tmp_path: Path) -> None:
    """Memory does not grow with the file, out or in."""
    schema = pa.schema([("prompt", pa.string()), ("completion", pa.string())])
    path = tmp_path / "large.parquet"
    with pq.ParquetWriter(path, schema) as writer:
        for i in range(40):
            prompts = [f"{i} {j} " + "word " * 300 for j in range(1000)]
            writer.write_table(pa.table({"prompt": prompts, "completion": ["yes"] * 1000}, schema))
    store = new()
    store.ingest(path, source="warm", dry_run=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert store.ingest(path).inserted == 40_000
    assert store.to_parquet(tmp_path / "out.parquet") == 40_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000
    assert pq.ParquetFile(tmp_path / "out.parquet").metadata.num_row_groups >= 4
