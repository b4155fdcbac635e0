"""Plans: the same as the command line gives, in shares that add up."""

import json
import random

import numpy as np
import pytest
from conftest import PLANS, chats

import cohort


@pytest.mark.parametrize("name", PLANS)
def test_ids_are_those_of_the_command_line(store: cohort.Store, name: str) -> None:
    plan = store.plan(name)
    for epoch in (0, 3):
        lines = store.run("plan show", name, epoch=epoch)
        assert len(lines) == len(plan) == plan.steps_per_epoch
        for line in lines:
            assert plan.ids(epoch, line["step"]).tolist() == line["ids"]
            assert plan.group(epoch, line["step"]) == (None if line["mixed"] else line["group"])


@pytest.mark.parametrize("name", PLANS)
def test_shares_are_those_of_the_command_line(store: cohort.Store, name: str) -> None:
    plan = store.plan(name)
    for rank in range(3):
        for line in store.run("plan show", name, epoch=1, rank=rank, world=3, accumulate=4):
            parts = plan.parts(1, line["step"], rank, 3, 4)
            assert [part.tolist() for part in parts] == line["micro_batches"]
            assert plan.ids(1, line["step"], rank, 3, 4).tolist() == line["ids"]


@pytest.mark.parametrize("name", PLANS)
def test_shares_add_up(store: cohort.Store, name: str) -> None:
    plan = store.plan(name)
    seed = 11
    print(f"seed {seed}")
    draw = random.Random(seed)
    for _ in range(60):
        epoch, step = draw.randrange(4), draw.randrange(len(plan))
        world, accumulation = draw.randint(1, 9), draw.randint(1, 5)
        whole = plan.ids(epoch, step).tolist()
        shares = [plan.parts(epoch, step, rank, world, accumulation) for rank in range(world)]
        assert [len(share) for share in shares] == [accumulation] * world
        assert sorted(id for share in shares for part in share for id in part.tolist()) == sorted(whole)
        # Ranks of one world and more micro-batches see the same micro-batches, put together, as one rank alone.
        alone = plan.parts(epoch, step, 0, 1, accumulation)
        for k in range(accumulation):
            together = [id for share in shares for id in share[k].tolist()]
            assert sorted(together) == sorted(alone[k].tolist())


@pytest.mark.parametrize("name", PLANS)
def test_digests_agree(store: cohort.Store, name: str) -> None:
    report = store.run("plan digest", name, epochs=2)
    plan = store.plan(name)
    assert report["digest"] == plan.digest(2) == plan.digest(2, world=4, accumulation=3)
    assert report["plan_hash"] == plan.hash


@pytest.mark.parametrize("name", PLANS)
def test_which_is_the_inverse_of_ids(store: cohort.Store, name: str) -> None:
    plan = store.plan(name)
    first: dict[int, tuple[int, int]] = {}
    for step in range(len(plan)):
        for place, id in enumerate(plan.ids(2, step).tolist()):
            first.setdefault(id, (step, place))
    for id in range(0, store.samples, 7):
        assert plan.which(id, 2) == first.get(id)
    assert plan.which(store.samples + 5, 2) is None


def test_groups_are_those_of_the_samples(store: cohort.Store) -> None:
    plan, assigned = store.plan("first"), store.assignments("tasks")
    for step in range(0, len(plan), 5):
        assert set(assigned[plan.ids(0, step)].tolist()) == {plan.group(0, step)}


def test_a_plan_is_found_by_its_hash(store: cohort.Store) -> None:
    plan = store.plan("first")
    assert store.plan(plan.hash) == plan and len({store.plan(plan.hash), plan}) == 1
    assert store.plan("pooled") != plan
    assert {record["hash"] for record in store.plans()} == {store.plan(name).hash for name in PLANS}
    assert plan.info["batch_size"] == 32 and plan.largest_step == 32 and plan.name == "first"
    assert plan.samples_per_epoch == sum(len(plan.ids(0, step)) for step in range(len(plan)))


def test_cursors_come_back(store: cohort.Store) -> None:
    plan = store.plan("first")
    for place in [(0, 0), (3, 17), (2, len(plan) - 1)]:
        cursor = plan.cursor(*place)
        assert plan.resume(cursor) == place
        assert plan.resume(json.loads(cursor)) == place
    assert plan.resume(plan.cursor(4, len(plan))) == (5, 0)
    with pytest.raises(cohort.UsageError) as caught:
        store.plan("pooled").resume(plan.cursor(0, 1))
    assert plan.hash in str(caught.value) and store.plan("pooled").hash in str(caught.value)


def test_a_store_that_grows_keeps_its_plans(copy: cohort.Store) -> None:
    plans = {name: copy.plan(name) for name in PLANS}
    before = {name: [plan.ids(1, step).tolist() for step in range(len(plan))] for name, plan in plans.items()}
    texts = plans["first"].batch(0, 5).messages
    samples = copy.samples
    copy.ingest(chats(9, 200), source="more", task="gsm8k")
    copy.update()
    copy.create_snapshot("tuesday")
    assert copy.samples == samples + 200
    for name, plan in plans.items():
        assert [plan.ids(1, step).tolist() for step in range(len(plan))] == before[name]
        again = cohort.open(copy.path).plan(name)
        assert [again.ids(1, step).tolist() for step in range(len(again))] == before[name] and again.hash == plan.hash
    assert plans["first"].batch(0, 5).messages == texts


def test_deleted_samples_leave_holes(copy: cohort.Store) -> None:
    plan = copy.plan("first")
    ids = plan.ids(0, 3)
    gone = np.unique(ids)[:4]
    report = copy.delete(gone, reason="a test")
    assert report["deleted"] == 4
    assert plan.ids(0, 3).tolist() == ids.tolist()
    batch = plan.batch(0, 3)
    assert batch.ids.tolist() == ids.tolist()
    assert set(batch.ids[batch.missing].tolist()) == set(gone.tolist())
    for i in range(len(batch)):
        if batch.missing[i]:
            assert batch.messages[i] == [] and batch.prompts[i] == batch.responses[i] == "" and batch[i]["missing"]
        else:
            assert batch.messages[i] and batch.responses[i] and "missing" not in batch[i]


def test_rows_say_where_samples_are_from(store: cohort.Store) -> None:
    plan = store.plan("short")
    rows = plan.rows(0, 2)
    assert [id for id, _, _ in rows] == plan.ids(0, 2).tolist()
    for (id, source, line), shown in zip(rows[:5], store.run("sample show", *[id for id, _, _ in rows[:5]]), strict=True):
        assert (id, source, line) == (shown["id"], shown["source"], shown["line"])


def test_a_new_plan_tells_its_report(copy: cohort.Store) -> None:
    plan = copy.create_plan("new", snapshot="monday", grouping="tasks", batch_size=48, tail="drop", order="round-robin", seed=3)
    assert plan.report is not None and plan.report.steps == len(plan) and plan.report["plan_hash"] == plan.hash
    assert plan.info["tail"] == "drop" and plan.info["seed"] == 3
