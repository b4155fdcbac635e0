"""Row 8: what does a question cost: groups, their members, samples by id, nearest samples?

Short synthetic samples with vectors (a mixture, Float16) are ingested and grouped by embedding. The peers get the same rows with our
groups, distances and lengths as columns, so that all answer the same questions from the same numbers:

- ours: the virtual tables, loaded as an extension into Python's sqlite3
- DuckDB over one Parquet file (zstd, ordered by id)
- LanceDB: B-tree on the id, bitmap on the group, IVF_FLAT on the vectors (cosine); histograms by pyarrow over its columns
- SQLite: one plain table, the id as its key, an index on the group; no vectors

All run in one process, one after the other, the order shifted each time round. The clock runs from the statement to the last
row in Python; on a busy machine read the processor's time, of all threads together. Answers must be equal; of nearest samples the
exact ones, and of approximate ones the recall is told. Whoever is missing in a row has no way to answer it. `--keep` keeps store
and peers, and takes those that are there.
"""

import functools
import itertools
import json
import shutil
import sqlite3
import sys
import time
from pathlib import Path

import numpy as np

import contest
import mixtures
import synthetic

BLOCK = 250_000
WIDTH = 16
"""Buckets of length histograms."""


# MARK: Data


def blocks(rows: int):
    return ((start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK))


def generate(folder: Path, rows: int, dimension: int, seed: int) -> tuple[Path, Path]:
    """Samples of about 120 bytes with their number in the prompt, and a vector each."""
    texts, vectors = folder / "samples.jsonl", folder / "vectors.npy"
    generator = np.random.default_rng(seed)
    vocabulary = synthetic.words()
    with open(texts, "w", encoding="utf-8") as out:
        for start, end in blocks(rows):
            counts = np.minimum(generator.geometric(0.12, end - start), 100)
            stream = vocabulary[generator.integers(0, len(vocabulary), int(counts.sum()) + 6 * len(counts))].tolist()
            tasks = generator.integers(0, 200, end - start)
            at = 0
            lines = []
            for row, (count, task) in enumerate(zip(counts.tolist(), tasks.tolist())):
                prompt, response = " ".join(stream[at : at + 6]), " ".join(stream[at + 6 : at + 6 + count])
                at += 6 + count
                lines.append(
                    json.dumps({"prompt": f"{start + row}: {prompt}", "completion": response, "task": f"task_{task:03}"})
                )
            out.write("\n".join(lines) + "\n")
    np.save(vectors, mixtures.mixture("hier", rows, dimension, seed).vectors)
    return texts, vectors


def ours(arguments, folder: Path, texts: Path, vectors: Path) -> Path:
    store = folder / "store"
    cohort = [arguments.cohort.resolve(), "--store", store]
    contest.process([*cohort, "init", "--embedding", "none"])
    given = ["--layout", "prompt-completion", "--task-field", "task", "--dedupe", "none", "--embeddings", vectors]
    contest.process([*cohort, "ingest", texts, *given])
    contest.process([*cohort, "grouping", "create", "topics", "--by", "embedding", "--groups", arguments.groups])
    contest.process([*cohort, "update", "--grouping", "topics"])
    return store


def connect(arguments, store: Path) -> sqlite3.Connection:
    extension = arguments.extension
    if extension is None:
        import cohort

        extension = cohort.sqlite_extension()
    connection = sqlite3.connect(":memory:")
    connection.enable_load_extension(True)
    connection.execute("SELECT load_extension(?, 'sqlite3_cohort_init')", (str(extension),))
    connection.execute("SELECT cohort_open(?)", (str(store),))
    return connection


def columns(connection: sqlite3.Connection, rows: int) -> dict[str, np.ndarray]:
    """Groups, distances and response lengths as we have them, by id."""
    found = {"group_id": np.zeros(rows, np.int32), "distance": np.zeros(rows), "length": np.zeros(rows, np.int32)}
    statements = {
        ("group_id", "distance"): "SELECT id, group_id, distance FROM assignments WHERE grouping = 'topics'",
        ("length",): "SELECT id, response FROM lengths WHERE measure = 'default'",
    }
    for names, statement in statements.items():
        count = 0
        cursor = connection.execute(statement)
        while part := cursor.fetchmany(100_000):
            values = np.array(part)
            for place, name in enumerate(names, 1):
                found[name][values[:, 0].astype(np.int64)] = values[:, place]
            count += len(part)
        if count != rows:
            raise SystemExit(f"{rows} samples went in, and {count} have a {names[0]}")
    return found


def tables(texts: Path, vectors: Path, ours: dict[str, np.ndarray], element):
    """The rows as Arrow tables, block by block."""
    import pyarrow as pa

    halves = np.load(vectors, mmap_mode="r")
    with open(texts, encoding="utf-8") as lines:
        for start, end in blocks(len(halves)):
            records = [json.loads(line) for line in itertools.islice(lines, end - start)]
            values = np.ascontiguousarray(halves[start:end], dtype=element).reshape(-1)
            yield pa.table({
                "id": pa.array(np.arange(start, end, dtype=np.int64)),
                "task": pa.array([record["task"] for record in records]),
                "prompt": pa.array([record["prompt"] for record in records]),
                "response": pa.array([record["completion"] for record in records]),
                **{name: pa.array(column[start:end]) for name, column in ours.items()},
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(values), halves.shape[1]),
            })


# MARK: Contestants


class Cohort:
    name = "cohort"

    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection

    def ask(self, statement: str, *values) -> list[tuple]:
        return self.connection.execute(statement, values).fetchall()

    def sizes(self):
        return self.ask("SELECT group_id, size FROM groups WHERE grouping = 'topics' AND size > 0 ORDER BY group_id")

    def scanned_sizes(self):
        return self.ask("SELECT group_id, count(*) FROM assignments WHERE grouping = 'topics' GROUP BY 1 ORDER BY 1")

    INTERVALS = "FROM group_lengths WHERE grouping = 'topics' AND measure = 'default' AND part = 'response' AND width = ?"

    def histogram(self):
        return self.ask(f"SELECT group_id, low / width, size {self.INTERVALS} ORDER BY group_id, low", WIDTH)

    def joined_histogram(self):
        return self.ask(
            "SELECT a.group_id, l.response / ?, count(*) FROM assignments a JOIN lengths l ON l.id = a.id"
            " WHERE a.grouping = 'topics' AND l.measure = 'default' GROUP BY 1, 2 ORDER BY 1, 2", WIDTH)

    def group_histogram(self, group: int):
        return self.ask(f"SELECT low / width, size {self.INTERVALS} AND group_id = ? ORDER BY low", WIDTH, group)

    def total(self):
        return self.ask("SELECT count(*), sum(response) FROM lengths WHERE measure = 'default' AND response > 40")

    def members(self, group: int):
        return self.ask("SELECT id FROM assignments WHERE grouping = 'topics' AND group_id = ? ORDER BY id", group)

    def outlying(self, group: int):
        return self.ask(
            "SELECT id FROM assignments WHERE grouping = 'topics' AND group_id = ? ORDER BY distance DESC, id LIMIT 10", group)

    def texts(self, group: int):
        return self.ask(
            "SELECT s.id, s.prompt, s.response FROM assignments a JOIN samples s ON s.id = a.id"
            " WHERE a.grouping = 'topics' AND a.group_id = ? ORDER BY s.id", group)

    def look_up(self, ids: list[int]):
        return [self.ask("SELECT task, prompt, response FROM samples WHERE id = ?", one)[0] for one in ids]

    def group_of(self, ids: list[int]):
        return [self.ask("SELECT group_id FROM assignments WHERE grouping = 'topics' AND id = ?", one)[0][0] for one in ids]

    def nearest(self, vector: np.ndarray):
        rows = self.ask("SELECT id FROM nearest WHERE query = ? AND k = 10 ORDER BY rank", vector.tobytes())
        return [row[0] for row in rows]

    def nearby(self, vector: np.ndarray):
        rows = self.ask(
            "SELECT id FROM nearest WHERE query = ? AND k = 10 AND grouping = 'topics' ORDER BY rank", vector.tobytes())
        return [row[0] for row in rows]


class PlainSQLite(Cohort):
    name = "SQLite"
    nearest = nearby = None

    def __init__(self, folder: Path, parts):
        path = folder / "plain.sqlite"
        is_there = path.exists()
        super().__init__(sqlite3.connect(path))
        if is_there:
            return
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute(
            "CREATE TABLE samples(id INTEGER PRIMARY KEY, task TEXT, prompt TEXT, response TEXT, group_id INTEGER,"
            " distance REAL, length INTEGER)")
        with self.connection:
            for part in parts:
                rows = zip(*(part[name].to_pylist() for name in part.column_names if name != "vector"))
                self.connection.executemany("INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self.connection.execute("CREATE INDEX by_group ON samples(group_id)")
        self.connection.execute("ANALYZE")

    def sizes(self):
        return self.ask("SELECT group_id, count(*) FROM samples GROUP BY 1 ORDER BY 1")

    scanned_sizes = sizes

    def histogram(self):
        return self.ask("SELECT group_id, length / ?, count(*) FROM samples GROUP BY 1, 2 ORDER BY 1, 2", WIDTH)

    joined_histogram = histogram

    def group_histogram(self, group: int):
        return self.ask(
            "SELECT length / ?, count(*) FROM samples WHERE group_id = ? GROUP BY 1 ORDER BY 1", WIDTH, group)

    def total(self):
        return self.ask("SELECT count(*), sum(length) FROM samples WHERE length > 40")

    def members(self, group: int):
        return self.ask("SELECT id FROM samples WHERE group_id = ? ORDER BY id", group)

    def outlying(self, group: int):
        return self.ask("SELECT id FROM samples WHERE group_id = ? ORDER BY distance DESC, id LIMIT 10", group)

    def texts(self, group: int):
        return self.ask("SELECT id, prompt, response FROM samples WHERE group_id = ? ORDER BY id", group)

    def look_up(self, ids: list[int]):
        return [self.ask("SELECT task, prompt, response FROM samples WHERE id = ?", one)[0] for one in ids]

    def group_of(self, ids: list[int]):
        return [self.ask("SELECT group_id FROM samples WHERE id = ?", one)[0][0] for one in ids]


class DuckDB(PlainSQLite):
    name = "DuckDB"
    nearby = None

    def __init__(self, folder: Path, parts, threads: int):
        import duckdb
        import pyarrow.parquet

        path, writer = folder / "samples.parquet", None
        if not path.exists():
            for part in parts:
                writer = writer or pyarrow.parquet.ParquetWriter(path, part.schema, compression="zstd")
                writer.write_table(part, row_group_size=BLOCK // 2)
            writer.close()
        self.connection = duckdb.connect(config={"threads": threads})
        self.connection.execute(f"CREATE VIEW samples AS SELECT * FROM '{path}'")
        self.dimension = pyarrow.parquet.read_schema(path).field("vector").type.list_size

    def ask(self, statement: str, *values) -> list[tuple]:
        # `/` is SQLite's integer division.
        return self.connection.execute(statement.replace("/ ?", "// ?"), values).fetchall()

    def nearest(self, vector: np.ndarray):
        kind = f"FLOAT[{self.dimension}]"
        rows = self.ask(
            f"SELECT id FROM samples ORDER BY array_cosine_distance(vector::{kind}, ?::{kind}), id LIMIT 10", vector.tolist())
        return [row[0] for row in rows]


class Lance:
    name = "LanceDB"

    def __init__(self, folder: Path, parts, groups: int):
        import lancedb
        import pyarrow
        from lancedb.index import Bitmap, BTree, IvfFlat

        self.probes = max(groups // 10, 1)
        database = lancedb.connect(folder / "lance")
        if (folder / "lance").exists() and database.table_names():
            self.table = database.open_table("samples")
            return
        first = next(parts)
        reader = pyarrow.RecordBatchReader.from_batches(
            first.schema, (batch for part in itertools.chain([first], parts) for batch in part.to_batches()))
        self.table = database.create_table("samples", reader)
        self.table.create_index("id", config=BTree())
        self.table.create_index("group_id", config=Bitmap())
        self.table.create_index("vector", config=IvfFlat(distance_type="cosine", num_partitions=groups))

    def take(self, names: list[str], condition: str | None = None):
        return self.table.to_lance().to_table(columns=names, filter=condition)

    def counted(self, condition: str | None, *names: str):
        import pyarrow.compute as pc

        table = self.take(["group_id", "length"], condition)
        table = table.append_column("bucket", pc.divide(table["length"], WIDTH))
        found = table.group_by(list(names)).aggregate([([], "count_all")]).sort_by([(name, "ascending") for name in names])
        return list(zip(*(found[name].to_pylist() for name in (*names, "count_all"))))

    def sizes(self):
        found = self.take(["group_id"]).group_by("group_id").aggregate([([], "count_all")]).sort_by("group_id")
        return list(zip(found["group_id"].to_pylist(), found["count_all"].to_pylist()))

    scanned_sizes = sizes

    def histogram(self):
        return self.counted(None, "group_id", "bucket")

    joined_histogram = histogram

    def group_histogram(self, group: int):
        return self.counted(f"group_id = {group}", "bucket")

    def total(self):
        import pyarrow.compute as pc

        found = self.take(["length"], "length > 40")["length"]
        return [(len(found), pc.sum(found).as_py())]

    def members(self, group: int):
        return [(one,) for one in sorted(self.take(["id"], f"group_id = {group}")["id"].to_pylist())]

    def outlying(self, group: int):
        found = self.take(["id", "distance"], f"group_id = {group}").sort_by([("distance", "descending"), ("id", "ascending")])
        return [(one,) for one in found["id"][:10].to_pylist()]

    def texts(self, group: int):
        found = self.take(["id", "prompt", "response"], f"group_id = {group}").sort_by("id")
        return list(zip(*(found[name].to_pylist() for name in ("id", "prompt", "response"))))

    def look_up(self, ids: list[int]):
        names = ["task", "prompt", "response"]
        return [tuple(self.take(names, f"id = {one}").to_pylist()[0].values()) for one in ids]

    def group_of(self, ids: list[int]):
        return [self.take(["group_id"], f"id = {one}")["group_id"][0].as_py() for one in ids]

    def search(self, vector: np.ndarray):
        return self.table.search(vector).distance_type("cosine").select(["id", "_distance"]).limit(10)

    def nearest(self, vector: np.ndarray):
        return self.search(vector).bypass_vector_index().to_arrow()["id"].to_pylist()

    def nearby(self, vector: np.ndarray):
        return self.search(vector).nprobes(self.probes).to_arrow()["id"].to_pylist()


# MARK: Measuring


def turn(body) -> contest.Turn:
    cpu, begun = time.process_time(), time.perf_counter()
    answer = body()
    return contest.Turn(time.perf_counter() - begun, time.process_time() - cpu, None, answer)


def questions(found: dict[str, np.ndarray], queries: np.ndarray, seed: int, look_ups: int) -> list[tuple]:
    """Title, method, arguments, and how many questions one turn asks."""
    generator = np.random.default_rng(seed)
    sizes = np.bincount(found["group_id"])
    middle = int(np.argsort(sizes)[len(sizes) - (sizes > 0).sum() // 2])
    ids = generator.integers(0, len(found["length"]), look_ups).tolist()
    return [
        ("size of each group", "sizes", (), 1),
        ("the same, counted", "scanned_sizes", (), 1),
        ("length histogram of each group", "histogram", (), 1),
        ("the same, ours by a join", "joined_histogram", (), 1),
        (f"length histogram of a group of {sizes[middle]:,}", "group_histogram", (middle,), 1),
        ("sum of the lengths above 40", "total", (), 1),
        (f"members of a group of {sizes[middle]:,}", "members", (middle,), 1),
        ("its ten outlying members", "outlying", (middle,), 1),
        ("its members with texts", "texts", (middle,), 1),
        ("a sample by id", "look_up", (ids,), look_ups),
        ("the group of a sample", "group_of", (ids,), look_ups),
        ("nearest 10 of all", "nearest", (queries,), len(queries)),
        ("nearest 10 by groups", "nearby", (queries,), len(queries)),
    ]


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--rows", type=contest.size, default=1_000_000, help="samples (default: 1M)")
    parser.add_argument("--dimension", type=int, default=384, help="of the vectors (default: %(default)s)")
    parser.add_argument("--groups", type=int, default=400, help="groups by embedding (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="turns (default: %(default)s)")
    parser.add_argument("--look-ups", type=int, default=100, help="by id, in a turn (default: %(default)s)")
    parser.add_argument("--queries", type=int, default=20, help="vectors to search for, in a turn (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="for DuckDB (default: %(default)s)")
    parser.add_argument("--extension", type=Path, help="libcohort.so, if not that of the Python package")
    parser.add_argument("--peers", nargs="*", default=["DuckDB", "LanceDB", "SQLite"])
    parser.add_argument("--keep", action="store_true", help="keep the data, and take what is kept there")
    arguments = parser.parse_args()
    before = contest.machine()
    folder = arguments.work / f"queries-{arguments.rows}x{arguments.dimension}"
    store = folder / "store"
    if not (arguments.keep and store.exists()):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        texts, vectors = generate(folder, arguments.rows, arguments.dimension, arguments.seed)
        ours(arguments, folder, texts, vectors)
    texts, vectors = folder / "samples.jsonl", folder / "vectors.npy"
    connection = connect(arguments, store)
    found = columns(connection, arguments.rows)
    contestants = [Cohort(connection)]
    make = {
        "DuckDB": lambda: DuckDB(folder, tables(texts, vectors, found, np.float32), arguments.threads),
        "LanceDB": lambda: Lance(folder, tables(texts, vectors, found, np.float16), arguments.groups),
        "SQLite": lambda: PlainSQLite(folder, tables(texts, vectors, found, np.float16)),
    }
    for peer in arguments.peers:
        contestants.append(make[peer]())
        print(f"  {peer} is loaded", file=sys.stderr, flush=True)
    halves = np.load(vectors, mmap_mode="r")
    generator = np.random.default_rng(arguments.seed + 1)
    rows = np.sort(generator.choice(arguments.rows, arguments.queries, replace=False))
    noise = generator.standard_normal((len(rows), arguments.dimension)) * 0.3 / arguments.dimension**0.5
    queries = mixtures.unit(halves[rows] + noise).astype(np.float32)

    parts, exact = [], None
    for title, method, values, count in questions(found, queries, arguments.seed, arguments.look_ups):
        some = [one for one in contestants if getattr(one, method, None)]
        is_search = method in ("nearest", "nearby")

        def body(one, method=method, values=values, is_search=is_search):
            ask = getattr(one, method)
            return [ask(vector) for vector in values[0]] if is_search else ask(*values)

        entries = [contest.Contestant(one.name, functools.partial(turn, functools.partial(body, one))) for one in some]
        repeats = arguments.repeats
        if method == "nearby":
            for repeat in range(repeats):
                for entry in entries:
                    entry.turns.append(entry.turn())
        else:
            contest.alternate(entries, repeats)
        recall = {}
        if method == "nearest":
            exact = entries[0].turns[0].answer
        if method == "nearby":
            for entry in entries:
                both = zip(entry.turns[0].answer, exact)
                recall[entry.name] = sum(len(set(a) & set(b)) for a, b in both) / (10 * len(exact))
        lines = contest.summary(entries, "cohort")
        for line in lines:
            line["each_s"], line["cpu_each_s"] = line["median_s"] / count, line["cpu_s"] / count
            if line["name"] in recall:
                line["recall"] = recall[line["name"]]
        parts.append({"question": title, "asked": count, "rows": lines})
    names = [one.name for one in contestants]
    print(f"\n{arguments.rows:,} samples x {arguments.dimension}, {arguments.groups} groups; medians of {arguments.repeats}")
    for what, key in (("by the clock", "each_s"), ("of the processor", "cpu_each_s")):
        print(f"\n{what:44}" + "".join(f"{name:>22}" for name in names))
        for part in parts:
            cells = {line["name"]: line for line in part["rows"]}
            text = f"{part['question']:44}"
            for name in names:
                cell = "-"
                if line := cells.get(name):
                    ratio = line[key] / max(cells["cohort"][key], 1e-9)
                    cell = contest.duration(line[key]) + (f" ({ratio:.2f})" if name != "cohort" else "")
                    cell += f" r {line['recall']:.3f}" if "recall" in line else ""
                text += f"{cell:>22}"
            print(text)
    contest.report(arguments.work, "queries", f"questions over {arguments.rows:,} samples", parts, before)
    if not arguments.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
