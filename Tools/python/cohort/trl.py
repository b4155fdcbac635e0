"""Supervised fine-tuning with TRL on a plan.

>>> trainer = CohortSFTTrainer(model=model, args=SFTConfig(...), processing_class=tokenizer, plan=store.plan("sweep"))

`assistant_only_loss` and `completion_only_loss` say what is trained on, `max_length` and `truncation_mode` cut (and what was
cut is counted and reported), `padding_free` lays a micro-batch's samples end to end. Packing is refused: it puts samples of
different steps into one row before any sampler is asked. Samples are tokenised as they are read, in the loader's workers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import datasets
from trl import SFTTrainer

from . import _refusals
from .chat import ChatEncoder
from .transformers import CohortTrainerMixin, GroupLossCallback, latest_checkpoint

__all__ = ["CohortSFTTrainer", "GroupLossCallback", "latest_checkpoint"]


class CohortSFTTrainer(CohortTrainerMixin, SFTTrainer):
    """`SFTTrainer` on a plan. Takes what `SFTTrainer` and `CohortTrainerMixin` take; `plan=None` makes it an `SFTTrainer`."""

    def __init__(self, *args: Any, plan=None, **kwargs: Any):
        if plan is None:
            super().__init__(*args, **kwargs)
            return
        config = kwargs.get("args", args[1] if len(args) > 1 else None)
        _refuse(config, kwargs)
        # TRL looks at a first sample to learn what kind of data it has, and prepares the whole dataset before training. The
        # plan has the data, so it gets one small conversation to look at.
        completion = bool(getattr(config, "completion_only_loss", None))
        kwargs["train_dataset"] = datasets.Dataset.from_list([_specimen(completion)])
        super().__init__(*args, plan=plan, **kwargs)

    def _cohort_encoder(self) -> Callable[[dict], dict]:
        args = self.args
        loss = "assistant" if args.assistant_only_loss else "completion" if args.completion_only_loss else "all"
        return ChatEncoder(
            self._cohort_tokenizer(),
            max_length=args.max_length,
            loss=loss,
            truncation=args.truncation_mode,
            chat_template=self.chat_template,
        )

    def _cohort_collator(self) -> Callable[[list], dict]:
        return self.data_collator


def _refuse(config, given: dict[str, Any]) -> None:
    if getattr(config, "packing", False):
        raise _refusals.usage(
            "packing=True fills rows with samples of other steps before any sampler is asked, so no step would be of one group",
            "set packing=False; to waste no padding set padding_free=True, or make the plan with a token budget",
        )
    if given.get("train_dataset") is not None:
        raise _refusals.usage("there are two sources of data: train_dataset and plan", "give the plan alone")
    if given.get("formatting_func") is not None:
        raise _refusals.usage(
            "formatting_func belongs to train_dataset, and the plan's samples do not go through it",
            "give encode=, a function from a sample to input_ids and labels",
        )


def _specimen(completion: bool) -> dict[str, Any]:
    user, assistant = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
    if completion:
        return {"prompt": [user], "completion": [assistant]}
    return {"messages": [user, assistant]}
