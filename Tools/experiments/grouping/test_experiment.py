"""pytest for the experiment. COHORT_PROGRAM=path/to/cohort also runs a very small experiment from end to end."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

import experiment
import report
from arms import commonit, quota
from data import Tokens, part_of
from inference import holm, paired, t_quantile, t_two_sided
from model import Small
from results import Results, best_rate
from training import UNSEEN, collate, losses, rate, train

TASKS = np.repeat(np.arange(3), [100, 50, 23])


def test_student_and_holm_agree_with_printed_tables():
    assert t_quantile(7) == pytest.approx(2.3646, abs=1e-4)
    assert t_quantile(1) == pytest.approx(12.7062, abs=1e-3)
    assert t_quantile(120) == pytest.approx(1.9799, abs=1e-4)
    assert t_two_sided(0.0, 5) == 1.0
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    apart = paired([1.0, 2.0, 4.0], [1.0, 1.0, 1.0])
    assert apart.mean == pytest.approx(4 / 3) and apart.half == pytest.approx(4.3027 * np.sqrt(7 / 9), abs=1e-3)


def test_quota_gives_each_sample_once_and_each_step_its_share():
    batches = quota(TASKS, 16, np.random.default_rng(5))
    assert sorted(i for b in batches for i in b) == list(range(len(TASKS)))
    for batch in batches[:-1]:
        for task, size in enumerate((100, 50, 23)):
            assert abs(np.sum(TASKS[batch] == task) - 16 * size / len(TASKS)) < 2


def test_the_published_sampler_drops_tails_and_never_mixes():
    batches = commonit(TASKS, 16, np.random.default_rng(5))
    assert [sum(TASKS[b[0]] == t for b in batches) for t in range(3)] == [6, 3, 1]
    assert all(len(set(TASKS[b])) == 1 and len(set(b)) == 16 for b in batches)


def test_lines_of_parallel_files_share_their_part():
    parts = [part_of(line, True) for line in range(10_000)]
    shares = {p: parts.count(p) / 10_000 for p in set(parts)}
    assert shares["train"] == pytest.approx(0.4, abs=0.03) and shares["pretrain"] == pytest.approx(0.3, abs=0.03)
    assert "pretrain" not in [part_of(line, False) for line in range(1_000)]


def small_tokens() -> Tokens:
    generator = np.random.default_rng(3)
    lengths = generator.integers(4, 12, 20)
    return Tokens(generator.integers(1, 30, lengths.sum()), np.concatenate([[0], np.cumsum(lengths)]), lengths // 2, np.arange(20) % 2, ["a", "b"])


def test_only_response_tokens_count_and_padding_changes_nothing():
    part = small_tokens()
    torch.manual_seed(0)
    model = Small(30, 16, 1, 2, 12)
    alone = []
    for row in range(20):
        tokens, real, targets = collate(part, np.array([row]), "cpu")
        ids, first = part.sample(row), part.response[row]
        assert targets[targets != UNSEEN].tolist() == ids[first:].tolist()
        alone.append(losses(model, tokens, real, targets))
    together = losses(model, *collate(part, np.arange(20), "cpu"))
    assert torch.allclose(torch.cat(alone), together, atol=1e-5)


def test_a_run_repeats_to_the_bit_and_learns():
    part, ends = small_tokens(), []
    for _ in range(2):
        torch.manual_seed(0)
        model = Small(30, 16, 1, 2, 12)
        measures = train(model, part, [list(range(20))] * 40, lr=1e-2, schedule="cosine", device="cpu")
        ends.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert torch.equal(*ends) and measures["train_loss"] < 2.5
    assert rate(0, 100, "cosine") == 0.2 and rate(99, 100, "cosine") < 0.01 and rate(99, 100, "constant") == 1


def test_results_survive_a_kill(tmp_path):
    results = Results(tmp_path / "r.jsonl")
    results.add({"arm": "random", "seed": 1}, {"loss": 2})
    with open(results.path, "a") as f:
        f.write('{"settings": {"arm": "ta')
    again = Results(results.path)
    assert again.find({"seed": 1, "arm": "random"}) == {"loss": 2} and len(again) == 1
    again.add({"arm": "task", "seed": 1}, {"loss": 3})
    assert len(Results(results.path)) == 2


def test_diverged_runs_never_win_the_sweep():
    run = lambda loss: {"valid": {"all": loss}}
    assert best_rate([1.0, 2.0, 3.0], [[run(4.0)], [run(float("nan"))], [run(3.0)]]) == 3.0


@pytest.mark.skipif("COHORT_PROGRAM" not in os.environ, reason="COHORT_PROGRAM is not set")
def test_the_whole_experiment_at_its_smallest(tmp_path, monkeypatch, capsys):
    examples = Path(__file__).resolve().parents[2] / "quickstart-data"
    arguments = ["train", "--work", str(tmp_path), "--cohort", os.environ["COHORT_PROGRAM"], "--tune", f"{examples}/p3/*.jsonl"]
    arguments += "--samples 256 --held-out 64 --pretrain-samples 256 --pretrain-epochs 1 --length 48 --width 16 --layers 1 --heads 2".split()
    arguments += "--vocabulary 400 --batch 16 --groups 4 --seeds 2 --scratch-seeds 2 --sweep-seeds 1 --more-seeds 2 --rates 1e-3 3e-3".split()
    arguments += "--scratch-epochs 1 --batches 8 --group-counts 2".split()
    monkeypatch.setattr("sys.argv", ["run", *arguments])
    assert experiment.main() == 0
    results = Results(tmp_path / "results.jsonl")
    for row in results.rows:
        assert row["measures"]["steps"] == 256 // row["settings"]["batch"]
        if row["settings"]["arm"] != "commonit" and row["settings"]["tail"] == "pool":
            assert row["measures"]["seen"] == 1.0
    text = report.tables(results)
    assert "regime tuned" in text and "regime scratch" in text and "| embedding |" in text
    before = len(results)
    assert experiment.main() == 0
    assert len(Results(tmp_path / "results.jsonl")) == before, "a second call makes nothing anew"
