"""Training, evaluation and what is measured on the way."""

import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import Tokens
from model import new_model

UNSEEN = -100  # a target that does not count


def collate(part: Tokens, rows, device, response_only: bool = True):
    """(tokens, which of them are real, targets), all [samples, longest]; the target at t is the token at t + 1."""
    lengths = part.lengths()[rows]
    tokens = np.zeros((len(rows), lengths.max()), np.int64)
    targets = np.full(tokens.shape, UNSEEN, np.int64)
    for i, row in enumerate(rows):
        ids = part.sample(row)
        first = part.response[row] if response_only else 1
        tokens[i, : len(ids)] = ids
        targets[i, max(first, 1) - 1 : len(ids) - 1] = ids[max(first, 1) :]
    real = np.arange(tokens.shape[1]) < lengths[:, None]
    return (torch.from_numpy(a).to(device) for a in (tokens, real, targets))


def losses(model, tokens, real, targets) -> torch.Tensor:
    """The loss of each token that counts, in the order of the mask."""
    where = targets != UNSEEN
    return F.cross_entropy(model.logits(tokens, real, where).float(), targets[where], reduction="none")


@torch.no_grad()
def evaluate(model, part: Tokens, device, batch: int = 64) -> dict:
    """Loss a response token: over all of them, as the mean of the tasks' means, and for each task."""
    model.eval()
    sums, counts = np.zeros(len(part.tasks)), np.zeros(len(part.tasks))
    order = np.argsort(part.lengths(), kind="stable")
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        tokens, real, targets = collate(part, rows, device)
        samples = (targets != UNSEEN).nonzero()[:, 0].cpu().numpy()
        each = losses(model, tokens, real, targets).double().cpu().numpy()
        np.add.at(sums, part.task[rows[samples]], each)
        np.add.at(counts, part.task[rows[samples]], 1)
    model.train()
    tasks = {part.tasks[t]: round(float(sums[t] / counts[t]), 5) for t in np.flatnonzero(counts)}
    return {"all": round(float(sums.sum() / counts.sum()), 5), "macro": round(float(np.mean(list(tasks.values()))), 5), "tasks": tasks}


def rate(step: int, steps: int, schedule: str, warm: float = 0.05) -> float:
    """The share of the learning rate in this step: it rises in the first 5 %, then stays, or falls to 0 along a cosine."""
    rising = max(1, round(steps * warm))
    if step < rising:
        return (step + 1) / rising
    return 1.0 if schedule == "constant" else 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def clock(device) -> float:
    """Seconds of this process's CPU, so that other work on the machine does not count; on an accelerator, of the clock."""
    if str(device) == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def train(model, part: Tokens, batches, *, lr: float, schedule: str, device, loss: str = "mean", response_only: bool = True) -> dict:
    """One optimizer step (AdamW, gradients clipped at 1) a batch. `loss`: `mean` over the step's tokens, as trainers do, or
    `constant`, their sum over the number that an average step has, so that a token weighs alike in every step."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.0)
    lengths = part.lengths()
    usual = float(np.mean(lengths - part.response)) * len(batches[0])
    before, cosines, rates, tokens_seen, padded, seconds, course = None, [], [], 0, 0, 0.0, []
    for step, rows in enumerate(batches):
        rows = np.asarray(rows)
        began = clock(device)
        each = losses(model, *collate(part, rows, device, response_only))
        objective = each.mean() if loss == "mean" else each.sum() / usual
        optimizer.zero_grad(set_to_none=True)
        objective.backward()
        took = clock(device) - began
        gradient = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        if before is not None:
            cosines.append(F.cosine_similarity(gradient, before, dim=0).item())
        before = gradient
        began = clock(device)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = lr * rate(step, len(batches), schedule)
        optimizer.step()
        took += clock(device) - began
        real = int(lengths[rows].sum())
        tokens_seen, padded, seconds = tokens_seen + real, padded + len(rows) * int(lengths[rows].max()), seconds + took
        rates.append(real / max(took, 1e-9))
        course.append(objective.item())
        if not math.isfinite(course[-1]):
            break
    return {
        "cosine": round(float(np.mean(cosines)), 5),
        "conflicts": round(float(np.mean(np.array(cosines) < 0)), 5),
        "padding": round(1 - tokens_seen / padded, 5),
        "tokens_per_second": round(float(np.median(rates)), 1),
        "seconds": round(seconds, 2),
        "train_loss": round(float(np.mean(course[-max(1, len(course) // 10) :])), 5),
    }


def pretrained(options, data, group: int) -> Path:
    """The first stage's weights for one group of seeds: next-token prediction on all tokens of the other data. Made once."""
    shape = f"{options.layers}x{options.width}-{options.pretrain_epochs}ep-{options.pretrain_lr:g}-{options.pretrain_batch}"
    path = data.folder / f"pretrained-{shape}-{group}.pt"
    if path.exists():
        return path
    model, part = new_model(options, data.vocabulary, 1_000 + group), data.parts["pretrain"]
    generator, batches = np.random.default_rng(1_000 + group), []
    for _ in range(options.pretrain_epochs):
        # Random batches of similar length: less padding. This stage is the same for all arms.
        order = np.argsort(part.lengths() + generator.random(len(part)) * options.length / 4, kind="stable")
        whole = [order[i : i + options.pretrain_batch] for i in range(0, len(order), options.pretrain_batch)]
        batches += [whole[i] for i in generator.permutation(len(whole))]
    report = train(model, part, batches, lr=options.pretrain_lr, schedule="cosine", device=options.device, response_only=False)
    print(f"pretrained {path.name}: {len(batches)} steps, {report['seconds']} s, loss {report['train_loss']}", flush=True)
    torch.save(model.state_dict(), path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)
    return path


def start(options, data, regime: str, seed: int):
    """The model that a run begins with: the same for all arms of a seed."""
    if regime == "scratch":
        return new_model(options, data.vocabulary, seed)
    model = new_model(options, data.vocabulary, 0, scratch=False)
    if not options.model:
        weights = torch.load(pretrained(options, data, seed % options.seed_groups), map_location=options.device, weights_only=True)
        model.load_state_dict(weights)
    return model
