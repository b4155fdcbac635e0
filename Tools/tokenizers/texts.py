"""Texts to compare with: all strings of a folder of JSON files, hostile Unicode, and every scalar."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

MARKS = [
    *range(0x300, 0x370), *range(0x483, 0x48A), *range(0x591, 0x5BE), *range(0x610, 0x61B), *range(0x64B, 0x660),
    *range(0x1AB0, 0x1ACE), *range(0x302A, 0x3030), *range(0x1D165, 0x1D16A), 0x93C, 0x94D, 0x9BC, 0x3099, 0x309A,
    0x1E8D0, 0x1E944, 0x11A34, 0x10F46,
]  # fmt: skip
ODD = [
    0, 1, 9, 10, 11, 12, 13, 0x1C, 0x1F, 0x7F, 0x80, 0x85, 0xA0, 0xAD, 0x200B, 0x200C, 0x200D, 0x200E, 0x2028, 0x2029,
    0x2060, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x1680, 0x180E, 0x3000, 0xE000, 0xF8FF, 0x10FFFF, 0xE0001, 0xE0100, 0x130,
    0x131, 0x1E9E, 0xDF, 0x3A3, 0x3C2, 0x1C4, 0x1C5, 0x212B, 0x2126, 0xFB01, 0xFDFA, 0x2581, 0x120, 0x10A, 0x100, 0x17F,
]  # fmt: skip
WORDS = [
    "[CLS]", "[SEP]", "[UNK]", "[MASK]", "<s>", "</s>", "<unk>", "<mask>", "<end>", "<|endoftext|>", "<|im_start|>", " ",
    "  ", "\n", "\n\n", "\t", "\r\n", "'s", "'re", "'LL", " don't", "I'm", "123", "1234567", "3.14", "http://a.b/c?d=e",
    "hello", "World", "tion", "caf\u00e9", "cafe\u0301", "na\u00efve", "\u00c5", "A\u030a", "\ufb01", "漢字", "日本語",
    "한국어", "हिन्दी", "русский", "العربية", "עברית", "ไทย", "👨‍👩‍👧‍👦", "🇩🇪", "e\u0301\u0327", "...", "!!!",
    "def f(x):\n    return x", "  \n  x",
]  # fmt: skip
RANGES = [
    (25, 0x20, 0x7F), (10, 0xA0, 0x600), (5, 0x600, 0x1000), (5, 0x1000, 0x3000), (5, 0x3000, 0xA000),
    (5, 0xAC00, 0xD7A4), (3, 0x1100, 0x1200), (4, 0xF900, 0x10000), (5, 0x10000, 0x1FC00), (3, 0x1F300, 0x1FA00),
    (2, 0x20000, 0x30000), (3, 0, 0x110000),
]  # fmt: skip


def strings(value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def of_folder(folder: Path) -> Iterator[str]:
    """Every string of every JSON and JSONL file."""
    for path in sorted(folder.rglob("*.json*")):
        text = path.read_text()
        try:
            yield from strings(json.loads(text))
        except json.JSONDecodeError:
            for line in text.splitlines():
                if line.strip():
                    yield from strings(json.loads(line))


def hostile(count: int, seed: int, longest: int = 3000) -> Iterator[str]:
    """Marks in any order, unassigned and private scalars, controls, and what tokenizers look for."""
    generator = random.Random(seed)
    ranges = [(low, high) for weight, low, high in RANGES for _ in range(weight)]

    def scalar() -> str:
        kind = generator.random()
        if kind < 0.12:
            return chr(generator.choice(ODD))
        if kind < 0.3:
            return chr(generator.choice(MARKS))
        value = generator.randrange(*generator.choice(ranges))
        return chr(value) if not 0xD800 <= value < 0xE000 else "A"

    for _ in range(count):
        kind = generator.random()
        if kind < 0.4:
            yield "".join(scalar() for _ in range(generator.randrange(1, min(40, longest))))
        elif kind < 0.8:
            parts = generator.randrange(1, min(15, longest))
            yield "".join(generator.choice(WORDS) if generator.random() < 0.7 else scalar() for _ in range(parts))
        elif kind < 0.9 or longest <= 100:
            parts = generator.randrange(1, min(30, longest))
            yield "".join(generator.choice(WORDS) + generator.choice([" ", ""]) for _ in range(parts))
        else:
            yield "".join(scalar() for _ in range(generator.randrange(100, longest)))
    yield from ["", " ", "a" * longest, "\u0301" * longest, "漢" * longest]


def every_scalar() -> Iterator[str]:
    """All scalars, 64 a text: between spaces, and between letters."""
    for start in range(0, 0x110000, 64):
        scalars = [chr(value) for value in range(start, start + 64) if not 0xD800 <= value < 0xE000]
        if scalars:
            yield " ".join(scalars)
            yield "".join(f"a{scalar}B" for scalar in scalars)
