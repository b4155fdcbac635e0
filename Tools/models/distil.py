"""Distils a static table of token vectors from all-MiniLM-L6-v2, in the layout of Model2Vec.

    distil.py ENCODER FOLDER        ENCODER: the folder with MiniLM's model.safetensors, config.json and tokenizer.json

A token's vector is what the encoder's last layer gives at its place in "[CLS] token [SEP]". Then come a PCA to 256
dimensions whose components are scaled by variance^-1/4 (half way to white, so that the few directions in which all
words differ by kind of word do not drown the rest), and smooth inverse frequency weights (Arora et al. 2017, a = 0.01)
with Zipf's law over the order of the vocabulary, which BERT sorted by frequency. Rows are int8 with one scale each,
which goes into the tensor `weights` with the frequency weight. Tokens that no text can produce are left out.

Measured by Tools/bench/run embedding_quality. The same machine gives the same bytes.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.numpy import save
from tokenizers import Tokenizer
from transformers import BertModel

DIMENSIONS = 256
FREQUENCY_CONSTANT = 0.01
COMPONENT_POWER = -0.25
LARGEST_FACTOR = 1 / 16
SOURCES = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


def check(encoder: pathlib.Path) -> None:
    for name, expected in SOURCES.items():
        found = hashlib.sha256((encoder / name).read_bytes()).hexdigest()
        if found != expected:
            raise SystemExit(f"{encoder / name} is not the file that was pinned: {found}")


def token_vectors(encoder: pathlib.Path, ids: list[int], begin: int, end: int) -> np.ndarray:
    """The last layer at the token, float64."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = BertModel.from_pretrained(encoder, attn_implementation="eager").eval()
    parts = []
    with torch.inference_mode():
        for first in range(0, len(ids), 512):
            part = torch.tensor(ids[first : first + 512])
            text = torch.stack([torch.full_like(part, begin), part, torch.full_like(part, end)], 1)
            parts.append(model(input_ids=text).last_hidden_state[:, 1].double().numpy())
    return np.concatenate(parts)


def reachable(tokenizer: Tokenizer, vocabulary: dict[str, int], special: set[str]) -> list[str]:
    """Tokens that some text gives, in the order of their ids: others are pieces of words that the pre-tokenizer breaks."""

    def is_reachable(token: str) -> bool:
        word = "a" + token[2:] if token.startswith("##") else token
        clean = tokenizer.normalizer.normalize_str(word)
        return [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(clean)] == [word]

    return [t for t in sorted(vocabulary, key=vocabulary.get) if t in special or is_reachable(t)]


def frequency_ranks(tokens: list[str], special: set[str]) -> np.ndarray:
    """Ranks for Zipf's law. BERT's vocabulary has the special tokens, then single characters in the order of their code
    points, then words and pieces by frequency, then characters inside words. ASCII punctuation and letters count as
    frequent as the words at the same place; other characters as rare."""
    words = tokens.index("the")
    ranks = np.full(len(tokens), 20_000.0)
    for index, token in enumerate(tokens):
        if index >= words:
            ranks[index] = index - words
        elif token not in special and token.isascii():
            ranks[index] = index / 3
    return ranks


def project(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(0)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, directions = variances[::-1][:DIMENSIONS], directions[:, ::-1][:, :DIMENSIONS]
    signs = np.sign(directions[np.abs(directions).argmax(0), np.arange(DIMENSIONS)])
    return centred @ (directions * signs * variances**COMPONENT_POWER)


def main(encoder: pathlib.Path, folder: pathlib.Path) -> None:
    check(encoder)
    description = json.loads((encoder / "tokenizer.json").read_text())
    special = {token["content"] for token in description["added_tokens"]}
    vocabulary = description["model"]["vocab"]
    tokens = reachable(Tokenizer.from_file(str(encoder / "tokenizer.json")), vocabulary, special)
    ids = [vocabulary[token] for token in tokens]
    vectors = project(token_vectors(encoder, ids, vocabulary["[CLS]"], vocabulary["[SEP]"]))

    probabilities = 1 / (frequency_ranks(tokens, special) + 2)
    probabilities /= probabilities.sum()
    weights = FREQUENCY_CONSTANT / (FREQUENCY_CONSTANT + probabilities)
    weights[[token in special for token in tokens]] = 0
    scales = np.abs(vectors).max(1) / 127
    rows = np.rint(vectors / scales[:, None]).astype(np.int8)

    # The tokenizer: the same, without what was left out, and without padding and truncation.
    numbers = {token: number for number, token in enumerate(tokens)}
    description.update(truncation=None, padding=None, post_processor=None)
    description["model"]["vocab"] = numbers
    for token in description["added_tokens"]:
        token["id"] = numbers[token["content"]]

    folder.mkdir(parents=True, exist_ok=True)
    # Vectors are normalised in the end, so the largest factor can be chosen. model2vec 0.9 computes in the type of the
    # factors, half floats, up to the square of the length, which is at most 256 x 127^2 x 2^-8 = 16,129 then: with factors
    # up to 1 it overflowed for short texts, with much smaller ones it would lose digits for long ones. A power of two
    # changes no vector that is computed in single floats. Single floats here would make the model larger than 8 MB.
    factors = weights * scales
    factors = (factors / factors.max() * LARGEST_FACTOR).astype(np.float16)
    tensors = save({"embeddings": rows, "weights": factors})
    (folder / "model.safetensors").write_bytes(tensors)
    text = json.dumps(description, ensure_ascii=False, separators=(",", ":"))
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    config = {
        "model_type": "model2vec", "architectures": ["StaticModel"], "tokenizer_name": "all-MiniLM-L6-v2",
        "normalize": True, "hidden_dim": DIMENSIONS, "apply_pca": DIMENSIONS, "sif_coefficient": FREQUENCY_CONSTANT,
        "seq_length": 1000000, "embedding_dtype": "int8",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for name in sorted(["config.json", "model.safetensors", "tokenizer.json"]):
        data = (folder / name).read_bytes()
        print(f"{hashlib.sha256(data).hexdigest()}  {len(data):>9}  {name}")
    print(f"{len(tokens)} of {len(vocabulary)} tokens")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
