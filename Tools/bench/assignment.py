"""Row 6: assignment of many vectors to their nearest of k centroids, against the limit of the machine and FAISS.

Ours is the kernel with its running arg-min and the decision of near-ties in fixed-order Float64, as rounds use it. The
limit is the fastest single-precision matrix product of the same shape, from numpy's OpenBLAS or from MKL, without any
arg-min. FAISS is IndexFlatL2 and IndexFlatIP, k = 1. All rows are Float32 in memory. Everyone must give the same groups;
where they differ, the two groups must be equally near within the rounding of Float32.
"""

import ctypes
import json
import subprocess
import sys
import time
from pathlib import Path

import blas

blas.prepare()
import numpy as np

import contest
import engine
from mixtures import mixture, unit


class Server:
    """Ours, in a process that has loaded the data and takes a turn at each line."""

    def __init__(self, binary: Path, folder: Path, threads: int):
        self.out = folder / f"answers-{threads}"
        command = [binary, "assign", folder / "rows.npy", folder / "centroids.npy", "--threads", threads, "--out", self.out]
        self.child = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.child.stdout.readline()

    def turn(self) -> contest.Turn:
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        told = json.loads(self.child.stdout.readline())
        return contest.Turn(told["wall"], told["cpu"], None, output=str(told["near_ties"]))

    def answer(self) -> np.ndarray:
        return np.fromfile(self.out, np.uint32).astype(np.int64)

    def close(self) -> None:
        self.child.stdin.close()
        self.child.wait()


def measured(work) -> contest.Turn:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return contest.Turn(time.perf_counter() - wall, time.process_time() - cpu, None)


def mkl_product():
    """cblas_sgemm of MKL, or None where there is no MKL."""
    libraries = sorted(Path(sys.prefix, "lib").glob("libmkl_rt.so*"))
    if not libraries:
        return None, None
    library = ctypes.CDLL(str(libraries[0]))

    def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        # Row-major (101), a as it is (111), b transposed (112).
        n, d, k = ctypes.c_int(len(a)), ctypes.c_int(a.shape[1]), ctypes.c_int(len(b))
        one, zero = ctypes.c_float(1), ctypes.c_float(0)
        pointers = [matrix.ctypes.data_as(ctypes.c_void_p) for matrix in (a, b, out)]
        library.cblas_sgemm(101, 111, 112, n, k, d, one, pointers[0], d, pointers[1], d, zero, pointers[2], k)

    return product, library.MKL_Set_Num_Threads


def part(arguments, rows: np.ndarray, centroids: np.ndarray, threads: int, folder: Path) -> dict:
    import faiss
    from threadpoolctl import threadpool_limits

    server = Server(arguments.engine, folder, threads)
    faiss.omp_set_num_threads(threads)
    dimension = rows.shape[1]
    answers: dict[str, np.ndarray] = {}
    flat = {"FAISS IndexFlatL2": faiss.IndexFlatL2(dimension), "FAISS IndexFlatIP": faiss.IndexFlatIP(dimension)}
    # As a caller with large batches would: products of a block stay in the cache, the limit is not that of memory.
    block = 4_096
    out = np.empty((block, len(centroids)), np.float32)
    mkl, set_mkl_threads = mkl_product()
    if mkl:
        set_mkl_threads(threads)

    def openblas() -> None:
        for start in range(0, len(rows), block):
            some = rows[start : start + block]
            np.matmul(some, centroids.T, out=out[: len(some)])

    def with_mkl() -> None:
        for start in range(0, len(rows), block):
            some = rows[start : start + block]
            mkl(some, centroids, out[: len(some)])

    def search(name: str) -> None:
        answers[name] = flat[name].search(rows, 1)[1][:, 0]

    for index in flat.values():
        index.add(centroids)
    contestants = [
        contest.Contestant("cohort", server.turn),
        contest.Contestant("matrix product, OpenBLAS", lambda: measured(openblas)),
        *([contest.Contestant("matrix product, MKL", lambda: measured(with_mkl))] if mkl else []),
        *[contest.Contestant(name, lambda name=name: measured(lambda: search(name))) for name in flat],
    ]
    with threadpool_limits(threads):
        for contestant in contestants:
            contestant.turn()
        contest.alternate(contestants, arguments.repeats)
    ties = int(contestants[0].turns[-1].output)
    different = compare(rows, centroids, server.answer(), answers)
    server.close()
    work = 2 * len(rows) * len(centroids) * dimension / 1e9
    told = contest.summary(contestants, "cohort")
    limit = min(row["median_s"] for row in told if row["name"].startswith("matrix"))
    for row in told:
        row["gflops"] = work / row["median_s"]
        row["of_limit"] = limit / row["median_s"]
    title = f"{len(rows):,} x {dimension}, k = {len(centroids)}, threads: {threads}"
    print(f"\n{title}")
    extra = {
        "GFLOP/s": lambda row: f"{row['gflops']:.0f}",
        "of the limit": lambda row: f"{row['of_limit']:.0%}",
    }
    print(contest.table(told, extra))
    print(f"near-ties decided in Float64: {ties / len(rows):.3%}; rows where a peer named another, equally near group: {different}")
    return {"case": title, "contestants": told, "near_ties": ties, "different": different}


def compare(rows, centroids, mine: np.ndarray, answers: dict[str, np.ndarray]) -> dict[str, int]:
    """How many answers differ; ends the run if one of ours is farther away, or one differs by more than rounding."""
    different = {}
    for name, theirs in answers.items():
        # Inner products order like distances only among centroids of equal length: IndexFlatIP is there for its speed.
        if name.endswith("IP"):
            continue
        at = np.flatnonzero(mine != theirs)
        own = ((rows[at].astype(np.float64) - centroids[mine[at]]) ** 2).sum(1)
        other = ((rows[at].astype(np.float64) - centroids[theirs[at]]) ** 2).sum(1)
        if np.any(own > other) or np.any(other - own > 1e-5):
            raise SystemExit(f"answers differ from {name} by more than rounding: rows {at[:5]}")
        different[name] = len(at)
    return different


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--rows", type=contest.size, default=200_000, help="vectors (default: %(default)s)")
    parser.add_argument("--dimension", type=int, default=384, help="of a vector (default: %(default)s)")
    parser.add_argument("--groups", nargs="+", type=int, default=[256, 1000], help="centroids (default: 256 1000)")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], help="threads for everyone (default: 1 2)")
    parser.add_argument("--repeats", type=int, default=7, help="turns of each (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="20,000 vectors, two turns: does it work?")
    parser.add_argument("--engine", type=Path, help="a clustering-bench that is built already")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.repeats = 20_000, 2
    arguments.engine = arguments.engine or engine.build(arguments.work)
    before = contest.machine()
    data = mixture("hier", arguments.rows, arguments.dimension, arguments.seed)
    rows = unit(data.vectors.astype(np.float32)).astype(np.float32)
    parts = []
    for k in arguments.groups:
        folder = arguments.work / "assignment" / str(k)
        folder.mkdir(parents=True, exist_ok=True)
        # Means of random parts of the data lie about as near to each other as real centroids.
        chosen = np.random.default_rng(arguments.seed).permutation(len(rows))[: 4 * k].reshape(k, 4)
        centroids = np.ascontiguousarray(rows[chosen].mean(1))
        np.save(folder / "rows.npy", rows)
        np.save(folder / "centroids.npy", centroids)
        for threads in arguments.threads:
            parts.append(part(arguments, rows, centroids, threads, folder))
        (folder / "rows.npy").unlink()
    contest.report(arguments.work, "assignment", "assignment of vectors to the nearest of k centroids", parts, before)


if __name__ == "__main__":
    main()
