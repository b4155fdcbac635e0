"""Quality and cost of incremental clustering, against full runs over the finished data.

Every history is run as it would arrive: shuffled, sorted (component by component, the hardest drift) or gradual, with
and without deletions. Ours is judged by the groups it has stored at the end; the peers by the nearest of their final
centroids, except mini-batch k-means, whose labels are those given on arrival. All on Float32 copies of the same Float16
vectors, one thread each, in processor seconds.

- FAISS: Kmeans, all points, 20 iterations, random start (best of --seeds) and k-means++ start
- scikit-learn: KMeans, k-means++, 20 iterations (best of --sklearn-seeds); MiniBatchKMeans, one pass in order of arrival
- river: KMeans, a slice of p3 only

`ratio` is our error over that of the best full run, FAISS or scikit-learn, for all samples that are stored; `in rounds`
for those whose round was full, without the tail that is assigned provisionally until then. p3 are real sentence embeddings of 35
datasets: groups are compared with the dataset and the template that each prompt came from.
"""

import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import blas

blas.prepare(threads=1)
import numpy as np

import contest
import engine
from mixtures import KINDS, ORDERS, mixture, unit

BATCH = 4_096
SHARED = Path(__file__).resolve().parents[3] / "shared" / "embeddings"
DATASETS = """adversarial_qa ag_news amazon_polarity app_reviews cnn_dailymail common_gen commonsense_qa cosmos_qa
dbpedia_14 dream duorc_ParaphraseRC duorc_SelfRC gigaword glue_mrpc glue_qqp imdb kilt_tasks_hotpotqa multi_news
paws_labeled_final qasc quarel quartz quoref ropes rotten_tomatoes samsum sciq social_i_qa trec wiki_bio
wiki_hop_original wiki_qa wiqa xsum yelp_review_full""".split()


def timed(work):
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def singles(halves: np.ndarray) -> np.ndarray:
    """Float16 vectors as they are compared: in Float32, of length 1."""
    return unit(halves.astype(np.float32)).astype(np.float32)


def nearest(vectors: np.ndarray, centroids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group and squared distance of each vector, in Float32 products."""
    groups = np.empty(len(vectors), np.int64)
    norms = (centroids.astype(np.float64) ** 2).sum(1)
    for start in range(0, len(vectors), 8_192):
        some = vectors[start : start + 8_192]
        groups[start : start + 8_192] = (norms.astype(np.float32) - 2 * some @ centroids.T).argmin(1)
    return groups, squared(vectors, centroids, groups)


def squared(vectors: np.ndarray, centroids: np.ndarray, groups: np.ndarray) -> np.ndarray:
    result = np.empty(len(vectors))
    for start in range(0, len(vectors), 8_192):
        difference = vectors[start : start + 8_192] - centroids[groups[start : start + 8_192]]
        result[start : start + 8_192] = np.einsum("ij,ij->i", difference, difference, dtype=np.float64)
    return result


# MARK: Full runs over finished data


def faiss_run(vectors: np.ndarray, k: int, seed: int, plus: bool) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(1)
    method = faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS if plus else faiss.ClusteringInitMethod_RANDOM
    run = faiss.Kmeans(
        vectors.shape[1], k, niter=20, seed=seed, max_points_per_centroid=10**9, min_points_per_centroid=1
    )
    run.cp.init_method = method
    run.train(vectors)
    return run.centroids


def sklearn_run(vectors: np.ndarray, k: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    return KMeans(k, init="k-means++", n_init=1, max_iter=20, tol=0, random_state=seed).fit(vectors).cluster_centers_


def full_runs(vectors: np.ndarray, k: int, seeds: int, sklearn_seeds: int) -> dict[str, dict]:
    runs = {
        "FAISS": lambda seed: faiss_run(vectors, k, seed, False),
        "FAISS k-means++": lambda seed: faiss_run(vectors, k, seed, True),
        "scikit-learn k-means++": lambda seed: sklearn_run(vectors, k, seed),
    }
    told = {}
    for name, run in runs.items():
        errors, seconds, groups = [], [], []
        for seed in range(1, 1 + (sklearn_seeds if name.startswith("scikit") else seeds)):
            centroids, cpu = timed(lambda: run(seed))
            labels, distances = nearest(vectors, centroids)
            errors.append(distances.mean())
            seconds.append(cpu)
            groups.append(labels)
            if errors[-1] == min(errors):
                best = distances
        told[name] = {
            "errors": errors, "error": min(errors), "cpu_s": float(np.median(seconds)), "groups": groups, "distances": best
        }
    return told


# MARK: Peers that see the data as it arrives


def mini_batch(arrived: np.ndarray, k: int) -> dict:
    """One pass in order of arrival; labels as they were given, a batch at a time."""
    from sklearn.cluster import MiniBatchKMeans

    def work():
        run = MiniBatchKMeans(k, random_state=1, batch_size=BATCH)
        labels = np.empty(len(arrived), np.int64)
        for start in range(0, len(arrived), BATCH):
            batch = arrived[start : start + BATCH]
            # The last one may be too short for its start.
            run.partial_fit(batch if len(batch) >= k or start else arrived[:k])
            labels[start : start + BATCH] = run.predict(batch)
        return run.cluster_centers_, labels

    (centroids, labels), cpu = timed(work)
    best, distances = nearest(arrived, centroids)
    return {
        "error": squared(arrived, centroids, labels).mean(),
        "error_if_labelled_again": distances.mean(),
        "stale": float((best != labels).mean()),
        "cpu_s": cpu,
    }


def river_slice(arrived: np.ndarray, k: int) -> dict:
    from river.cluster import KMeans

    def work():
        run = KMeans(n_clusters=k, halflife=0.1, sigma=0.05, seed=1)
        for row in arrived:
            run.learn_one(dict(enumerate(row.tolist())))
        return run

    run, cpu = timed(work)
    centroids = np.array([[run.centers[j][i] for i in range(arrived.shape[1])] for j in range(k)], np.float32)
    return {"error": nearest(arrived, centroids)[1].mean(), "cpu_s": cpu}


# MARK: Ours


def ours(arguments, folder: Path, halves: np.ndarray, k: int, events: np.ndarray) -> dict:
    """The history, judged by its stored groups; `rows` are the rows still there, in order of arrival."""
    arrived = events[events >= 0]
    # The file has the vectors as they arrive, as a store would.
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "arrived.npy"
    np.save(file, halves[arrived])
    place = np.empty(len(halves), np.int64)
    place[arrived] = np.arange(len(arrived))
    placed = np.where(events >= 0, place[events], -place[-events - 1] - 1)
    run = engine.history(arguments.engine, folder, file, halves.shape[1], ["--groups", k], placed)
    file.unlink()
    gone = np.zeros(len(halves), bool)
    gone[-events[events < 0] - 1] = True
    here = ~gone[arrived]
    rows, groups = arrived[here], run.groups[here].astype(np.int64)
    vectors = singles(halves[rows])
    own = squared(vectors, run.centroids, groups)
    best, distances = nearest(vectors, run.centroids)
    in_rounds = ~run.provisional[here]
    last = run.last
    inserted = last["inserted"]
    return {
        "error": own.mean(),
        "error_in_rounds": own[in_rounds].mean(),
        "in_rounds": in_rounds,
        "provisional": int((~in_rounds).sum()),
        # Products of Float32 differ in their last bits, so only clearly nearer groups count.
        "stale": float((distances < own - 1e-5).mean()),
        "misplaced": last["misplaced"],
        "unsound": last["unsound"],
        "groups_made": len(run.centroids),
        "cpu_s": last["cpu"],
        "per_second": inserted / last["cpu"],
        "k_products_per_insert": last["inner_products_per_insert"] / k,
        "bytes_per_insert": (last["assignment_bytes"] + last["group_bytes"] + last["event_bytes"]) / inserted,
        "digest": last["digest"],
        "rows": rows,
        "groups": groups,
    }


def history_of(order: np.ndarray, deletions: str, seed: int) -> np.ndarray:
    """Events: all rows in order; with `a third` every third row goes again, 1 to 20,000 arrivals later."""
    if deletions == "none":
        return order
    generator = np.random.default_rng(seed)
    count = len(order)
    goes = np.zeros(count, bool)
    # By row, so that what remains is the same in every order of arrival.
    goes[generator.permutation(count)[: count // 3]] = True
    leaving = np.flatnonzero(goes[order])
    when = np.concatenate([np.arange(count), leaving + generator.integers(1, max(count // 5, 2), len(leaving)) + 0.5])
    events = np.concatenate([order, -order[leaving] - 1])
    return events[np.argsort(when, kind="stable")]


# MARK: The studies


def study(arguments, kind: str, deletions: str) -> list[dict]:
    """All orders of one synthetic data set; the full runs serve them all, since what is left at the end is the same."""
    folder = arguments.work / "clustering" / f"{kind}-{deletions.replace(' ', '-')}"
    data = mixture(kind, arguments.rows, arguments.dimension, arguments.seed)
    vectors = singles(data.vectors)
    rows, peers = [], None
    for name in ORDERS:
        events = history_of(data.order(name, arguments.seed + 1), deletions, arguments.seed + 2)
        mine = ours(arguments, folder, data.vectors, arguments.groups, events)
        if peers is None:
            here = np.sort(mine["rows"])
            peers = full_runs(vectors[here], arguments.groups, arguments.seeds, arguments.sklearn_seeds)
        batch = mini_batch(vectors[mine["rows"]], arguments.groups)
        case = {"data": kind, "arrival": name, "deletions": deletions, "k": arguments.groups}
        rows.append(row(case, mine, peers, batch, np.searchsorted(here, mine["rows"])))
    return rows


def p3_labels(embeddings: Path) -> tuple[np.ndarray, np.ndarray]:
    """Number of the dataset and of the template of each row."""
    manifest = json.loads((embeddings / "p3.manifest.json").read_text())
    dataset = [next(i for i, name in enumerate(DATASETS) if file.startswith(name)) for file, _ in manifest]
    counts = [count for _, count in manifest]
    return np.repeat(dataset, counts), np.repeat(np.arange(len(counts)), counts)


def agreement(groups: np.ndarray, labels: np.ndarray) -> dict:
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return {"ari": adjusted_rand_score(labels, groups), "nmi": normalized_mutual_info_score(labels, groups)}


def study_p3(arguments, k: int) -> list[dict]:
    folder = arguments.work / "clustering" / f"p3-{k}"
    halves = np.load(arguments.embeddings / "p3.npy")
    vectors = singles(halves)
    labels = dict(zip(("dataset", "template"), p3_labels(arguments.embeddings)))
    peers = full_runs(vectors, k, arguments.seeds, arguments.sklearn_seeds)
    for peer in peers.values():
        peer["agreement"] = {
            name: {key: float(np.mean([agreement(g, truth)[key] for g in peer["groups"]])) for key in ("ari", "nmi")}
            for name, truth in labels.items()
        }
    rows = []
    for name in ("by file", "shuffled"):
        order = np.arange(len(vectors))
        if name == "shuffled":
            order = np.random.default_rng(arguments.seed).permutation(order)
        mine = ours(arguments, folder, halves, k, order)
        mine["agreement"] = {label: agreement(mine["groups"], truth[mine["rows"]]) for label, truth in labels.items()}
        batch = mini_batch(vectors[order], k)
        case = {"data": "p3", "arrival": name, "deletions": "none", "k": k}
        rows.append(row(case, mine, peers, batch, mine["rows"]))
    if k == min(arguments.p3_groups):
        some = np.random.default_rng(arguments.seed).permutation(len(halves))[: arguments.river_rows]
        mine = ours(arguments, folder, halves[some], k, np.arange(len(some)))
        rows[0]["river"] = {
            "rows": len(some), "k": k, "ours": {key: mine[key] for key in ("error", "cpu_s")},
            **river_slice(vectors[some], k),
        }
    return rows


def row(case: dict, mine: dict, peers: dict, batch: dict, places: np.ndarray) -> dict:
    """`places`: where each of our rows is among those that the full runs were given."""

    def plain(told: dict) -> dict:
        return {key: value for key, value in told.items() if key not in ("rows", "groups", "in_rounds", "distances")}

    best = min(peers.values(), key=lambda peer: peer["error"])
    return {
        **case,
        "ours": plain(mine),
        "peers": {name: plain(peer) for name, peer in peers.items()},
        "mini_batch": batch,
        "ratio": mine["error"] / best["error"],
        "ratio_in_rounds": mine["error_in_rounds"] / best["distances"][places[mine["in_rounds"]]].mean(),
        "ratio_faiss": mine["error"] / peers["FAISS"]["error"],
        "ratio_sklearn": mine["error"] / peers["scikit-learn k-means++"]["error"],
        "time_of_faiss": mine["cpu_s"] / peers["FAISS"]["cpu_s"],
    }


# MARK: Output


def print_table(columns: dict, rows: list[dict]) -> None:
    cells = [list(columns)] + [[make(row) for make in columns.values()] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        print("  ".join(cell.rjust(width) if i > 2 else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths))))


def show(rows: list[dict]) -> None:
    case = {"data": lambda r: r["data"], "arrival": lambda r: r["arrival"], "deleted": lambda r: r["deletions"]}

    def peer(name: str):
        return lambda r: f"{r['peers'][name]['error']:.4f}"

    print("\nmean squared distance; best of the seeds for full runs")
    print_table(
        {
            **case,
            "k": lambda r: str(r["k"]),
            "ours": lambda r: f"{r['ours']['error']:.4f}",
            "FAISS": peer("FAISS"),
            "FAISS++": peer("FAISS k-means++"),
            "sklearn++": peer("scikit-learn k-means++"),
            "mini-batch": lambda r: f"{r['mini_batch']['error']:.4f}",
            "ratio": lambda r: f"{r['ratio']:.4f}",
            "in rounds": lambda r: f"{r['ratio_in_rounds']:.4f}",
            "tail": lambda r: f"{r['ours']['provisional']:,}",
            "to FAISS": lambda r: f"{r['ratio_faiss']:.4f}",
            "to sklearn": lambda r: f"{r['ratio_sklearn']:.4f}",
        },
        rows,
    )
    print("\nprocessor seconds for everything; labels that are not the nearest at the end")
    print_table(
        {
            **case,
            "k": lambda r: str(r["k"]),
            "ours": lambda r: f"{r['ours']['cpu_s']:.2f}",
            "FAISS": lambda r: f"{r['peers']['FAISS']['cpu_s']:.2f}",
            "FAISS++": lambda r: f"{r['peers']['FAISS k-means++']['cpu_s']:.2f}",
            "sklearn++": lambda r: f"{r['peers']['scikit-learn k-means++']['cpu_s']:.2f}",
            "mini-batch": lambda r: f"{r['mini_batch']['cpu_s']:.2f}",
            "of FAISS": lambda r: f"{r['time_of_faiss']:.2f}",
            "inserts/s": lambda r: f"{r['ours']['per_second']:,.0f}",
            "k products": lambda r: f"{r['ours']['k_products_per_insert']:.1f}",
            "stale": lambda r: f"{r['ours']['stale']:.2%}",
            "mini-batch's": lambda r: f"{r['mini_batch']['stale']:.0%}",
        },
        rows,
    )
    real = [row for row in rows if "agreement" in row["ours"]]
    if not real:
        return
    print("\nagreement with the origin of the prompts; full runs: mean of the seeds")
    columns = {**case, "k": lambda r: str(r["k"])}
    for label in ("dataset", "template"):
        for key in ("nmi", "ari"):
            columns[f"{label} {key.upper()}"] = lambda r, label=label, key=key: f"{r['ours']['agreement'][label][key]:.3f}"
            for short, name in (("FAISS", "FAISS"), ("sklearn", "scikit-learn k-means++")):
                columns[f"{short}{' ' * (len(columns) % 7)}"] = (
                    lambda r, label=label, key=key, name=name: f"{r['peers'][name]['agreement'][label][key]:.3f}"
                )
    print_table(columns, real)
    for told in (row["river"] for row in real if "river" in row):
        print(
            f"\nriver, {told['rows']:,} rows of p3, k = {told['k']}: error {told['error']:.4f} in {told['cpu_s']:.1f} s;"
            f" ours {told['ours']['error']:.4f} in {told['ours']['cpu_s']:.3f} s"
        )


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--rows", type=contest.size, default=100_000, help="of synthetic data (default: %(default)s)")
    parser.add_argument("--dimension", type=int, default=384, help="of synthetic data (default: %(default)s)")
    parser.add_argument("--groups", type=int, default=256, help="for synthetic data (default: %(default)s)")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS, help="synthetic data (default: all)")
    parser.add_argument("--p3-groups", nargs="*", type=int, default=[35, 75, 150, 235, 300], help="for real data")
    parser.add_argument("--seeds", type=int, default=3, help="full runs of each peer (default: %(default)s)")
    parser.add_argument("--sklearn-seeds", type=int, help="the same for scikit-learn, which takes longest")
    parser.add_argument("--river-rows", type=int, default=2_000, help="slice for river (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="studies at a time, a thread each")
    parser.add_argument("--quick", action="store_true", help="20,000 rows, one seed: does it work?")
    parser.add_argument("--embeddings", type=Path, default=SHARED, help="folder with p3.npy and p3.manifest.json")
    parser.add_argument("--engine", type=Path, help="a clustering-bench that is built already")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.groups, arguments.seeds, arguments.p3_groups = 20_000, 64, 1, [35]
    arguments.sklearn_seeds = arguments.sklearn_seeds or arguments.seeds
    arguments.engine = arguments.engine or engine.build(arguments.work)
    before = contest.machine()
    with ProcessPoolExecutor(arguments.jobs) as pool:
        studies = [pool.submit(study, arguments, kind, d) for kind in arguments.kinds for d in ("none", "a third")]
        if (arguments.embeddings / "p3.npy").exists():
            studies += [pool.submit(study_p3, arguments, k) for k in sorted(arguments.p3_groups, reverse=True)]
        else:
            print(f"p3 is left out: no p3.npy in {arguments.embeddings}")
        rows = []
        for done in studies:
            rows += done.result()
            print(f"  {len(rows)} histories done, {rows[-1]['data']} last", file=sys.stderr)
    show(rows)
    contest.report(arguments.work, "clustering", "quality and cost of incremental clustering", rows, before)


if __name__ == "__main__":
    main()
