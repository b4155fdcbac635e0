"""What is in a store: the same as the command line says."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import chats

import cohort


def test_the_store_is_what_the_command_line_says(store: cohort.Store) -> None:
    said = store.run("info")
    info = store.info()
    assert store.id == info["id"] == said["id"]
    assert store.samples == info["samples"] == said["samples"] + said["deleted"] and len(store) == said["samples"]
    assert [grouping["name"] for grouping in store.groupings()] == said["groupings"] == ["tasks", "lengths", "topics"]
    assert [snapshot["name"] for snapshot in store.snapshots()] == said["snapshots"]
    assert sorted(plan["name"] for plan in store.plans()) == sorted(said["plans"])
    digests = {snapshot["snapshot"]: snapshot["digest"] for snapshot in store.run("snapshot list")}
    assert {snapshot["name"]: snapshot["digest"] for snapshot in store.snapshots()} == digests


def test_groups_are_those_of_the_command_line(store: cohort.Store) -> None:
    for name in ("tasks", "lengths", "topics"):
        groups = store.groups(name)
        listed = store.run("group list", grouping=name)
        assert {(group.id, group.size) for group in groups} == {(group["group"], group["size"]) for group in listed}
        assigned = store.assignments(name)
        for group in groups:
            assert (assigned == group.id).sum() == group.size and groups.of(group.id) is group
    assert {group.label for group in store.groups("tasks")} >= {"gsm8k", "chats"}
    with pytest.raises(KeyError):
        store.groups("tasks").of(10**6)
    pinned = store.groups("tasks", snapshot="monday")
    assert sum(group.size for group in pinned) == store.samples


def test_columns_are_those_of_the_samples(store: cohort.Store) -> None:
    ids = list(range(0, store.samples, 97))
    shown = store.run("sample show", *ids)
    for part in ("prompt", "response", "total"):
        assert store.lengths(part, ids=ids).tolist() == [sample[f"{part}_length"] for sample in shown]
    assert store.tasks(ids) == [sample["task"] for sample in shown]
    assert store.sources(ids) == [sample["source"] for sample in shown]
    assert store.lengths().shape == (store.samples,) and store.lengths().dtype == np.uint32
    assert store.assignments("tasks", ids).tolist() == store.assignments("tasks")[ids].tolist()
    # Any kind of ids, in any order.
    for some in (ids[3], range(5), np.array([7, 2, 7], np.int32), np.arange(20, dtype=np.uint64)[::3], (4, 1)):
        wanted = [some] if isinstance(some, int) else [int(id) for id in some]
        assert store.lengths(ids=some).tolist() == [int(store.lengths()[id]) for id in wanted]
        assert store.batch(some).ids.tolist() == wanted


def test_vectors(store: cohort.Store) -> None:
    vectors = store.embeddings()
    assert vectors.shape == (store.samples, 256) and vectors.dtype == np.float32
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-2
    assert (store.embeddings([5, 1]) == vectors[[5, 1]]).all()
    assert store.embeddings([]).shape == (0, 256)
    assigned, distances = store.assignments("topics"), store.distances("topics")
    assert distances.dtype == np.float32 and ((distances >= 0) & (distances <= 4))[assigned != cohort.NONE].all()
    assert np.isnan(store.distances("tasks")).all()


def test_results_may_be_written_to(store: cohort.Store) -> None:
    lengths = store.lengths(ids=[1, 2])
    lengths[0] = 5
    assert lengths[0] == 5 and store.lengths(ids=[1])[0] != 5


def test_texts_are_those_of_the_command_line(store: cohort.Store) -> None:
    ids = list(range(0, store.samples, 61)) + list(range(store.samples - 300, store.samples, 7))
    batch = store.batch(ids)
    for row, shown in zip(batch, store.run("sample show", *ids), strict=True):
        messages = [
            {"role": turn["role"], "content": turn["content"], **(turn.get("extra") or {})} for turn in shown["messages"]
        ]
        assert row["messages"] == messages
        assert row.get("tools") == shown["tools"] and row.get("attributes", {}) == (shown["attributes"] or {})
        assert (row["id"], row["task"], row["source"], row["line"]) == (
            shown["id"], shown["task"], shown["source"], shown["line"])  # fmt: skip


def test_prompt_and_response(new: Callable[..., cohort.Store]) -> None:
    def turns(*pairs: tuple[str, str]) -> dict:
        return {"messages": [{"role": role, "content": text} for role, text in pairs]}

    store = new()
    store.ingest([
        turns(("user", "q"), ("assistant", "a")),
        turns(("system", "s"), ("user", "q"), ("assistant", "a")),
        turns(("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")),
        turns(("user", "q"), ("critic", "hm"), ("assistant", "a")),
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a", "weight": 1},
                      {"role": "user", "content": "more"}, {"role": "assistant", "content": "b", "weight": 0}]},
    ])  # fmt: skip
    store.ingest([{"text": "alone"}])
    batch = store.batch(range(6))
    assert batch.prompts == [
        "q", "system: s\n\nuser: q", "user: q1\n\nassistant: a1\n\nuser: q2", "user: q\n\ncritic: hm", "q", "",
    ]  # fmt: skip
    assert batch.responses == ["a", "a", "a2", "a", "a", "alone"]
    assert batch.messages[3][1] == {"role": "critic", "content": "hm"}


def test_batches_are_lists_of_dicts(store: cohort.Store) -> None:
    batch = store.plan("first").batch(2, 7, rank=1, world=2, accumulation=3)
    assert (batch.epoch, batch.step, batch.group) == (2, 7, store.plan("first").group(2, 7))
    assert len(batch) == 16 and len(batch.parts) == 3
    assert [batch.ids[part].tolist() for part in batch.parts] == [
        part.tolist() for part in store.plan("first").parts(2, 7, 1, 2, 3)
    ]
    assert batch[-1] == batch[15] == list(batch)[15] and batch[batch.parts[1]] == list(batch)[batch.parts[1]]
    for outside in (16, -17):
        with pytest.raises(IndexError):
            batch[outside]
    assert batch.lengths.tolist() == store.lengths(ids=batch.ids).tolist()
    whole = store.batch(batch.ids)
    assert list(whole) == list(batch) and whole.group is None and len(whole.parts) == 1


def test_arrays_outlive_their_batch(store: cohort.Store) -> None:
    plan = store.plan("first")
    arrays = [(plan.batch(0, step).ids, plan.ids(0, step).tolist()) for step in range(len(plan))]
    lines = [(batch.lines, batch.lines.tolist()) for batch in (plan.batch(0, step) for step in range(len(plan)))]
    for array, values in arrays + lines:
        assert array.tolist() == values
    with pytest.raises(ValueError, match="read-only"):
        arrays[0][0][0] = 1


def test_dataset(store: cohort.Store) -> None:
    dataset = store.dataset()
    assert len(dataset) == store.samples
    assert dataset[5] == store.batch([5])[0]
    assert dataset.__getitems__([9, 2, 9]) == list(store.batch([9, 2, 9]))
    padded = dataset.__getitems__([-1, 3, -1])
    assert [row["id"] for row in padded] == [-1, 3, -1] and padded[0]["messages"] == [] and padded[0]["missing"]
    assert dataset.__getitems__([]) == []
    for outside in (len(dataset), -2):
        with pytest.raises(IndexError):
            dataset[outside]
    assert sum(1 for _ in dataset) == len(store)


def test_dataset_of_a_snapshot(store: cohort.Store) -> None:
    dataset = store.dataset(snapshot="chats")
    members = store.ids("chats")
    assert len(members) == 300 and set(store.tasks(members)) == {"chats"}
    assert dataset[int(members[0])] == store.dataset()[int(members[0])]
    assert len(dataset) == store.samples
    with pytest.raises(KeyError):
        dataset[0]
    assert [row["id"] for row in dataset] == members.tolist()


def test_deleted_samples(copy: cohort.Store) -> None:
    samples = copy.samples
    assert copy.delete([3, 5, 6, 7, samples - 1])["deleted"] == 5
    assert copy.samples == samples and len(copy) == samples - 5
    assert copy.present([2, 3, 4, 5, samples - 1, samples + 9]).tolist() == [True, False, True, False, False, False]
    assert copy.lengths(ids=[3, 4])[0] == cohort.NONE and copy.assignments("tasks", [3])[0] == cohort.NONE
    assert np.isnan(copy.embeddings([3])).all() and copy.tasks([3]) == [None]
    row = copy.dataset()[5]
    assert row["missing"] and row["messages"] == [] and row["id"] == 5
    assert set(range(samples)) - set(copy.ids().tolist()) == {3, 5, 6, 7, samples - 1}
    assert samples - 1 not in copy.ids("chats") and len(copy.ids("chats")) == 299
    assert copy.dataset("chats")[samples - 1]["missing"]
    with pytest.raises(cohort.NotFoundError):
        copy.delete([samples])
    with pytest.raises(cohort.UsageError):
        copy.delete()
    assert copy.delete(task="gsm8k", dry_run=True) and len(copy) == samples - 5
    copy.delete(where={"language": "fr"})
    left = list(copy.dataset("chats"))
    assert all(row["attributes"]["language"] != "fr" for row in left) and left


def test_an_empty_store(new: Callable[..., cohort.Store]) -> None:
    store = new()
    assert len(store) == store.samples == len(store.dataset()) == 0 and store
    assert store.ids().tolist() == store.lengths().tolist() == store.tasks() == list(store.dataset()) == []
    assert store.ids().dtype == np.uint64 and store.lengths().dtype == np.uint32
    batch = store.batch([])
    assert len(batch) == 0 and batch.prompts == batch.messages == list(batch) == [] and batch.ids.shape == (0,)
    assert batch.missing.dtype == bool and batch.parts == [slice(0, 0)]
    assert store.plans() == store.snapshots() == store.groupings() == []
    store.create_grouping("tasks", by="task")
    assert len(store.groups("tasks")) == 0
    assert store.sql("SELECT * FROM sources").rows == []
    for shown in (store, batch, store.groups("tasks"), store.sql("SELECT * FROM sources")):
        assert shown._repr_html_() and repr(shown)
    with pytest.raises(cohort.NotFoundError):
        store.batch([0])


def test_sql(store: cohort.Store) -> None:
    table = store.sql("SELECT name, inserted FROM sources ORDER BY inserted DESC")
    assert table.columns == ["name", "inserted"] and table[0]["inserted"] == 600 and len(table) == len(list(table))
    assert store.sql("SELECT 'a' AS text, NULL AS missing, 1.5 AS x").rows == [{"text": "a", "missing": None, "x": 1.5}]
    with pytest.raises(cohort.CohortError):
        store.sql("SELECT * FROM sources", limit=1)
    with pytest.raises(cohort.UsageError):
        store.sql("DELETE FROM sources")


def test_search(store: cohort.Store) -> None:
    found = store.search("apples", limit=5)
    assert 0 < len(found) <= 5
    for row, sample in zip(found, store.batch([row["id"] for row in found]), strict=True):
        assert row["id"] == sample["id"] and "apples" in json.dumps(sample["messages"]).lower()


def test_near(store: cohort.Store) -> None:
    """The answer is that of NumPy over the stored vectors."""
    ids = np.arange(store.samples, dtype=np.uint64)
    vectors = store.embeddings(ids)
    there = ~np.isnan(vectors).any(axis=1)
    query = int(ids[there][5])
    found = store.near(query, k=7)
    rows = vectors[there] / np.linalg.norm(vectors[there], axis=1, keepdims=True)
    distances = 1 - rows @ rows[5]
    distances[5] = 9
    expected = np.sort(distances)[:7]
    assert [row["id"] for row in found].count(query) == 0 and len(found) == 7
    np.testing.assert_allclose([row["distance"] for row in found], expected, atol=1e-5)
    by_vector = store.near(vectors[there][5], k=8)
    assert by_vector[0]["distance"] < 1e-6
    assert {row["id"] for row in by_vector} >= {row["id"] for row in found[:3]}
    assert len(store.near("apples", k=3, exact=True)) == 3
    with pytest.raises(cohort.UsageError):
        store.near(np.zeros((2, 3)))
    with pytest.raises(cohort.NotFoundError):
        store.near(10**9)


def test_duplicates_and_comparison(store: cohort.Store) -> None:
    clusters = store.duplicates(0.999)
    for row in clusters:
        assert row["representative"] == min(row["ids"]) and len(row["ids"]) == row["size"] > 1
    pairs = store.duplicates(0.999, counts=True)
    assert all(0 < row["share"] <= 1 for row in pairs)
    name = store.info()["groupings"][0]["name"]
    assert store.compare(name, name).adjusted_rand == 1


def test_saved_queries(new: Callable[..., cohort.Store]) -> None:
    store = new()
    store.ingest([{"prompt": "a", "completion": "b"}], source="007")
    store.run("query save", "named", "SELECT name, inserted FROM sources WHERE name = :name AND inserted >= :least")
    assert store.query("named", name="007", least=1).rows == [{"name": "007", "inserted": 1}]
    assert store.query("named", name="007", least=2).rows == []
    with pytest.raises(cohort.UsageError):
        store.query("named", name=[1], least=1)


def test_export(store: cohort.Store, tmp_path: Path) -> None:
    report = store.export(tmp_path / "out.jsonl", snapshot="chats", with_=["ids", "source"])
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().split("\n") if line]
    assert report.written == len(lines) == 300
    for line, row in zip(lines, store.dataset("chats"), strict=True):
        assert line["id"] == row["id"] and line["source"] == "chats" and line["messages"] == row["messages"]


def test_notebooks_show_no_markup_of_the_data(new: Callable[..., cohort.Store]) -> None:
    evil = "<script>alert('x')</script>\" onload=\"y"
    store = new()
    store.ingest([{"prompt": evil, "completion": evil}], task=evil, source=evil)
    store.create_grouping("tasks", by="task")
    store.create_snapshot("s")
    plan = store.create_plan("p", snapshot="s", grouping="tasks", batch_size=1)
    shown = [store, store.groups("tasks"), plan, plan.batch(0, 0), store.sql("SELECT name FROM sources"), plan.report]
    for thing in shown:
        text = thing._repr_html_()
        assert "<script" not in text and 'onload="y' not in text and "<table>" in text
    assert "&lt;script&gt;" in plan.batch(0, 0)._repr_html_()


def test_the_store_grows_under_an_open_one(new: Callable[..., cohort.Store]) -> None:
    store, writer = new(), cohort.open("new")
    for i in range(3):
        writer.ingest(chats(i, 20), source=f"source {i}", task=f"task {i}")
        assert store.samples == 20 * (i + 1)
        assert store.tasks([20 * i]) == [f"task {i}"] and store.batch([20 * i]).sources == [f"source {i}"]


def test_a_space_that_is_made_anew_may_have_another_dimension(tmp_path: Path) -> None:
    store = cohort.init(tmp_path / "anew")
    for round, dimension in enumerate((8, 16)):
        vectors = np.eye(4, dimension, dtype=np.float32)
        records = [{"prompt": f"{round} {i}", "response": "a"} for i in range(4)]
        store.ingest(records, embeddings=vectors, space="mine", source=f"s{round}")
        found = store.embeddings(space="mine")
        assert found.shape == (4 * round + 4, dimension) and (found[-4:] == vectors).all()
        assert np.isnan(found[:-4]).all()
        store.run("space drop", "mine")


def test_maps_are_drawn(tmp_path: Path) -> None:
    store = cohort.init(tmp_path / "s", embedding="builtin")
    store.ingest(({"prompt": f"question {i} about {'sums' if i % 2 else 'rivers'}", "completion": "a"} for i in range(60)), task="t")
    store.create_grouping("topics", by="embedding", groups=3)
    store.update()
    drawn = store.create_map("overview", grouping="topics")
    assert drawn.info.live == 60 and store.map("overview").info == drawn.info
    report = drawn.draw(tmp_path / "map.html", colour="task", label="terms")
    page = (tmp_path / "map.html").read_bytes()
    assert report.samples == report.texts == 60 and report.bytes == len(page)
    assert b"question 17 about sums" in page
    assert drawn.draw(colour="task", label="terms") == page
    picture = drawn.draw(form="png", width=400, height=320, theme="dark")
    assert picture.startswith(b"\x89PNG") and picture[16:24] == (400).to_bytes(4, "big") + (320).to_bytes(4, "big")
    with pytest.raises(cohort.UsageError):
        drawn.draw(tmp_path / "map.gif")
    with pytest.raises(cohort.NotFoundError):
        store.map("overwiev").draw(tmp_path / "no.html")
    assert not (tmp_path / "no.html").exists()
    drawn.drop()
    with pytest.raises(cohort.NotFoundError):
        drawn.info  # noqa: B018
