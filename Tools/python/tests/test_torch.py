"""cohort.torch: samplers, loaders and the iterable dataset give what the plan says, count what was consumed, and resume."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

import training
from torch.utils.data import DataLoader

import cohort
from cohort.torch import PlanBatchSampler, PlanDataset, PlanKeys, PlanLoader

pytestmark = pytest.mark.torch

TORTURE = os.environ.get("COHORT_TORTURE") == "1"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return training.make_store(tmp_path_factory.mktemp("torch") / "store")


@pytest.fixture(scope="module")
def even(store):
    return store.plan("even")


@pytest.fixture(scope="module")
def short(store):
    return store.plan("short")


def ids_of(samples):
    """Collate: what a loop would see, the ids alone. At module level, so that spawned workers find it."""
    return [sample["id"] for sample in samples]


def ids_of_item(item):
    return item["ids"]


def expected(plan, epoch, rank=0, world=1, accumulation=1):
    """Micro-batches of an epoch, as lists of ids, straight from the plan."""
    parts = (plan.parts(epoch, step, rank, world, accumulation) for step in range(len(plan)))
    return [part.tolist() for step in parts for part in step]


@pytest.mark.parametrize("world", [1, 2, 4])
@pytest.mark.parametrize("accumulation", [1, 4])
@pytest.mark.parametrize("name", ["even", "short"])
def test_sampler_gives_the_plans_parts_and_its_length_is_exact(store, name, world, accumulation):
    plan = store.plan(name)
    union: dict[int, list[int]] = {}
    for rank in range(world):
        sampler = PlanBatchSampler(plan, rank=rank, world=world, accumulation=accumulation)
        given = list(sampler)
        assert given == expected(plan, 0, rank, world, accumulation)
        assert len(given) == len(sampler) == len(plan) * accumulation
        for at, part in enumerate(given):
            union.setdefault(at // accumulation, []).extend(part)
    for step, got in union.items():
        assert sorted(got) == sorted(plan.ids(0, step).tolist())


def test_epochs_advance_by_themselves_and_by_set_epoch(even):
    sampler = PlanBatchSampler(even)
    assert [list(sampler) for _ in range(3)] == [expected(even, epoch) for epoch in range(3)]
    sampler.set_epoch(7)
    assert list(sampler) == expected(even, 7)
    sampler.set_epoch(7)
    assert list(sampler) == expected(even, 7)
    with pytest.raises(cohort.CohortError, match="epoch -1"):
        sampler.set_epoch(-1)


def test_ragged_pad_gives_every_rank_the_same_number_of_rows(short):
    sizes = set()
    for step in range(len(short)):
        rows = []
        for rank in range(4):
            sampler = PlanBatchSampler(short, rank=rank, world=4, accumulation=4, ragged="pad")
            rows += list(sampler)[step * 4 : step * 4 + 4]
        assert len({len(part) for part in rows}) == 1
        real = [row for part in rows for row in part if row != -1]
        assert sorted(real) == sorted(short.ids(0, step).tolist())
        sizes.add(len(rows[0]))
    assert sizes == {1}


def test_ragged_pad_rows_come_from_the_dataset_without_labels(store, short):
    sampler = PlanBatchSampler(short, rank=3, world=4, accumulation=4, ragged="pad")
    loader = DataLoader(store.dataset(), batch_sampler=sampler, collate_fn=list)
    padding = [sample for batch in loader for sample in batch if sample["id"] == -1]
    assert padding and all(sample["messages"] == [] for sample in padding)


def test_ragged_error_refuses_before_the_first_step(even, short):
    PlanBatchSampler(even, rank=0, world=4, accumulation=4, ragged="error")
    with pytest.raises(cohort.CohortError, match="even parts"):
        PlanBatchSampler(short, rank=0, world=4, accumulation=1, ragged="error")
    with pytest.raises(cohort.CohortError, match="keep, pad, error"):
        PlanBatchSampler(even, ragged="drop")


def test_ranks_that_do_not_exist_are_refused(even):
    with pytest.raises(cohort.CohortError, match="rank 2"):
        PlanBatchSampler(even, rank=2, world=2)
    with pytest.raises(cohort.CohortError, match="accumulation"):
        PlanBatchSampler(even, accumulation=0)


def test_state_of_another_plan_is_refused_with_both_hashes(store, even):
    other = store.plan("other")
    for made in (PlanBatchSampler, PlanKeys, PlanDataset, PlanLoader):
        state = made(other).state_dict()
        with pytest.raises(cohort.CohortError) as refused:
            made(even).load_state_dict(state)
        assert even.hash in str(refused.value) and other.hash in str(refused.value)
    with pytest.raises(cohort.CohortError, match="no state"):
        PlanBatchSampler(even).load_state_dict({"epoch": 1})


def test_state_is_plain_json_and_resumes_with_another_world(even):
    sampler = PlanBatchSampler(even, rank=1, world=2, accumulation=2)
    iterator = iter(sampler)
    for _ in range(7):  # three steps and a half
        next(iterator)
    state = json.loads(json.dumps(sampler.state_dict()))
    assert (state["epoch"], state["step"], state["micro"]) == (0, 3, 1)
    for world, accumulation in ((1, 1), (4, 1), (1, 4), (4, 4)):
        rest: list[list[int]] = [[] for _ in range(len(even) - 3)]
        for rank in range(world):
            resumed = PlanBatchSampler(even, rank=rank, world=world, accumulation=accumulation)
            resumed.load_state_dict(state)
            for at, part in enumerate(resumed):
                rest[at // accumulation] += part
            assert list(resumed) == expected(even, 1, rank, world, accumulation)
        # The step that was begun comes again as a whole: its gradients are gone.
        assert [sorted(step) for step in rest] == [sorted(even.ids(0, step).tolist()) for step in range(3, len(even))]


def test_state_at_the_end_of_an_epoch_gives_an_empty_rest_then_the_next_epoch(even):
    sampler = PlanBatchSampler(even)
    list(sampler)
    again = PlanBatchSampler(even)
    again.load_state_dict(sampler.state_dict())
    again.set_epoch(0)
    assert list(again) == []
    assert list(again) == expected(even, 1)


def test_set_epoch_of_the_loaded_epoch_keeps_the_position(even):
    sampler = PlanBatchSampler(even)
    sampler.set_epoch(2)
    iterator = iter(sampler)
    next(iterator), next(iterator)
    again = PlanBatchSampler(even)
    again.load_state_dict(sampler.state_dict())
    again.set_epoch(2)
    assert list(again) == expected(even, 2)[2:]
    again.load_state_dict(sampler.state_dict())
    again.set_epoch(3)
    assert list(again) == expected(even, 3)


def test_resume_takes_a_cursor(even):
    sampler = PlanBatchSampler(even, accumulation=2)
    sampler.resume(even.cursor(1, 4))
    assert list(sampler) == expected(even, 1, accumulation=2)[8:]
    data = PlanDataset(even, collate=ids_of_item)
    data.resume(even.cursor(1, 4))
    assert list(data) == expected(even, 1)[4:]


@pytest.mark.parametrize("workers", [0, 2, 4])
@pytest.mark.parametrize("context", ["fork", "spawn", "forkserver"])
def test_a_plain_loader_counts_consumed_steps_when_told(store, even, workers, context):
    if workers == 0 and context != "fork":
        pytest.skip("no workers, no way to start them")
    if not TORTURE and (workers, context) not in ((0, "fork"), (2, "fork"), (2, "spawn")):
        pytest.skip("COHORT_TORTURE=1 runs it")
    options = dict(num_workers=workers, multiprocessing_context=context if workers else None)
    sampler = PlanBatchSampler(even, accumulation=2)
    loader = DataLoader(store.dataset(), batch_sampler=sampler, collate_fn=ids_of, **options)
    iterator = iter(loader)
    got = []
    for step in range(2):
        got += [next(iterator), next(iterator)]
        sampler.set_consumed(step + 1)
    state = sampler.state_dict()
    assert (state["epoch"], state["step"]) == (0, 2)
    again = PlanBatchSampler(even, accumulation=2)
    again.load_state_dict(state)
    rest = list(DataLoader(store.dataset(), batch_sampler=again, collate_fn=ids_of, **options))
    assert got + rest == expected(even, 0, accumulation=2)


@pytest.mark.parametrize("workers", [0, 2, 4])
@pytest.mark.parametrize("context", ["fork", "spawn"])
@pytest.mark.parametrize("cut", [0, 1, 5, 8, "all"])
def test_stateful_loader_resumes_where_it_was_consumed(store, even, workers, context, cut):
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    if workers == 0 and context != "fork":
        pytest.skip("no workers, no way to start them")
    if (
        not TORTURE
        and workers
        and (workers, context, cut) not in ((2, "fork", 5), (2, "spawn", 8), (4, "fork", 1), (2, "fork", "all"))
    ):
        pytest.skip("COHORT_TORTURE=1 runs it")

    def loader(accumulation=1):
        sampler = PlanBatchSampler(even, rank=1, world=2, accumulation=accumulation)
        options = dict(num_workers=workers, multiprocessing_context=context if workers else None)
        return sampler, stateful.StatefulDataLoader(store.dataset(), batch_sampler=sampler, collate_fn=ids_of, **options)

    whole = expected(even, 0, 1, 2)
    sampler, first = loader()
    iterator = iter(first)
    got = list(iterator) if cut == "all" else [next(iterator) for _ in range(cut)]
    state = first.state_dict()
    sampler, second = loader()
    second.load_state_dict(state)
    if cut == "all":
        assert got == whole
        assert list(second) == expected(even, 1, 1, 2)
    else:
        assert got + list(second) == whole
        assert list(second) == expected(even, 1, 1, 2)


@pytest.mark.parametrize("workers,context", [(0, None), (2, "fork"), (2, "spawn"), (4, "fork")])
def test_plan_loader_gives_every_sample_of_its_keys(store, short, workers, context):
    for rank in range(2):
        loader = PlanLoader(
            short,
            rank=rank,
            world=2,
            accumulation=2,
            num_workers=workers,
            multiprocessing_context=context,
            prefetch_factor=2 if workers else None,
        )
        items = list(loader)
        assert len(items) == len(loader)
        assert [item["ids"] for item in items] == expected(short, 0, rank, 2, 2)
        for item in items:
            epoch, step, _ = item["key"]
            assert [sample["id"] for sample in item["samples"]] == item["ids"]
            assert item["group"] == short.group(epoch, step)
    assert any(not item["ids"] for item in PlanLoader(short, rank=3, world=4, accumulation=4))
    assert all(item["ids"] for item in PlanLoader(short, rank=3, world=4, accumulation=4, placeholder=True))


@pytest.mark.parametrize("name", ["even", "short"])
@pytest.mark.parametrize("world,accumulation", [(1, 1), (2, 2), (4, 4)])
def test_plan_dataset_gives_the_same_without_workers(store, name, world, accumulation):
    plan = store.plan(name)
    for rank in range(world):
        data = PlanDataset(plan, rank=rank, world=world, accumulation=accumulation, collate=ids_of_item)
        loader = DataLoader(data, batch_size=None)
        for epoch in range(2):
            got = [list(map(int, ids)) for ids in loader]
            assert got == expected(plan, epoch, rank, world, accumulation)
            assert len(got) == len(loader) == len(data)


@pytest.mark.parametrize("workers,context,persistent", [(2, "fork", False), (3, "fork", True), (2, "spawn", True)])
def test_plan_dataset_keeps_its_order_over_workers(even, workers, context, persistent):
    data = PlanDataset(even, accumulation=2, collate=ids_of_item)
    loader = DataLoader(
        data, batch_size=None, num_workers=workers, multiprocessing_context=context, persistent_workers=persistent
    )
    for epoch in range(3):
        data.set_epoch(epoch)
        assert [list(map(int, ids)) for ids in loader] == expected(even, epoch, accumulation=2)


@pytest.mark.parametrize("workers", [0, 2, 3])
@pytest.mark.parametrize("cut", [1, 4, 9])
def test_plan_dataset_resumes_under_a_stateful_loader(even, workers, cut):
    stateful = pytest.importorskip("torchdata.stateful_dataloader")
    make = lambda: stateful.StatefulDataLoader(PlanDataset(even, collate=ids_of_item), batch_size=None, num_workers=workers)
    first = make()
    iterator = iter(first)
    got = [list(map(int, next(iterator))) for _ in range(cut)]
    second = make()
    second.load_state_dict(first.state_dict())
    assert got + [list(map(int, ids)) for ids in second] == expected(even, 0)


def test_plan_dataset_state_goes_to_another_world(even):
    data = PlanDataset(even, rank=0, world=2, accumulation=2, collate=ids_of_item)
    iterator = iter(data)
    for _ in range(5):
        next(iterator)
    other = PlanDataset(even, collate=ids_of_item)
    other.load_state_dict(data.state_dict())
    assert list(other) == expected(even, 0)[2:]


def test_samplers_and_datasets_pickle(even):
    sampler = PlanBatchSampler(even, rank=1, world=2, accumulation=2)
    assert list(pickle.loads(pickle.dumps(sampler))) == list(sampler)


def test_rank_and_world_come_from_torch_distributed(store, tmp_path):
    program = (
        "import sys, json, torch, cohort\n"
        "from cohort.torch import PlanBatchSampler, PlanDataset\n"
        "torch.distributed.init_process_group('gloo')\n"
        "plan = cohort.open(sys.argv[1]).plan('even')\n"
        "slices = [list(PlanBatchSampler(plan).slice), list(PlanDataset(plan).slice)]\n"
        "rank = torch.distributed.get_rank()\n"
        "json.dump(slices, open(f'{sys.argv[2]}/{rank}.json', 'w'))\n"
        "torch.distributed.destroy_process_group()\n"
    )
    (tmp_path / "program.py").write_text(program)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        str(training.free_port()),
    ]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path[1:]), OMP_NUM_THREADS="1")
    subprocess.run(
        [*command, str(tmp_path / "program.py"), str(store.path), str(tmp_path)], check=True, env=environment, timeout=120
    )
    for rank in range(2):
        assert json.loads((tmp_path / f"{rank}.json").read_text()) == [[rank, 2, 1]] * 2


def test_a_jump_far_into_a_plan_takes_no_time(even):
    sampler = PlanBatchSampler(even)
    sampler.resume(even.cursor(1_000_000, 3))
    assert list(itertools.islice(sampler, 1)) == [even.ids(1_000_000, 3).tolist()]
