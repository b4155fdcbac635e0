"""Writes Tests/CohortEmbeddingTests/Fixtures: small tokenizers, texts, and the ids that the library gives them.

`golden.json` holds texts and, for each tokenizer, the ids of each text, and for some a checksum of the ids of every
Unicode scalar (h = 31 h + id + 1 modulo 2^64, with h = 31 h after each text), and of patterns what they split texts
into.
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, pre_tokenizers

from texts import every_scalar, hostile, of_folder
from training import save

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "Tests" / "CohortEmbeddingTests" / "Fixtures"
LEFT_OUT = {"bpe-gpt2", "bpe-qwen", "bpe-llama2-unfused", "unigram-sentencepiece-cf", "wordpiece-accents"}
EVERY_SCALAR = ["bpe-cased", "unigram-nmt", "wordpiece-cased", "wordpiece-plain"]


PATTERNS = [
    r"\p{L}++", r"\w+", r"\W", r"\S+", r"a.b", r"b*?c", r"[ab]{2,3}", r"[ab]{2,3}?c", r"[ab]{2}+", r"(?>a|ab)c", r"(?:a|ab)c",
    r"(?:ab)+", r"(?:ab){1,2}", r"(?:ab)+?c", r"(?i:ks)", r"(?i:[x-z])K", r"^a", r"b$", r"\Aa|c\z", r"a(?=b)", r"a(?!b)", r"[^\S\n]+",
    r"[a-b[x-z]1]", r"[^a-c\s]+", r"\x{4e00}|\u6f22", r"[\u4e00-\u9fa5]+", r"\p{Lu}|\p{^L}", r"[\P{L}]+", r"\d{1,2}+", r"[-a]+", r"[a\-c]",
    r"a|ab|abc", r"(?:a|b(?:c|a)*)+", r"\p{Letter}\p{M}*", r"[\r\n]+|\t", r"\.", r"{a|a{,2}b|x{", r"(?:x?y)?z", r"c{2,}",
]  # fmt: skip


def pattern_cases() -> list[dict]:
    """Random texts of few characters, and the pieces that the library splits them into."""
    generator = random.Random(11)
    alphabet = "aaabbbcccxyzKS\u017f\u212aks12 \n\r\t.-{1}\u6f22\u4e00\u00e9\u0301"
    cases = []
    for pattern in PATTERNS:
        split = pre_tokenizers.Split(Regex(pattern), "isolated")
        for _ in range(5):
            text = "".join(generator.choice(alphabet) for _ in range(generator.randrange(1, 25)))
            cases.append({"pattern": pattern, "text": text, "pieces": [piece for piece, _ in split.pre_tokenize_str(text)]})
    return cases


def ids(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


def checksum(tokenizer: Tokenizer) -> str:
    value = 0
    for numbers in ids(tokenizer, list(every_scalar())):
        for number in numbers:
            value = (31 * value + number + 1) % 2**64
        value = 31 * value % 2**64
    return str(value)


def main() -> None:
    own = list(of_folder(ROOT / "Tools" / "quickstart-data"))
    # A small alphabet keeps the files small.
    plain = [text for text in own if text.isascii()]
    paths = save(plain, 420, FOLDER, small=True)
    texts = [text[:120] for text in own[:: len(own) // 14]]
    texts += list(hostile(56, seed=9, longest=24))
    golden = {"texts": texts, "ids": {}, "everyScalar": {}, "patterns": pattern_cases()}
    for path in paths:
        if path.stem in LEFT_OUT:
            path.unlink()
            continue
        tokenizer = Tokenizer.from_file(str(path))
        golden["ids"][path.stem] = ids(tokenizer, texts)
        if path.stem in EVERY_SCALAR:
            golden["everyScalar"][path.stem] = checksum(tokenizer)
        print(f"{path.name}: {path.stat().st_size:,} bytes", file=sys.stderr)
    (FOLDER / "golden.json").write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f"golden.json: {(FOLDER / 'golden.json').stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
