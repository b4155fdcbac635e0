"""Row 7: core sets of 1 million x 384: k-center of 0.5 %, and `stratified` of 0.5 %, against plain greedy.

Ours is the product: a store with the vectors, a grouping by embedding and a snapshot, then `cohort selection create`. What counts
is `choice_seconds` of its report: the choice itself, with all reading of vectors from the store, without the figures beside
random draws, which nobody else makes. The peers hold the vectors in memory already:

- numpy: greedy k-center (Gonzalez 1985), one matrix-vector product and one minimum a pick
- FAISS k-means (20 iterations) with as many clusters, then the row nearest each centroid and random rows: what `stratified` does

Picks are held against the rule: at each of our picks, plain greedy over the same picks must find no row that is farther by more than
rounding (1e-5 of a squared distance).
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import blas

blas.prepare()
import numpy as np

import contest
from mixtures import mixture, unit


def cohort(arguments, *command) -> str:
    words = [arguments.cohort.resolve(), "--store", arguments.work / "core_sets" / "store", *command]
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(str(word) for word in words)}: exit code {done.returncode}")
    return done.stdout


def prepare(arguments, vectors: np.ndarray) -> None:
    folder = arguments.work / "core_sets"
    rows, file = folder / "rows.jsonl", folder / "rows.npy"
    with open(rows, "w") as out:
        out.writelines(f'{{"prompt":"p{i}","completion":"c"}}\n' for i in range(len(vectors)))
    np.save(file, vectors)
    cohort(arguments, "init")
    cohort(arguments, "ingest", rows, "--layout", "prompt-completion", "--embeddings", file)
    cohort(arguments, "grouping", "create", "topics", "--by", "embedding", "--groups", round(len(vectors) ** 0.5))
    cohort(arguments, "update", "--workers", arguments.threads)
    cohort(arguments, "snapshot", "create", "all")


def ours(arguments, method: str, count: int) -> tuple[dict, np.ndarray]:
    report = json.loads(
        cohort(
            arguments, "selection", "create", method, "--snapshot", "all", "--method", method, "--count", count,
            "--workers", arguments.threads, "--json",
        )  # fmt: skip
    )
    rows = json.loads(cohort(arguments, "selection", "show", method, "--rows", "--json"))
    return report, np.array([row["id"] for row in rows])


def plain_greedy(vectors: np.ndarray, first: int, count: int) -> np.ndarray:
    picks = np.empty(count, np.int64)
    picks[0] = first
    nearest = vectors @ vectors[first]
    for i in range(1, count):
        picks[i] = nearest.argmin()
        np.maximum(nearest, vectors @ vectors[picks[i]], out=nearest)
    return picks


def deviation(vectors: np.ndarray, picks: np.ndarray) -> float:
    """How much farther the farthest row was than ours, at the worst pick, in squared distance."""
    nearest = vectors @ vectors[picks[0]]
    worst = 0.0
    for pick in picks[1:]:
        worst = max(worst, 2 * float(nearest[pick] - nearest.min()))
        np.maximum(nearest, vectors @ vectors[pick], out=nearest)
    return worst


def k_means_and_random(vectors: np.ndarray, count: int, threads: int, seed: int) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(threads)
    run = faiss.Kmeans(vectors.shape[1], round(len(vectors) ** 0.5), niter=20, seed=1)
    run.train(vectors)
    distance, group = run.index.search(vectors, 1)
    distance, group = distance[:, 0], group[:, 0]
    order = np.lexsort((np.random.default_rng(seed).random(len(vectors)), group))
    starts = np.searchsorted(group[order], np.arange(len(run.centroids) + 1))
    sizes = np.diff(starts)
    quota = np.floor(count * sizes / sizes.sum() + 0.5).astype(int)
    medoids = [order[a:b][distance[order[a:b]].argmin()] for a, b in zip(starts, starts[1:]) if b > a]
    rest = [order[a : a + max(q - 1, 0)] for a, q in zip(starts, quota)]
    return np.concatenate([np.array(medoids), *rest])


def clocked(body):
    start = time.perf_counter()
    return body(), time.perf_counter() - start


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--rows", type=contest.size, default=10**6, help="default: 1M")
    parser.add_argument("--dimension", type=int, default=384, help="of a vector (default: %(default)s)")
    parser.add_argument("--share", type=float, default=0.005, help="of the rows (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="for everyone (default: %(default)s)")
    parser.add_argument("--vectors", type=Path, help="a .npy file of real vectors, in place of a mixture")
    parser.add_argument("--quick", action="store_true", help="20,000 rows: does it work?")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows = 20_000
    blas.prepare(arguments.threads)
    before = contest.machine()
    folder = arguments.work / "core_sets"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if arguments.vectors:
        half = np.load(arguments.vectors, mmap_mode="r")[: arguments.rows]
    else:
        half = mixture("hier", arguments.rows, arguments.dimension, arguments.seed).vectors
    prepare(arguments, half)
    vectors = unit(np.asarray(half, np.float32)).astype(np.float32)
    count = max(1, round(len(vectors) * arguments.share))
    print(f"{len(vectors)} x {vectors.shape[1]}, {count} picks, {arguments.threads} threads; {before['processor']}")

    report, picks = ours(arguments, "kcenter", count)
    greedy, seconds = clocked(lambda: plain_greedy(vectors, picks[0], count))
    worst = deviation(vectors, picks)
    if worst > 1e-5:
        raise SystemExit(f"a pick of ours was nearer than another row by {worst}")
    mine = report["choice_seconds"]
    print(f"k-center        {mine:.2f} s   numpy greedy {seconds:.2f} s   {seconds / mine:.1f} times")
    print(f"                {int((greedy == picks).sum())} of {count} picks at the same place; worst difference {worst:.1e}")

    report, picks = ours(arguments, "stratified", count)
    print(f"stratified      {report['choice_seconds']:.2f} s", end="")
    try:
        _, seconds = clocked(lambda: k_means_and_random(vectors, count, arguments.threads, arguments.seed))
        print(f"   FAISS k-means and sampling {seconds:.2f} s (ours has its groups already)")
    except ImportError:
        print()
    report, _ = ours(arguments, "facility-location", count)
    print(f"facility loc.   {report['choice_seconds']:.2f} s")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
