"""Where accelerate loses, repeats or mixes samples of ready-made batches, and that none of it happens to a plan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import training
from training import EXAMPLES

import cohort
from cohort.torch import PlanBatchSampler, PlanKeys, PlanLoader

pytestmark = pytest.mark.transformers
TORTURE = os.environ.get("COHORT_TORTURE") == "1"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return training.make_store(tmp_path_factory.mktemp("accelerate") / "store")


class Batches:
    """An ordinary batch sampler with one short batch."""

    drop_last = False

    def __init__(self, lengths, batch_size=4):
        self.batches, self.batch_size, self.epochs = [], batch_size, []
        for length in lengths:
            begin = sum(map(len, self.batches))
            self.batches.append(list(range(begin, begin + length)))

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter([list(batch) for batch in self.batches])

    def set_epoch(self, epoch):
        self.epochs.append(epoch)


TRAPS = {
    "split_batches drops a short batch in the middle": ([4, 3, 4, 4], dict(split_batches=True)),
    "the default loses the batch beside a short one": ([4, 3, 4, 4], dict()),
    "even_batches fills the last batch from the first": ([4, 4, 4, 2], dict(split_batches=True)),
}


@pytest.mark.parametrize("trap", TRAPS)
def test_the_trap_is_there_for_ordinary_batches(trap):
    """If this fails, accelerate has changed: look whether the tests below still test anything."""
    from accelerate.data_loader import BatchSamplerShard

    lengths, options = TRAPS[trap]
    batches = Batches(lengths)
    given = Counter(index for rank in range(2) for part in BatchSamplerShard(batches, 2, rank, **options) for index in part)
    assert given != Counter(index for batch in batches.batches for index in batch)


def test_the_trap_of_set_epoch_after_skipping_is_there_for_ordinary_batches():
    from accelerate.data_loader import prepare_data_loader, skip_first_batches

    batches = Batches([4, 4, 4, 4])
    loader = torch.utils.data.DataLoader(range(16), batch_sampler=batches)
    skip_first_batches(prepare_data_loader(loader, num_processes=2, process_index=0), 1).set_epoch(5)
    assert 5 not in batches.epochs


@pytest.mark.parametrize("options", [{}, {"split_batches": True}, {"even_batches": False}])
def test_a_plans_sampler_refuses_to_be_sharded_again(store, options):
    from accelerate.data_loader import BatchSamplerShard

    for made in (PlanBatchSampler, PlanKeys):
        with pytest.raises(cohort.CohortError, match="must not be sharded again"):
            BatchSamplerShard(made(store.plan("short"), rank=0, world=2), 2, 0, **options)


def test_set_epoch_reaches_the_plan_after_skipping(store):
    """As the Trainer does it: skip in the epoch of the resume, whole epochs after it."""
    from accelerate.data_loader import skip_first_batches

    plan = store.plan("short")
    loader = PlanLoader(plan, rank=0, world=1)
    skipping = skip_first_batches(loader, 5)
    skipping.batch_sampler.batch_sampler.set_epoch(2)
    assert [item["key"] for item in skipping] == [(2, step, 0) for step in range(5, len(plan))]
    loader.set_epoch(3)
    assert [item["key"] for item in loader] == [(3, step, 0) for step in range(len(plan))]


def run(tmp_path, store, world, *arguments):
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(world), "--master-port", str(training.free_port())]
    environment = dict(os.environ, OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", ACCELERATE_USE_CPU="true")
    environment["PYTHONPATH"] = os.pathsep.join([str(EXAMPLES), *sys.path[1:]])
    command = [sys.executable, *(launcher if world > 1 else []), EXAMPLES / "accelerated.py"]
    command += ["--store", store.path, "--plan", "short", "--out", tmp_path, *arguments]
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    lines = [(tmp_path / f"seen.{rank}.jsonl").read_text().splitlines() for rank in range(world)]
    return [[json.loads(line) for line in each] for each in lines]


CASES = [(1, 4, 0, False), (2, 1, 2, False), (2, 4, 0, True), (4, 1, 0, False)]
ALL = [(w, a, n, s) for w in (1, 2, 4) for a in (1, 4) for n in (0, 2) for s in (False, True)]


@pytest.mark.parametrize("world,accumulation,workers,split", ALL if TORTURE else CASES)
def test_a_prepared_loader_gives_exactly_the_plan(store, tmp_path, world, accumulation, workers, split):
    """Through `accelerator.prepare`, with short and empty parts: nothing lost, repeated or mixed, and no rank waits."""
    plan = store.plan("short")
    more = ["--split-batches"] if split else []
    seen = run(tmp_path, store, world, "--accumulation", accumulation, "--workers", workers, *more)
    for rank in range(world):
        parts = [part.tolist() for step in range(len(plan)) for part in plan.parts(0, step, rank, world, accumulation)]
        assert [line["ids"] for line in seen[rank]] == parts
        assert [line["stepped"] for line in seen[rank]] == [at % accumulation == accumulation - 1 for at in range(len(parts))]


def test_a_loop_goes_on_in_the_middle_of_an_epoch(store, tmp_path):
    plan = store.plan("short")
    begin = len(plan) + 5
    seen = run(tmp_path, store, 2, "--accumulation", 2, "--begin", begin, "--epochs", 3)
    for rank in range(2):
        wanted = [
            part.tolist() for at in range(begin, 3 * len(plan)) for part in plan.parts(*divmod(at, len(plan)), rank, 2, 2)
        ]
        assert [line["ids"] for line in seen[rank]] == wanted
