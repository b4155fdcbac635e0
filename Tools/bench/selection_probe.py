"""Are core sets better to learn from than random draws? Probes on held-out rows, with a test of significance.

Five sets of real data, each cut into 10 folds. For each fold a store is made of the other rows' vectors, with a grouping by
embedding and a snapshot, and `cohort selection create` chooses: each method with several seeds, and `--method random`. A
smaller budget is the beginning of a larger one. What was chosen trains probes, outside of the program; they are asked about
the fold that was held out:

- a linear probe: ridge regression with a penalty of 1 on the vectors. For labels the greatest output, and how often it is
  right; for the words and the length of answers the share of their variance that it explains (R²)
- a nearest neighbour: whether the label of the nearest chosen row is right

A method is better or worse when a paired t test says so with p < 0.05 after Holm's correction for all comparisons of the
method: data sets x probes x budgets. There are two such tests. Over folds: the mean over the seeds less the mean over the
random draws, 10 numbers; that is the strict one, and the one the table shows. Over pairs: each seed in each fold less its
own draws, 50 numbers; it finds smaller differences, but takes seeds of one fold for independent, which they are not where a
method picks nearly the same rows whatever the seed. Rows of two folds' stores are largely the same, too: read a p close to
0.05 as a doubt.

`--sweep` prints the tables of Docs/selection.md instead: what the program itself measures, on whole sets.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import blas

blas.prepare()
import numpy as np
from scipy.stats import t as student

import contest
import real_sets

FOLDS = 10
TESTS = ("folds", "pairs")


class Store:
    """A store of vectors whose ids are their places, with a snapshot of all."""

    def __init__(self, arguments, vectors: np.ndarray, tasks: np.ndarray | None = None, groups: int | None = None) -> None:
        self.program, self.workers = arguments.cohort.resolve(), arguments.threads
        self.folder = arguments.work / "selection_probe"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        rows, file = self.folder / "rows.jsonl", self.folder / "rows.npy"
        tasks = np.zeros(len(vectors), int) if tasks is None else tasks
        with open(rows, "w") as out:
            out.writelines(f'{{"prompt":"p{i}","completion":"c","task":"{task}"}}\n' for i, task in enumerate(tasks))
        np.save(file, vectors.astype(np.float16))
        self.run("init")
        self.run("ingest", rows, "--layout", "prompt-completion", "--task-field", "task", "--embeddings", file)
        asked = ["--groups", groups] if groups else []
        self.run("grouping", "create", "topics", "--by", "embedding", *asked)
        self.run("update", "--workers", self.workers)
        self.run("snapshot", "create", "all")
        self.groups = json.loads(self.run("grouping", "list", "--json"))[0]["groups"]

    def run(self, *command) -> str:
        words = [str(word) for word in [self.program, "--store", self.folder / "store", *command]]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(words)}: exit code {done.returncode}")
        return done.stdout

    def choose(self, method: str, seed: int, count: int) -> np.ndarray:
        """Rows in the order of the selection."""
        name = f"{method}-{seed}"
        self.run(
            "selection", "create", name, "--snapshot", "all", "--method", method, "--seed", seed, "--count", count,
            "--workers", self.workers, "--json",
        )  # fmt: skip
        return np.array([row["id"] for row in json.loads(self.run("selection", "show", name, "--rows", "--json"))])


class Probes:
    """What is asked of each row of a set, as columns of numbers beside each other."""

    def __init__(self, data: real_sets.RealSet) -> None:
        self.data = data
        self.columns: dict[str, slice] = {}
        parts, width = [], 0
        for name, label in data.labels.items():
            parts.append(np.eye(label.max() + 1, dtype=np.float32)[label])
        for values in data.values.values():
            parts.append(values.astype(np.float32))
        for name, part in zip([*data.labels, *data.values], parts):
            self.columns[name] = slice(width, width + part.shape[1])
            width += part.shape[1]
        self.targets = np.hstack(parts)

    def measure(self, training: np.ndarray, testing: np.ndarray) -> dict[str, float]:
        vectors, data = self.data.vectors, self.data
        weights = ridge(vectors[training].astype(np.float64), self.targets[training])
        outputs = vectors[testing] @ weights[:-1].astype(np.float32) + weights[-1].astype(np.float32)
        nearest = training[(vectors[testing] @ vectors[training].T).argmax(1)]
        found = {}
        for name, label in data.labels.items():
            found[name] = float((outputs[:, self.columns[name]].argmax(1) == label[testing]).mean())
            found[f"{name}, nearest"] = float((label[nearest] == label[testing]).mean())
        for name in data.values:
            wanted = self.targets[testing, self.columns[name]]
            error = ((outputs[:, self.columns[name]] - wanted) ** 2).sum()
            found[f"{name} (R²)"] = float(1 - error / ((wanted - wanted.mean(0)) ** 2).sum())
        return found


def ridge(rows: np.ndarray, targets: np.ndarray, penalty: float = 1.0) -> np.ndarray:
    """Weights, the constant term last; by the smaller of the two equations."""
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    if len(rows) < rows.shape[1]:
        return rows.T @ np.linalg.solve(rows @ rows.T + penalty * np.eye(len(rows)), targets)
    return np.linalg.solve(rows.T @ rows + penalty * np.eye(rows.shape[1]), rows.T @ targets)


@dataclass
class Comparison:
    """A method against random draws: one probe, at one budget, of one set. Corrected is for all comparisons together."""

    data: str
    method: str
    share: float
    rows: int
    probe: str
    random: float
    mean: float
    difference: float
    p: dict[str, float]
    """By the test: over "folds", over "pairs"."""
    corrected: dict[str, float] = field(default_factory=dict)

    def verdict(self, test: str = "folds") -> str:
        return "" if self.corrected[test] >= 0.05 else "better" if self.difference > 0 else "worse"


def paired(differences: np.ndarray) -> float:
    """Two-sided p of Student's test that the mean is 0."""
    deviation = differences.std(ddof=1)
    if deviation == 0:
        return 1.0 if differences.mean() == 0 else 0.0
    return float(2 * student.sf(abs(differences.mean()) / deviation * len(differences) ** 0.5, len(differences) - 1))


def correct(comparisons: list[Comparison]) -> None:
    """Holm's step-down correction over the comparisons of one method."""
    for test in TESTS:
        greatest = 0.0
        for place, item in enumerate(sorted(comparisons, key=lambda item: item.p[test])):
            greatest = max(greatest, min(1.0, item.p[test] * (len(comparisons) - place)))
            item.corrected[test] = greatest


def folds(arguments, data: real_sets.RealSet) -> tuple[dict, list[int]]:
    """Figures by method, budget and probe: one row a fold, one column a seed."""
    probes, figures, groups = Probes(data), {}, []
    order = np.random.default_rng(arguments.seed).permutation(len(data.vectors))
    for fold in range(arguments.folds):
        testing = np.sort(order[fold::FOLDS])
        training = np.delete(np.arange(len(order)), testing)
        store = Store(arguments, data.vectors[training], groups=arguments.groups)
        groups.append(store.groups)
        most = round(max(arguments.shares) * len(training))
        for method in ["random", *arguments.methods]:
            for seed in range(arguments.draws if method == "random" else arguments.seeds):
                chosen = training[store.choose(method, seed, most)]
                for share in arguments.shares:
                    found = probes.measure(chosen[: round(share * len(training))], testing)
                    for probe, value in found.items():
                        rows = figures.setdefault((method, share, probe), [[] for _ in range(arguments.folds)])
                        rows[fold].append(value)
        print(f"  {data.name}: fold {fold + 1} of {arguments.folds}, {store.groups} groups", flush=True)
    return figures, groups


def compare(arguments, data: real_sets.RealSet, figures: dict) -> list[Comparison]:
    found = []
    for (method, share, probe), rows in figures.items():
        if method == "random":
            continue
        mine, draws = np.array(rows), np.array(figures["random", share, probe])
        each = draws.shape[1] // mine.shape[1]
        pairs = mine - draws[:, : each * mine.shape[1]].reshape(*mine.shape, each).mean(2)
        differences = mine.mean(1) - draws.mean(1)
        count = round(share * len(data.vectors) * (FOLDS - 1) / FOLDS)
        found.append(
            Comparison(
                data.name, method, share, count, probe, float(draws.mean()), float(mine.mean()), float(differences.mean()),
                {"folds": paired(differences), "pairs": paired(pairs.ravel())},
            )  # fmt: skip
        )
    return found


def sweep(arguments, data: real_sets.RealSet) -> list[dict]:
    """What `cohort selection sweep` says of the whole set; the probe tells its first labels apart."""
    groups = arguments.groups or round(len(data.vectors) ** 0.5)
    store = Store(arguments, data.vectors, next(iter(data.labels.values())), groups)
    return json.loads(
        store.run(
            "selection", "sweep", "--snapshot", "all", "--probe", "task", "--fractions", ",".join(map(str, arguments.shares)),
            "--methods", ",".join(arguments.methods), "--seeds", arguments.seeds, "--draws", arguments.draws,
            "--workers", arguments.threads, "--json",
        )  # fmt: skip
    )


def markdown(arguments, rows: list[dict]) -> str:
    """The tables of Docs/selection.md: + and − are differences from the draws beyond their 95 % interval."""
    found = {(row["figure"], row["share"], row["method"]): row for row in rows}
    lines = [" | ".join(["| figure | share | random draws", *(f"`{method}`" for method in arguments.methods)]) + " |"]
    lines.append("| --- " * (3 + len(arguments.methods)) + "|")
    for figure in ("probe_accuracy", "mean_distance", "tasks_distance", "isolated", "near_duplicates"):
        sign = 1 if figure == "probe_accuracy" else -1
        for share in arguments.shares:
            some = [found[figure, share, method] for method in arguments.methods]
            cells = [f"`{figure}`", f"{share * 100:g} %", f"{some[0]['random_mean']:.3f} ± {some[0]['random_deviation']:.3f}"]
            for row in some:
                mark = "" if abs(row["difference"]) <= row["half_width"] else "+" if row["difference"] * sign > 0 else "−"
                cells.append(f"{row['mean']:.3f} {mark}".rstrip())
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def table(comparisons: list[Comparison]) -> str:
    head = f"{'data':15} {'probe':18} {'share':>6} {'rows':>5} {'method':18} {'random':>7} {'mean':>7} {'less':>8} {'p':>7}\n"
    return head + "\n".join(
        f"{one.data:15} {one.probe:18} {one.share:6.1%} {one.rows:5} {one.method:18} {one.random:7.4f} {one.mean:7.4f} "
        f"{one.difference:+8.4f} {one.corrected['folds']:7.2g} {one.verdict()}".rstrip()
        for one in sorted(comparisons, key=lambda one: (one.data, one.probe, one.share, one.method))
    )


def summary(comparisons: list[Comparison]) -> list[dict]:
    """How many of the probes each method wins and loses, by test and budget."""
    found = []
    for method, share in sorted({(one.method, one.share) for one in comparisons}):
        some = [one for one in comparisons if (one.method, one.share) == (method, share)]
        row = {"method": method, "share": share, "probes": len(some), "above": sum(one.difference > 0 for one in some)}
        for test in TESTS:
            verdicts = [one.verdict(test) for one in some]
            row[test] = {"better": verdicts.count("better"), "worse": verdicts.count("worse")}
        found.append(row)
    return found


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--data", type=Path, default=real_sets.SHARED / "data", help="folder of the texts")
    parser.add_argument("--embeddings", type=Path, default=real_sets.SHARED / "embeddings", help="folder of their vectors")
    parser.add_argument("--sets", nargs="+", default=list(real_sets.READERS), choices=real_sets.READERS, metavar="SET")
    parser.add_argument("--methods", nargs="+", default=["stratified"], metavar="METHOD")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.005, 0.01, 0.02, 0.05])
    parser.add_argument("--seeds", type=int, default=5, help="of each method (default: %(default)s)")
    parser.add_argument("--draws", type=int, default=10, help="random draws, at least as many as seeds (default: %(default)s)")
    parser.add_argument("--folds", type=int, default=FOLDS, choices=range(2, FOLDS + 1), metavar="N", help="of the 10")
    parser.add_argument("--groups", type=int, help="of the grouping; else as many as the program makes")
    parser.add_argument("--threads", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--sweep", action="store_true", help="no folds: the tables of `cohort selection sweep`, as Markdown")
    arguments = parser.parse_args()
    arguments.shares.sort()
    if arguments.draws < arguments.seeds:
        parser.error("--draws cannot be less than --seeds")
    before = contest.machine()
    if arguments.sweep:
        for name in arguments.sets:
            data = real_sets.read(name, arguments.data, arguments.embeddings)
            print(f"\n{name}: {len(data.vectors)} rows\n\n{markdown(arguments, sweep(arguments, data))}", flush=True)
        shutil.rmtree(arguments.work / "selection_probe", ignore_errors=True)
        return
    comparisons, parts = [], []
    for name in arguments.sets:
        data = real_sets.read(name, arguments.data, arguments.embeddings)
        figures, groups = folds(arguments, data)
        comparisons += compare(arguments, data, figures)
        raw = [{"method": key[0], "share": key[1], "probe": key[2], "folds": rows} for key, rows in figures.items()]
        shape = {"rows": len(data.vectors), "dimension": data.vectors.shape[1], "groups": groups}
        parts.append({"data": name, **shape, "figures": raw})
    for method in arguments.methods:
        correct([one for one in comparisons if one.method == method])
    print(table(comparisons))
    print("\nbetter and worse than random draws, p < 0.05 after correction")
    for row in summary(comparisons):
        counts = "; ".join(f"over {test} better {row[test]['better']:2}, worse {row[test]['worse']:2}" for test in TESTS)
        print(f"{row['method']:18} {row['share']:6.1%}  of {row['probes']} probes {counts}; higher mean {row['above']}")
    told = [{**vars(one), "verdict": one.verdict()} for one in comparisons]
    parts.append({"comparisons": told, "summary": summary(comparisons)})
    contest.report(arguments.work, "selection_probe", "core sets against random draws", parts, before)
    shutil.rmtree(arguments.work / "selection_probe", ignore_errors=True)


if __name__ == "__main__":
    main()
