"""cohort.transformers: a Trainer's steps are the plan's steps, on any number of ranks and workers, and after kill -9."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import training
from training import EXAMPLES, run, wanted

import cohort

sys.path.insert(0, str(EXAMPLES))
import tiny

pytestmark = pytest.mark.transformers

TORTURE = os.environ.get("COHORT_TORTURE") == "1"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return training.make_store(tmp_path_factory.mktemp("transformers") / "store")


@pytest.fixture(scope="module")
def even(store):
    return store.plan("even")


@pytest.fixture(scope="module")
def tokenizer(even):
    return tiny.tokenizer(even)


@pytest.fixture(scope="module")
def undisturbed(store, tmp_path_factory):
    """Two epochs without a crash, one process, micro-batches of 4: what resumed trainings must equal bit by bit."""
    return run(store, tmp_path_factory.mktemp("undisturbed") / "out", accumulation=4, epochs=2, save_steps=3)


def check(plan, done, world, accumulation, steps):
    """All optimizer steps had exactly the plan's ids, rank by rank and micro-batch by micro-batch, and one group."""
    seen = done.seen(world)
    assert sorted(seen) == list(range(steps))
    for step in range(steps):
        assert seen[step] == wanted(plan, step, world, accumulation), f"step {step}"
    pure = 0
    for rank in range(world):
        lines = [json.loads(line) for line in (done.out / f"seen.{rank}.jsonl").read_text().splitlines()]
        pure += sum(len(line["groups"]) == 1 for line in lines)
        assert all(line["groups"] == [plan.group(*divmod(line["global_step"], len(plan)))] for line in lines)
    return pure


SHORT = [(1, 1, 0, "fork"), (1, 4, 2, "spawn"), (2, 1, 2, "fork"), (2, 4, 0, "fork"), (4, 1, 0, "fork"), (4, 4, 0, "fork")]
LONG = [
    (world, accumulation, workers, context)
    for world in (1, 2, 4)
    for accumulation in (1, 4)
    for workers in (0, 2, 4)
    for context in ("fork", "spawn")
    if workers or context == "fork"
]


@pytest.mark.parametrize("world", [1, 2, 4])
@pytest.mark.parametrize("name", ["even", "short"])
def test_every_optimizer_step_is_the_plans(store, tmp_path, world, name):
    """Measured inside the training process; `short` has uneven and empty parts."""
    plan = store.plan(name)
    combinations = [each for each in (LONG if TORTURE else SHORT) if each[0] == world]
    runs = [
        dict(accumulation=a, workers=w, context=c, persistent=w == 4, out=str(tmp_path / f"{a}-{w}-{c}"))
        for _, a, w, c in combinations
    ]
    run(store, tmp_path / "all", world=world, plan=name, epochs=2, runs=json.dumps(runs), timeout=1800)
    for (_, accumulation, *_), each in zip(combinations, runs):
        from pathlib import Path

        done = training.Run(Path(each["out"]))
        pure = check(plan, done, world, accumulation, 2 * len(plan))
        assert pure == 2 * len(plan) * world
        assert done.result["loader"] == len(plan) * accumulation
        assert done.result["finite"]


def test_loss_of_a_step_does_not_depend_on_the_ranks(store, tmp_path, undisturbed):
    """The same first steps with 2 ranks: the same losses up to rounding (dropout is drawn per rank, so it is off)."""
    lines = [json.loads(line) for line in (undisturbed.out / "steps.jsonl").read_text().splitlines()]
    done = run(store, tmp_path / "two", world=2, accumulation=2, max_steps=4)
    theirs = [json.loads(line) for line in (done.out / "steps.jsonl").read_text().splitlines()]
    for mine, other in zip(lines, theirs):
        assert {k: v for k, v in mine.items() if k != "loss"} == {k: v for k, v in other.items() if k != "loss"}
        assert other["loss"] == pytest.approx(mine["loss"], rel=0.02)


@pytest.mark.parametrize("workers,context", [(0, None), (2, "spawn")])
def test_killed_at_a_random_step_and_resumed_gives_the_same_weights(store, even, tmp_path, undisturbed, workers, context):
    at = random.Random(f"{training.SEED}-{workers}").randint(4, 2 * len(even) - 1)
    print("killed after step", at)
    options = dict(accumulation=4, epochs=2, save_steps=3, workers=workers, context=context)
    killed = run(store, tmp_path / "out", kill_at=at, expect=1, **options)
    assert killed.code == -9 and not (killed.out / "result.json").exists()
    done = run(store, tmp_path / "out", resume=True, **options)
    assert done.result["resumed_from"].endswith(f"checkpoint-{at // 3 * 3 if at % 3 else at - 3}")
    assert done.result["weights"] == undisturbed.result["weights"]
    check(even, done, 1, 4, 2 * len(even))


def test_killed_while_a_checkpoint_is_written_resumes_from_the_one_before(store, even, tmp_path, undisturbed):
    options = dict(accumulation=4, epochs=2, save_steps=3, save_limit=1)
    killed = run(store, tmp_path / "out", kill_in_save=12, expect=1, **options)
    folders = sorted(path.name for path in killed.out.glob("checkpoint-*"))
    assert folders == ["checkpoint-12", "checkpoint-9"], "the older one must stay until the new one is whole"
    with pytest.raises(AssertionError, match="was not written whole"):
        run(store, tmp_path / "out", resume_from=killed.out / "checkpoint-12", **options)
    done = run(store, tmp_path / "out", resume=True, **options)
    assert done.result["resumed_from"].endswith("checkpoint-9")
    assert done.result["weights"] == undisturbed.result["weights"]
    assert sorted(path.name for path in killed.out.glob("checkpoint-*")) == ["checkpoint-20"]


def test_killed_at_the_end_of_an_epoch_and_resumed_gives_the_same_weights(store, even, tmp_path):
    options = dict(accumulation=1, epochs=2, save_steps=len(even) // 2)
    whole = run(store, tmp_path / "whole", **options)
    run(store, tmp_path / "out", kill_at=len(even) + 1, expect=1, **options)
    done = run(store, tmp_path / "out", resume=True, **options)
    assert done.result["resumed_from"].endswith(f"checkpoint-{len(even)}")
    assert done.result["weights"] == whole.result["weights"]


def test_one_of_two_ranks_killed_and_resumed_gives_the_same_weights(store, even, tmp_path):
    options = dict(world=2, accumulation=2, epochs=2, save_steps=3)
    whole = run(store, tmp_path / "whole", **options)
    at = random.Random(training.SEED).randint(4, 2 * len(even) - 1)
    print("rank 1 killed after step", at)
    run(store, tmp_path / "out", kill_at=at, kill_rank=1, expect=1, **options)
    done = run(store, tmp_path / "out", resume=True, **options)
    assert done.result["weights"] == whole.result["weights"]
    check(even, done, 2, 2, 2 * len(even))


def test_resumed_with_another_world_has_the_same_remaining_ids(store, even, tmp_path):
    killed = run(store, tmp_path / "out", world=2, accumulation=2, epochs=2, save_steps=4, kill_at=6, expect=1)
    before = killed.seen(2)
    assert all(before[step] == wanted(even, step, 2, 2) for step in range(4))
    (tmp_path / "out" / "seen.0.jsonl").unlink()
    done = run(store, tmp_path / "out", world=1, accumulation=1, epochs=2, save_steps=50, resume=True)
    seen = done.seen(1)
    assert sorted(seen) == list(range(4, 2 * len(even)))
    assert all(seen[step] == wanted(even, step, 1, 1) for step in seen)


def test_checkpoint_of_another_plan_is_refused_with_both_hashes(store, even, tmp_path):
    run(store, tmp_path / "out", max_steps=2, save_steps=2)
    failed = run(store, tmp_path / "out", plan="other", max_steps=4, resume=True, expect=1)
    assert even.hash in failed.output and store.plan("other").hash in failed.output


def test_marker_holds_cursor_and_hash(store, even, tmp_path):
    done = run(store, tmp_path / "out", accumulation=2, max_steps=12, save_steps=6)
    facts = json.loads((done.out / "checkpoint-12" / "cohort.json").read_text())
    assert facts["plan_hash"] == even.hash and facts["complete"] is True
    assert even.resume(facts["cursor"]) == divmod(12, len(even)) == (facts["epoch"], facts["step"])


def test_ignore_data_skip_is_refused(store, tmp_path):
    run(store, tmp_path / "out", max_steps=2, save_steps=2)
    failed = run(store, tmp_path / "out", max_steps=4, resume=True, ignore_data_skip=True, expect=1)
    assert "ignore_data_skip=True begins the epoch anew" in failed.output


def test_losses_by_group_task_and_source_are_in_logs_and_file(store, even, undisturbed):
    lines = [json.loads(line) for line in (undisturbed.out / "steps.jsonl").read_text().splitlines()]
    assert [line["global_step"] for line in lines] == list(range(1, 2 * len(even) + 1))
    for line in lines:
        assert line["group"] == even.group(line["epoch"], line["step"])
        assert line["samples"] == len(even.ids(line["epoch"], line["step"]))
        assert len(line["tasks"]) == 1 and sum(line["tasks"].values()) == line["tokens"] == sum(line["sources"].values())
    logs = [entry for entry in undisturbed.result["log"] if "loss" in entry]
    first = {f"loss/group/{line['group']}" for line in lines[:4]} | {
        f"loss/task/{task}" for line in lines[:4] for task in line["tasks"]
    }
    assert first <= set(logs[0]) and any(name.startswith("loss/source/") for name in logs[0])
    assert logs[0]["loss"] == pytest.approx(sum(line["loss"] for line in lines[:4]) / 4, rel=1e-4)
    task = next(iter(lines[0]["tasks"]))
    same = [line for line in lines[:4] if task in line["tasks"]]
    mean = sum(line["loss"] * line["tokens"] for line in same) / sum(line["tokens"] for line in same)
    assert logs[0][f"loss/task/{task}"] == pytest.approx(mean, rel=1e-4)


def test_lines_of_repeated_steps_are_taken_back(store, even, tmp_path):
    options = dict(max_steps=8, save_steps=3)
    run(store, tmp_path / "out", kill_at=5, expect=1, **options)
    with open(tmp_path / "out" / "steps.jsonl", "a") as file:
        file.write('{"global_step": 5, "lo')
    done = run(store, tmp_path / "out", resume=True, **options)
    lines = [json.loads(line) for line in (done.out / "steps.jsonl").read_text().splitlines()]
    assert [line["global_step"] for line in lines] == list(range(1, 9))


def test_losses_of_a_killed_and_resumed_training_are_in_the_stores_run(store, even, tmp_path):
    options = dict(max_steps=12, save_steps=3, run="first")
    killed = run(store, tmp_path / "out", kill_at=8, expect=1, **options)
    assert killed.code == -9 and store.run("run show", "first")["kept"][-1]["steps"] == 6
    done = run(store, tmp_path / "out", resume=True, **options)
    lines = [json.loads(line) for line in (done.out / "steps.jsonl").read_text().splitlines()]
    shown = store.run("run show", "first")
    assert shown["plan_hash"] == even.hash
    assert (shown["kept"][-1]["epoch"], shown["kept"][-1]["step"]) == divmod(12, len(even))
    assert shown["kept"][-1]["samples"] == sum(line["samples"] for line in lines)
    known = {(loss["by"], loss["name"]): loss for loss in shown["losses"]}
    for by, kind in (("task", "tasks"), ("source", "sources")):
        names = {name for line in lines for name in line[kind]}
        assert names == {name for its, name in known if its == by}
        for name in names:
            mine = [line for line in lines if line[kind].get(name)]
            tokens = sum(line[kind][name] for line in mine)
            mean = sum(line["loss"] * line[kind][name] for line in mine) / tokens
            found = known[by, name]
            assert (found["steps"], found["tokens"]) == (len(mine), tokens)
            assert found["mean"] == pytest.approx(mean) and found["last"] == mine[-1]["loss"]
    assert {name for by, name in known if by == "group"} == {str(line["group"]) for line in lines}


def test_a_run_of_another_plan_is_refused_before_the_first_step(store, tmp_path):
    run(store, tmp_path / "one", max_steps=1, run="taken")
    other = run(store, tmp_path / "two", plan="other", max_steps=1, run="taken", expect=1)
    assert store.plan("even").hash in other.output and store.plan("other").hash in other.output
    assert not list((tmp_path / "two").glob("steps.jsonl"))


def test_truncation_is_counted_and_reported(store, even, tmp_path, tokenizer):
    from cohort.transformers import ChatEncoder

    done = run(store, tmp_path / "out", max_steps=4, max_length=24)
    lengths = [len(ChatEncoder(tokenizer)(sample)["input_ids"]) for step in range(4) for sample in even.batch(0, step)[:]]
    totals = done.result["totals"]
    assert totals["samples"] == len(lengths)
    assert totals["truncated"] == sum(length > 24 for length in lengths) > 0
    assert totals["cut"] == sum(max(0, length - 24) for length in lengths)
    assert f"truncated {totals['truncated']} of {totals['samples']} samples" in done.output


def test_a_step_whose_labels_were_all_cut_away_gives_no_nan(store, tmp_path):
    done = run(store, tmp_path / "out", max_steps=3, max_length=2)
    assert done.result["finite"] and done.result["totals"]["empty_steps"] == 3
    plain = run(store, tmp_path / "plain", max_steps=3, max_length=2, plain_loss=True)
    assert plain.result["finite"]


def test_empty_parts_under_a_model_that_divides_by_itself_give_no_nan(store, tmp_path):
    done = run(store, tmp_path / "out", plan="short", world=2, accumulation=4, max_steps=6, plain_loss=True)
    assert done.result["finite"]
    check(store.plan("short"), done, 2, 4, 6)


def test_ragged_error_is_refused_before_the_first_step(store, tmp_path):
    failed = run(store, tmp_path / "out", plan="short", accumulation=4, ragged="error", expect=1)
    assert "even parts" in failed.output and not (tmp_path / "out" / "seen.0.jsonl").read_text()


def test_settings_that_reorder_are_refused(even, tokenizer, tmp_path):
    from transformers import Trainer, TrainingArguments

    from cohort.transformers import CohortTrainer

    model = tiny.model(tokenizer)
    for setting, word in (
        (dict(auto_find_batch_size=True), "auto_find_batch_size"),
        (dict(train_sampling_strategy="group_by_length"), "train_sampling_strategy"),
    ):
        args = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to=[], **setting)
        with pytest.raises(cohort.CohortError, match=word):
            CohortTrainer(model=model, args=args, processing_class=tokenizer, plan=even)
    # Without a plan the settings mean what they meant, for those who compare.
    data = [{"input_ids": [1, 2, 3], "labels": [1, 2, 3], "length": 3} for _ in range(8)]
    args = TrainingArguments(
        output_dir=str(tmp_path),
        use_cpu=True,
        report_to=[],
        train_sampling_strategy="group_by_length",
        max_steps=2,
        disable_tqdm=True,
        save_strategy="no",
        per_device_train_batch_size=4,
    )
    trainer = CohortTrainer(model=model, args=args, train_dataset=data)
    assert isinstance(trainer, Trainer) and trainer.train().global_step == 2


def test_the_guard_refuses_data_of_another_step(even, tokenizer, tmp_path):
    from transformers import TrainerCallback, TrainingArguments

    from cohort.transformers import CohortTrainer

    class Early(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            control.should_epoch_stop = state.global_step == 2

    args = TrainingArguments(
        output_dir=str(tmp_path), use_cpu=True, report_to=[], num_train_epochs=2, disable_tqdm=True, save_strategy="no"
    )
    trainer = CohortTrainer(model=tiny.model(tokenizer), args=args, processing_class=tokenizer, plan=even, callbacks=[Early()])
    with pytest.raises(cohort.CohortError, match=r"step 2 of epoch 0.*the loader gave"):
        trainer.train()


def test_own_collators_get_samples_and_empty_parts_are_masked(store, tokenizer, tmp_path):
    from transformers import TrainingArguments

    from cohort.transformers import CohortTrainer, PadCollator

    rows = []

    def collate(samples):
        rows.append([sample["id"] for sample in samples])
        ids = [tokenizer(sample["prompt"] + sample["response"])["input_ids"][:32] for sample in samples]
        return PadCollator(0)([{"input_ids": each, "labels": list(each)} for each in ids])

    plan = store.plan("short")
    args = TrainingArguments(
        output_dir=str(tmp_path),
        use_cpu=True,
        report_to=[],
        max_steps=len(plan),
        gradient_accumulation_steps=8,
        disable_tqdm=True,
        save_strategy="no",
    )
    trainer = CohortTrainer(
        model=tiny.model(tokenizer), args=args, processing_class=tokenizer, plan=plan, encode=False, data_collator=collate
    )
    trainer.train()
    empty = 0
    for at, given in enumerate(rows):
        part = plan.parts(0, at // 8, accumulation=8)[at % 8].tolist()
        assert given == part or (not part and len(given) == 1)
        empty += not part
    assert empty > 0
    loader = trainer.get_train_dataloader()
    for batch in loader:
        if batch["cohort"]["ids"] == [-1]:
            assert (batch["labels"] == -100).all() and batch["cohort"]["tokens"] == 0


# Label masks.


def trained_text(tokenizer, features):
    return tokenizer.decode([token for token, label in zip(features["input_ids"], features["labels"]) if label != -100])


CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Spell it."},
    {"role": "assistant", "content": "Wrogn."},
    {"role": "user", "content": "Again."},
    {"role": "assistant", "content": "Right."},
]


def test_labels_are_the_assistants_turns(tokenizer):
    from cohort.chat import ChatEncoder

    encode = ChatEncoder(tokenizer)
    features = encode({"messages": CONVERSATION})
    assert trained_text(tokenizer, features) == "Wrogn.<|im_end|>Right.<|im_end|>"
    assert all(label in (-100, token) for token, label in zip(features["input_ids"], features["labels"]))
    last = ChatEncoder(tokenizer, loss="completion")({"messages": CONVERSATION})
    assert trained_text(tokenizer, last) == "Right.<|im_end|>"
    every = ChatEncoder(tokenizer, loss="all")({"messages": CONVERSATION})
    assert every["labels"] == every["input_ids"]


@pytest.mark.parametrize(
    "flag", [{"weight": 0}, {"weight": 0.0}, {"train": False}, {"trainable": False}, {"loss": False}, {"loss_mask": 0}]
)
def test_turns_that_are_not_to_be_trained_on_are_left_out(tokenizer, flag):
    from cohort.chat import ChatEncoder

    messages = [{**turn, **(flag if turn["content"] == "Wrogn." else {})} for turn in CONVERSATION]
    assert trained_text(tokenizer, ChatEncoder(tokenizer)({"messages": messages})) == "Right.<|im_end|>"
    every = trained_text(tokenizer, ChatEncoder(tokenizer, loss="all")({"messages": messages}))
    assert "Wrogn" not in every and "Right." in every and "Be brief." in every
    swapped = [{**turn, **(flag if turn["content"] == "Right." else {})} for turn in CONVERSATION]
    assert trained_text(tokenizer, ChatEncoder(tokenizer, loss="completion")({"messages": swapped})) == "Wrogn.<|im_end|>"
    positive = [{**turn, **{name: 1 for name in flag}} for turn in CONVERSATION]
    assert trained_text(tokenizer, ChatEncoder(tokenizer)({"messages": positive})) == "Wrogn.<|im_end|>Right.<|im_end|>"


PLAIN = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def test_a_template_without_marks_gives_the_same_labels(tokenizer):
    from cohort.chat import ChatEncoder

    encode = ChatEncoder(tokenizer, chat_template=PLAIN)
    assert trained_text(tokenizer, encode({"messages": CONVERSATION})) == "Wrogn.<|im_end|>Right.<|im_end|>"


def test_a_template_that_rewrites_earlier_turns_is_refused(tokenizer):
    from cohort.chat import ChatEncoder

    rewriting = PLAIN.replace(
        "message['content']", "(message['content'] if loop.last or message['role'] != 'assistant' else 'gone')"
    )
    with pytest.raises(cohort.CohortError, match="generation"):
        ChatEncoder(tokenizer, chat_template=rewriting)({"messages": CONVERSATION})


def test_masks_equal_the_tokenizers_own(tokenizer, even):
    """Where no turn is flagged, the mask is the one that the tokenizer gives for {% generation %}."""
    from cohort.chat import ChatEncoder

    encode = ChatEncoder(tokenizer)
    for sample in even.batch(0, 0)[:]:
        messages = [{"role": turn["role"], "content": turn["content"]} for turn in sample["messages"]]
        theirs = tokenizer.apply_chat_template(messages, return_assistant_tokens_mask=True, return_dict=True)
        ours = encode({"messages": messages})
        assert ours["input_ids"] == theirs["input_ids"]
        assert [int(label != -100) for label in ours["labels"]] == theirs["assistant_masks"]


def test_truncation_keeps_the_end_it_is_told_to(tokenizer):
    from cohort.chat import ChatEncoder

    whole = ChatEncoder(tokenizer)({"messages": CONVERSATION})
    length = len(whole["input_ids"])
    start = ChatEncoder(tokenizer, max_length=10)({"messages": CONVERSATION})
    end = ChatEncoder(tokenizer, max_length=10, truncation="keep_end")({"messages": CONVERSATION})
    assert start["input_ids"] == whole["input_ids"][:10] and start["cut"] == length - 10
    assert end["input_ids"] == whole["input_ids"][-10:] and end["labels"] == whole["labels"][-10:]


def test_a_tokenizer_without_template_is_refused(even):
    from cohort.chat import ChatEncoder

    bare = tiny.tokenizer(even)
    bare.chat_template = None
    with pytest.raises((cohort.CohortError, ValueError), match=r"chat.template"):
        ChatEncoder(bare)
    ChatEncoder(bare, chat_template=PLAIN)


# Examples.


@pytest.mark.parametrize("world", [1, 2])
@pytest.mark.parametrize("name", ["plain.py", "trainer.py"])
def test_examples_run_offline(store, tmp_path, name, world):
    _example(name, world, "--store", store.path, "--plan", "even", "--out", tmp_path, "--epochs", 1)


def test_the_plain_loop_resumes_to_the_same_weights(store, tmp_path):
    shared = ("--store", store.path, "--plan", "short", "--accumulation", 2, "--epochs", 1)
    _example("plain.py", 1, *shared, "--out", tmp_path / "whole")
    _example("plain.py", 1, *shared, "--out", tmp_path / "cut", "--stop-after", 7)
    _example("plain.py", 1, *shared, "--out", tmp_path / "cut")
    whole, cut = (torch.load(tmp_path / each / "model.pt", weights_only=True) for each in ("whole", "cut"))
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def _example(name, world, *arguments):
    launcher = (
        []
        if world == 1
        else ["-m", "torch.distributed.run", "--nproc-per-node", str(world), "--master-port", str(training.free_port())]
    )
    environment = dict(os.environ, OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")
    environment["PYTHONPATH"] = os.pathsep.join([str(EXAMPLES), *sys.path[1:]])
    command = [sys.executable, *launcher, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
