"""Row 11: what real texts and their Float16 vectors take on disk, against Lance, Parquet, MosaicML and datasets.

The texts are those of P3 and GSM8K in `--data`, the vectors all-MiniLM-L6-v2 embeddings of their prompts, 384 halves
each, in `--embeddings`. Everyone stores prompt, completion, task and vector of every row, duplicates too. Ours is
measured as it was poured in, in a copy by `cohort backup`, which has no free pages; and once more after `cohort compact`,
if the program has that command. Only ours also keeps hashes to find duplicates by, lengths, a log and a catalog for SQL.

All texts are read back in order, and their digest must be the same; so must the vectors, to the rounding of a half
(ours are normalised). Then everyone stores the texts once more without vectors.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson

import contest
import loaders

SHARED = Path(__file__).resolve().parents[3] / "shared"
FIELDS = ["prompt", "completion", "task"]
DIMENSION = 384
END = "<|endoftext|>"


def gather(data: Path, embeddings: Path, out: Path) -> tuple[Path, Path, int]:
    """One file of records and one of vectors, in the same order."""
    rows, vectors = out / "rows.jsonl", out / "vectors.npy"
    names = json.loads((embeddings / "p3.manifest.json").read_text())
    records = []
    for name, count in names:
        lines = (data / "p3" / name).read_bytes().splitlines()
        if len(lines) != count:
            raise SystemExit(f"{name} has {len(lines)} rows, its vectors are for {count}")
        for line in lines:
            record = orjson.loads(line)
            # The end mark is no text: whoever reads the layout drops it.
            record = {"prompt": record["prompt"], "completion": record["completion"].removesuffix(END)}
            records.append({**record, "task": name.removesuffix(".jsonl")})
    for line in (data / "gsm8k" / "train.jsonl").read_bytes().splitlines():
        record = orjson.loads(line)
        records.append({"prompt": record["question"], "completion": record["answer"], "task": "gsm8k"})
    halves = np.concatenate([np.load(embeddings / "p3.npy"), np.load(embeddings / "gsm8k.train.npy")])
    if len(halves) != len(records):
        raise SystemExit(f"{len(records)} rows and {len(halves)} vectors")
    # A sample needs both texts; p3 has some empty ones.
    kept = [i for i, record in enumerate(records) if record["prompt"].strip() and record["completion"].strip()]
    out.mkdir(parents=True, exist_ok=True)
    rows.write_bytes(b"".join(orjson.dumps(records[i]) + b"\n" for i in kept))
    np.save(vectors, halves[kept])
    return rows, vectors, len(kept)


class Digest:
    """Every byte of prompts and completions in order, and how far vectors are from the given ones."""

    def __init__(self, vectors: np.ndarray) -> None:
        self.hash, self.rows, self.vectors, self.farthest = hashlib.blake2b(digest_size=16), 0, vectors, 0.0

    def add(self, prompts: list[str], completions: list[str], vectors: np.ndarray) -> None:
        for prompt, completion in zip(prompts, completions, strict=True):
            self.hash.update(f"{len(prompt)} {prompt}{len(completion)} {completion}".encode())
        given = self.vectors[self.rows : self.rows + len(prompts)].astype(np.float32)
        self.farthest = max(self.farthest, float(np.abs(given - vectors.astype(np.float32)).max()))
        self.rows += len(prompts)

    def value(self) -> dict:
        return {"rows": self.rows, "digest": self.hash.hexdigest(), "same vectors": self.farthest < 1e-3}


def table(rows: Path, vectors: Path | None, compression: str | None = None):
    import pyarrow as pa

    columns = {name: [] for name in FIELDS}
    for record in loaders.records(rows):
        for name in FIELDS:
            columns[name].append(record[name])
    settings = {"lance-encoding:compression": compression} if compression else None
    fields = [pa.field(name, pa.string(), metadata=settings) for name in FIELDS]
    arrays = [pa.array(columns[name], pa.string()) for name in FIELDS]
    if vectors:
        arrays.append(pa.FixedSizeListArray.from_arrays(pa.array(np.load(vectors).reshape(-1)), DIMENSION))
        fields.append(pa.field("vector", arrays[-1].type))
    return pa.table(arrays, schema=pa.schema(fields))


def parts(batch) -> tuple[list[str], list[str], np.ndarray]:
    vectors = batch["vector"]
    vectors = vectors.combine_chunks() if hasattr(vectors, "combine_chunks") else vectors
    values = vectors.flatten().to_numpy(zero_copy_only=False)
    return batch["prompt"].to_pylist(), batch["completion"].to_pylist(), values.reshape(-1, DIMENSION)


class Lance:
    name = "Lance"
    compression: str | None = None

    def write(self, rows: Path, vectors: Path | None, out: Path) -> None:
        import lance

        lance.write_dataset(table(rows, vectors, self.compression), str(out))

    def read(self, out: Path) -> Iterator:
        import lance

        yield from map(parts, lance.dataset(str(out)).scanner(scan_in_order=True).to_batches())


class CompressedLance(Lance):
    name, compression = "Lance, texts by zstd", "zstd"


class Parquet:
    name, level = "Parquet, zstd 3", 3

    def write(self, rows: Path, vectors: Path | None, out: Path) -> None:
        import pyarrow.parquet as parquet

        out.mkdir(parents=True)
        parquet.write_table(table(rows, vectors), out / "rows.parquet", compression="zstd", compression_level=self.level)

    def read(self, out: Path) -> Iterator:
        import pyarrow.parquet as parquet

        yield from map(parts, parquet.ParquetFile(out / "rows.parquet").iter_batches())


class SmallParquet(Parquet):
    name, level = "Parquet, zstd 9", 9


class Mosaic:
    name = "MosaicML, zstd"

    def write(self, rows: Path, vectors: Path | None, out: Path) -> None:
        columns = {name: "str" for name in FIELDS}
        halves = np.load(vectors) if vectors else None
        if vectors:
            columns["vector"] = f"ndarray:float16:{DIMENSION}"
        with loaders.streaming().MDSWriter(out=str(out), columns=columns, compression="zstd") as writer:
            for row, record in enumerate(loaders.records(rows)):
                vector = {"vector": halves[row]} if vectors else {}
                writer.write({**{name: record[name] for name in FIELDS}, **vector})

    def read(self, out: Path) -> Iterator:
        # Reading unpacks the shards beside the packed ones.
        copy = out.with_name("mosaic-unpacked")
        shutil.copytree(out, copy)
        loaders.streaming().base.util.clean_stale_shared_memory()
        for row in loaders.streaming().StreamingDataset(local=str(copy), batch_size=1):
            yield [row["prompt"]], [row["completion"]], row["vector"][None]
        shutil.rmtree(copy)


class Datasets:
    name = "datasets"

    def write(self, rows: Path, vectors: Path | None, out: Path) -> None:
        import datasets

        datasets.disable_progress_bars()
        datasets.Dataset(table(rows, vectors)).save_to_disk(str(out))

    def read(self, out: Path) -> Iterator:
        import datasets

        found = datasets.load_from_disk(str(out)).with_format("arrow")
        for start in range(0, len(found), 1000):
            yield parts(found[start : start + 1000])


PEERS = {
    "lance": Lance,
    "lance-zstd": CompressedLance,
    "parquet": Parquet,
    "parquet-9": SmallParquet,
    "mosaic": Mosaic,
    "datasets": Datasets,
}


def read_ours(store: Path) -> Iterator:
    import cohort

    opened = cohort.open(store)
    for start in range(0, opened.samples, 1000):
        ids = range(start, min(start + 1000, opened.samples))
        batch = opened.batch(list(ids))
        yield batch.prompts, batch.responses, opened.embeddings(list(ids))


def ours(arguments, rows: Path, vectors: Path | None, folder: Path) -> list[tuple[str, Path]]:
    """Stores to be measured: a copy of it as poured in, and one as compacted."""
    store = folder / "cohort"
    cohort = [arguments.cohort, "--store", store]
    folder.mkdir(parents=True, exist_ok=True)
    contest.process([*cohort, "init", "--embedding", "none"])
    given = ["--layout", "prompt-completion", "--task-field", "task", "--dedupe", "none"]
    if vectors:
        given += ["--embeddings", vectors]
    told = json.loads(contest.process([*cohort, "ingest", rows, *given, "--json"]).output.splitlines()[-1])
    if told.get("quarantined"):
        raise SystemExit(f"cohort: {told['quarantined']} rows in quarantine")
    found = []

    def copy(title: str, name: str) -> None:
        contest.process([*cohort, "backup", folder / name])
        found.append((title, folder / name))

    copy("cohort", "cohort-copy")
    commands = subprocess.run([arguments.cohort, "--help"], capture_output=True, text=True, check=True).stdout
    if any(line.split()[:1] == ["compact"] for line in commands.splitlines()):
        contest.process([*cohort, "compact"])
        copy("cohort, compacted", "cohort-compacted")
    elif vectors:
        print("this cohort has no command compact: only its size as poured in is told")
    return found


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--data", type=Path, default=SHARED / "data", help="folder with p3 and gsm8k")
    parser.add_argument("--embeddings", type=Path, default=SHARED / "embeddings", help="folder with their vectors")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="who to measure against")
    arguments = parser.parse_args()
    before = contest.machine()
    folder = arguments.work / "store_size"
    shutil.rmtree(folder, ignore_errors=True)
    rows, vectors, count = gather(arguments.data, arguments.embeddings, folder)
    halves = np.load(vectors)

    results, answers = [], {}

    def measured(title: str, path: Path, texts: int, read: Iterator, size: int) -> None:
        digest = Digest(halves)
        for batch in read:
            digest.add(*batch)
        answers[title] = digest.value()
        if answers[title] != answers["cohort"]:
            raise SystemExit(f"answers differ: {json.dumps(answers)}")
        files = {file.name: file.stat().st_blocks * 512 for file in sorted(path.rglob("*")) if file.is_file()}
        print(f"  {title}: {size / 1e6:.1f} MB", file=sys.stderr)
        results.append({"name": title, "bytes": size, "texts_bytes": texts, "files": files})

    alone = folder / "texts"
    both = zip(ours(arguments, rows, vectors, folder), ours(arguments, rows, None, alone), strict=True)
    for (title, path), (_, texts) in both:
        measured(title, path, loaders.stored_bytes(texts), read_ours(path), loaders.stored_bytes(path))
    for name in arguments.peers:
        peer, out = PEERS[name](), folder / name
        peer.write(rows, vectors, out)
        peer.write(rows, None, alone / name)
        # Sizes are taken before reading, which may leave something there.
        measured(peer.name, out, loaders.stored_bytes(alone / name), peer.read(out), loaders.stored_bytes(out))

    title = f"{count:,} rows of real text with Float16 vectors"
    given = rows.stat().st_size + vectors.stat().st_size
    print(f"\n{title}: {given / 1e6:.1f} MB as JSONL and .npy, {halves.nbytes / 1e6:.1f} MB of them vectors")
    print(f"{'':24}{'MB':>8}{'texts alone':>16}{'times ours':>12}{'texts, times ours':>20}")
    for row in results:
        row["ratio"] = row["bytes"] / results[0]["bytes"]
        row["texts_ratio"] = row["texts_bytes"] / results[0]["texts_bytes"]
        sizes = f"{row['bytes'] / 1e6:>8.1f}{row['texts_bytes'] / 1e6:>16.1f}"
        print(f"{row['name']:24}{sizes}{row['ratio']:>12.2f}{row['texts_ratio']:>20.2f}")
    contest.report(arguments.work, "store_size", title, results, before)


if __name__ == "__main__":
    main()
