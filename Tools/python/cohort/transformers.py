"""Training with a Transformers Trainer on a plan.

>>> class MyTrainer(CohortTrainerMixin, Trainer): ...
>>> trainer = MyTrainer(model=model, args=args, processing_class=tokenizer, plan=store.plan("sweep"),
...                     callbacks=[GroupLossCallback()])
>>> trainer.train(resume_from_checkpoint=latest_checkpoint(args.output_dir))

An optimizer step is a step of the plan: one group, the same ids for any number of processes, micro-batches and workers.
`num_train_epochs`, `max_steps`, `gradient_accumulation_steps` and the `dataloader_*` settings mean what they always mean;
`per_device_train_batch_size` means nothing, for the plan has the batches. `CohortTrainer` is the mixin on `Trainer`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from transformers import Trainer
from transformers.trainer_utils import seed_worker

from . import _checkpoints, _position, _refusals
from ._collate import EncodedBatch, PadCollator
from ._losses import GroupLossCallback, StepLoss
from .chat import CHAT_TEMPLATE, IGNORED, ChatEncoder
from .torch import PlanLoader

__all__ = [
    "CHAT_TEMPLATE",
    "ChatEncoder",
    "CohortTrainer",
    "CohortTrainerMixin",
    "GroupLossCallback",
    "PadCollator",
    "latest_checkpoint",
]

log = logging.getLogger(__name__)


def latest_checkpoint(output_dir: str | os.PathLike) -> str | None:
    """The newest checkpoint in a Trainer's output folder that was written whole; None if there is none.

    What `train(resume_from_checkpoint=...)` takes: with None it begins anew, so one line serves first start and restart.
    """
    return _checkpoints.newest(output_dir)


class CohortTrainerMixin:
    """Put before `Trainer`, or a trainer made from it, in a class's bases.

    plan: the plan to train on. None: the trainer behaves as without the mixin.
    encode: sample to features (`input_ids`, `labels`); `ChatEncoder(processing_class)` if not given. False: the data
        collator gets the samples themselves.
    ragged: what happens when a step does not divide evenly (see `cohort.torch`): ``keep``, ``pad`` or ``error``. An empty
        part always becomes one row without labels, so that every rank takes part in every collective.

    `cohort_step` is what the current step is made of, a list with a dict for each micro-batch of this process: `key` (epoch,
    step, micro-batch), `group`, `ids`, and counts.
    """

    def __init__(
        self,
        *args: Any,
        plan=None,
        encode: Callable[[dict], dict] | bool | None = None,
        ragged: str = "keep",
        **kwargs: Any,
    ):
        self.plan = plan
        self.cohort_step: list[dict[str, Any]] = []
        self._cohort_totals = {"samples": 0, "truncated": 0, "cut": 0, "unlabelled": 0, "empty_steps": 0}
        self._cohort_loss: torch.Tensor | None = None
        self._cohort_done = 0
        if plan is None:
            super().__init__(*args, **kwargs)
            return
        own_collator = kwargs.get("data_collator") is not None or (len(args) > 2 and args[2] is not None)
        super().__init__(*args, **kwargs)
        _refuse_settings(self.args)
        self.cohort_ragged = _position.check_ragged(ragged)
        if encode is None or encode is True:
            encode = self._cohort_encoder()
        self.cohort_encode = encode or None
        if not own_collator:
            self.data_collator = self._cohort_collator()

    # What trainers of other kinds may override.

    def _cohort_tokenizer(self):
        tokenizer = getattr(self.processing_class, "tokenizer", self.processing_class)
        if tokenizer is None:
            raise _refusals.usage("label masks need the tokenizer", "give processing_class=, or encode= and data_collator=")
        return tokenizer

    def _cohort_encoder(self) -> Callable[[dict], dict]:
        return ChatEncoder(self._cohort_tokenizer())

    def _cohort_collator(self) -> Callable[[list], dict]:
        return PadCollator(self._cohort_padding()) if self.cohort_encode else self.data_collator

    def _cohort_padding(self) -> int:
        tokenizer = getattr(self.processing_class, "tokenizer", self.processing_class)
        token = getattr(tokenizer, "pad_token_id", None)
        return token if token is not None else (getattr(tokenizer, "eos_token_id", None) or 0)

    # Data.

    def get_train_dataloader(self):
        """A loader of this process's micro-batches. It is rank-aware, and accelerate is not asked to shard it."""
        if self.plan is None:
            return super().get_train_dataloader()
        args = self.args
        rank, world = self._cohort_ranks()
        workers = args.dataloader_num_workers
        options: dict[str, Any] = {"num_workers": workers}
        if workers:
            options.update(
                persistent_workers=args.dataloader_persistent_workers,
                multiprocessing_context=args.dataloader_multiprocessing_context,
                prefetch_factor=args.dataloader_prefetch_factor,
            )
        return PlanLoader(
            self.plan,
            EncodedBatch(self.plan, self.cohort_encode, self.data_collator, self._cohort_padding()),
            rank=rank,
            world=world,
            accumulation=args.gradient_accumulation_steps,
            ragged=self.cohort_ragged,
            placeholder=True,
            pin_memory=args.dataloader_pin_memory and torch.accelerator.is_available(),
            worker_init_fn=partial(seed_worker, num_workers=workers, rank=args.process_index),
            # A generator of its own, so that loading takes nothing from the training's random numbers.
            generator=torch.Generator().manual_seed(args.seed),
            **options,
        )

    def _cohort_ranks(self) -> tuple[int, int]:
        """Rank and world for data: processes that share one replica of the model by tensors read the same."""
        shared = self.get_tp_size() * self.get_cp_size()
        return self.args.process_index // shared, self.args.world_size // shared

    def num_examples(self, dataloader) -> int:
        """Samples of an epoch, over all processes."""
        return self.plan.samples_per_epoch if isinstance(dataloader, PlanLoader) else super().num_examples(dataloader)

    def get_batch_samples(self, epoch_iterator, num_batches: int, device):
        """The micro-batches of one step, after a look that they are the ones the optimizer's count of steps asks for."""
        if self.plan is None:
            return super().get_batch_samples(epoch_iterator, num_batches, device)
        batches = _take(epoch_iterator, num_batches)
        infos = [batch.pop("cohort") for batch in batches]
        epoch, step = divmod(self.state.global_step, len(self.plan))
        wanted = [(epoch, step, micro) for micro in range(self.args.gradient_accumulation_steps)]
        if [tuple(info["key"]) for info in infos] != wanted:
            raise _refusals.usage(
                f"optimizer step {self.state.global_step} is step {step} of epoch {epoch} in the plan, with "
                f"{len(wanted)} micro-batches, but the loader gave {[tuple(info['key']) for info in infos]}",
                "something changed the order of the data: ignore_data_skip, a callback that ends epochs early, or a "
                "loader that was replaced",
            )
        self.cohort_step = infos
        self._cohort_loss, self._cohort_done = None, 0
        self._cohort_count(infos)
        items = self._get_num_items_in_batch(batches, device)
        if items is not None:
            # A step whose responses were all cut away has no token to learn from: a loss of 0, not 0 / 0.
            items = items.clamp(min=1) if torch.is_tensor(items) else max(items, 1)
        return batches, items

    def _cohort_count(self, infos: list[dict[str, Any]]) -> None:
        totals = self._cohort_totals
        totals["samples"] += sum(row != -1 for info in infos for row in info["ids"])
        for count in ("truncated", "cut", "unlabelled"):
            totals[count] += sum(info[count] for info in infos)
        totals["empty_steps"] += not any(info["tokens"] for info in infos)

    # Loss.

    def compute_loss(self, model, inputs, *args: Any, **kwargs: Any):
        """The trainer's own loss; 0 for a part without labels where the model would give 0 / 0."""
        labels = inputs.get("labels") if self.plan is not None and model.training else None
        items = kwargs.get("num_items_in_batch", args[1] if len(args) > 1 else None)
        counted = self.model_accepts_loss_kwargs and items is not None
        if labels is None or counted or self.compute_loss_func is not None or (labels[..., 1:] != IGNORED).any():
            return super().compute_loss(model, inputs, *args, **kwargs)
        outputs = model(**{name: value for name, value in inputs.items() if name != "labels"})
        loss = outputs.logits.float().sum() * 0.0
        return (loss, outputs) if kwargs.get("return_outputs", args[0] if args else False) else loss

    def training_step(self, *args: Any, **kwargs: Any):
        """The trainer's own step; keeps the loss for `GroupLossCallback`."""
        loss = super().training_step(*args, **kwargs)
        if self.plan is not None:
            self._cohort_loss = loss if self._cohort_loss is None else self._cohort_loss + loss
            self._cohort_done += 1
            if self._cohort_done == len(self.cohort_step):
                for callback in self._cohort_callbacks():
                    callback.add(self._cohort_step_loss())
        return loss

    def _cohort_step_loss(self) -> StepLoss:
        infos = self.cohort_step
        epoch, step, _ = infos[0]["key"]
        result = StepLoss(self.state.global_step + 1, epoch, step, infos[0]["group"], self._cohort_loss)
        result.tokens = sum(info["tokens"] for info in infos)
        result.samples = sum(row != -1 for info in infos for row in info["ids"])
        for info in infos:
            for mine, its in ((result.tasks, info["tasks"]), (result.sources, info["sources"])):
                for name, tokens in its.items():
                    mine[name] = mine.get(name, 0) + tokens
        return result

    def _cohort_callbacks(self) -> list[GroupLossCallback]:
        return [each for each in self.callback_handler.callbacks if isinstance(each, GroupLossCallback)]

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """The trainer's own logs, with the losses of groups and what was truncated."""
        if self.plan is not None and ("loss" in logs or "train_loss" in logs):
            for callback in self._cohort_callbacks():
                logs.update(callback.drain(self))
            totals = self._cohort_totals
            if totals["truncated"]:
                logs.update(truncated_samples=totals["truncated"], truncated_tokens=totals["cut"])
            if totals["unlabelled"]:
                logs["samples_without_labels"] = totals["unlabelled"]
            if "train_loss" in logs:
                self._cohort_report()
                for callback in self._cohort_callbacks():
                    callback.note(self)
        super().log(logs, *args, **kwargs)

    def _cohort_report(self) -> None:
        totals = self._cohort_totals
        if totals["truncated"]:
            log.warning(
                "truncated %d of %d samples on this process (%d tokens cut); raise max_length, or leave long samples out of "
                "the plan",
                totals["truncated"],
                totals["samples"],
                totals["cut"],
            )
        if totals["unlabelled"]:
            log.warning("%d samples had no token to train on", totals["unlabelled"])
        if totals["empty_steps"]:
            log.warning("%d steps had no token to train on in this process's part", totals["empty_steps"])

    # Checkpoints.

    def train(self, resume_from_checkpoint: str | bool | None = None, *args: Any, **kwargs: Any):
        """As `Trainer.train`. True resumes from the newest checkpoint that was written whole.

        A named checkpoint must be whole and of this plan; another plan's is refused with both hashes. The number of
        processes, micro-batches and workers may differ from before: the remaining steps have the same samples.
        """
        if self.plan is not None:
            for callback in self._cohort_callbacks():
                callback.check(self)
        if self.plan is None or not resume_from_checkpoint:
            return super().train(resume_from_checkpoint, *args, **kwargs)
        if self.args.ignore_data_skip:
            raise _refusals.usage(
                "ignore_data_skip=True begins the epoch anew after a resume",
                "leave it off: skipping a plan's steps reads no data",
            )
        folder = self._cohort_folder(resume_from_checkpoint)
        return super().train(folder, *args, **kwargs)

    def _cohort_folder(self, wanted: str | bool) -> str:
        from accelerate.utils import broadcast_object_list

        folder = _checkpoints.newest(self.args.output_dir) if wanted is True else os.fspath(wanted)
        folder = broadcast_object_list([folder])[0] if self.args.world_size > 1 else folder
        if folder is None:
            raise _refusals.usage(
                f"there is no complete checkpoint in {self.args.output_dir}",
                "resume_from_checkpoint=cohort.transformers.latest_checkpoint(output_dir) begins anew if there is none",
            )
        facts = _checkpoints.read(folder)
        if facts is None:
            raise _refusals.usage(
                f"checkpoint {folder} was not written whole",
                f"its {_checkpoints.MARKER} is missing or says so; take an older one",
            )
        if facts.get("weights_only"):
            raise _refusals.usage(f"checkpoint {folder} has no optimizer in it", "train with save_only_model off to resume")
        _position.same_plan(self.plan, facts["plan_hash"], facts.get("plan"), f"checkpoint {folder}")
        return folder

    def _save_checkpoint(self, model, trial) -> None:
        """As the trainer does, then the marker; older checkpoints go only after the new one is whole."""
        if self.plan is None:
            return super()._save_checkpoint(model, trial)
        for callback in self._cohort_callbacks():
            callback.flush(self)
        args = self.args
        output = self._get_output_dir(trial=trial)
        folder = os.path.join(output, f"{_checkpoints.PREFIX}{self.state.global_step}")
        if args.should_save:
            _checkpoints.begin(folder)
        self.accelerator.wait_for_everyone()
        limit, args.save_total_limit = args.save_total_limit, None
        try:
            super()._save_checkpoint(model, trial)
        finally:
            args.save_total_limit = limit
        self.accelerator.wait_for_everyone()
        if args.should_save:
            _checkpoints.complete(folder, self._cohort_facts())
            for callback in self._cohort_callbacks():
                callback.note(self)
            _checkpoints.rotate(output, limit, self.state.best_model_checkpoint)

    def _cohort_facts(self) -> dict[str, Any]:
        epoch, step = divmod(self.state.global_step, len(self.plan))
        return {
            "plan": self.plan.name,
            "plan_hash": self.plan.hash,
            "cursor": self.plan.cursor(epoch, step),
            "global_step": self.state.global_step,
            "epoch": epoch,
            "step": step,
            "world": self.args.world_size,
            "accumulation": self.args.gradient_accumulation_steps,
            "weights_only": self.args.save_only_model,
        }


class CohortTrainer(CohortTrainerMixin, Trainer):
    """`Trainer` on a plan."""


def _take(iterator, count: int) -> list:
    taken = []
    for _ in range(count):
        try:
            taken.append(next(iterator))
        except StopIteration:
            break
    return taken


def _refuse_settings(args) -> None:
    """Settings that would change which samples are in a step."""
    if args.auto_find_batch_size:
        raise _refusals.usage(
            "auto_find_batch_size changes the batch size, and the plan has the batches",
            "raise gradient_accumulation_steps to use less memory: the steps stay the same",
        )
    if args.train_sampling_strategy != "random":
        raise _refusals.usage(
            f"train_sampling_strategy={args.train_sampling_strategy!r} orders the samples, and the plan does already",
            "leave it at its default, or train without plan= to compare",
        )
    parallel = getattr(args, "parallelism_config", None)
    if parallel is not None and getattr(parallel, "sp_enabled", False):
        raise _refusals.usage("sequence parallelism wraps the loader, which a plan does not support", "use tensor parallelism")
