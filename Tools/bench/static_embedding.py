"""Row 9: static embedding of texts, against model2vec in Python.

The same texts and the same model, on one core and on two; vectors must agree to 1e-5 in cosine distance. Our clock starts
before the model is loaded, model2vec's after imports and loading. model2vec runs twice: as it comes, with threads of its
own for more than 10,000 texts, and without them, when only its tokenizer uses several cores. A last part encodes the
texts over and over and looks at memory.
"""

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import contest
from synthetic import SAMPLES

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent.parent / "Sources" / "CBundledModel" / "minilm-l6-256"


def peer(model: str, texts: Path, threads: int, own_threads: bool, out: str) -> None:
    from model2vec import StaticModel

    library = StaticModel.from_pretrained(model)
    sentences = read(texts)
    library.encode(sentences[:100])
    start, cpu = time.perf_counter(), time.process_time()
    vectors = library.encode(sentences, use_multiprocessing=own_threads)
    told = {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    if out:
        vectors.astype(np.float32).tofile(out)
    print(json.dumps(told))


def read(path: Path) -> list[str]:
    raw, place, texts = path.read_bytes(), 0, []
    while place < len(raw):
        (count,) = struct.unpack_from("<I", raw, place)
        texts.append(raw[place + 4 : place + 4 + count].decode())
        place += 4 + count
    return texts


def collect(folder: Path, most: int) -> list[str]:
    """Prompts and answers: the strings of the objects of every JSONL file, in order."""
    texts = []
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_text().splitlines():
            if line.strip():
                texts += [value for value in json.loads(line).values() if isinstance(value, str)]
    return [texts[i] for i in range(0, len(texts), max(1, len(texts) // most))][:most]


def widened(model: Path, folder: Path) -> Path:
    """A copy of the model whose weights are single floats: numpy is slow with halves, and the peer gets the benefit."""
    from safetensors.numpy import load_file, save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = load_file(model / "model.safetensors")
    if "weights" in tensors:
        tensors["weights"] = tensors["weights"].astype(np.float32)
    save_file(tensors, folder / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_bytes((model / name).read_bytes())
    return folder


def compare(program: Path, model: Path, texts: Path, folder: Path) -> float:
    """The largest cosine distance between our vectors and model2vec's."""
    contest.process([program, "vectors", model, texts, folder / "ours.bin"])
    contest.process([sys.executable, __file__, "--peer", model, texts, 1, 0, folder / "theirs.bin"])
    ours, theirs = (np.fromfile(folder / name, dtype=np.float32) for name in ("ours.bin", "theirs.bin"))
    count = len(read(texts))
    ours, theirs = ours.reshape(count, -1).astype(np.float64), theirs.reshape(count, -1).astype(np.float64)
    norms = np.linalg.norm(ours, axis=1), np.linalg.norm(theirs, axis=1)
    if ((norms[0] == 0) != (norms[1] == 0)).any():
        raise SystemExit("one has a vector where the other has none")
    both = norms[0] > 0
    worst = float((1 - (ours[both] * theirs[both]).sum(1) / (norms[0][both] * norms[1][both])).max())
    if worst > 1e-5:
        raise SystemExit(f"vectors differ by {worst} in cosine distance")
    return worst


def part(arguments, program: Path, model: Path, texts: Path, threads: int) -> dict:
    count, size = len(read(texts)), texts.stat().st_size
    cores = sorted(os.sched_getaffinity(0))[:threads]
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores))]

    def ours() -> contest.Turn:
        whole = contest.process([*pinned, program, "time", model, texts, threads])
        told = json.loads(whole.output.splitlines()[-1])
        return contest.Turn(told["wall"], told["cpu"], whole.peak_mib)

    def theirs(own_threads: bool) -> contest.Turn:
        environment = {"RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [*pinned, sys.executable, __file__, "--peer", model, texts, threads, int(own_threads), ""]
        whole = contest.process(command, env=environment)
        told = json.loads(whole.output.splitlines()[-1])
        return contest.Turn(told["wall"], told["cpu"], whole.peak_mib)

    contestants = [
        contest.Contestant("cohort", ours),
        contest.Contestant("model2vec", lambda: theirs(True)),
        contest.Contestant("model2vec, no threads of its own", lambda: theirs(False)),
    ]
    contest.alternate(contestants, arguments.repeats)
    summary = contest.summary(contestants, "cohort")
    print(f"\nstatic embedding of {count:,} texts, {size / 1e6:.1f} MB, {threads} {'core' if threads == 1 else 'cores'}")
    print(contest.table(summary, {"texts/s": lambda row: f"{count / row['median_s']:,.0f}"}))
    return {"texts": count, "bytes": size, "cores": threads, "contestants": summary}


def memory(arguments, program: Path, model: Path, texts: Path) -> dict:
    """Resident memory after each round; all rounds load the model anew."""
    output = contest.process([program, "time", model, texts, 2, arguments.rounds]).output
    resident = [json.loads(line)["resident_kib"] for line in output.splitlines()]
    growth = resident[-1] - resident[min(2, len(resident) - 1)]
    print(f"\nmemory over {len(resident)} rounds: {resident[0]:,} KiB after the first, {resident[-1]:,} KiB after the last")
    return {"rounds": len(resident), "resident_kib": resident, "growth_kib": growth}


def main() -> None:
    if sys.argv[1:2] == ["--peer"]:
        model, texts, threads, own_threads, out = sys.argv[2:7]
        return peer(model, Path(texts), int(threads), own_threads == "1", out)
    parser = contest.options(__doc__)
    parser.add_argument("--data", type=Path, default=SAMPLES, help="folder of JSONL files (default: the quickstart's)")
    parser.add_argument("--texts", type=contest.size, default=50_000, help="at most as many texts (default: %(default)s)")
    parser.add_argument("--model", type=Path, default=MODEL, help="folder of a static model (default: the one that ships)")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2], help="cores to run on (default: 1 2)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=30, help="rounds of the memory part (default: %(default)s)")
    arguments = parser.parse_args()
    if not (arguments.model / "model.safetensors").exists():
        raise SystemExit(f"{arguments.model} holds no static model: give another with --model")
    package = HERE / "text-encoding"
    build = ["swift", "build", "-c", "release", "--package-path", package, "--product", "text-encoding"]
    subprocess.run(build, check=True, stdout=sys.stderr)
    program = package / ".build" / "release" / "text-encoding"
    folder = arguments.work / "static_embedding"
    folder.mkdir(parents=True, exist_ok=True)
    model = widened(arguments.model, folder / "model")
    texts = folder / "texts.bin"
    with open(texts, "wb") as out:
        for text in collect(arguments.data, arguments.texts):
            encoded = text.encode()
            out.write(struct.pack("<I", len(encoded)) + encoded)
    before = contest.machine()
    for name, each in (("as it is", arguments.model), ("with single weights", model)):
        print(f"largest cosine distance, the model {name}: {compare(program, each, texts, folder):.1e}")
    parts = [part(arguments, program, model, texts, cores) for cores in arguments.cores]
    parts.append(memory(arguments, program, model, texts))
    contest.report(arguments.work, "static_embedding", "static embedding of texts", parts, before)


if __name__ == "__main__":
    main()
