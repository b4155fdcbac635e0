"""Conversations as token ids and labels: which tokens a model is trained on.

A tokenizer's chat template writes the conversation; the loss counts the assistant's turns only, and of these only the
ones that are to be trained on. A turn says that it is not by `weight: 0`, or by `train`, `trainable`, `loss` or
`loss_mask` that are false or zero, as everywhere in Cohort.
"""

from __future__ import annotations

import re
from typing import Any

from . import _refusals

__all__ = ["CHAT_TEMPLATE", "ChatEncoder", "is_trained"]

IGNORED = -100
LOSSES = ("assistant", "completion", "all")

#: A plain template for tokenizers that have none. It needs the tokens ``<|im_start|>`` and ``<|im_end|>``, and marks the
#: assistant's turns, end of turn included.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}"
    "{{ '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")


def is_trained(message: dict[str, Any]) -> bool:
    """Whether a turn is to be trained on: the assistant's, unless its weight or a flag says no."""
    if message.get("role") != "assistant":
        return False
    if message.get("weight") is not None and not message["weight"]:
        return False
    return all(message.get(flag) is None or bool(message[flag]) for flag in ("train", "trainable", "loss", "loss_mask"))


def untrained_row(token: int) -> dict[str, Any]:
    """The features of a row that takes a place in a batch and adds nothing to a loss."""
    return {"input_ids": [token], "labels": [IGNORED]}


class ChatEncoder:
    """Turns a sample (a dict with `messages`, perhaps `tools`) into `input_ids` and `labels`, lists of equal length.

    `loss`: ``assistant`` trains on every assistant turn, ``completion`` on the last one only, ``all`` on every token; turns
    that are not to be trained on are left out in all three. `max_length` cuts to so many tokens, from the end
    (`truncation="keep_start"`) or from the beginning (`"keep_end"`); what was cut is in `cut` (tokens lost), never silent.
    A template with ``{% generation %}`` says itself what the assistant wrote. Without, turns are found by writing the
    conversation turn by turn, which needs a template that only appends; others are refused.
    """

    def __init__(
        self,
        tokenizer,
        *,
        max_length: int | None = None,
        loss: str = "assistant",
        truncation: str = "keep_start",
        chat_template: str | None = None,
        template_options: dict[str, Any] | None = None,
    ):
        if loss not in LOSSES:
            raise _refusals.usage(f"loss is {', '.join(LOSSES)}, not {loss!r}")
        if truncation not in ("keep_start", "keep_end"):
            raise _refusals.usage(f"truncation is keep_start or keep_end, not {truncation!r}")
        if not getattr(tokenizer, "is_fast", False):
            raise _refusals.usage(
                "label masks need a fast tokenizer, which knows the place of each token in the text",
                "load it with use_fast=True, or give an encode function of your own",
            )
        template = chat_template or tokenizer.get_chat_template()
        if not isinstance(template, str):
            raise _refusals.usage(
                "the tokenizer has no chat template", "give chat_template=cohort.chat.CHAT_TEMPLATE or your own"
            )
        self.tokenizer = tokenizer
        self.max_length, self.loss, self.truncation = max_length, loss, truncation
        self.template = template
        self.options = {**tokenizer.special_tokens_map, **(template_options or {})}
        self.marks = bool(_GENERATION.search(template))

    @property
    def padding_token(self) -> int:
        """The id that stands in a row without labels."""
        token = self.tokenizer.pad_token_id
        return token if token is not None else (self.tokenizer.eos_token_id or 0)

    def __call__(self, sample: dict[str, Any]) -> dict[str, Any]:
        messages = sample["messages"]
        if not messages:
            return {**untrained_row(self.padding_token), "cut": 0}
        text, turns = self._write(messages, sample.get("tools"))
        encoding = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        input_ids, offsets = encoding["input_ids"], encoding["offset_mapping"]
        labels = self._labels(messages, turns, input_ids, offsets)
        cut = 0
        if self.max_length is not None and len(input_ids) > self.max_length:
            cut = len(input_ids) - self.max_length
            kept = slice(None, self.max_length) if self.truncation == "keep_start" else slice(-self.max_length, None)
            input_ids, labels = input_ids[kept], labels[kept]
        return {"input_ids": input_ids, "labels": labels, "cut": cut}

    def _labels(self, messages, turns: list[tuple[int, int]], input_ids: list[int], offsets) -> list[int]:
        assistant = [message for message in messages if message["role"] == "assistant"]
        trained = [is_trained(message) for message in assistant]
        if self.loss == "completion":
            last = max((i for i, yes in enumerate(trained) if yes), default=-1)
            trained = [i == last for i in range(len(trained))]
        if self.loss == "all":
            labels = list(input_ids)
            wanted, value = [turn for turn, yes in zip(turns, trained) if not yes], None
        else:
            labels = [IGNORED] * len(input_ids)
            wanted, value = [turn for turn, yes in zip(turns, trained) if yes], input_ids
        token = 0
        for begin, end in wanted:
            while token < len(offsets) and offsets[token][1] <= begin:
                token += 1
            at = token
            while at < len(offsets) and offsets[at][0] < end:
                labels[at] = value[at] if value is not None else IGNORED
                at += 1
        return labels

    def _write(self, messages, tools) -> tuple[str, list[tuple[int, int]]]:
        """The conversation's text, and where each assistant turn is in it, in characters."""
        count = sum(message["role"] == "assistant" for message in messages)
        if self.marks:
            text, turns = self._render(messages, tools, mark=True)
            if len(turns) == count:
                return text, [(begin, end) for begin, end in turns]
        else:
            text, _ = self._render(messages, tools)
        if self.loss == "all" and all(is_trained(m) for m in messages if m["role"] == "assistant"):
            return text, [(0, 0)] * count
        return text, self._turns(messages, tools, text)

    def _turns(self, messages, tools, text: str) -> list[tuple[int, int]]:
        turns = []
        for i, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before, _ = self._render(messages[:i], tools, prompt=True) if i else ("", [])
            after, _ = self._render(messages[: i + 1], tools) if i + 1 < len(messages) else (text, [])
            if not (text.startswith(before) and text.startswith(after) and len(after) >= len(before)):
                raise _refusals.usage(
                    "this chat template writes earlier turns anew when later ones follow, so the assistant's text cannot "
                    f"be found (turn {i})",
                    "put {% generation %} around the assistant's text in the template, or give an encode function",
                )
            turns.append((len(before), len(after)))
        return turns

    def _render(self, messages, tools, *, prompt: bool = False, mark: bool = False):
        from transformers.utils.chat_template_utils import render_jinja_template

        texts, spans = render_jinja_template(
            conversations=[messages],
            tools=tools or None,
            chat_template=self.template,
            return_assistant_tokens_mask=mark,
            add_generation_prompt=prompt,
            **self.options,
        )
        return texts[0], spans[0] if spans else []
