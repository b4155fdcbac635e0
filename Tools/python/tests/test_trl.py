"""cohort.trl: an SFTTrainer's steps are the plan's steps, and what would break them is refused."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import training
from training import EXAMPLES, run, wanted

import cohort

pytestmark = pytest.mark.trl


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return training.make_store(tmp_path_factory.mktemp("trl") / "store")


@pytest.mark.parametrize("padding_free", [False, True])
def test_every_step_is_the_plans(store, tmp_path, padding_free):
    plan = store.plan("even")
    # TRL cuts nothing where it lays samples end to end.
    options = {"padding_free": True} if padding_free else {"max_length": 128}
    done = run(store, tmp_path / "out", kind="sft", plan="even", accumulation=2, epochs=1, **options)
    seen = done.seen(1)
    assert sorted(seen) == list(range(len(plan)))
    for step in range(len(plan)):
        assert seen[step] == wanted(plan, step, 1, 2), f"step {step}"
    assert done.result["finite"]


def test_packing_and_a_second_source_of_data_are_refused(store, tmp_path):
    import sys

    sys.path.insert(0, str(EXAMPLES))
    import datasets
    import tiny
    from trl import SFTConfig

    from cohort.trl import CohortSFTTrainer

    plan = store.plan("even")
    tokenizer = tiny.tokenizer(plan)
    rest = {"model": tiny.model(tokenizer), "processing_class": tokenizer, "plan": plan}
    shared = {"output_dir": str(tmp_path), "report_to": [], "use_cpu": True}
    with pytest.raises(cohort.UsageError, match="packing"):
        CohortSFTTrainer(args=SFTConfig(packing=True, **shared), **rest)
    with pytest.raises(cohort.UsageError, match="train_dataset"):
        CohortSFTTrainer(args=SFTConfig(**shared), train_dataset=datasets.Dataset.from_list([{"text": "a"}]), **rest)


def test_truncation_is_counted_and_reported(store, tmp_path):
    done = run(store, tmp_path / "out", kind="sft", max_steps=4, max_length=24)
    totals = done.result["totals"]
    assert totals["truncated"] > 0
    assert f"truncated {totals['truncated']} of {totals['samples']} samples" in done.output
    assert [entry for entry in done.result["log"] if "loss" in entry][0]["truncated_tokens"] == totals["cut"]


def test_the_example_runs_offline(store, tmp_path):
    import os
    import subprocess
    import sys

    environment = dict(os.environ, OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")
    environment["PYTHONPATH"] = os.pathsep.join([str(EXAMPLES), *sys.path[1:]])
    command = [sys.executable, EXAMPLES / "sft.py", "--store", store.path, "--plan", "even", "--out", tmp_path, "--epochs", "1"]
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert len((tmp_path / "steps.jsonl").read_text().splitlines()) == len(store.plan("even"))


def test_killed_and_resumed_gives_the_same_weights(store, tmp_path):
    options = {"kind": "sft", "plan": "even", "accumulation": 2, "epochs": 1, "save_steps": 3, "max_length": 128}
    whole = run(store, tmp_path / "whole", **options)
    killed = run(store, tmp_path / "cut", kill_at=5, expect=1, **options)
    assert not (killed.out / "result.json").exists()
    resumed = run(store, tmp_path / "cut", resume=True, **options)
    assert resumed.result["resumed_from"] and resumed.result["weights"] == whole.result["weights"]
    assert json.loads((killed.out / "result.json").read_text())["steps"] == len(store.plan("even"))
