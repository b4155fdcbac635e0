"""Threads, forks, spawned processes; readers."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import zlib

import pytest
from conftest import PLANS

import cohort

# What Python warns of is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

STEPS = 200


def crc(batch: cohort.Batch) -> int:
    return zlib.crc32(repr((batch.ids.tolist(), batch.messages, batch.attributes)).encode())


def checked(plan: cohort.Plan, first: int, stride: int, count: int = STEPS) -> int:
    value = 0
    for i in range(first, count, stride):
        value ^= crc(plan.batch(i // len(plan), i % len(plan)))
    return value


@pytest.fixture
def plan(store: cohort.Store) -> cohort.Plan:
    return store.plan("first")


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_processes_read_the_same(plan: cohort.Plan, method: str) -> None:
    want = checked(plan, 0, 1)
    context = multiprocessing.get_context(method)
    with context.Pool(3) as pool:
        values = pool.starmap(checked, [(plan, k, 3) for k in range(3)])
    assert values[0] ^ values[1] ^ values[2] == want


def test_threads_read_the_same(plan: cohort.Plan) -> None:
    want, values, errors = checked(plan, 0, 1), [0] * 8, []

    def work(k: int) -> None:
        try:
            values[k] = checked(plan, k, 8)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    whole = 0
    for value in values:
        whole ^= value
    assert whole == want


def test_forks_while_threads_read_and_open(plan: cohort.Plan) -> None:
    """A child that was forked at any moment can use what it inherited."""
    want = [crc(plan.batch(0, step)) for step in range(30)]
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            plan.batch(1, 3)

    def opens() -> None:
        while not stop.is_set():
            cohort.open(plan.store.path).plan("pooled").ids(0, 0)

    threads = [threading.Thread(target=target) for target in (read, read, opens)]
    for thread in threads:
        thread.start()
    failed = []
    try:
        for step in range(30):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                good = crc(plan.batch(0, step)) == want[step]
                if good and step % 10 == 0:
                    grandchild = os.fork()
                    if grandchild == 0:
                        os._exit(crc(plan.batch(0, step)) != want[step])
                    good = os.waitpid(grandchild, 0)[1] == 0
                os._exit(not good)
            if os.waitpid(child, 0)[1]:
                failed.append(step)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("share", [(0, 1, 1), (1, 3, 2)])
def test_a_reader_gives_the_batches(store: cohort.Store, name: str, share: tuple[int, int, int]) -> None:
    plan = store.plan(name)
    start = (0, len(plan) - 7)
    with plan.read(*start, *share, steps=15) as reader:
        got = [(batch.epoch, batch.step, batch.group, len(batch.parts), crc(batch)) for batch in reader]
    places = [divmod(start[1] + i, len(plan)) for i in range(15)]
    want = [plan.batch(epoch, step, *share) for epoch, step in places]
    assert got == [(batch.epoch, batch.step, batch.group, len(batch.parts), crc(batch)) for batch in want]


def test_batches_of_a_reader_stay(plan: cohort.Plan) -> None:
    with plan.read(ahead=3, threads=2, steps=60) as reader:
        batches = list(reader)
        assert reader.position == (0, 60) and plan.resume(reader.cursor()) == (0, 60)
    assert [batch.ids.tolist() for batch in batches] == [plan.ids(0, step).tolist() for step in range(60)]
    assert [batch.responses for batch in batches] == [plan.batch(0, step).responses for step in range(60)]


def test_a_closed_reader_ends(plan: cohort.Plan) -> None:
    reader = plan.read()
    next(reader)
    reader.close()
    reader.close()
    assert list(reader) == []
    with pytest.raises(cohort.NotFoundError):
        next(plan.read(step=len(plan) + 1))
    with pytest.raises(cohort.UsageError):
        plan.read(ahead=-1)


def test_threads_share_a_reader(plan: cohort.Plan) -> None:
    got: list[int] = []
    with plan.read(steps=100) as reader:
        threads = [threading.Thread(target=lambda: got.extend(batch.step for batch in reader)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(got) == list(range(100))


def test_a_reader_goes_on_in_a_child(plan: cohort.Plan) -> None:
    reader = plan.read(steps=20)
    for _ in range(5):
        next(reader)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit([batch.step for batch in reader] != list(range(5, 20)))
    assert os.waitpid(child, 0)[1] == 0
    assert pickle.loads(pickle.dumps(reader)).position == (0, 5)
    assert [batch.step for batch in reader] == list(range(5, 20))


def test_handles_are_pickled_as_their_arguments(store: cohort.Store, plan: cohort.Plan) -> None:
    batch = plan.batch(1, 3, 1, 2, 2)
    for thing in (store, plan, store.dataset("chats"), batch, store.batch([5, 2]), plan.read(2, 1)):
        assert len(pickle.dumps(thing)) < 2000
    assert pickle.loads(pickle.dumps(store)) == store and pickle.loads(pickle.dumps(plan)) == plan
    again = pickle.loads(pickle.dumps(batch))
    assert list(again) == list(batch) and again.parts == batch.parts and again.group == batch.group
    assert list(pickle.loads(pickle.dumps(store.batch([5, 2])))) == list(store.batch([5, 2]))


def test_memory_stays_flat(plan: cohort.Plan) -> None:
    """Many steps, by batches and by a reader, in a process of its own: what is resident at the end is what it was."""
    code = f"""
import cohort
plan = cohort.open({plan.store.path!r}).plan("first")
def resident():
    with open("/proc/self/status") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("RssAnon"))
def steps(count):
    for i in range(count):
        batch = plan.batch(i // len(plan), i % len(plan), 0, 2, 2)
        batch.prompts, batch.messages, batch.ids, batch.tasks, batch[0]
    with plan.read(steps=count) as reader:
        for batch in reader:
            batch.responses, batch.lines
steps(500)
before = resident()
steps(3000)
print(resident() - before)
"""
    grown = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert grown < 4096, f"{grown} KB"
