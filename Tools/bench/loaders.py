"""Cohort and its peers as what a training reads from: each writes the same rows, gives some by id, and shuffled epochs.

A loader gives a batch as it has it (`Loader.by_id`, `Loader.epoch`), and `Loader.texts` makes two lists of Python's
strings of it. Peers are used as their documentation says, with the settings that were fastest where there was a choice.
Each runs in a process of its own: two copies of LMDB do not get along in one.
"""

import importlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

BATCH = 32
COLUMNS = ["prompt", "completion"]
Texts = tuple[list[str], list[str]]


def records(source: Path) -> Iterator[dict]:
    import orjson

    with open(source, "rb") as lines:
        yield from map(orjson.loads, lines)


def row_number(prompt: str) -> int:
    """The number of the row, which each prompt of the benchmarks' data begins with."""
    return int(prompt.partition(":")[0].lstrip("p"))


class Loader:
    """How one library is used. `write` once; then, in a process of its own, `open`, and read."""

    name = ""
    workers = (0,)
    """The numbers of worker processes that the loader is measured with."""
    imports: tuple[str, ...] = ()
    """What reading imports; done before any clock starts."""

    def __init__(self, folder: Path, rows: int, seed: int = 1):
        self.folder, self.rows, self.seed = folder, rows, seed

    def write(self, source: Path) -> None:
        raise NotImplementedError

    def prepare(self) -> None:
        """Imports what reading needs."""
        for module in self.imports:
            importlib.import_module(module)

    def open(self) -> None:
        raise NotImplementedError

    def by_id(self, ids: list[int]):
        """The rows of these numbers, in their order, without Python's strings where the library can do that."""
        raise NotImplementedError

    def epoch(self, workers: int) -> Iterator:
        """All rows once, shuffled, in batches of 32."""
        raise NotImplementedError

    def texts(self, batch) -> Texts:
        return batch


class Cohort(Loader):
    """A plan of single-group batches over one group that holds all: a random order like that of the others."""

    name = "cohort"
    imports = ("cohort", "cohort._native")

    def write(self, source: Path) -> None:
        import cohort

        store = cohort.init(self.folder, embedding="none")
        store.ingest(source, layout="prompt-completion", task="all")
        store.create_grouping("all", by="task")
        store.create_snapshot("all")
        store.create_plan("all", snapshot="all", grouping="all", batch_size=BATCH, seed=self.seed)

    def open(self) -> None:
        import cohort

        self.store = cohort.open(self.folder)
        self.plan = self.store.plan("all")
        if len(self.plan) * BATCH != self.rows:
            raise SystemExit(f"{self.name}: {len(self.plan)} steps for {self.rows} rows")

    def by_id(self, ids: list[int]):
        return self.store.batch(ids)

    def epoch(self, workers: int) -> Iterator:
        return self.plan.read(steps=len(self.plan))

    def texts(self, batch) -> Texts:
        return batch.prompts, batch.responses


class PlainCohort(Cohort):
    """The same store, its samples kept as they are: nothing to decompress, as with plain py-lmdb."""

    name = "cohort, plain"

    def write(self, source: Path) -> None:
        super().write(source)
        # The wheel puts the program beside Python.
        program = Path(sys.executable).with_name("cohort")
        command = [program, "--store", self.folder, "compact", "--codec", "plain", "--json"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


class CohortInDataLoader(Cohort):
    """The same store as a map-style dataset: every sample becomes a dict of all that it has."""

    name = "cohort, DataLoader"
    workers = (0, 2)
    imports = (*Cohort.imports, "cohort.torch", "torch.utils.data")

    def by_id(self, ids: list[int]):
        return both(self.store.dataset().__getitems__(ids))

    def epoch(self, workers: int) -> Iterator:
        from cohort.torch import PlanBatchSampler
        from torch.utils.data import DataLoader

        sampler = PlanBatchSampler(self.plan)
        return iter(DataLoader(self.store.dataset(), batch_sampler=sampler, collate_fn=both, num_workers=workers))

    def texts(self, batch) -> Texts:
        return batch


def both(rows: list[dict]) -> Texts:
    response = "response" if "response" in rows[0] else "completion"
    return [row["prompt"] for row in rows], [row[response] for row in rows]


class InDataLoader(Loader):
    """Those that PyTorch shuffles: its loader asks for 32 random rows at once, and workers make the strings."""

    workers = (0, 2)
    imports = ("torch.utils.data",)

    def epoch(self, workers: int) -> Iterator:
        import torch
        from torch.utils.data import BatchSampler, DataLoader, RandomSampler

        generator = torch.Generator().manual_seed(self.seed)
        sampler = BatchSampler(RandomSampler(range(self.rows), generator=generator), BATCH, drop_last=False)
        if workers:
            return iter(DataLoader(Decoded(self), None, sampler=sampler, num_workers=workers, collate_fn=as_it_is))
        return map(self.by_id, sampler)


def as_it_is(batch: Texts) -> Texts:
    return batch


class Decoded:
    """A dataset of whole batches, for worker processes."""

    def __init__(self, loader: Loader):
        self.loader = loader

    def __len__(self) -> int:
        return self.loader.rows

    def __getitem__(self, ids: list[int]) -> Texts:
        return self.loader.texts(self.loader.by_id(ids))



class LMDB(InDataLoader):
    """A record a row: msgpack of prompt, completion and task under the row's number."""

    name = "py-lmdb + msgpack"
    imports = ("torch.utils.data", "lmdb", "msgpack", "zstandard")

    def write(self, source: Path) -> None:
        import lmdb
        import msgpack

        environment = lmdb.open(str(self.folder), map_size=1 << 40)
        pack = self.packer(source)
        rows = enumerate(records(source))
        while part := list(itertools.islice(rows, 10_000)):
            with environment.begin(write=True) as transaction:
                for row, record in part:
                    value = msgpack.packb([record["prompt"], record["completion"], record["task"]])
                    transaction.put(row.to_bytes(8, "big"), pack(value), append=True)
        environment.close()

    def packer(self, source: Path):
        return lambda value: value

    def open(self) -> None:
        self.process = None

    def load(self) -> None:
        import lmdb

        # An environment must not be carried over a fork: the process that reads opens it.
        self.process = os.getpid()
        self.environment = lmdb.open(str(self.folder), map_size=1 << 40, readonly=True, lock=False, readahead=False)

    def by_id(self, ids: list[int]):
        if self.process != os.getpid():
            self.load()
        with self.environment.begin() as transaction:
            return [transaction.get(row.to_bytes(8, "big")) for row in ids]

    def texts(self, batch) -> Texts:
        if isinstance(batch, tuple):
            return batch
        from msgpack import unpackb

        rows = [unpackb(value) for value in batch]
        return [row[0] for row in rows], [row[1] for row in rows]


class CompressedLMDB(LMDB):
    """The same, each record compressed by zstd, level 3, with a dictionary of 112 KiB trained on the first rows."""

    name = "py-lmdb + msgpack + zstd"

    def packer(self, source: Path):
        import msgpack
        import zstandard

        first = itertools.islice(records(source), 20_000)
        examples = [msgpack.packb([record["prompt"], record["completion"], record["task"]]) for record in first]
        dictionary = zstandard.train_dictionary(112_640, examples)
        self.folder.joinpath("dictionary").write_bytes(dictionary.as_bytes())
        return zstandard.ZstdCompressor(level=3, dict_data=dictionary).compress

    def load(self) -> None:
        import zstandard

        super().load()
        dictionary = zstandard.ZstdCompressionDict(self.folder.joinpath("dictionary").read_bytes())
        self.decompressor = zstandard.ZstdDecompressor(dict_data=dictionary)

    def by_id(self, ids: list[int]):
        values = super().by_id(ids)
        return [self.decompressor.decompress(value) for value in values]


class Datasets(InDataLoader):
    """Arrow files by save_to_disk; rows as an Arrow table, or as lists by its own formatting."""

    name = "datasets"
    imports = ("torch.utils.data", "datasets")

    def write(self, source: Path) -> None:
        import datasets

        datasets.disable_progress_bars()
        cache = self.folder.with_name(self.folder.name + ".cache")
        datasets.Dataset.from_json(str(source), cache_dir=str(cache)).save_to_disk(str(self.folder))
        shutil.rmtree(cache)

    def open(self) -> None:
        import datasets

        datasets.disable_progress_bars()
        self.arrow = datasets.load_from_disk(str(self.folder)).select_columns(COLUMNS).with_format("arrow")

    def by_id(self, ids: list[int]):
        return self.arrow[ids]

    def texts(self, batch) -> Texts:
        return batch if isinstance(batch, tuple) else lists(batch)


def lists(table) -> Texts:
    return table["prompt"].to_pylist(), table["completion"].to_pylist()


class Lance(InDataLoader):
    """`take` of 32 rows. Lance must not be forked, so workers are left out; it has threads of its own."""

    name = "Lance take"
    workers = (0,)
    imports = ("torch.utils.data", "lance")

    def write(self, source: Path) -> None:
        import lance
        from pyarrow import json as arrow_json

        table = arrow_json.read_json(source, read_options=arrow_json.ReadOptions(block_size=16 << 20))
        lance.write_dataset(table, str(self.folder))

    def open(self) -> None:
        import lance

        self.dataset = lance.dataset(str(self.folder))

    def by_id(self, ids: list[int]):
        return self.dataset.take(ids, columns=COLUMNS)

    def texts(self, batch) -> Texts:
        return lists(batch)


class LanceDB(Loader):
    """LanceDB's StreamingDataset: a permutation of the table, read ahead by threads of its own."""

    name = "LanceDB streaming"
    imports = ("lancedb", "lancedb.streaming")

    def write(self, source: Path) -> None:
        import lancedb
        from pyarrow import json as arrow_json

        table = arrow_json.read_json(source, read_options=arrow_json.ReadOptions(block_size=16 << 20))
        lancedb.connect(str(self.folder)).create_table("rows", table)

    def open(self) -> None:
        import lancedb

        self.table = lancedb.connect(str(self.folder)).open_table("rows")

    def dataset(self):
        from lancedb.streaming import StreamingDataset

        return StreamingDataset(self.table, num_splits=1, shuffle_seed=self.seed, columns=COLUMNS)

    def epoch(self, workers: int) -> Iterator:
        rows = iter(self.dataset())
        while part := list(itertools.islice(rows, BATCH)):
            yield both(part)


class Mosaic(Loader):
    """MosaicML's shards (MDS), not compressed; its own shuffle, py1e."""

    name = "MosaicML streaming"
    workers = (0, 2)

    def prepare(self) -> None:
        streaming()

    def write(self, source: Path) -> None:
        columns = {name: "str" for name in COLUMNS}
        with streaming().MDSWriter(out=str(self.folder), columns=columns) as writer:
            for record in records(source):
                writer.write({name: record[name] for name in COLUMNS})

    def open(self) -> None:
        streaming().base.util.clean_stale_shared_memory()
        self.dataset = self.shuffled()

    def shuffled(self):
        return streaming().StreamingDataset(local=str(self.folder), shuffle=True, shuffle_seed=self.seed, batch_size=BATCH)

    def by_id(self, ids: list[int]):
        return both([self.dataset[id] for id in ids])

    def loader(self, workers: int):
        return streaming().StreamingDataLoader(self.dataset, batch_size=BATCH, num_workers=workers, collate_fn=as_dict)

    def epoch(self, workers: int) -> Iterator:
        return iter(self.loader(workers))

    def texts(self, batch) -> Texts:
        return (batch["prompt"], batch["completion"]) if isinstance(batch, dict) else batch


def as_dict(rows: list[dict]) -> dict:
    # StreamingDataLoader counts samples by the first value of a dict.
    prompts, completions = both(rows)
    return {"prompt": prompts, "completion": completions}


def streaming():
    """MosaicML's package. It imports torchvision for pictures that nobody reads here, and torchvision on PyPI asks for a
    PyTorch with CUDA; two names in its place are enough."""
    if "streaming" not in sys.modules:
        import transformers.models.auto.tokenization_auto  # noqa: F401  (would look for torchvision later)

        names = ["torchvision", "torchvision.datasets", "torchvision.transforms", "torchvision.transforms.functional"]
        sys.modules.update((name, types.ModuleType(name)) for name in names)
        sys.modules["torchvision.datasets"].VisionDataset = object
        sys.modules["torchvision.transforms.functional"].to_tensor = None
        import streaming

        # Others ask whether torchvision is there.
        for name in names:
            del sys.modules[name]
    import streaming
    import streaming.base.util

    return streaming


class Grain(Loader):
    """Grain over ArrayRecord with a record a group, msgpack inside; threads read whole batches ahead."""

    name = "Grain (ArrayRecord)"
    imports = ("grain", "grain.python", "msgpack")

    def write(self, source: Path) -> None:
        import msgpack
        from array_record.python.array_record_module import ArrayRecordWriter

        self.folder.mkdir(parents=True)
        writer = ArrayRecordWriter(str(self.folder / "rows.array_record"), "group_size:1")
        for record in records(source):
            writer.write(msgpack.packb([record["prompt"], record["completion"], record["task"]]))
        writer.close()

    def open(self) -> None:
        import grain.python as grain

        self.source = grain.ArrayRecordDataSource(str(self.folder / "rows.array_record"))

    def by_id(self, ids: list[int]):
        return self.source.__getitems__(ids)

    def dataset(self):
        import grain

        shuffled = grain.MapDataset.source(self.source).seed(self.seed).shuffle()
        options = grain.ReadOptions(num_threads=2, prefetch_buffer_size=16)
        return shuffled.batch(BATCH, batch_fn=list).to_iter_dataset(options)

    def epoch(self, workers: int) -> Iterator:
        return iter(self.dataset())

    def texts(self, batch) -> Texts:
        from msgpack import unpackb

        rows = [unpackb(value) for value in batch]
        return [row[0] for row in rows], [row[1] for row in rows]


class LitData(Loader):
    """LitData's chunks of 64 MB, not compressed; its own shuffle."""

    name = "LitData"
    workers = (0, 2)
    imports = ("litdata",)

    def write(self, source: Path) -> None:
        from litdata.streaming.cache import Cache

        cache = Cache(str(self.folder), chunk_bytes="64MB")
        for row, record in enumerate(records(source)):
            cache[row] = {name: record[name] for name in COLUMNS}
        cache.done()
        cache.merge()

    def open(self) -> None:
        import litdata

        self.plain = litdata.StreamingDataset(str(self.folder))

    def by_id(self, ids: list[int]):
        return both([self.plain[id] for id in ids])

    def loader(self, workers: int):
        import litdata

        dataset = litdata.StreamingDataset(str(self.folder), shuffle=True, seed=self.seed)
        return litdata.StreamingDataLoader(dataset, batch_size=BATCH, num_workers=workers, collate_fn=both)

    def epoch(self, workers: int) -> Iterator:
        return iter(self.loader(workers))


LOADERS = {
    "cohort": Cohort,
    "cohort-plain": PlainCohort,
    "cohort-dataloader": CohortInDataLoader,
    "lmdb": LMDB,
    "lmdb-zstd": CompressedLMDB,
    "datasets": Datasets,
    "lance": Lance,
    "lancedb": LanceDB,
    "mosaic": Mosaic,
    "grain": Grain,
    "litdata": LitData,
}
"""By the names that options take."""


def written(name: str, folder: Path, source: Path, rows: int, seed: int = 1) -> Loader:
    """The loader of a name over a store of the rows of `source`, written into `folder` if it is not there yet."""
    kept = "cohort" if name == "cohort-dataloader" else name
    loader = LOADERS[name](folder / kept, rows, seed)
    ready = folder / f"{kept}.ready"
    if not ready.exists():
        shutil.rmtree(loader.folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        loader.write(source)
        sync(loader.folder)
        ready.write_text(json.dumps({"rows": rows}))
    return loader


def sync(folder: Path) -> None:
    """Makes everything below a folder durable: what is not written yet cannot be forgotten."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)


def forget(folder: Path) -> None:
    """Takes all files below a folder out of the page cache, so that the next reads are the disk's."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def stored_bytes(folder: Path) -> int:
    """What all files below a folder take, holes not counted."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
