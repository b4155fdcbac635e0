"""Row 5: keep up with 1 % new data, 1 million x 384, k = 1,000, against full runs over everything.

Ours is the product, from files to durable assignments: `cohort ingest` of JSONL with vectors from a .npy file, and
`cohort update`. First the whole history, then several times 1 % more: a round is a sixty-fourth of what is there, so some
updates only assign provisionally and others pay for a round; the mean counts. The peers hold the vectors in memory already and
store nothing; their clock runs only while they cluster, on as many threads:

- FAISS: all points, 20 iterations, random start; k-means++ start; as it comes (256 points a group are sampled); and its
  SuperKmeans
- scikit-learn MiniBatchKMeans, one pass, and KMeans, k-means++, a few iterations

Memory is what the process has of its own (RssAnon), sampled every 20 ms: the map of the store is page cache.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import blas

blas.prepare()
import numpy as np

import contest
import engine
from mixtures import mixture, unit


def nearest_error(vectors: np.ndarray, centroids: np.ndarray) -> float:
    norms = (centroids.astype(np.float64) ** 2).sum(1).astype(np.float32)
    total = 0.0
    for start in range(0, len(vectors), 8_192):
        some = vectors[start : start + 8_192]
        groups = (norms - 2 * some @ centroids.T).argmin(1)
        total += float(((some - centroids[groups]).astype(np.float64) ** 2).sum())
    return total / len(vectors)


# MARK: Peers, each in a process of its own


def faiss_run(vectors: np.ndarray, k: int, threads: int, **options) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(threads)
    plus = options.pop("plus", False)
    run = faiss.Kmeans(vectors.shape[1], k, niter=20, seed=1, **options)
    if plus:
        run.cp.init_method = faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS
    run.train(vectors)
    return run.centroids


def super_k_means(vectors: np.ndarray, k: int, threads: int) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(threads)
    run = faiss.SuperKmeans(vectors.shape[1], k, niter=20, seed=1, **EVERYTHING)
    run.train(vectors)
    return run.centroids


def mini_batch(vectors: np.ndarray, k: int, threads: int) -> np.ndarray:
    from sklearn.cluster import MiniBatchKMeans

    run = MiniBatchKMeans(k, random_state=1, batch_size=4_096)
    for start in range(0, len(vectors) // 4_096 * 4_096, 4_096):
        run.partial_fit(vectors[start : start + 4_096])
    return run.cluster_centers_


def k_means(vectors: np.ndarray, k: int, threads: int, iterations: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    run = KMeans(k, init="k-means++", n_init=1, max_iter=iterations, tol=0, random_state=1)
    return run.fit(vectors).cluster_centers_


EVERYTHING = {"max_points_per_centroid": 10**9}
FAISS = "FAISS, all points, 20 iterations"
PEERS = {
    FAISS: lambda v, k, t: faiss_run(v, k, t, **EVERYTHING),
    "FAISS k-means++, all points, 20 iterations": lambda v, k, t: faiss_run(v, k, t, plus=True, **EVERYTHING),
    "FAISS, 256 points a group, 20 iterations": lambda v, k, t: faiss_run(v, k, t),
    "FAISS SuperKmeans, all points, 20 iterations": super_k_means,
    "scikit-learn MiniBatchKMeans, one pass": mini_batch,
    "scikit-learn KMeans k-means++, 3 iterations": lambda v, k, t: k_means(v, k, t, 3),
}


def peer(name: str, file: str, rows: int, k: int, threads: int, judge: bool) -> None:
    half = np.load(file, mmap_mode="r")[:rows]
    vectors = np.empty(half.shape, np.float32)
    for start in range(0, rows, 50_000):
        vectors[start : start + 50_000] = unit(half[start : start + 50_000].astype(np.float32))
    wall, cpu = time.perf_counter(), time.process_time()
    centroids = PEERS[name](vectors, k, threads)
    told = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if judge:
        told["error"] = nearest_error(vectors, centroids)
    print(json.dumps(told))


# MARK: Ours


def measured(command: list) -> dict:
    """Time from spawn to exit, processor time, and the peak of the process's own memory."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        child = subprocess.Popen([str(part) for part in command], stdout=output, stdin=subprocess.DEVNULL)
        peak = {"RssAnon": 0, "RssFile": 0}
        ended = threading.Event()

        def sample() -> None:
            while not ended.wait(0.02):
                try:
                    status = Path(f"/proc/{child.pid}/status").read_text()
                except OSError:
                    return
                for line in status.splitlines():
                    name, _, value = line.partition(":")
                    if name in peak and value:
                        peak[name] = max(peak[name], int(value.split()[0]))

        sampler = threading.Thread(target=sample)
        sampler.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        sampler.join()
        output.seek(0)
        text = output.read().decode()
    if child.returncode != 0:
        raise SystemExit(f"{command}: exit code {child.returncode}\n{text}")
    return {
        "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "own_mib": peak["RssAnon"] / 1024,
        "mapped_mib": peak["RssFile"] / 1024, "written_mib": usage.ru_oublock / 2048, "output": text,
    }


def write_part(folder: Path, name: str, vectors: np.ndarray, first: int) -> tuple[Path, Path]:
    rows, file = folder / f"{name}.jsonl", folder / f"{name}.npy"
    with open(rows, "w") as out:
        out.writelines(f'{{"prompt":"p{i}","completion":"c"}}\n' for i in range(first, first + len(vectors)))
    np.save(file, vectors)
    return rows, file


class Product:
    def __init__(self, arguments, store: Path):
        shutil.rmtree(store, ignore_errors=True)
        self.cohort = [arguments.cohort.resolve(), "--store", store]
        self.workers = ["--workers", arguments.threads]
        self.groups = arguments.groups
        measured([*self.cohort, "init"])

    def ingest(self, rows: Path, file: Path) -> dict:
        layout = ["--layout", "prompt-completion", "--embeddings", file]
        return measured([*self.cohort, "ingest", rows, *layout, "--json", *self.workers])

    def create(self) -> None:
        measured([*self.cohort, "grouping", "create", "topics", "--by", "embedding", "--groups", self.groups])

    def update(self) -> dict:
        return measured([*self.cohort, "update", "--json", *self.workers])

    def digest(self) -> str:
        """Of the engine's state after the last round."""
        last = json.loads(measured([*self.cohort, "log", "--json"])["output"])[-1]
        return f"{last['details']['state']:x}"


def main() -> None:
    if sys.argv[1:2] == ["--peer"]:
        name, file, rows, k, threads, judge = sys.argv[2:]
        return peer(name, file, int(rows), int(k), int(threads), judge == "yes")
    parser = contest.options(__doc__)
    parser.add_argument("--rows", type=contest.size, default=10**6, help="before more come (default: 1M)")
    parser.add_argument("--dimension", type=int, default=384, help="of a vector (default: %(default)s)")
    parser.add_argument("--groups", type=int, default=1_000, help="groups (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="for everyone (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=4, help="times that 1 %% more comes (default: %(default)s)")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), help="default: all")
    parser.add_argument("--quick", action="store_true", help="50,000 rows, k = 100: does it work?")
    parser.add_argument("--engine", type=Path, help="a clustering-bench that is built already")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.groups = 50_000, 100
    arguments.engine = arguments.engine or engine.build(arguments.work)
    blas.prepare(arguments.threads)
    before = contest.machine()
    folder = arguments.work / "keep_up"
    folder.mkdir(parents=True, exist_ok=True)
    more = arguments.rows // 100
    everything = folder / "everything.npy"
    # Components in proportion to the groups, so that there is something to find.
    data = mixture("hier", arguments.rows + arguments.repeats * more, arguments.dimension, arguments.seed, 2 * arguments.groups)
    np.save(everything, data.vectors)
    first = write_part(folder, "first", data.vectors[: arguments.rows], 0)
    parts = [
        write_part(folder, f"more-{i}", data.vectors[start : start + more], start)
        for i, start in enumerate(range(arguments.rows, len(data.vectors), more))
    ]
    del data

    product = Product(arguments, folder / "store")
    ingest = product.ingest(*first)
    product.create()
    update = product.update()
    history = {"ingest": ingest, "update": update}
    print(f"  whole history: {ingest['wall']:.1f} s + {update['wall']:.1f} s", file=sys.stderr)
    absorbed, full = [], {name: [] for name in arguments.peers}
    for i, part in enumerate(parts):
        ingest, update = product.ingest(*part), product.update()
        absorbed.append({"ingest": ingest, "update": update, "rounds": json.loads(update["output"])[0]["rounds"]})
        print(f"  1 % more: {ingest['wall']:.2f} s + {update['wall']:.2f} s", file=sys.stderr)
        rows = arguments.rows + (i + 1) * more
        # Turn by turn with the peer that counts; the others once.
        for name in arguments.peers if i == 0 else [FAISS] if i == 1 else []:
            command = [sys.executable, __file__, "--peer", name, everything, rows, arguments.groups, arguments.threads]
            told = measured([*command, "yes" if i == 0 else "no"])
            full[name].append({**json.loads(told.pop("output").splitlines()[-1]), "own_mib": told["own_mib"]})
            print(f"  {name}: {full[name][-1]['wall']:.2f} s", file=sys.stderr)
    digest = product.digest()
    run = engine.history(
        arguments.engine, folder / "engine", everything, arguments.dimension, ["--groups", arguments.groups, "--audit", 64]
    )
    if run.last["digest"] != digest:
        raise SystemExit(f"the product's state has digest {digest}, the engine's {run.last['digest']}")
    vectors = unit(np.load(everything).astype(np.float32)).astype(np.float32)
    difference = 0.0
    for start in range(0, len(vectors), 8_192):
        some = vectors[start : start + 8_192] - run.centroids[run.groups[start : start + 8_192]]
        difference += float((some.astype(np.float64) ** 2).sum())
    error = difference / len(vectors)
    del vectors
    report(arguments, before, history, absorbed, full, {"digest": digest, "error": error, "engine": run.last})
    shutil.rmtree(folder)


def report(arguments, before: dict, history: dict, absorbed: list, full: dict, ours: dict) -> None:
    def median(values) -> float:
        return float(np.median(list(values)))

    def mean(values) -> float:
        return float(np.mean(list(values)))

    whole = {key: history["ingest"][key] + history["update"][key] for key in ("wall", "cpu")}
    one = {key: mean(a["ingest"][key] + a["update"][key] for a in absorbed) for key in ("wall", "cpu")}
    part = {key: mean(a["update"][key] for a in absorbed) for key in ("wall", "cpu")}
    slowest = {key: max(a["ingest"][key] + a["update"][key] for a in absorbed) for key in ("wall", "cpu")}
    engine_cpu = ours["engine"]["cpu"]
    rows = [
        ("cohort, whole history, files to durable assignments", whole["wall"], whole["cpu"], ours["error"]),
        ("    of that: update", history["update"]["wall"], history["update"]["cpu"], None),
        ("    its engine alone, in memory, one thread", None, engine_cpu, None),
        ("cohort, 1 % more, files to durable assignments, mean", one["wall"], one["cpu"], ours["error"]),
        ("    of that: update", part["wall"], part["cpu"], None),
        (f"    the slowest of {len(absorbed)}", slowest["wall"], slowest["cpu"], None),
    ]
    rows += [(name, median(t["wall"] for t in runs), median(t["cpu"] for t in runs), runs[0]["error"]) for name, runs in full.items()]
    print(f"\n{arguments.rows:,} x {arguments.dimension}, k = {arguments.groups}, {arguments.threads} threads")
    print(f"{'':54}{'wall':>10}{'cpu':>10}{'error':>9}{'times 1 % more':>17}{'times history':>16}")
    for name, wall, cpu, error in rows:
        ratios = (f"{wall / one['wall']:.1f}", f"{wall / whole['wall']:.2f}") if name in full else ("", "")
        print(
            f"{name:54}{contest.duration(wall) if wall else '-':>10}{contest.duration(cpu):>10}"
            f"{format(error, '.4f') if error else '':>9}{ratios[0]:>17}{ratios[1]:>16}"
        )
    commands = [history["ingest"], history["update"], *(a[part] for a in absorbed for part in ("ingest", "update"))]
    peak = max(command["own_mib"] for command in commands)
    print(
        f"memory of cohort's own: at most {peak:.0f} MiB (update: {history['update']['own_mib']:.0f}); mapped files:"
        f" {max(command['mapped_mib'] for command in commands):.0f} MiB; written by the update:"
        f" {history['update']['written_mib']:,.0f} MiB"
    )
    print(f"rounds in the updates with 1 % more: {', '.join(str(a['rounds']) for a in absorbed)}")
    print(f"the product's state is the engine's, digest {ours['digest']}")
    for command in commands:
        del command["output"]
    parts = [{"history": history, "absorbed": absorbed, "full": full, "ours": ours}]
    contest.report(arguments.work, "keep_up", "keep up with 1 % new data", parts, before)


if __name__ == "__main__":
    main()
