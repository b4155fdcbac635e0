"""Row 4: going on at 90 % of an epoch: how long until the next batch, and is it the right one?

Everyone reads one epoch of short rows to its end, as it shuffles them, writes down the ids of the last tenth, and saves its
state where that begins: the library's own checkpoint. Then, in a fresh process with everything imported and opened, the
clock runs from the state to the first batch that comes of it.

Before that, each goes on from its state to the end of the epoch, once and untimed. Ids that are not those of the
uninterrupted run end its part: it gets no figure, but a line that says what was lost and what came twice.
"""

import importlib
import itertools
import json
import pickle
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

import contest
import epoch_start
import loaders
from loaders import BATCH


class Resumable:
    """How one library saves and takes up its state. `begin` and `resume` give iterators of batches."""

    name = ""
    loader = ""
    workers = (0,)
    imports: tuple[str, ...] = ()

    def __init__(self, loader: loaders.Loader, workers: int):
        self.data, self.count = loader, workers

    def begin(self):
        raise NotImplementedError

    def state(self, done: int):
        """What a checkpoint keeps, when `done` batches were given."""
        raise NotImplementedError

    def resume(self, state):
        raise NotImplementedError

    def ids(self, batch) -> list[int]:
        return [loaders.row_number(prompt) for prompt in self.data.texts(batch)[0]]


class Cohort(Resumable):
    name, loader = "cohort", "cohort"

    def begin(self):
        self.reader = self.data.plan.read(steps=len(self.data.plan))
        return self.reader

    def state(self, done: int):
        return self.reader.cursor()

    def resume(self, state):
        epoch, step = self.data.plan.resume(state)
        return self.data.plan.read(epoch, step, steps=len(self.data.plan) - step)


class Stateful(Resumable):
    """torchdata's StatefulDataLoader; what it reads is made by `dataset` and `options`."""

    imports = ("torchdata.stateful_dataloader", "torch.utils.data")

    def dataset(self):
        raise NotImplementedError

    def options(self) -> dict:
        return {"batch_size": BATCH}

    def made(self):
        from torchdata.stateful_dataloader import StatefulDataLoader

        return StatefulDataLoader(self.dataset(), num_workers=self.count, collate_fn=loaders.both, **self.options())

    def begin(self):
        self.stateful = self.made()
        return iter(self.stateful)

    def state(self, done: int):
        return self.stateful.state_dict()

    def resume(self, state):
        loader = self.made()
        loader.load_state_dict(state)
        return iter(loader)

    def ids(self, batch) -> list[int]:
        return [loaders.row_number(prompt) for prompt in batch[0]]


class CohortStateful(Stateful):
    name, loader, workers = "cohort, StatefulDataLoader", "cohort", (0, 2)
    imports = (*Stateful.imports, "cohort.torch")

    def dataset(self):
        return self.data.store.dataset()

    def options(self) -> dict:
        from cohort.torch import PlanBatchSampler

        return {"batch_sampler": PlanBatchSampler(self.data.plan)}


class ArrowStateful(Stateful):
    """Over a map-style dataset, with torchdata's own sampler."""

    name, loader, workers = "StatefulDataLoader, datasets", "datasets", (0, 2)

    def dataset(self):
        return self.data.arrow.with_format(None)

    def options(self) -> dict:
        import torch
        from torchdata.stateful_dataloader.sampler import RandomSampler

        generator = torch.Generator().manual_seed(1)
        return {"batch_size": BATCH, "sampler": RandomSampler(self.dataset(), generator=generator)}


class StreamStateful(Stateful):
    """Over a stream of datasets, shuffled in a buffer, as for data that does not fit into memory."""

    name, loader = "StatefulDataLoader, datasets streamed", "datasets"
    workers = (0, 2)

    def dataset(self):
        return stream(self.data)


def stream(data: loaders.Loader):
    return data.arrow.with_format(None).to_iterable_dataset(num_shards=8).shuffle(seed=1, buffer_size=10_000)


class Skipping(Resumable):
    """What Hugging Face's Trainer does: accelerate's skip_first_batches over a seeded sampler."""

    name, loader, workers = "Trainer's skipping, datasets", "datasets", (0, 2)
    imports = ("accelerate.data_loader", "torch.utils.data")

    def dataset(self):
        return self.data.arrow.with_format(None)

    def made(self):
        import torch
        from accelerate.data_loader import SeedableRandomSampler
        from torch.utils.data import DataLoader

        sampler = SeedableRandomSampler(self.dataset(), generator=torch.Generator(), data_seed=1)
        sampler.set_epoch(0)
        return DataLoader(self.dataset(), BATCH, sampler=sampler, num_workers=self.count, collate_fn=loaders.both)

    def begin(self):
        return iter(self.made())

    def state(self, done: int):
        return done

    def resume(self, state):
        from accelerate import skip_first_batches

        return iter(skip_first_batches(self.made(), state))

    def ids(self, batch) -> list[int]:
        return [loaders.row_number(prompt) for prompt in batch[0]]


class SkippingStream(Skipping):
    """The same over a stream: there is no sampler to skip in, so that all is read again."""

    name, workers = "Trainer's skipping, datasets streamed", (0,)

    def made(self):
        from torch.utils.data import DataLoader

        return DataLoader(stream(self.data), BATCH, num_workers=self.count, collate_fn=loaders.both)


class Mosaic(Resumable):
    name, loader, workers = "MosaicML streaming", "mosaic", (0, 2)

    def begin(self):
        self.streaming = self.data.loader(self.count)
        return iter(self.streaming)

    def state(self, done: int):
        return self.streaming.state_dict()

    def resume(self, state):
        loader = self.data.loader(self.count)
        loader.load_state_dict(state)
        return iter(loader)


class Grain(Resumable):
    name, loader = "Grain (ArrayRecord)", "grain"

    def begin(self):
        self.iterator = iter(self.data.dataset())
        return self.iterator

    def state(self, done: int):
        return self.iterator.get_state()

    def resume(self, state):
        iterator = iter(self.data.dataset())
        iterator.set_state(state)
        return iterator


class LanceDB(Resumable):
    name, loader = "LanceDB streaming", "lancedb"
    imports = ("lancedb.streaming", "torch.utils.data")

    def made(self):
        from lancedb.streaming import StreamingDataLoader

        self.dataset = self.data.dataset()
        return StreamingDataLoader(self.dataset, batch_size=BATCH, num_workers=0, collate_fn=loaders.both)

    def begin(self):
        return iter(self.made())

    def state(self, done: int):
        return self.dataset.state_dict()

    def resume(self, state):
        loader = self.made()
        self.dataset.load_state_dict(state)
        return iter(loader)


class LitData(Mosaic):
    name, loader = "LitData", "litdata"


RESUMABLES = {
    "cohort": Cohort,
    "cohort-stateful": CohortStateful,
    "stateful": ArrowStateful,
    "stateful-stream": StreamStateful,
    "skipping": Skipping,
    "skipping-stream": SkippingStream,
    "mosaic": Mosaic,
    "grain": Grain,
    "lancedb": LanceDB,
    "litdata": LitData,
}


def opened(call: dict) -> Resumable:
    kind = RESUMABLES[call["name"]]
    loader = loaders.written(kind.loader, Path(call["folder"]), Path(call["source"]), call["rows"])
    loader.prepare()
    for module in kind.imports:
        importlib.import_module(module)
    start = time.perf_counter()
    loader.open()
    made = kind(loader, call["workers"])
    made.open_seconds = time.perf_counter() - start
    return made


def whole_epoch(call: dict, kept: Path) -> None:
    """The uninterrupted run, once: its state at the step, and the ids that come then."""
    if kept.exists():
        return
    made = opened(call)
    batches, seen, state = made.begin(), Counter(), None
    for done in itertools.count():
        if done == call["at"]:
            state, rest = made.state(done), []
        batch = next(batches, None)
        if batch is None:
            break
        ids = made.ids(batch)
        seen.update(ids)
        if state is not None:
            rest.extend(ids)
    complete = len(seen) == seen.total() == call["rows"]
    unfinished = kept.with_suffix(".part")
    unfinished.write_bytes(pickle.dumps({"state": state, "rest": np.array(rest), "complete": complete}))
    unfinished.rename(kept)


def compared(call: dict, kept: dict) -> dict:
    """Going on from the state to the end of the epoch: is it what would have come?"""
    made = opened(call)
    expected, found = kept["rest"].tolist(), []
    failure = None
    try:
        for batch in made.resume(kept["state"]):
            found.extend(made.ids(batch))
            if len(found) > 2 * call["rows"]:
                break
    except Exception as error:  # A library's own, whatever it is: it belongs into the table of what went wrong.
        failure = f"{type(error).__name__}: {str(error).strip().splitlines()[-1]}"
    lost, more = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    return {
        "exact": found == expected and failure is None,
        "failure": failure,
        "wanted": len(expected),
        "given": len(found),
        "lost": lost.total(),
        "again": more.total(),
        "same_first_batch": found[:BATCH] == expected[:BATCH],
        "complete": kept["complete"],
    }


def first_batch(call: dict, kept: dict) -> dict:
    made = opened(call)
    start, processor = time.perf_counter(), time.process_time()
    batches = made.resume(kept["state"])
    batch = next(batches)
    prompts = made.ids(batch)
    wall, processor = time.perf_counter() - start, time.process_time() - processor
    right = prompts == kept["rest"][:BATCH].tolist()
    return {"wall": wall, "cpu": processor, "open": made.open_seconds, "right": right}


def turn(call: dict) -> None:
    kept = Path(call["folder"]) / f"{call['name']}-{call['workers']}-at-{call['at']}.pickle"
    if call["kind"] == "write":
        whole_epoch(call, kept)
        print(json.dumps({}))
        return
    content = pickle.loads(kept.read_bytes())
    print(json.dumps((compared if call["kind"] == "compare" else first_batch)(call, content)))


def told(call: dict) -> tuple[dict, contest.Turn]:
    whole = contest.process([sys.executable, "-W", "ignore", __file__, "--turn", json.dumps(call)])
    return json.loads(whole.output.splitlines()[-1]), whole


def contestant(title: str, call: dict) -> contest.Contestant:
    def turn() -> contest.Turn:
        answer, whole = told({**call, "kind": "first"})
        return contest.Turn(answer["wall"], answer["cpu"], whole.peak_mib, answer["right"], json.dumps(answer))

    return contest.Contestant(title, turn, check=lambda turn: turn.answer)


def part(arguments, rows: int) -> dict:
    folder = arguments.work / "resume" / f"{rows}-seed-{arguments.seed}"
    source = folder / "rows.jsonl"
    epoch_start.write_rows(source, rows, arguments.seed)
    at = rows // BATCH * 9 // 10
    exact, wrong = [], []
    for name in ["cohort", *arguments.peers]:
        for workers in sorted({*RESUMABLES[name].workers} & {0, *arguments.workers}):
            title = RESUMABLES[name].name + (f", {workers} workers" if workers else "")
            call = {"name": name, "folder": str(folder), "source": str(source), "rows": rows, "workers": workers, "at": at}
            print(f"  {title}: a whole epoch, and the last tenth again", file=sys.stderr)
            told({**call, "kind": "write"})
            answer, _ = told({**call, "kind": "compare"})
            if answer["exact"]:
                exact.append(contestant(title, call))
            else:
                wrong.append({"name": title, **answer})
                print(f"  {title}: {answer}", file=sys.stderr)
    contest.alternate(exact, arguments.repeats)
    summary = contest.summary(exact, "cohort")
    for row, found in zip(summary, exact):
        row["open_s"] = float(np.median([json.loads(turn.output)["open"] for turn in found.turns]))
    print(f"\nnext batch at 90 % of an epoch of {rows:,} rows, identical ids")
    print(contest.table(summary, {"open": lambda row: contest.duration(row["open_s"])}))
    for row in wrong:
        if row["failure"]:
            print(f"not exact: {row['name']}: failed after {row['given']:,} of {row['wanted']:,} rows: {row['failure']}")
            continue
        first = "right" if row["same_first_batch"] else "wrong"
        print(
            f"not exact: {row['name']}: first batch {first}; of {row['wanted']:,} rows that were to come, {row['lost']:,} never"
            f" came, and {row['again']:,} came that had been seen before"
        )
    return {"rows": rows, "contestants": summary, "not_exact": wrong}


def main() -> None:
    if sys.argv[1:2] == ["--turn"]:
        return turn(json.loads(sys.argv[2]))
    parser = contest.options(__doc__)
    parser.add_argument("--rows", nargs="+", type=contest.size, default=[10**6], help="sizes, for example 1M 10M (default: 1M)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each (default: %(default)s)")
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2], help="worker processes of those that have some")
    peers = [name for name in RESUMABLES if name != "cohort"]
    parser.add_argument("--peers", nargs="*", choices=peers, default=peers, help="who to measure against")
    arguments = parser.parse_args()
    before = contest.machine()
    parts = [part(arguments, rows // BATCH * BATCH) for rows in arguments.rows]
    contest.report(arguments.work, "resume", "resuming at 90 % of an epoch", parts, before)


if __name__ == "__main__":
    main()
