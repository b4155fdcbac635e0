"""Writes Tests/CohortEmbeddingTests/Fixtures: small tokenizers, texts, and the ids that the library gives them.

`golden.json` holds texts and, for each tokenizer, the ids of each text, and for some a checksum of the ids of every
Unicode scalar: h = 31 h + id + 1 modulo 2^64, with h = 31 h after each text.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

from texts import every_scalar, hostile, of_folder
from training import save

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "Tests" / "CohortEmbeddingTests" / "Fixtures"
LEFT_OUT = {"bpe-gpt2", "bpe-qwen", "bpe-llama2-unfused", "unigram-sentencepiece-cf", "wordpiece-accents"}
EVERY_SCALAR = ["bpe-cased", "unigram-nmt", "wordpiece-cased", "wordpiece-plain"]


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
    golden = {"texts": texts, "ids": {}, "everyScalar": {}}
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
