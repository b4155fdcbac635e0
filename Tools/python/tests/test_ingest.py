"""Pouring in what Python has."""

import datetime
import json
import math
import resource
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, chats

import cohort


def record(i: int, /, **more: object) -> dict:
    return {"prompt": f"question {i}", "completion": f"answer {i}", **more}


def test_dicts_in_every_form(new: Callable[..., cohort.Store]) -> None:
    store = new()
    assert store.ingest(record(0)).inserted == 1
    assert store.ingest([record(1), record(2)], source="list", task="t").inserted == 2
    assert store.ingest((record(i) for i in range(3, 6)), source="generator").inserted == 3
    assert store.ingest(iter([]), source="nothing").inserted == 0
    assert store.ingest([record(1)], source="list").duplicates == 1
    assert store.batch(range(6)).prompts == [f"question {i}" for i in range(6)]
    assert store.tasks() == [None, "t", "t", None, None, None]
    assert store.sources()[1:] == ["list"] * 2 + ["generator"] * 3


def test_order_and_lines(new: Callable[..., cohort.Store]) -> None:
    store = new()
    report = store.ingest((record(i) for i in range(20_000)), source="many")
    assert report.records == report.inserted == 20_000
    batch = store.batch([0, 777, 19_999])
    assert batch.responses == ["answer 0", "answer 777", "answer 19999"] and batch.lines.tolist() == [1, 778, 20_000]


def test_calls_and_all_of_unicode_come_back(new: Callable[..., cohort.Store]) -> None:
    store, records = new(dedupe="none"), chats(2, 200)
    assert store.ingest(records).inserted == 200
    for record, row in zip(records, store.dataset(), strict=True):
        assert row["messages"] == record["messages"]
        assert row.get("tools") == record.get("tools")
        assert row["attributes"] == {"number": record["number"], "language": record["language"]}


def test_values_that_json_does_not_know(new: Callable[..., cohort.Store], tmp_path: Path) -> None:
    store = new()
    store.ingest([record(
        0, a=np.float32(0.5), b=np.arange(3), c=np.bool_(True), d=datetime.date(2026, 12, 1), e=(1, 2), f={3}, g=tmp_path,
        h=2**60, i=np.array([{"x": 1}], object),
    )])  # fmt: skip
    assert store.batch([0]).attributes[0] == {
        "a": 0.5, "b": [0, 1, 2], "c": True, "d": "2026-12-01", "e": [1, 2], "f": [3], "g": str(tmp_path), "h": 2**60,
        "i": [{"x": 1}],
    }  # fmt: skip
    for bad, where in ((object(), "record 1"), (b"bytes", "record 1")):
        with pytest.raises(cohort.UsageError) as caught:
            store.ingest([record(1), record(2, bad=bad)])
        assert caught.value.place == where
    for bad in (["no dict"], 5, "no/such/file", None):
        with pytest.raises(cohort.CohortError):
            store.ingest(bad)


def test_bad_records_are_left_aside_with_a_warning(new: Callable[..., cohort.Store]) -> None:
    store = new()
    with pytest.warns(cohort.QuarantineWarning, match="3 records") as caught:
        report = store.ingest([record(0), {"prompt": "no answer"}, record(1, x=math.nan), record(2, x="\ud800"), record(3)])
    assert caught[0].filename == __file__
    assert report.inserted == 2 and report.quarantined == 3 and len(store.sql("SELECT * FROM quarantine")) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.ingest([record(9)])


def test_options_reach_the_program(new: Callable[..., cohort.Store]) -> None:
    store = new()
    store.ingest([{"q": "a", "r": {"text": "b"}, "kind": "k"}], map={"prompt": "q", "response": "r.text"}, task_field="kind",
                 licence="MIT", owner="me")  # fmt: skip
    assert store.batch([0]).prompts == ["a"] and store.batch([0]).responses == ["b"] and store.tasks() == ["k"]
    source = store.info()["sources"][0]
    assert source["licence"] == "MIT" and source["owner"] == "me"
    assert store.ingest([record(i) for i in range(5)], dry_run=True).dry_run and len(store) == 1
    store.ingest([record(0, key=1), record(0, key=2)], identity=["key"])
    assert len(store) == 3
    with pytest.raises(cohort.UsageError):
        store.ingest([record(0)], no_such_option=True)


def test_files_and_folders(new: Callable[..., cohort.Store]) -> None:
    store = new()
    assert store.ingest(DATA / "gsm8k" / "train.jsonl").inserted == 600
    paths = sorted((DATA / "p3").iterdir())[:3]
    report = store.ingest([str(path) for path in paths], task_from_filename=True)
    assert report.inserted + report.duplicates == 300 and len(report.sources) == 3
    assert [source["name"] for source in store.info()["sources"]][:2] == ["gsm8k/train.jsonl", f"p3/{paths[0].name}"]
    with pytest.raises(cohort.NotFoundError):
        store.ingest("nowhere.jsonl")


def test_vectors_go_along(tmp_path: Path) -> None:
    store = cohort.init(tmp_path / "vectors", embedding="npy")
    seed = 3
    print(f"seed {seed}")
    vectors = np.random.default_rng(seed).normal(size=(10, 24))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert store.ingest([record(i) for i in range(10)], embeddings=vectors).embedded == 10
    assert np.abs(store.embeddings() - vectors).max() < 1e-3
    np.save(tmp_path / "more.npy", vectors[:2].astype(np.float32))
    assert store.ingest([record(10), record(11)], embeddings=tmp_path / "more.npy", source="more").embedded == 2
    with pytest.raises(cohort.CohortError):
        store.ingest([record(i) for i in range(20, 25)], embeddings=vectors[:2], source="few")


def test_samples_of_another_store_stay_what_they_are(store: cohort.Store, new: Callable[..., cohort.Store]) -> None:
    other = new(dedupe="none")
    other.ingest(store.dataset("chats"), source="again")
    for there, here in zip(store.dataset("chats"), other.dataset(), strict=True):
        for key in ("messages", "prompt", "response", "task", "tools", "attributes"):
            assert there.get(key) == here.get(key)


def test_attributes_never_become_parts(new: Callable[..., cohort.Store]) -> None:
    first = new("first", dedupe="none")
    first.ingest([{"prompt": "q", "completion": "a", "messages": 5, "system_prompt": "x", "chosen": "y", "Tools": "z"}],
                 map={"prompt": "prompt", "response": "completion"})  # fmt: skip
    second = new("second", dedupe="none")
    second.ingest(first.dataset())
    assert second.batch([0]).messages == first.batch([0]).messages and second.batch([0]).tools == first.batch([0]).tools


def test_memory_stays_flat_and_records_are_taken_as_they_go_in(new: Callable[..., cohort.Store]) -> None:
    store, ahead = new(), 0
    text = "word " * 400

    def records():
        nonlocal ahead
        for i in range(50_000):
            ahead = i
            yield {"prompt": f"{i} {text}", "completion": "answer"}

    store.ingest((record(i) for i in range(10)), source="warm")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert store.ingest(records()).inserted == 50_000
    assert ahead == 49_999
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "100 MB went through"


def test_progress_goes_to_standard_error(new: Callable[..., cohort.Store], capsys: pytest.CaptureFixture[str]) -> None:
    store = new()
    store.ingest([record(i) for i in range(10)])
    assert capsys.readouterr() == ("", "")
    store.ingest(DATA / "gsm8k" / "train.jsonl", progress=True)
    said = capsys.readouterr()
    assert said.out == "" and "ingest" in said.err


def test_lines_are_json(new: Callable[..., cohort.Store]) -> None:
    """Line ends inside of texts never end a record."""
    store = new()
    text = "a\nb\r\nc\u2028d\u2029e\x85f\x00".rstrip("\x00")
    store.ingest([{"prompt": text, "completion": text, "extra": [text]}])
    assert store.batch([0]).prompts == [text] and store.batch([0]).attributes == [{"extra": [text]}]
    assert json.loads(json.dumps(store.batch([0])[0]))["prompt"] == text
