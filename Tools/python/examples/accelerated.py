"""A loop with accelerate on a plan. The loader may go through `accelerator.prepare`: it comes back as it is.

python accelerated.py --store data/store --plan sweep --out runs/accelerated
accelerate launch --cpu --num_processes 2 accelerated.py --store data/store --plan sweep --out runs/accelerated
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import tiny
import torch
from accelerate import Accelerator, DataLoaderConfiguration

import cohort
from cohort.chat import ChatEncoder
from cohort.torch import PlanLoader
from cohort.transformers import PadCollator


class Collate:
    """Micro-batch to (ids, tensors). A class at module level, so that spawned workers can receive it."""

    def __init__(self, tokenizer):
        self.encode, self.pad = ChatEncoder(tokenizer, max_length=256), PadCollator(tokenizer.pad_token_id)

    def __call__(self, item):
        return item["ids"], self.pad([self.encode(sample) for sample in item["samples"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--model", help="a model of the hub; a tiny random one if not given")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--accumulation", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--split-batches", action="store_true")
    parser.add_argument("--begin", type=int, default=0, help="go on at this step, as after a resume")
    options = parser.parse_args()

    torch.manual_seed(1)
    accelerator = Accelerator(
        cpu=True,
        gradient_accumulation_steps=options.accumulation,
        dataloader_config=DataLoaderConfiguration(split_batches=options.split_batches),
    )
    plan = cohort.open(options.store).plan(options.plan)
    model, tokenizer = tiny.load(options.model, plan)
    loader = PlanLoader(
        plan,
        Collate(tokenizer),
        rank=accelerator.process_index,
        world=accelerator.num_processes,
        accumulation=options.accumulation,
        placeholder=True,
        num_workers=options.workers,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    loader.batch_sampler.resume(plan.cursor(*divmod(options.begin, len(plan))))

    options.out.mkdir(parents=True, exist_ok=True)
    seen = open(options.out / f"seen.{accelerator.process_index}.jsonl", "w")
    for epoch in range(options.begin // len(plan), options.epochs):
        loader.set_epoch(epoch)
        for ids, batch in loader:
            with accelerator.accumulate(model):
                # A micro-batch without labels counts nothing; divided by its own tokens the loss would be 0 / 0.
                tokens = (batch["labels"][:, 1:] != -100).sum().clamp(min=1)
                loss = model(**batch, num_items_in_batch=tokens).loss
                accelerator.backward(loss)
                optimizer.step()
                optimizer.zero_grad()
            line = {"epoch": epoch, "ids": [row for row in ids if row != -1], "stepped": accelerator.sync_gradients}
            print(json.dumps(line), file=seen, flush=True)
    accelerator.print(f"loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
    tiny.leave()
