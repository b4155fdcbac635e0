"""Row 7: core sets of 0.5 %: k-center, facility location and `stratified`, against plain greedy, apricot, submodlib and FAISS.

Ours is the product: a store with the vectors, a grouping by embedding and a snapshot, then `cohort selection create`. What
counts is `choice_seconds` of its report: the choice itself, with all reading of vectors from the store, without the figures
beside random draws, which nobody else makes; its processor time is that of the command less that of `--method random`,
which makes the same figures. The peers hold the vectors in memory already:

- k-center: numpy greedy (Gonzalez 1985), one matrix-vector product and one minimum a pick. With `--peer-picks` it makes so
  many picks only, and its time is scaled up: each pick costs the same.
- facility location: within each group, as many picks as ours made there. numpy greedy computes all gains at each pick;
  submodlib and apricot are lazy. All get cosines above 0 of the group's rows, made by numpy within their time; in groups
  above 2,048 rows numpy and submodlib look at 2,048 references, as ours does, apricot at all. Groups are done one at a
  time, on one thread but for the products. apricot compiles for each object anew, so it takes part with one group only:
  `--rows 2048 --groups 1 --share 0.05`.
- stratified: numpy with our groups given (their means, the row nearest each, and random ones); FAISS k-means (20
  iterations) with as many groups and the same after it, which has to find its groups first.

Picks are held against the rule. k-center: at each of our picks, plain greedy over the same picks must find no row that is
farther by more than rounding (1e-5 of a squared distance). Facility location: in each group of at most 2,048 rows our picks
must be those of numpy, or cover as much to rounding (1e-5). Memory is the most that the process had for itself (RssAnon),
without pages of the store's map, which the system takes back when it needs them.
"""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import blas

blas.prepare()
import numpy as np

import contest
from mixtures import mixture, unit

REFERENCES = 2_048
METHODS = ("kcenter", "facility-location", "stratified")


@dataclass
class Choice:
    """A selection of ours: its report, its ids in order, MiB that the process had for itself, and its processor time."""

    report: dict
    picks: np.ndarray
    memory: float
    cpu: float

    @property
    def seconds(self) -> float:
        return self.report["choice_seconds"]


class Store:
    def __init__(self, arguments) -> None:
        self.program, self.folder = arguments.cohort.resolve(), arguments.work / "core_sets"
        self.workers = arguments.threads
        # Seconds of processor for start and report, by the number of picks.
        self.figures: dict[int, float] = {}

    def prepare(self, vectors: np.ndarray, groups: int) -> None:
        rows, file = self.folder / "rows.jsonl", self.folder / "rows.npy"
        with open(rows, "w") as out:
            out.writelines(f'{{"prompt":"p{i}","completion":"c"}}\n' for i in range(len(vectors)))
        np.save(file, vectors)
        self.run("init")
        self.run("ingest", rows, "--layout", "prompt-completion", "--embeddings", file)
        rows.unlink()
        file.unlink()
        self.run("grouping", "create", "topics", "--by", "embedding", "--groups", groups)
        self.run("update", "--workers", self.workers)
        self.run("snapshot", "create", "all")

    def run(self, *command) -> str:
        return self.measured(*command)[0]

    def measured(self, *command) -> tuple[str, float, float]:
        """The output, the most memory of its own that the process had, in MiB, and its seconds of processor."""
        words = [str(word) for word in [self.program, "--store", self.folder / "store", *command]]
        output, most = self.folder / "output", 0
        with open(output, "w") as out:
            child = subprocess.Popen(words, stdout=out)
            while True:
                done, status, usage = os.wait4(child.pid, os.WNOHANG)
                if done:
                    break
                try:
                    lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
                    most = max([most, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))])
                except OSError:
                    pass
                time.sleep(0.02)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f"{' '.join(words)}: exit code {child.returncode}")
        return output.read_text(), most / 1024, usage.ru_utime + usage.ru_stime

    def choose(self, method: str, count: int) -> Choice:
        mine = self.chosen(method, count)
        if count not in self.figures:
            self.figures[count] = self.chosen("random", count).cpu
        mine.cpu = max(0.0, mine.cpu - self.figures[count])
        return mine

    def chosen(self, method: str, count: int) -> Choice:
        report, memory, cpu = self.measured(
            "selection", "create", method, "--snapshot", "all", "--method", method, "--count", count,
            "--workers", self.workers, "--json",
        )  # fmt: skip
        rows = json.loads(self.run("selection", "show", method, "--rows", "--json"))
        return Choice(json.loads(report), np.array([row["id"] for row in rows]), memory, cpu)

    def groups(self, count: int) -> np.ndarray:
        """The group of each row."""
        found = np.full(count, -1)
        query = "SELECT group_id, id FROM members WHERE snapshot = 'all' AND \"grouping\" = 'topics' AND id >= {} AND id < {}"
        for start in range(0, count, 5_000):
            for row in json.loads(self.run("sql", query.format(start, start + 5_000), "--json")):
                found[row["id"]] = row["group_id"]
        if (found < 0).any():
            raise SystemExit("some rows have no group")
        return found


# k-center


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


# Facility location within a group. Each takes the rows of the group, how many to pick and a generator, and returns places.


def cosines(rows: np.ndarray, generator) -> np.ndarray:
    """Cosines above 0 of references (rows) with all (columns)."""
    references = rows if len(rows) <= REFERENCES else rows[generator.choice(len(rows), REFERENCES, replace=False)]
    return np.maximum(references @ rows.T, 0)


def numpy_coverage(rows: np.ndarray, count: int, generator) -> np.ndarray:
    near = cosines(rows, generator)
    best, picks = np.zeros(len(near), np.float32), []
    for _ in range(count):
        gains = np.maximum(near - best[:, None], 0).sum(0, dtype=np.float64)
        gains[picks] = -1
        picks.append(int(gains.argmax()))
        np.maximum(best, near[:, picks[-1]], out=best)
    return np.array(picks)


def apricot_coverage(rows: np.ndarray, count: int, generator) -> np.ndarray:
    from apricot import FacilityLocationSelection

    near = np.maximum(rows @ rows.T, 0).astype(np.float64)
    # It fails on all rows of a group.
    if count >= len(rows):
        return np.arange(len(rows))
    return np.array(FacilityLocationSelection(count, metric="precomputed", optimizer="lazy").fit(near).ranking)


def submodlib_coverage(rows: np.ndarray, count: int, generator) -> np.ndarray:
    from submodlib import FacilityLocationFunction

    near = cosines(rows, generator)
    # Its budget is less than what there is.
    if count >= len(rows):
        return np.arange(len(rows))
    if len(near) == len(rows):
        function = FacilityLocationFunction(n=len(rows), mode="dense", sijs=near, separate_rep=False)
    else:
        function = FacilityLocationFunction(
            n=len(rows), mode="dense", sijs=near, separate_rep=True, n_rep=len(near))  # fmt: skip
    found = function.maximize(
        budget=count, optimizer="LazyGreedy", stopIfZeroGain=False, stopIfNegativeGain=False, verbose=False,
        show_progress=False,
    )  # fmt: skip
    return np.array([place for place, _ in found])


def covered(rows: np.ndarray, picks: np.ndarray) -> float:
    return float(np.maximum(rows @ rows[picks].T, 0).max(1).sum(dtype=np.float64))


def by_group(vectors, groups, picks, body, seed: int) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """What `body` picks of each group that we picked of, as rows in their order, and what it took."""
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 2))
    counts = np.bincount(groups[picks], minlength=groups.max() + 1)
    generator, found, taken = np.random.default_rng(seed), {}, np.zeros(2)
    for group in np.flatnonzero(counts):
        rows = order[starts[group] : starts[group + 1]]
        places, more = clocked(lambda: body(vectors[rows], int(counts[group]), generator))
        taken += more
        found[int(group)] = rows[places]
    return found, taken


def agreement(vectors, groups, picks, theirs: dict[int, np.ndarray]) -> str:
    """How many picks are the same, place by place, in groups whose rows are all references."""
    sizes = np.bincount(groups)
    same = compared = 0
    worst = 0.0
    for group, others in theirs.items():
        if sizes[group] > REFERENCES:
            continue
        mine = picks[groups[picks] == group]
        same += int((mine == others).sum())
        compared += len(mine)
        if (mine != others).any():
            rows = vectors[groups == group]
            place = np.cumsum(groups == group) - 1
            ours, full = covered(rows, place[mine]), covered(rows, place[others])
            worst = max(worst, abs(ours - full) / full)
    if worst > 1e-5:
        raise SystemExit(f"what we picked of a group covers another share of it than plain greedy's picks: by {worst:.1e}")
    return f"{same} of {compared} picks the same, coverage differs by at most {worst:.1e}"


# stratified


def sampled(vectors, groups, distance, count: int, seed: int) -> np.ndarray:
    """Of each group in proportion to its size: the row nearest its centroid, then random ones."""
    order = np.lexsort((np.random.default_rng(seed).random(len(vectors)), groups))
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 2))
    sizes = np.diff(starts)
    quota = np.floor(count * sizes / sizes.sum() + 0.5).astype(int)
    medoids = [order[a:b][distance[order[a:b]].argmin()] for a, b, q in zip(starts, starts[1:], quota) if b > a and q]
    rest = [order[a : a + max(q - 1, 0)] for a, q in zip(starts, quota)]
    return np.concatenate([np.array(medoids), *rest])


def given_groups(vectors: np.ndarray, groups: np.ndarray, count: int, seed: int) -> np.ndarray:
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], np.arange(groups.max() + 1))
    sizes = np.bincount(groups)
    distance = np.empty(len(vectors), np.float32)
    for start, size in zip(starts, sizes):
        rows = vectors[order[start : start + size]]
        distance[order[start : start + size]] = ((rows - rows.mean(0)) ** 2).sum(1) if size else 0
    return sampled(vectors, groups, distance, count, seed)


def k_means_and_random(vectors: np.ndarray, groups: int, count: int, threads: int, seed: int) -> np.ndarray:
    import faiss

    faiss.omp_set_num_threads(threads)
    run = faiss.Kmeans(vectors.shape[1], groups, niter=20, seed=1)
    run.train(vectors)
    distance, group = run.index.search(vectors, 1)
    return sampled(vectors, group[:, 0], distance[:, 0], count, seed)


def clocked(body):
    """What it returns, and what it took: seconds of the clock, and of the processor."""
    start = np.array([time.perf_counter(), time.process_time()])
    return body(), np.array([time.perf_counter(), time.process_time()]) - start


class Report:
    def __init__(self) -> None:
        self.rows: list[dict] = []

    def ours(self, method: str, choice: Choice) -> None:
        self.first = choice.seconds
        self.add(method, "cohort", (choice.seconds, choice.cpu), memory=choice.memory)

    def add(self, method: str, who: str, taken, note: str = "", memory: float | None = None) -> None:
        seconds, cpu = map(float, taken)
        times = seconds / self.first
        row = {"method": method, "who": who, "seconds": seconds, "cpu": cpu, "times": times}
        self.rows.append({**row, "memory_mib": memory, "note": note})
        own = f"{memory:7.0f} MiB" if memory else " " * 11
        print(f"{method:18} {who:24} {seconds:9.3f} s {times:7.2f} x {cpu:9.3f} s cpu {own}  {note}".rstrip(), flush=True)


def k_center(arguments, store: Store, vectors: np.ndarray, count: int, report: Report) -> None:
    mine = store.choose("kcenter", count)
    report.ours("kcenter", mine)
    some = min(arguments.peer_picks or count, count)
    greedy, taken = clocked(lambda: plain_greedy(vectors, mine.picks[0], some))
    worst = deviation(vectors, mine.picks[:some])
    if worst > 1e-5:
        raise SystemExit(f"a pick of ours was nearer than another row by {worst}")
    scaled = "" if some == count else f"; {some} picks took {taken[0]:.2f} s"
    note = f"{int((greedy == mine.picks[:some]).sum())} of {some} picks the same, worst difference {worst:.1e}{scaled}"
    report.add("kcenter", "numpy greedy", taken * count / some, note)


def facility_location(arguments, store: Store, vectors, groups, count: int, report: Report) -> None:
    method = "facility-location"
    mine = store.choose(method, count)
    report.ours(method, mine)
    peers = {"numpy greedy": numpy_coverage, "submodlib lazy": submodlib_coverage}
    # It compiles anew for each object, about a second each time: that is a fair peer in one group only.
    if groups.max() == 0:
        peers["apricot lazy"] = apricot_coverage
    for name, body in peers.items():
        if name.split()[0] in arguments.without:
            continue
        body(vectors[:64], 3, np.random.default_rng(0))
        theirs, taken = by_group(vectors, groups, mine.picks, body, arguments.seed)
        note = agreement(vectors, groups, mine.picks, theirs)
        if body is apricot_coverage:
            _, compiling = clocked(lambda: body(vectors[:64], 3, np.random.default_rng(0)))
            taken, note = taken - compiling, f"{note}; without {compiling[1]:.1f} s of compiling"
        report.add(method, name, taken, note)


def stratified(arguments, store: Store, vectors, groups, count: int, report: Report) -> None:
    mine = store.choose("stratified", count)
    report.ours("stratified", mine)
    _, taken = clocked(lambda: given_groups(vectors, groups, count, arguments.seed))
    report.add("stratified", "numpy, groups given", taken)
    if "faiss" not in arguments.without:
        number = int(groups.max()) + 1
        _, taken = clocked(lambda: k_means_and_random(vectors, number, count, arguments.threads, arguments.seed))
        report.add("stratified", "FAISS k-means, sampling", taken, "ours has its groups already")


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--rows", type=contest.size, default=10**6, help="default: 1M")
    parser.add_argument("--dimension", type=int, default=384, help="of a vector (default: %(default)s)")
    parser.add_argument("--share", type=float, default=0.005, help="of the rows (default: %(default)s)")
    parser.add_argument("--groups", type=int, help="of the grouping (default: the square root of the rows)")
    parser.add_argument("--threads", type=int, default=2, help="for everyone (default: %(default)s)")
    parser.add_argument("--vectors", type=Path, help="a .npy file of real vectors, in place of a mixture")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS, metavar="METHOD", help="default: all three")
    parser.add_argument("--peer-picks", type=int, default=0, help="of greedy k-center in numpy (default: as many as ours)")
    parser.add_argument("--without", nargs="+", default=[], metavar="PEER", help="numpy, apricot, submodlib or faiss")
    parser.add_argument("--ours-only", action="store_true", help="no peers, no checks: time and memory")
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
    store = Store(arguments)
    store.prepare(half, arguments.groups or round(len(half) ** 0.5))
    shape, count = half.shape, max(1, round(len(half) * arguments.share))
    print(f"{shape[0]} x {shape[1]}, {count} picks, {arguments.threads} threads; load {before['load_1m']}")
    report = Report()
    if arguments.ours_only:
        del half
        for method in arguments.methods:
            mine = store.choose(method, count)
            report.ours(method, mine)
    else:
        vectors = unit(np.asarray(half, np.float32)).astype(np.float32)
        del half
        groups = store.groups(len(vectors)) if set(arguments.methods) != {"kcenter"} else None
        if "stratified" in arguments.methods:
            stratified(arguments, store, vectors, groups, count, report)
        if "facility-location" in arguments.methods:
            facility_location(arguments, store, vectors, groups, count, report)
        if "kcenter" in arguments.methods:
            k_center(arguments, store, vectors, count, report)
    part = {"rows": shape[0], "dimension": shape[1], "picks": count, "threads": arguments.threads, "results": report.rows}
    contest.report(arguments.work, "core_sets", "core sets", [part], before)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
