"""The small model: a Llama-like transformer in plain torch. A Hugging Face model takes its place with --model."""

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """Attention with rotary positions, then SwiGLU; RMS norms before both."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        inner = 8 * width // 3
        self.norms = nn.ModuleList([nn.RMSNorm(width), nn.RMSNorm(width)])
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 2 * inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
        samples, length, width = x.shape
        q, k, v = self.qkv(self.norms[0](x)).view(samples, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True)
        x = x + self.out(attended.transpose(1, 2).reshape(samples, length, width))
        gate, value = self.up(self.norms[1](x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * value)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


class Small(nn.Module):
    """Embedding and output share their weights. Padding stands at the right, so that causal attention never sees it."""

    def __init__(self, vocabulary: int, width: int, layers: int, heads: int, length: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.RMSNorm(width)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)
        size = width // heads
        angles = torch.outer(torch.arange(length), 10_000.0 ** (-torch.arange(0, size, 2) / size))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def logits(self, tokens: torch.Tensor, real: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        """Predictions of what follows the places `where` (a mask like `tokens`): [places, vocabulary]."""
        x = self.embedding(tokens)
        cos, sin = self.cos[: tokens.shape[1]], self.sin[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, cos, sin)
        return F.linear(self.norm(x[where]), self.embedding.weight)


class HuggingFace(nn.Module):
    """A causal model of `transformers`: its weights, or, for training from scratch, its shape with random ones."""

    def __init__(self, name: str, scratch: bool):
        super().__init__()
        from transformers import AutoConfig, AutoModelForCausalLM

        auto = AutoModelForCausalLM
        self.inner = auto.from_config(AutoConfig.from_pretrained(name)) if scratch else auto.from_pretrained(name)
        self.inner.float()

    def logits(self, tokens: torch.Tensor, real: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        return self.inner(input_ids=tokens, attention_mask=real.long()).logits[where]


def new_model(options, vocabulary: int, seed: int, scratch: bool = True) -> nn.Module:
    """The model before any training of ours; random weights follow from `seed`."""
    torch.manual_seed(seed)
    if options.model:
        model = HuggingFace(options.model, scratch)
    else:
        model = Small(vocabulary, options.width, options.layers, options.heads, options.length)
    return model.to(options.device)
