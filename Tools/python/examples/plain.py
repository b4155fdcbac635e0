"""A training loop in plain PyTorch on a plan. Stop it at any time, start it again, and it goes on at the next step.

python plain.py --store data/store --plan sweep --out runs/plain
torchrun --nproc-per-node 2 plain.py --store data/store --plan sweep --out runs/plain
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import tiny
import torch
from torch.nn.parallel import DistributedDataParallel

import cohort
from cohort.chat import ChatEncoder
from cohort.torch import PlanDataset
from cohort.transformers import PadCollator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--model", help="a model of the hub; a tiny random one if not given")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--save-every", type=int, default=5)
    parser.add_argument("--stop-after", type=int, help="stop after so many steps, as a machine that is taken away would")
    options = parser.parse_args()

    distributed = "WORLD_SIZE" in os.environ
    if distributed:
        torch.distributed.init_process_group("gloo")
    torch.manual_seed(1)

    plan = cohort.open(options.store).plan(options.plan)
    model, tokenizer = tiny.load(options.model, plan)
    encode, pad = ChatEncoder(tokenizer, max_length=256), PadCollator(tokenizer.pad_token_id)
    net = DistributedDataParallel(model) if distributed else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    # Rank and world come from torch.distributed. No sampler, no workers: the library's threads read ahead. An empty part
    # (fewer samples than ranks x accumulation) becomes a row without labels, so that every rank takes part.
    data = PlanDataset(plan, accumulation=options.accumulation, placeholder=True)
    step = 0
    checkpoint = options.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["random"])
        data.load_state_dict(saved["data"])  # another plan's position is refused
        step = saved["step"]

    lead = not distributed or torch.distributed.get_rank() == 0
    world = torch.distributed.get_world_size() if distributed else 1
    began = step
    while step < options.epochs * len(plan):
        micro_batches = []
        for item in data:  # one epoch, or what is left of it
            micro_batches.append(item)
            if len(micro_batches) < options.accumulation:
                continue
            batches = [pad([encode(sample) for sample in micro["samples"]]) for micro in micro_batches]
            # Divide by the labelled tokens of the whole step, so that each counts the same on every rank.
            tokens = torch.tensor(sum((batch["labels"][:, 1:] != -100).sum().item() for batch in batches))
            if distributed:
                torch.distributed.all_reduce(tokens)
            total = 0.0
            for batch in batches:
                # Gradients are averaged over ranks; `world` turns the average into the sum.
                loss = net(**batch, num_items_in_batch=tokens.clamp(min=1)).loss * world
                loss.backward()
                total += loss.item() / world
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            if lead:
                print(f"step {step} group {micro_batches[0]['group']} loss {total:.3f}", flush=True)
            micro_batches = []
            if lead and step % options.save_every == 0:
                options.out.mkdir(parents=True, exist_ok=True)
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
                state |= {"random": torch.get_rng_state(), "data": data.state_dict()}
                torch.save(state, checkpoint.with_suffix(".partial"))
                os.replace(checkpoint.with_suffix(".partial"), checkpoint)
            if options.stop_after == step - began:
                return
    if lead:
        options.out.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), options.out / "model.pt")

if __name__ == "__main__":
    main()
    tiny.leave()
