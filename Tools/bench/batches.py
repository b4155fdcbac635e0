"""Row 2: batches of 32 by id and shuffled epochs, against what people train from.

Everyone stores the same rows once, and reads them in a process of its own, whose clock starts after imports and opening.

By id: the same random batches for everyone. "bytes" is a batch as the library has it (an arena, bytes of msgpack, an
Arrow table), "texts" the same with all prompts and completions as Python's strings. The digest of all of them, in
order, must be equal.

Epoch: all rows once, in the order that the library shuffles them into. Between two batches the training sleeps for 2 ms,
as one does that waits for its accelerator. What counts is how long it waits for the next batch to be there as strings,
and the processor's time that a batch costs, worker processes and threads of the library included. The sum of the rows'
hashes and the set of their numbers must be equal.

A turn is told by the median over its batches, since others use the machine, too; mean and p99 stand beside it, for who
stalls now and then. "x" is times ours.

Warm: everything was read once before. Cold: the files were taken out of the page cache first, and the column "read"
says what came from the disk.
"""

import hashlib
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import psutil

import contest
import loaders
import synthetic

WORK_SECONDS = 0.002
SETTLING = 20
"""Steps at an epoch's beginning that are left out of the waits: workers start, buffers fill."""


class Check:
    """What all must have read: in order (by id), or in any (epochs). Its own time is not the loader's."""

    def __init__(self) -> None:
        self.ordered = hashlib.blake2b(digest_size=16)
        self.sum = self.rows = 0
        self.seconds = 0.0
        self.numbers: set[int] = set()

    def add(self, prompts: list[str], completions: list[str]) -> None:
        start = time.thread_time()
        for prompt, completion in zip(prompts, completions, strict=True):
            text = f"{len(prompt)} {prompt}{completion}".encode()
            self.sum += int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
            self.ordered.update(text)
            self.numbers.add(loaders.row_number(prompt))
        self.rows += len(prompts)
        self.seconds += time.thread_time() - start

    def in_order(self) -> dict:
        return {"rows": self.rows, "digest": self.ordered.hexdigest()}

    def in_any_order(self) -> dict:
        return {"rows": self.rows, "different": len(self.numbers), "sum": self.sum % 2**64}


def processor_seconds() -> float:
    """Of this process and its workers, living and dead."""
    total = time.process_time()
    dead = resource.getrusage(resource.RUSAGE_CHILDREN)
    total += dead.ru_utime + dead.ru_stime
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            pass
    return total


def bytes_read() -> int:
    """What this process and its workers had from the disk."""
    total = psutil.Process().io_counters().read_bytes
    for child in psutil.Process().children(recursive=True):
        total += child.io_counters().read_bytes
    return total


def quantiles(values: list[float]) -> dict:
    return {"mean": float(np.mean(values)), "p50": float(np.quantile(values, 0.5)), "p99": float(np.quantile(values, 0.99))}


def read_by_id(loader: loaders.Loader, batches: int, cold: bool) -> dict:
    generator = np.random.default_rng(2)
    wanted = generator.integers(0, loader.rows, size=(batches, loaders.BATCH)).tolist()
    loader.open()
    if cold:
        loaders.forget(loader.folder)
    else:
        # All pages of all files, and the libraries' own caches as far as these batches reach.
        for path in loader.folder.rglob("*"):
            if path.is_file():
                path.read_bytes()
        for ids in wanted:
            loader.texts(loader.by_id(ids))
    check, raw, whole, disk = Check(), [], [], bytes_read()
    processor, strings = processor_seconds(), 0.0
    for ids in wanted:
        start = time.perf_counter()
        batch = loader.by_id(ids)
        middle = time.perf_counter()
        thread = time.thread_time()
        texts = loader.texts(batch)
        strings += time.thread_time() - thread
        end = time.perf_counter()
        raw.append(middle - start)
        whole.append(end - start)
        check.add(*texts)
    processor = processor_seconds() - processor - check.seconds
    return {
        "raw": quantiles(raw),
        "texts": quantiles(whole),
        "cpu": processor / batches,
        "cpu_raw": (processor - strings) / batches,
        "read_mb": (bytes_read() - disk) / 1e6,
        "answer": check.in_order(),
    }


def read_epoch(loader: loaders.Loader, workers: int, cold: bool) -> dict:
    loader.open()
    if cold:
        loaders.forget(loader.folder)
    else:
        for path in loader.folder.rglob("*"):
            if path.is_file():
                path.read_bytes()
    check, raw, whole, disk = Check(), [], [], bytes_read()
    processor = processor_seconds()
    batches = loader.epoch(workers)
    # As many as there must be, so that the workers are still there to be counted.
    for _ in range(loader.rows // loaders.BATCH):
        start = time.perf_counter()
        batch = next(batches)
        middle = time.perf_counter()
        texts = loader.texts(batch)
        end = time.perf_counter()
        raw.append(middle - start)
        whole.append(end - start)
        check.add(*texts)
        del batch, texts
        time.sleep(max(0.0, WORK_SECONDS - (time.perf_counter() - end)))
    processor = processor_seconds() - processor - check.seconds
    disk = bytes_read() - disk
    if next(batches, None) is not None:
        raise SystemExit(f"{loader.name}: more batches than rows")
    return {
        "raw": quantiles(raw[SETTLING:]),
        "texts": quantiles(whole[SETTLING:]),
        "first": whole[0],
        "cpu": processor / len(whole),
        "read_mb": disk / 1e6,
        "answer": check.in_any_order(),
    }


def contestant(arguments, folder: Path, source: Path, name: str, workers: int, kind: str, cold: bool) -> contest.Contestant:
    loader = loaders.LOADERS[name]
    call = {"kind": kind, "name": name, "folder": str(folder), "source": str(source), "rows": arguments.rows}
    call |= {"workers": workers, "cold": cold, "batches": arguments.batches}

    def turn() -> contest.Turn:
        whole = contest.process([sys.executable, "-W", "ignore", __file__, "--turn", json.dumps(call)])
        told = json.loads(whole.output.splitlines()[-1])
        return contest.Turn(told["texts"]["p50"], told["cpu"], whole.peak_mib, told.pop("answer"), json.dumps(told))

    return contest.Contestant(loader.name + (f", {workers} workers" if workers else ""), turn, check=lambda turn: turn.answer)


def turn(call: dict) -> None:
    loader = loaders.written(call["name"], Path(call["folder"]), Path(call["source"]), call["rows"])
    if call["kind"] == "write":
        return
    loader.prepare()
    if call["kind"] == "by_id":
        told = read_by_id(loader, call["batches"], call["cold"])
    else:
        told = read_epoch(loader, call["workers"], call["cold"])
    told["stored_mb"] = loaders.stored_bytes(loader.folder) / 1e6
    print(json.dumps(told))


def middle(found: contest.Contestant, *path: str) -> float:
    """The median over the turns of something that they told."""
    values = []
    for one in found.turns:
        value = json.loads(one.output)
        for key in path:
            value = value[key]
        values.append(value)
    return float(np.median(values))


def part(arguments, title: str, kind: str, cold: bool, found: list[contest.Contestant]) -> dict:
    print(title, file=sys.stderr)
    contest.alternate(found, arguments.repeats)
    rows = contest.summary(found, "cohort")
    for row, one in zip(rows, found):
        row["raw_s"] = middle(one, "raw", "p50")
        row["mean_s"] = middle(one, "texts", "mean")
        row["p99_s"] = middle(one, "texts", "p99")
        row["cpu_ratio"] = row["cpu_s"] / rows[0]["cpu_s"]
        row["raw_ratio"] = row["raw_s"] / rows[0]["raw_s"]
        row["read_mb"] = middle(one, "read_mb")
        row["stored_mb"] = middle(one, "stored_mb")
        if kind == "epoch":
            row["first_s"] = middle(one, "first")
        else:
            row["cpu_raw_s"] = middle(one, "cpu_raw")
    print(f"\n{title}")
    columns = {"bytes": lambda row: contest.duration(row["raw_s"]), "mean": lambda row: contest.duration(row["mean_s"])}
    columns["p99"] = lambda row: contest.duration(row["p99_s"])
    if kind == "epoch":
        columns["first"] = lambda row: contest.duration(row["first_s"])
    if cold:
        columns["read MB"] = lambda row: f"{row['read_mb']:.0f}"
    columns["stored MB"] = lambda row: f"{row['stored_mb']:.0f}"
    columns["bytes x"] = lambda row: f"{row['raw_ratio']:.2f}"
    columns["cpu x"] = lambda row: f"{row['cpu_ratio']:.2f}"
    print(contest.table(rows, columns))
    return {"part": title, "contestants": rows}


def main() -> None:
    if sys.argv[1:2] == ["--turn"]:
        return turn(json.loads(sys.argv[2]))
    parser = contest.options(__doc__)
    parser.add_argument("--rows", type=contest.size, default=200_000, help="rows of about 1 KB (default: 200k)")
    parser.add_argument("--batches", type=contest.size, default=1000, help="batches by id (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each (default: %(default)s)")
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2], help="worker processes of those that have some")
    parser.add_argument("--parts", nargs="*", choices=["by_id", "epoch"], default=["by_id", "epoch"])
    parser.add_argument("--caches", nargs="*", choices=["warm", "cold"], default=["warm", "cold"])
    peers = [name for name in loaders.LOADERS if name != "cohort"]
    parser.add_argument("--peers", nargs="*", choices=peers, default=peers, help="who to measure against")
    arguments = parser.parse_args()
    # Whole batches, so that nobody has to drop or repeat a row.
    arguments.rows = arguments.rows // loaders.BATCH * loaders.BATCH

    folder = arguments.work / "batches" / f"{arguments.rows}-seed-{arguments.seed}"
    source = folder / "rows.jsonl"
    synthetic.write_jsonl(source, arguments.rows, arguments.seed)
    names = ["cohort", *arguments.peers]
    for name in names:
        call = {"kind": "write", "name": name, "folder": str(folder), "source": str(source), "rows": arguments.rows}
        print(f"  {name}: writing", file=sys.stderr)
        contest.process([sys.executable, "-W", "ignore", __file__, "--turn", json.dumps(call)])
    before = contest.machine()

    parts = []
    for kind in arguments.parts:
        for cache in arguments.caches:
            found = []
            for name in names:
                loader = loaders.LOADERS[name]
                if kind == "by_id" and name == "lancedb":
                    continue  # reads by id as Lance does
                for workers in [0] if kind == "by_id" else sorted({*loader.workers} & {0, *arguments.workers}):
                    found.append(contestant(arguments, folder, source, name, workers, kind, cache == "cold"))
            what = "a batch of 32 by id" if kind == "by_id" else "wait for a step of a shuffled epoch, 2 ms of work between"
            parts.append(part(arguments, f"{what}, {cache}, {arguments.rows:,} rows", kind, cache == "cold", found))
    title = f"batches of {loaders.BATCH} from {arguments.rows:,} rows"
    contest.report(arguments.work, "batches", title, parts, before)


if __name__ == "__main__":
    main()
