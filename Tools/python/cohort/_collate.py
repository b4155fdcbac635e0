"""Samples to tensors, with what a training must know about them beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _refusals
from .chat import IGNORED, untrained_row


class PadCollator:
    """Features to tensors: `input_ids`, `attention_mask` and `labels`, int64 of shape (rows, longest), padded on the right."""

    def __init__(self, padding_token: int, multiple_of: int = 1):
        self.padding_token, self.multiple_of = padding_token, multiple_of

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        import torch

        longest = max(len(feature["input_ids"]) for feature in features)
        longest = -(-longest // self.multiple_of) * self.multiple_of
        shape = (len(features), longest)
        input_ids = torch.full(shape, self.padding_token, dtype=torch.int64)
        labels = torch.full(shape, IGNORED, dtype=torch.int64)
        mask = torch.zeros(shape, dtype=torch.int64)
        for row, feature in enumerate(features):
            length = len(feature["input_ids"])
            input_ids[row, :length] = torch.tensor(feature["input_ids"])
            labels[row, :length] = torch.tensor(feature["labels"])
            mask[row, :length] = 1
        return {"input_ids": input_ids, "attention_mask": mask, "labels": labels}


class EncodedBatch:
    """Collates a micro-batch of `cohort.torch`: encodes its samples, lets `collator` make tensors of the features.

    The result has, beside the tensors, `cohort`: what the training needs to know about it as plain data. `key`, `group`,
    `ids`; `tokens` with labels in it, by `tasks` and `sources`; how many samples were `truncated`, `cut` tokens in all,
    and how many samples have no label (`unlabelled`). Without `encode` the collator gets the samples themselves, padding
    rows and deleted samples are stood for by a real sample whose labels are then ignored, and samples are counted in place
    of tokens.
    """

    def __init__(self, plan, encode: Callable[[dict], dict] | None, collator: Callable[[list], dict], padding_token: int = 0):
        self.plan, self.encode, self.collator, self.padding_token = plan, encode, collator, padding_token

    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        info = {"key": item["key"], "group": item["group"], "ids": item["ids"], "tokens": 0, "tasks": {}, "sources": {}}
        info.update(truncated=0, cut=0, unlabelled=0)
        batch = self._encoded(item, info) if self.encode else self._raw(item, info)
        batch["cohort"] = info
        return batch

    def _encoded(self, item, info) -> dict[str, Any]:
        features = []
        for sample in item["samples"]:
            if sample["id"] == -1:
                features.append(untrained_row(self.padding_token))
                continue
            feature = dict(self.encode(sample))
            cut = feature.pop("cut", 0)
            # A causal model never predicts the first token.
            labelled = sum(label != IGNORED for label in feature.get("labels", feature["input_ids"])[1:])
            info["truncated"] += cut > 0
            info["cut"] += cut
            info["unlabelled"] += labelled == 0
            _count(info, sample, labelled)
            features.append(feature)
        return self.collator(features)

    def _raw(self, item, info) -> dict[str, Any]:
        samples = list(item["samples"])
        padding = [row for row, sample in enumerate(samples) if sample.get("missing")]
        for sample in samples:
            _count(info, sample, 0 if sample.get("missing") else 1)
        if padding:
            stand_in = self._stand_in(item["key"])
            for row in padding:
                samples[row] = stand_in
        batch = self.collator(samples)
        if padding:
            labels = batch.get("labels") if hasattr(batch, "get") else None
            if labels is None or len(labels) != len(samples):
                raise _refusals.usage(
                    "a part of this step is empty, and the collator gives no 'labels' with a row for each sample to ignore",
                    "use a plan whose steps divide evenly (ragged='error' checks), or an encode function",
                )
            labels[padding] = IGNORED
        return batch

    def _stand_in(self, key) -> dict[str, Any]:
        epoch, step, _ = key
        for sample in self.plan.batch(epoch, step)[:]:
            if not sample.get("missing"):
                return sample
        raise _refusals.usage(f"all samples of step {step} of epoch {epoch} have been deleted", "make a new snapshot and plan")


def _count(info: dict[str, Any], sample: dict[str, Any], amount: int) -> None:
    info["tokens"] += amount
    for kind, name in (("tasks", sample.get("task")), ("sources", sample.get("source"))):
        if name is not None:
            info[kind][name] = info[kind].get(name, 0) + amount
