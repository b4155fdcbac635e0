"""Row 3: the first batch of an epoch, against samplers that shuffle all indices first.

Ours is the whole of `cohort plan show --epoch E --steps 0..<1` in a fresh process on a real store: spawn, open, plan,
ids, print, exit; and, as the peers are measured, the ids of that step from Python, in a process that has the plan open.
The peers' clock starts after imports, with the lengths already in memory. They only make ids; no data is opened. First
the samplers themselves:

- torch: RandomSampler
- Hugging Face: get_length_grouped_indices of transformers
- MosaicML: get_partitions and get_shuffle (py1e), as its StreamingDataset calls them for shards of 64 MB
- Grain: MapDataset.shuffle, which computes a place when it is asked for

Then the loops of some of them in numpy, as the least that they can cost:

- permutation: what torch's RandomSampler does, one permutation of all rows as a list
- length-grouped: Hugging Face's get_length_grouped_indices, a permutation cut into mega-batches, each sorted by length
- mosaic-like: a permutation inside blocks after a permutation of the blocks, as MosaicML's py1b shuffle, then the
  partition into batches
"""

import itertools
import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np

import contest

BATCH = 32


def permutation(rows: int, lengths: np.ndarray, seed: int) -> list[int]:
    order = np.random.default_rng(seed).permutation(rows).tolist()
    return order[:BATCH]


def length_grouped(rows: int, lengths: np.ndarray, seed: int) -> list[int]:
    # As in transformers' trainer_pt_utils: mega-batches of 50 batches, the longest sample first.
    mega_batch = min(rows // (BATCH * 4), 50) * BATCH or BATCH
    order = np.random.default_rng(seed).permutation(rows)
    batches = [order[i : i + mega_batch].tolist() for i in range(0, rows, mega_batch)]
    batches = [sorted(batch, key=lambda i: lengths[i], reverse=True) for batch in batches]
    longest = int(np.argmax([lengths[batch[0]] for batch in batches]))
    batches[0][0], batches[longest][0] = batches[longest][0], batches[0][0]
    return [i for batch in batches for i in batch][:BATCH]


def mosaic_like(rows: int, lengths: np.ndarray, seed: int) -> list[int]:
    generator = np.random.default_rng(seed)
    block = 1 << 18
    blocks = generator.permutation(-(-rows // block))
    order = np.concatenate([generator.permutation(np.arange(b * block, min((b + 1) * block, rows))) for b in blocks])
    padded = np.resize(order, -(-rows // BATCH) * BATCH)
    return padded.reshape(-1, BATCH)[0].tolist()


def torch_sampler(rows: int, lengths: np.ndarray, seed: int):
    import torch
    from torch.utils.data import RandomSampler

    yield
    sampler = RandomSampler(range(rows), generator=torch.Generator().manual_seed(seed))
    yield list(itertools.islice(sampler, BATCH))


def hugging_face(rows: int, lengths: np.ndarray, seed: int):
    import torch
    from transformers.trainer_pt_utils import get_length_grouped_indices

    measured = lengths.tolist()
    yield
    yield get_length_grouped_indices(measured, BATCH, generator=torch.Generator().manual_seed(seed))[:BATCH]


def mosaic(rows: int, lengths: np.ndarray, seed: int):
    from loaders import streaming

    streaming()
    from streaming.base.partition import get_partitions
    from streaming.base.shuffle import get_shuffle

    # Rows of 1 KB.
    shard = 1 << 16
    sizes = np.array([min(shard, rows - start) for start in range(0, rows, shard)], np.int64)
    yield
    places = get_partitions("relaxed", rows, 1, 1, 1, 1, BATCH)
    shuffled = get_shuffle("py1e", sizes, 1, seed, 0, max(4_000_000, 1 << 18))
    yield shuffled[places.reshape(-1)[:BATCH]].tolist()


def grain(rows: int, lengths: np.ndarray, seed: int):
    import grain

    yield
    order = grain.MapDataset.range(rows).seed(seed).shuffle()
    yield [int(order[place]) for place in range(BATCH)]


SAMPLERS = {"torch": torch_sampler, "Hugging Face": hugging_face, "MosaicML": mosaic, "Grain": grain}
PEERS = {"permutation": permutation, "length-grouped": length_grouped, "mosaic-like": mosaic_like}


def peer(name: str, rows: int, seed: int) -> None:
    lengths = np.random.default_rng(1).integers(1, 2048, size=rows, dtype=np.int32)
    sampler = SAMPLERS[name](rows, lengths, seed) if name in SAMPLERS else None
    if sampler:
        next(sampler)
    start, cpu = time.perf_counter(), time.process_time()
    ids = next(sampler) if sampler else PEERS[name](rows, lengths, seed)
    told = {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu, "ids": ids}
    print(json.dumps(told))


def ours(store: str, epoch: int) -> None:
    import cohort

    plan = cohort.open(store).plan("bench")
    start, cpu = time.perf_counter(), time.process_time()
    ids = plan.ids(epoch, 0).tolist()
    print(json.dumps({"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu, "ids": ids, "epoch": epoch}))


def write_rows(path: Path, rows: int, seed: int) -> None:
    """Short records, since only their ids matter here: 200 tasks of unequal size."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    unfinished = path.with_suffix(".part")
    with open(unfinished, "w") as out:
        for start in range(0, rows, 100_000):
            count = min(100_000, rows - start)
            tasks = (200 * generator.random(count) ** 2).astype(int).tolist()
            out.writelines(
                f'{{"prompt":"p{start + i}","completion":"c","task":"t{task:03d}"}}\n' for i, task in enumerate(tasks)
            )
    unfinished.rename(path)


def plan_store(arguments, rows: int) -> Path:
    """A store of `rows` samples with a plan over its tasks; kept for the next time."""
    folder = arguments.work / "epoch_start"
    store = folder / f"store-{rows}-seed-{arguments.seed}"
    ready = folder / f"{store.name}.ready"
    if ready.exists():
        return store
    shutil.rmtree(store, ignore_errors=True)
    source = folder / f"rows-{rows}-seed-{arguments.seed}.jsonl"
    write_rows(source, rows, arguments.seed)
    print(f"  filling a store with {rows:,} rows", file=sys.stderr)
    cohort = [arguments.cohort, "--store", store]
    contest.process([*cohort, "init"])
    contest.process([*cohort, "ingest", source, "--layout", "prompt-completion", "--task-field", "task", "--json"])
    contest.process([*cohort, "grouping", "create", "tasks", "--by", "task"])
    contest.process([*cohort, "update"])
    contest.process([*cohort, "snapshot", "create", "all"])
    plan = ["plan", "create", "bench", "--snapshot", "all", "--grouping", "tasks", "--batch-size", str(BATCH), "--seed", "1"]
    contest.process([*cohort, *plan])
    source.unlink()
    ready.touch()
    return store


def checked(ids: list[int], rows: int) -> str:
    """All that samplers with different shuffles can agree on: a full batch of different, existing rows."""
    if len(ids) == BATCH == len(set(ids)) and min(ids) >= 0 and max(ids) < rows:
        return "a full batch of different rows"
    raise SystemExit(f"not a batch: {ids}")


def part(arguments, rows: int) -> dict:
    store = plan_store(arguments, rows)
    epoch = iter(range(1, 10**6))
    first: dict[int, list[int]] = {}

    def show(number: int) -> contest.Turn:
        command = [arguments.cohort, "--store", store, "plan", "show", "bench", "--epoch", str(number)]
        return contest.process([*command, "--steps", "0..<1", "--json"])

    def our_check(turn: contest.Turn) -> str:
        line = json.loads(turn.output.splitlines()[0])
        # The same step asked for again is the same batch.
        again = json.loads(show(line["epoch"]).output.splitlines()[0])
        if again["ids"] != line["ids"]:
            raise SystemExit(f"epoch {line['epoch']} gave two different first batches")
        first[line["epoch"]] = line["ids"]
        return checked(line["ids"], rows)

    def peer_contestant(name: str) -> contest.Contestant:
        def turn() -> contest.Turn:
            whole = contest.process([sys.executable, "-W", "ignore", __file__, "--peer", name, rows, arguments.seed])
            told = json.loads(whole.output.splitlines()[-1])
            return contest.Turn(told["wall"], told["cpu"], whole.peak_mib, output=json.dumps(told["ids"]))

        return contest.Contestant(name, turn, check=lambda turn: checked(json.loads(turn.output), rows))

    everyone = [*SAMPLERS, *PEERS]
    listing = {"Hugging Face", "length-grouped"}
    peers = [name for name in everyone if name not in listing or rows <= arguments.lists_up_to]
    def ask() -> contest.Turn:
        whole = contest.process([sys.executable, __file__, "--ours", store, next(epoch)])
        told = json.loads(whole.output.splitlines()[-1])
        again = json.loads(show(told["epoch"]).output.splitlines()[0])
        if again["ids"] != told["ids"]:
            raise SystemExit(f"epoch {told['epoch']} begins otherwise in Python")
        return contest.Turn(told["wall"], told["cpu"], whole.peak_mib, checked(told["ids"], rows))

    contestants = [contest.Contestant("cohort", lambda: show(next(epoch)), check=our_check)]
    contestants += [contest.Contestant("cohort in Python", ask, check=lambda turn: turn.answer)]
    contestants += [peer_contestant(name) for name in peers]
    contest.alternate(contestants, arguments.repeats)
    summary = contest.summary(contestants, "cohort")
    print(f"\nfirst batch of an epoch, {rows:,} rows")
    print(contest.table(summary))
    if left_out := [name for name in everyone if name not in peers]:
        print(f"{', '.join(left_out)} left out: their lists need tens of GiB beyond {arguments.lists_up_to:,} rows")
    return {"rows": rows, "contestants": summary}


def main() -> None:
    if sys.argv[1:2] == ["--peer"]:
        return peer(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    if sys.argv[1:2] == ["--ours"]:
        return ours(sys.argv[2], int(sys.argv[3]))
    parser = contest.options(__doc__)
    parser.add_argument("--rows", nargs="+", type=contest.size, default=[10**6, 10**7], help="sizes (default: 1M 10M)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each (default: %(default)s)")
    parser.add_argument("--lists-up-to", type=contest.size, default=10**7, help="largest size for length-grouped ones")
    arguments = parser.parse_args()
    before = contest.machine()
    parts = [part(arguments, rows) for rows in arguments.rows]
    contest.report(arguments.work, "epoch_start", "first batch of an epoch", parts, before)


if __name__ == "__main__":
    main()
