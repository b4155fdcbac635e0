"""Groups of a few hundred samples, from files to groups, against the best of ten full runs.

What people try first is small. Each case goes through the command line: `cohort ingest` of JSONL with vectors from a .npy file
(Float16), `cohort grouping create`, `cohort update`. Our error is the summed squared distance that is stored with the
samples, to the published centroids of their groups; the peer's is that of scikit-learn's KMeans (k-means++, one start, until
it converges) with as many groups, the best and the worst of ten seeds. `ratio` is ours over the best one: at most 1.02 is wanted.

Data: real prompts (p3, gsm8k, codealpaca; shuffled and in the order of their files), mixtures of components of unequal
weight (shuffled, and component by component), and near-copies of 16 and of 30 vectors, the latter with kinds that are rare.
Wall time is of the last two commands.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import blas

blas.prepare(threads=1)
import numpy as np

from mixtures import mixture, unit

ROOT = Path(__file__).resolve().parents[2]
REAL = {
    "p3": "p3.npy",
    "gsm8k": "gsm8k.train.npy",
    "codealpaca": "codealpaca.new_codealpaca.npy",
}


def near_copies(rows: int, kinds: int, power: float, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors about `kinds` directions with weights 1 / i^power, and the kind of each."""
    generator = np.random.default_rng(seed)
    means = unit(generator.standard_normal((kinds, 384)))
    weights = 1 / np.arange(1, kinds + 1) ** power
    kind = generator.choice(kinds, size=rows, p=weights / weights.sum())
    vectors = unit(means[kind] + noise * generator.standard_normal((rows, 384)) / np.sqrt(384))
    return vectors.astype(np.float16), kind


def cases(rows: int, embeddings: Path, seed: int):
    """Name and Float16 vectors in order of arrival."""
    generator = np.random.default_rng(seed)
    for name, file in REAL.items():
        if not (embeddings / file).exists():
            print(f"{name}: no {embeddings / file}", file=sys.stderr)
            continue
        vectors = np.load(embeddings / file, mmap_mode="r")
        chosen = np.sort(generator.choice(len(vectors), size=min(rows, len(vectors)), replace=False))
        yield f"{name}, shuffled", vectors[generator.permutation(chosen)]
        yield f"{name}, by file", vectors[chosen]
        yield f"{name}, its first rows", vectors[:rows]
    for kind, components in (("iso", 40), ("hier", 60), ("none", 1)):
        made = mixture(kind, rows, 384, seed, components=components)
        for order in ("shuffled", "sorted"):
            yield f"mixture {kind}, {order}", made.vectors[made.order(order, seed)]
    for name, kinds, power, noise in (
        ("16 kinds of near-copies", 16, 0, 0.03),
        ("near-copies, rare kinds", 30, 1.5, 0.03),
        ("30 kinds, some rare", 30, 1.5, 0.5),
    ):
        vectors, kind = near_copies(rows, kinds, power, noise, seed)
        yield f"{name}, shuffled", vectors
        yield f"{name}, sorted", vectors[np.argsort(kind, kind="stable")]


def ours(cohort: Path, vectors: np.ndarray, options: list[str]) -> dict:
    """From files to groups in a new store."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        np.save(at / "v.npy", vectors)
        with open(at / "rows.jsonl", "w", encoding="utf-8") as out:
            for row in range(len(vectors)):
                out.write(json.dumps({"prompt": f"question {row}", "completion": f"answer {row}"}) + "\n")

        def run(*arguments) -> str:
            command = [cohort, *arguments, "--store", at / "store"]
            return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout

        run("init")
        run("ingest", at / "rows.jsonl", "--embeddings", at / "v.npy")
        start = time.perf_counter()
        run("grouping", "create", "topics", "--by", "embedding", *options)
        run("update")
        seconds = time.perf_counter() - start
        told = run("sql", "SELECT id, group_id, distance FROM assignments WHERE grouping = 'topics'", "--format", "jsonl")
        rows = [json.loads(line) for line in told.splitlines()]
        if len(rows) != len(vectors):
            raise SystemExit(f"{len(rows)} of {len(vectors)} samples have a group")
        groups = len({row["group_id"] for row in rows})
        return {"error": sum(row["distance"] for row in rows), "groups": groups, "seconds": seconds}


def full_runs(vectors: np.ndarray, groups: int) -> list[float]:
    from sklearn.cluster import KMeans

    warnings.simplefilter("ignore")
    rows = unit(vectors.astype(np.float32)).astype(np.float32)
    return [
        float(KMeans(groups, init="k-means++", n_init=1, random_state=seed).fit(rows).inertia_) for seed in range(10)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="50,200,1000,3000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--groups", type=int, help="this many groups instead of half the square root of the rows")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--cohort", type=Path, default=ROOT / ".build" / "release" / "cohort")
    parser.add_argument("--embeddings", type=Path, default=ROOT / "shared" / "embeddings")
    parser.add_argument("--work", type=Path, help="not needed: each case has a folder of its own for as long as it runs")
    arguments = parser.parse_args()
    chosen = ["--groups", str(arguments.groups)] if arguments.groups else []
    print("| rows | data | k | error | best of ten | worst | ratio | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    above = 0
    for rows in (int(part) for part in arguments.rows.split(",")):
        for name, vectors in cases(rows, arguments.embeddings, arguments.seed):
            if arguments.only not in name:
                continue
            told = ours(arguments.cohort, vectors, chosen)
            runs = full_runs(vectors, told["groups"])
            ratio = told["error"] / max(min(runs), 1e-9)
            above += ratio > 1.02
            figures = f"{told['error']:.2f} | {min(runs):.2f} | {max(runs):.2f} | {ratio:.3f} | {told['seconds']:.2f}"
            print(f"| {rows} | {name} | {told['groups']} | {figures} |", flush=True)
    print(f"{above} above 1.02")
    sys.exit(1 if above else 0)


if __name__ == "__main__":
    main()
