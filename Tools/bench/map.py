"""How faithful are maps, and how well do they take in new samples?

Ours is the product: a store with the vectors, a grouping by embedding, `cohort map create`, then new samples, `cohort update` and
`cohort map update --tail`, and last `cohort map create --refit`. The peers get the same vectors:

- openTSNE (perplexity 30), UMAP and PaCMAP, each with its defaults and one seed; new samples by their own `transform`

Three cases: all samples at once; a sixth of them, drawn at random, later; and samples of topics that were not there, later. Two
figures, always together, of all samples or of the new ones among all: T, trustworthiness at 15 (Venna and Kaski, 2001), and O, the
share of the 15 nearest that are among the 15 nearest on the map. T alone rewards tight piles. Places of old samples are compared
before and after: none may differ unless the map says that there was an event.

Topics are clusters of the vectors (k-means, 40 of them) where the data have no names for them. `--embeddings` is a folder with .npy files of
unit vectors; p3.npy and p3.manifest.json, if there, have topics by the names of their files.
"""

import json
import shutil
import subprocess
import time
import warnings
from pathlib import Path

import contest

import faiss
import numpy as np

NEIGHBOURS = 15
MEASURED = 3000


def unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The nearest others of some rows."""
    index = faiss.IndexFlatL2(values.shape[1])
    index.add(np.ascontiguousarray(values, np.float32))
    found = index.search(np.ascontiguousarray(values[rows], np.float32), NEIGHBOURS + 1)[1]
    return np.array([[j for j in line if j != i][:NEIGHBOURS] for i, line in zip(rows, found)])


def faithfulness(vectors: np.ndarray, places: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """T and O of some rows among all."""
    if len(rows) > MEASURED:
        rows = np.sort(np.random.default_rng(0).choice(rows, MEASURED, replace=False))
    truth, shown = nearest(vectors, rows), nearest(places, rows)
    overlap = np.mean([len(set(a) & set(b)) for a, b in zip(truth, shown)]) / NEIGHBOURS
    lost = 0
    for row, near in zip(rows, shown):
        distances = 1 - vectors @ vectors[row]
        distances[row] = -1
        ranks = np.searchsorted(np.sort(distances), distances[near])
        lost += np.maximum(ranks - NEIGHBOURS, 0).sum()
    count, k = len(vectors), NEIGHBOURS
    return 1 - 2 * lost / (len(rows) * k * (2 * count - 3 * k - 1)), overlap


def read(folder: Path, name: str, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and the topic of each."""
    vectors = unit(np.load(folder / f"{name}.npy"))
    manifest = folder / f"{name}.manifest.json"
    if manifest.exists():
        files = json.loads(manifest.read_text())
        names = np.repeat(["_".join(file.split("_")[:2]) for file, _ in files], [count for _, count in files])
        topics = np.unique(names, return_inverse=True)[1]
    else:
        means = faiss.Kmeans(vectors.shape[1], 40, niter=20, seed=3)
        means.train(vectors)
        topics = means.index.search(vectors, 1)[1][:, 0]
    if rows < len(vectors):
        chosen = np.sort(np.random.default_rng(seed).choice(len(vectors), rows, replace=False))
        vectors, topics = vectors[chosen], topics[chosen]
    return vectors, topics


class Ours:
    def __init__(self, arguments, vectors: np.ndarray):
        self.arguments, self.vectors = arguments, vectors
        self.folder = arguments.work / "map"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.count = 0
        self.cohort("init")
        self.order = np.empty(0, int)

    def cohort(self, *command) -> str:
        words = [self.arguments.cohort.resolve(), "--store", self.folder / "store", *command]
        done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, words))}: exit code {done.returncode}")
        return done.stdout

    def take(self, rows: np.ndarray) -> None:
        lines, file = self.folder / f"{self.count}.jsonl", self.folder / f"{self.count}.npy"
        with open(lines, "w") as out:
            out.writelines(f'{{"prompt":"p{row}","completion":"c"}}\n' for row in rows)
        np.save(file, self.vectors[rows].astype(np.float16))
        self.cohort("ingest", lines, "--layout", "prompt-completion", "--embeddings", file)
        self.order = np.concatenate([self.order, rows])
        self.count += 1

    def places(self) -> np.ndarray:
        places = np.full((len(self.vectors), 2), np.nan, np.float32)
        for row in json.loads(self.cohort("map", "show", "overview", "--rows", "--json")):
            places[self.order[row["id"]]] = row["x"], row["y"]
        return places

    def begin(self, rows: np.ndarray) -> np.ndarray:
        self.take(rows)
        self.cohort("grouping", "create", "topics", "--by", "embedding", "--groups", round(2 * len(rows) ** 0.5))
        self.cohort("update", "--workers", self.arguments.threads)
        self.cohort("map", "create", "overview", "--grouping", "topics", "--workers", self.arguments.threads)
        return self.places()

    def add(self, rows: np.ndarray) -> tuple[np.ndarray, int]:
        self.take(rows)
        self.cohort("update", "--workers", self.arguments.threads)
        self.cohort("map", "update", "overview", "--tail", "--workers", self.arguments.threads)
        changes = json.loads(self.cohort("log", "--from", 1, "--kind", "map-changed", "--json"))
        return self.places(), sum(one["details"]["change"] == "settled" for one in changes)

    def refit(self) -> np.ndarray:
        self.cohort("map", "create", "overview", "--refit", "--workers", self.arguments.threads)
        return self.places()


class Peer:
    def __init__(self, name: str, threads: int):
        self.name, self.threads = name, threads

    def fit(self, vectors: np.ndarray) -> np.ndarray:
        self.known = vectors
        if self.name == "openTSNE":
            from openTSNE import TSNE

            self.map = TSNE(perplexity=30, n_jobs=self.threads, random_state=1).fit(vectors)
            return np.asarray(self.map)
        if self.name == "UMAP":
            import umap

            self.map = umap.UMAP(random_state=1, n_jobs=1).fit(vectors)
            return self.map.embedding_
        import pacmap

        self.map = pacmap.PaCMAP(random_state=1)
        return self.map.fit_transform(vectors, init="pca")

    def transform(self, vectors: np.ndarray) -> np.ndarray:
        extra = {"basis": self.known} if self.name == "PaCMAP" else {}
        return np.asarray(self.map.transform(vectors, **extra))


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--embeddings", type=Path, required=True, help="a folder with NAME.npy")
    parser.add_argument("--data", nargs="*", default=["p3", "gsm8k.train"], help="names (default: %(default)s)")
    parser.add_argument("--rows", type=contest.size, default=12_000, help="of each, drawn (default: 12k)")
    parser.add_argument("--threads", type=int, default=2, help="for those that take it (default: %(default)s)")
    parser.add_argument("--peers", nargs="*", default=["openTSNE", "UMAP", "PaCMAP"])
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    for name in arguments.data:
        vectors, topics = read(arguments.embeddings, name, arguments.rows, arguments.seed)
        count = len(vectors)
        random = np.random.default_rng(5)
        order = random.permutation(count)
        cases = {"static": (np.arange(count), np.empty(0, int))}
        cases["shuffled"] = (np.sort(order[count // 6 :]), order[: count // 6])
        late: list[int] = []
        for topic in random.permutation(topics.max() + 1):
            if np.isin(topics, late).sum() < count // 6:
                late.append(topic)
        is_late = np.isin(topics, late)
        cases["new topics"] = (np.where(~is_late)[0], np.where(is_late)[0])
        print(f"{name}: {count} x {vectors.shape[1]}, {topics.max() + 1} topics")

        def tell(who: str, case: str, places: np.ndarray, rows: np.ndarray, seconds: float, more: str = "") -> None:
            trust, overlap = faithfulness(vectors, places, rows)
            print(f"  {case:10s}  {who:10s}  T {trust:.3f}  O {overlap:.3f}  {seconds:6.1f} s{more}", flush=True)

        for case, (old, new) in cases.items():
            shown = new if len(new) else old
            start = time.perf_counter()
            ours = Ours(arguments, vectors)
            places, more = ours.begin(old), ""
            if len(new):
                before = places
                places, events = ours.add(new)
                moved = int((places[old] != before[old]).any(axis=1).sum())
                if moved and not events:
                    raise SystemExit(f"{moved} places moved without an event")
                more = f"  {moved} of {len(old)} old places moved, {events} events"
            tell("Cohort", case, places, shown, time.perf_counter() - start, more)
            if len(new):
                start = time.perf_counter()
                tell("  refit", case, ours.refit(), shown, time.perf_counter() - start)
            for who in arguments.peers:
                start = time.perf_counter()
                peer = Peer(who, arguments.threads)
                places = np.full((count, 2), np.nan, np.float32)
                places[old] = peer.fit(vectors[old])
                if len(new):
                    places[new] = peer.transform(vectors[new])
                tell(who, case, places, shown, time.perf_counter() - start)


if __name__ == "__main__":
    main()
