"""Compares ids with tokenizers' and vectors with model2vec's, and fails if any differ.

Without --tokenizer, tokenizers of differing components are trained on the data. The model for the vectors has random
rows for the tokens of the first tokenizer, in every type that can be stored, with and without weights and mapping.
"""

import argparse
import json
import random
import struct
import subprocess
import sys
from array import array
from pathlib import Path

import numpy as np
from model2vec import StaticModel
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from texts import every_scalar, hostile, of_folder
from training import save

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / ".build" / "tokenizers"
PACKAGE = ROOT / "Tools" / "bench" / "text-encoding"


def build() -> Path:
    command = ["swift", "build", "-c", "release", "--package-path", PACKAGE, "--product", "text-encoding"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return PACKAGE / ".build" / "release" / "text-encoding"


def write(texts: list[str], path: Path) -> None:
    with open(path, "wb") as out:
        for text in texts:
            encoded = text.encode()
            out.write(struct.pack("<I", len(encoded)) + encoded)


def compare_ids(program: Path, tokenizer: Path, texts: list[str], file: Path) -> int:
    out = WORK / "ids.bin"
    subprocess.run([program, "ids", tokenizer, file, out], check=True)
    ours = np.fromfile(out, dtype=np.uint32)
    library = Tokenizer.from_file(str(tokenizer))
    library.no_padding()
    library.no_truncation()
    place = different = 0
    for start in range(0, len(texts), 2000):
        part = texts[start : start + 2000]
        for text, theirs in zip(part, library.encode_batch_fast(part, add_special_tokens=False)):
            count = int(ours[place])
            if ours[place + 1 : place + 1 + count].tolist() != theirs.ids:
                different += 1
                if different <= 3:
                    print(f"  {text[:100]!r}\n    ours {ours[place + 1 : place + 9]} theirs {theirs.ids[:8]}")
            place += 1 + count
    return different


def models(tokenizer: Path, folder: Path, every: bool) -> list[Path]:
    """A model of each kind; with `every`, all types by all names with and without mapping and weights."""
    generator = np.random.default_rng(1)
    library = Tokenizer.from_file(str(tokenizer))
    # model2vec would embed the padding, and some files ask for it.
    library.no_padding()
    library.no_truncation()
    count = library.get_vocab_size()
    rows = (generator.standard_normal((count, 256)) * generator.uniform(0.3, 3, (count, 1))).astype(np.float32)
    weights = generator.uniform(0.001, 1, count).astype(np.float32)
    scale = np.abs(rows).max(1, keepdims=True) / 127
    kinds = {
        "i8-weights": ({"embeddings": np.rint(rows / scale).astype(np.int8), "weights": weights * scale[:, 0]}, True),
        "i8": ({"embeddings": np.rint(rows / scale.max()).astype(np.int8)}, False),
        "f16": ({"embeddings": rows.astype(np.float16)}, True),
        "f32": ({"embeddings": rows}, False),
        "f64-weights": ({"embeddings": rows.astype(np.float64), "weights": weights.astype(np.float64)}, True),
        "mapping": (
            {
                "embeddings": np.ascontiguousarray(rows[: count // 3, :100]), "weights": weights.astype(np.float16),
                "mapping": generator.integers(0, count // 3, count),
            },
            True,
        ),
        "sentence-transformers": ({"embedding.weight": np.ascontiguousarray(rows[:, :77])}, True),
    }
    if every:
        kinds = {}
        elements = {
            "f16": rows.astype(np.float16), "f32": rows, "f64": rows.astype(np.float64),
            "i8": np.rint(rows / scale.max()).astype(np.int8),
        }
        mapping = generator.permutation(count)
        for element, table in elements.items():
            for tensor in ("embeddings", "embedding.weight"):
                for parts in ((), ("mapping",), ("weights",), ("mapping", "weights")):
                    tensors = {tensor: table, "mapping": mapping, "weights": weights}
                    tensors = {key: value for key, value in tensors.items() if key == tensor or key in parts}
                    kinds["-".join((element, tensor, *parts))] = (tensors, True)
    paths = []
    for name, (tensors, normalize) in kinds.items():
        path = folder / name
        path.mkdir(parents=True, exist_ok=True)
        save_file(tensors, path / "model.safetensors")
        config = "config_sentence_transformers.json" if "embedding.weight" in tensors else "config.json"
        (path / config).write_text(json.dumps({"normalize": normalize}))
        library.save(str(path / "tokenizer.json"), pretty=False)
        paths.append(path)
    return paths


class KnownIds:
    """What model2vec's tokenizing gives, kept for the next model with the same tokenizer: it takes most of the time."""

    def __init__(self):
        self.tokenizer = None
        self.ids = []

    def serve(self, library: StaticModel, model: Path, texts: list[str]) -> None:
        tokenizer = (model / "tokenizer.json").read_bytes()
        if tokenizer != self.tokenizer:
            self.tokenizer = tokenizer
            self.ids = [array("i", ids) for ids in library.tokenize(texts, max_length=512)]
        elif [list(ids) for ids in self.ids[:4096]] != library.tokenize(texts[:4096], max_length=512):
            raise SystemExit(f"{model}: other ids with the same tokenizer")
        place = iter(self.ids)
        library.tokenize = lambda sentences, max_length=None: [next(place) for _ in sentences]


def compare_vectors(program: Path, model: Path, texts: list[str], file: Path, known: KnownIds) -> float:
    """The largest cosine distance; 1 for a vector that only one has."""
    out = WORK / "vectors.bin"
    subprocess.run([program, "vectors", model, file, out], check=True)
    library = StaticModel.from_pretrained(model)
    known.serve(library, model, texts)
    ours = np.fromfile(out, dtype=np.float32).reshape(len(texts), -1)
    worst = 0.0
    for start in range(0, len(texts), 4096):
        theirs = library.encode(texts[start : start + 4096], use_multiprocessing=False).astype(np.float64)
        mine = ours[start : start + 4096].astype(np.float64)
        norms = np.linalg.norm(theirs, axis=1), np.linalg.norm(mine, axis=1)
        if ((norms[0] == 0) != (norms[1] == 0)).any():
            return 1.0
        both = norms[0] > 0
        cosines = (theirs[both] * mine[both]).sum(1) / (norms[0][both] * norms[1][both])
        worst = max(worst, float((1 - cosines).max(initial=0)))
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "Tools" / "quickstart-data", help="folder of JSON files")
    parser.add_argument("--tokenizer", type=Path, nargs="+", help="tokenizer.json files to compare with")
    parser.add_argument("--model", type=Path, nargs="+", default=[], help="folders of models to compare with, beside ours")
    parser.add_argument("--every-layout", action="store_true", help="models of all types, names and optional tensors")
    parser.add_argument("--ids", action=argparse.BooleanOptionalAction, default=True, help="whether ids are compared")
    parser.add_argument("--hostile", type=int, default=20_000, help="hostile texts (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the hostile texts (default: %(default)s)")
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    program = build()
    data = list(of_folder(arguments.data))
    texts = data + list(hostile(arguments.hostile, arguments.seed)) + list(every_scalar())
    file = WORK / "texts.bin"
    write(texts, file)
    training = random.Random(5).sample(data, min(len(data), 6000))
    failures = 0
    tokenizers = arguments.tokenizer or save(training, 4000, WORK / "trained")
    for tokenizer in tokenizers if arguments.ids else []:
        different = compare_ids(program, tokenizer, texts, file)
        failures += different > 0
        print(f"{tokenizer.name}: {different:,} of {len(texts):,} texts have other ids", flush=True)
    known = KnownIds()
    for model in [*arguments.model, *models(tokenizers[0], WORK / "models", arguments.every_layout)]:
        worst = compare_vectors(program, model, texts, file, known)
        failures += worst > 1e-5
        print(f"{model.name}: {worst:.1e} is the largest cosine distance", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
