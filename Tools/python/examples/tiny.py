"""A model and a tokenizer that need no network: enough to see a training run on a CPU in seconds."""

from __future__ import annotations

import itertools
import os
import sys


def tokenizer(plan, size: int = 600, samples: int = 2000):
    """A byte-level BPE tokenizer trained on the texts of a plan's first samples, with a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from cohort.chat import CHAT_TEMPLATE

    batches = (plan.batch(0, step) for step in range(len(plan)))
    texts = (message["content"] for batch in batches for sample in batch[:] for message in sample["messages"])
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        itertools.islice(texts, samples),
        trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=["<|pad|>", "<|im_start|>", "<|im_end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made = PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token="<|pad|>", eos_token="<|im_end|>")
    made.chat_template = CHAT_TEMPLATE
    return made


def model(tokenizer, hidden: int = 32, layers: int = 2, dropout: float = 0.1):
    """A small Llama with random weights; dropout, so that a resume must bring back the random numbers, too."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=layers,
            num_attention_heads=2,
            max_position_embeddings=512,
            attention_dropout=dropout,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )


def load(name: str | None, plan):
    """(model, tokenizer): of the hub by name, or the tiny ones."""
    if name is None:
        made = tokenizer(plan)
        return model(made), made
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(name), AutoTokenizer.from_pretrained(name)


def leave() -> None:
    """Ends a process that has trained with others, as soon as all of them are done.

    gloo's threads go on until the process group is taken down, which can wait for ever while a wrapped model is there; and when
    the interpreter ends around them, it can abort (about one process in a few hundred, on a machine with much else to do).
    """
    import torch

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
