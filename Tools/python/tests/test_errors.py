"""Exceptions: the same from the library and from the program."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import cohort


def test_categories_of_the_library(store: cohort.Store, tmp_path: Path) -> None:
    with pytest.raises(cohort.NotFoundError) as caught:
        cohort.open(tmp_path / "nowhere")
    assert caught.value.code.startswith("store.") and str(tmp_path) in str(caught.value)
    with pytest.raises(cohort.NotFoundError) as caught:
        store.plan("nope")
    assert caught.value.code == "store.unknown-plan" and "first" in caught.value.hint
    for call in (
        lambda: store.groups("nope"),
        lambda: store.groups("tasks", snapshot="nope"),
        lambda: store.assignments("nope"),
        lambda: store.lengths(measure="nope"),
        lambda: store.embeddings([0], space="nope"),
        lambda: store.batch([store.samples]),
        lambda: store.lengths(ids=[10**9]),
        lambda: store.dataset("nope"),
        lambda: store.ids("nope"),
        lambda: store.plan("first").ids(0, 10**6),
        lambda: store.plan("first").batch(0, store.plan("first").steps_per_epoch),
    ):
        with pytest.raises(cohort.NotFoundError):
            call()
    plan = store.plan("first")
    for call in (
        lambda: plan.ids(0, 0, rank=2, world=2),
        lambda: plan.ids(0, 0, world=0),
        lambda: plan.ids(0, 0, accumulation=0),
        lambda: plan.ids(-1, 0),
        lambda: plan.ids(0.5, 0),
        lambda: plan.resume("{}"),
        lambda: plan.resume("no JSON"),
        lambda: store.batch([0.5]),
        lambda: store.batch([[1]]),
        lambda: store.lengths("middle"),
    ):
        with pytest.raises(cohort.UsageError):
            call()


def test_library_and_program_say_the_same(store: cohort.Store) -> None:
    with pytest.raises(cohort.NotFoundError) as library:
        store.plan("nope")
    with pytest.raises(cohort.NotFoundError) as program:
        store.run("plan show", "nope")
    assert library.value.code == program.value.code
    assert library.value.message == program.value.message


def test_categories_of_the_program(store: cohort.Store, tmp_path: Path) -> None:
    with pytest.raises(cohort.UsageError) as caught:
        store.sql("SELECT * FROM nope")
    assert caught.value.code == "catalog.statement" and "nope" in caught.value.cause
    with pytest.raises(cohort.UsageError):
        store.run("nonsense")
    with pytest.raises(cohort.UsageError):
        store.run("plan show", "first", no_such_option=1)
    with pytest.raises(cohort.NotFoundError):
        cohort.run("info", store=tmp_path / "nowhere")
    with pytest.raises(cohort.CohortError):
        cohort.init(store.path)


def test_a_damaged_store_is_corruption(copy: cohort.Store) -> None:
    path, ids = Path(copy.path), copy.ids()
    del copy
    # A byte in each text: they are frames of zstd.
    data = bytearray((path / "data.mdb").read_bytes())
    at, frames = data.find(b"\x28\xb5\x2f\xfd"), 0
    while at >= 0:
        data[at + 8] ^= 0x55
        at, frames = data.find(b"\x28\xb5\x2f\xfd", at + 1), frames + 1
    assert frames > 1000
    (path / "data.mdb").write_bytes(data)
    with pytest.raises(cohort.CorruptionError) as caught:
        cohort.open(path).batch(ids[:50])
    assert caught.value.exit_code == 4 and caught.value.code


def test_a_store_that_is_held_is_busy(copy: cohort.Store) -> None:
    """While another process pours in without end, a second one that writes is told to come again; reading goes on."""
    code = f"""
import cohort, time
def slowly():
    for i in range(3000):
        yield {{"prompt": f"question {{i}} " * 50, "completion": "answer"}}
    print("begun", flush=True)
    time.sleep(60)
cohort.open({copy.path!r}).ingest(slowly(), source="slow")
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        caught = None
        for _ in range(100):
            try:
                copy.run("update")
            except cohort.BusyError as error:
                caught = error
                break
            time.sleep(0.1)
        assert caught is not None and caught.exit_code == 75 and copy.path in caught.place
        assert len(copy.plan("first").batch(0, 0)) == 32
    finally:
        child.kill()
        child.wait()


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(cohort.UnavailableError) as caught:
        cohort.init(tmp_path / "s", embedding="openai", url="http://127.0.0.1:9", model="m", patience=1, timeout=1)
    assert caught.value.exit_code == 5 and "127.0.0.1:9" in caught.value.place


def test_exceptions_are_pickled_whole(store: cohort.Store) -> None:
    with pytest.raises(cohort.NotFoundError) as caught:
        store.plan("nope")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is cohort.NotFoundError and str(again) == str(caught.value) and again.code == caught.value.code
    with multiprocessing.get_context("spawn").Pool(1) as pool, pytest.raises(cohort.NotFoundError, match="nope"):
        pool.apply(cohort.Store.plan, (store, "nope"))


def test_no_program_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: cohort.Store) -> None:
    from cohort import _program

    monkeypatch.setattr(_program, "__file__", str(tmp_path / "_program.py"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("COHORT_PROGRAM", raising=False)
    with pytest.raises(cohort.UnavailableError, match="COHORT_PROGRAM"):
        store.sql("SELECT 1")
    other = tmp_path / "cohort"
    other.write_text("#!/bin/sh\nkill -9 $$\n")
    other.chmod(0o755)
    with pytest.raises(cohort.CohortError, match="signal 9") as caught:
        store.sql("SELECT 1")
    assert caught.value.code == "python.killed"


def test_what_stands_behind_a_verb_is_no_option(new: Callable[..., cohort.Store]) -> None:
    store = new()
    assert store.sql("-- a remark\nSELECT 1 AS a").rows == [{"a": 1}]
    store.create_grouping("-odd", by="task")
    assert [grouping["name"] for grouping in store.groupings()] == ["-odd"]


@pytest.mark.parametrize("end", [ValueError("of the data"), KeyboardInterrupt()])
def test_an_error_of_the_data_ends_the_program(new: Callable[..., cohort.Store], end: BaseException) -> None:
    store = new()

    def records():
        for i in range(5000):
            yield {"prompt": f"question {i}", "completion": "answer"}
        raise end

    before = set(os.listdir("/proc"))
    with pytest.raises(type(end)):
        store.ingest(records())
    children = [pid for pid in set(os.listdir("/proc")) - before if pid.isdigit() and _is_child(pid)]
    assert not children
    # What was stored is whole, and the same data goes on from there.
    report = store.ingest({"prompt": f"question {i}", "completion": "answer"} for i in range(5000))
    assert report["inserted"] + report["duplicates"] == 5000 and len(store) == 5000


def _is_child(pid: str) -> bool:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) == os.getpid()
    except (OSError, IndexError):
        return False
