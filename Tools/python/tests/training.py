"""What the tests of trainings share: a small store, and a program that trains and writes down what it really saw.

Run as a program (by itself, or by torchrun) it trains once, kills itself where it is told to, and leaves in --out:
``seen.RANK.jsonl``, a line a step with the ids of every micro-batch, written from inside the training process; and
``result.json`` with a hash of the final weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"
SEED = 20261201
#: Samples of each task. With batches of 16 (filled up) an epoch has 10 steps.
TASKS = {"add": 61, "reverse": 37, "count": 20, "spell": 9}


def samples(seed: int = SEED) -> list[dict]:
    """Small conversations of four tasks. Some have two answers, the first of which is not to be trained on."""
    random.seed(seed)
    words = ["apple", "river", "stone", "cloud", "paper", "green", "seven", "mouse", "train", "light"]
    made = []
    for task, count in TASKS.items():
        for number in range(count):
            chosen = random.choices(words, k=random.randint(1, 6))
            ask = f"{task} {number}: {' '.join(chosen)}"
            answer = {
                "add": f"{len(chosen)} and {number} make {len(chosen) + number}",
                "reverse": " ".join(reversed(chosen)),
                "count": f"There are {len(chosen)} words.",
                "spell": " ".join("-".join(word) for word in chosen),
            }[task]
            messages = [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}]
            if number % 7 == 3:
                wrong = {"role": "assistant", "content": "I do not know.", "weight": 0}
                messages = [messages[0], wrong, {"role": "user", "content": "Try again."}, messages[1]]
            made.append({"messages": messages, "task": task})
    return made


def make_store(path: str | os.PathLike):
    """A store with the samples above and two plans: `even` (batches of 16, filled up) and `short` (of 8, short tails)."""
    import cohort

    store = cohort.init(path)
    rows = samples()
    for source, part in (("first", rows[::2]), ("second", rows[1::2])):
        store.ingest(part, source=source)
    store.create_grouping("tasks", by="task")
    store.update()
    store.create_snapshot("s")
    store.create_plan("even", snapshot="s", grouping="tasks", batch_size=16, seed=3, tail="fill")
    store.create_plan("short", snapshot="s", grouping="tasks", batch_size=8, seed=3, tail="short")
    store.create_plan("other", snapshot="s", grouping="tasks", batch_size=16, seed=4, tail="fill")
    return store


class Run:
    """What one or more runs of the program left behind."""

    def __init__(self, out: Path):
        self.out = out

    @property
    def result(self) -> dict:
        return json.loads((self.out / "result.json").read_text())

    def seen(self, world: int) -> dict[int, list[list[list[int]]]]:
        """Optimizer step -> rank -> micro-batch -> ids; of a step that was done twice, the last."""
        steps: dict[int, list] = {}
        for rank in range(world):
            for line in (self.out / f"seen.{rank}.jsonl").read_text().splitlines():
                entry = json.loads(line)
                steps.setdefault(entry["global_step"], [None] * world)[rank] = entry["ids"]
        return steps


def run(store, out: Path, *, world: int = 1, expect: int | None = 0, timeout: float = 300, **options) -> Run:
    """Run the program; `options` are its arguments. Checks the exit code unless `expect` is None."""
    out.mkdir(parents=True, exist_ok=True)
    command = [sys.executable]
    if world > 1:
        command += ["-m", "torch.distributed.run", "--nproc-per-node", str(world), "--master-port", str(free_port())]
    command += [str(HERE / "training.py"), "--store", str(store.path), "--out", str(out)]
    for name, value in options.items():
        if value is not None and value is not False:
            command += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
    environment = dict(
        os.environ, OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES=""
    )
    environment["PYTHONPATH"] = os.pathsep.join([str(EXAMPLES), *sys.path[1:]])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    (out / "output.txt").write_text(done.stdout + done.stderr)
    if expect is not None and (done.returncode == 0) != (expect == 0):
        raise AssertionError(f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")
    run = Run(out)
    run.output = done.stdout + done.stderr
    run.code = done.returncode
    return run


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wanted(plan, step: int, world: int, accumulation: int) -> list[list[list[int]]]:
    """What the plan says of an optimizer step: rank -> micro-batch -> ids."""
    epoch, at = divmod(step, len(plan))
    return [[part.tolist() for part in plan.parts(epoch, at, rank, world, accumulation)] for rank in range(world)]


def hashed(model) -> str:
    """A hash over all weights, bit by bit."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", required=True)
    parser.add_argument("--plan", default="even")
    parser.add_argument("--out", required=True)
    parser.add_argument("--kind", default="trainer", choices=["trainer", "sft"])
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--context")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--max-steps", type=int, default=-1)
    parser.add_argument("--save-steps", type=int, default=0)
    parser.add_argument("--save-limit", type=int)
    parser.add_argument("--kill-at", type=int, default=-1)
    parser.add_argument("--kill-rank", type=int, default=0)
    parser.add_argument("--kill-in-save", type=int, default=-1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--resume-from")
    parser.add_argument("--ignore-data-skip", action="store_true")
    parser.add_argument("--persistent", action="store_true")
    parser.add_argument("--even-batches-off", action="store_true")
    parser.add_argument("--split-batches", action="store_true")
    parser.add_argument("--max-length", type=int)
    parser.add_argument("--ragged", default="keep")
    parser.add_argument("--padding-free", action="store_true")
    parser.add_argument("--plain-loss", action="store_true", help="as a model that takes no num_items_in_batch")
    parser.add_argument("--run", help="the run of the store that the losses go to")
    parser.add_argument("--runs", help="JSON list of such options: several trainings in one process, each into its own out")
    options = parser.parse_args()
    for changes in json.loads(options.runs) if options.runs else [{}]:
        train(argparse.Namespace(**{**vars(options), **changes}))


def train(options: argparse.Namespace) -> None:
    """One training, as the options say."""
    import torch

    torch.set_num_threads(1)
    import tiny
    from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

    import cohort
    from cohort.transformers import ChatEncoder, CohortTrainerMixin, GroupLossCallback, latest_checkpoint

    world = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    plan = cohort.open(options.store).plan(options.plan)
    tokenizer = tiny.tokenizer(plan)
    set_seed(1)
    model = tiny.model(tokenizer)
    shared = dict(
        output_dir=str(out),
        num_train_epochs=options.epochs,
        max_steps=options.max_steps,
        gradient_accumulation_steps=options.accumulation,
        save_strategy="steps" if options.save_steps else "no",
        save_steps=options.save_steps or 500,
        save_total_limit=options.save_limit,
        logging_steps=4,
        report_to=[],
        use_cpu=True,
        learning_rate=3e-3,
        seed=1,
        dataloader_num_workers=options.workers,
        dataloader_multiprocessing_context=options.context if options.workers else None,
        dataloader_persistent_workers=options.persistent and options.workers > 0,
        disable_tqdm=True,
        ddp_backend="gloo" if world > 1 else None,
        ignore_data_skip=options.ignore_data_skip,
        accelerator_config={"even_batches": not options.even_batches_off, "split_batches": options.split_batches},
    )
    seen = open(out / f"seen.{rank}.jsonl", "a")

    class Watch(TrainerCallback):
        """Writes down each step's ids after the step was done, and kills the process where it is told to."""

        trainer = None

        def on_step_end(self, args, state, control, **kwargs):
            infos = self.trainer.cohort_step
            ids = [[row for row in info["ids"] if row != -1] for info in infos]
            groups = sorted({info["group"] for info in infos})
            print(json.dumps({"global_step": state.global_step - 1, "ids": ids, "groups": groups}), file=seen, flush=True)
            if state.global_step == options.kill_at and rank == options.kill_rank:
                os.kill(os.getpid(), signal.SIGKILL)

    watch = Watch()
    losses = GroupLossCallback(run=options.run)
    rest = dict(model=model, processing_class=tokenizer, callbacks=[watch, losses], plan=plan, ragged=options.ragged)
    if options.kind == "sft":
        from trl import SFTConfig

        from cohort.trl import CohortSFTTrainer

        base = CohortSFTTrainer
        length = options.max_length
        args = SFTConfig(**shared, max_length=length, assistant_only_loss=True, padding_free=options.padding_free)
    else:

        class base(CohortTrainerMixin, Trainer):
            pass

        args = TrainingArguments(**shared)
        rest["encode"] = ChatEncoder(tokenizer, max_length=options.max_length)

    class Killed(base):
        def _save_optimizer_and_scheduler(self, folder):
            if self.state.global_step == options.kill_in_save and rank == options.kill_rank:
                os.kill(os.getpid(), signal.SIGKILL)
            super()._save_optimizer_and_scheduler(folder)

    trainer = Killed(args=args, **rest)
    if options.plain_loss:
        trainer.model_accepts_loss_kwargs = False
    watch.trainer = trainer
    begun = time.perf_counter()
    resume = options.resume_from or (latest_checkpoint(out) if options.resume else None)
    trainer.train(resume_from_checkpoint=resume)
    if rank == 0:
        facts = {
            "weights": hashed(model),
            "steps": trainer.state.global_step,
            "resumed_from": resume,
            "seconds": time.perf_counter() - begun,
            "log": trainer.state.log_history,
            "loader": len(trainer.get_train_dataloader()),
            "totals": trainer._cohort_totals,
            "finite": all(bool(torch.isfinite(value).all()) for value in model.state_dict().values()),
        }
        (out / "result.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
    import tiny

    tiny.leave()
