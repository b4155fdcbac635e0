"""Samples for the experiment: poured in, split and cut by Cohort, turned into tokens.

`prepare` gives four parts: `train` (what all arms learn from), `valid` (by which learning rates are chosen), `test` (what is
reported), and `pretrain` (other data, for the first stage). Files that hold the same rows in other words (one file a prompt
template) do not leak: a sample's part depends on its line number alone.
"""

import glob
import hashlib
import json
import os
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PARTS = ("train", "valid", "test", "pretrain")


class Cohort:
    """Runs the `cohort` program on one store."""

    def __init__(self, program: str, store: Path):
        self.program, self.store = program, store

    def __call__(self, *arguments, allowed=(0,)) -> str:
        command = [self.program, *map(str, arguments), "--store", str(self.store), "--progress", "off"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in allowed:
            raise RuntimeError(f"{' '.join(command)} ended with code {done.returncode}:\n{done.stderr.strip()}")
        return done.stdout


@dataclass
class Tokens:
    """The token ids of one part: sample i is `ids[offsets[i]:offsets[i + 1]]`, its response begins at `response[i]` within
    it; `task[i]` indexes `tasks`."""

    ids: np.ndarray
    offsets: np.ndarray
    response: np.ndarray
    task: np.ndarray
    tasks: list[str]

    def __len__(self) -> int:
        return len(self.response)

    def sample(self, i: int) -> np.ndarray:
        return self.ids[self.offsets[i] : self.offsets[i + 1]]

    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)

    def save(self, path: Path) -> None:
        temporary = path.with_suffix(".new.npz")
        np.savez(temporary, ids=self.ids, offsets=self.offsets, response=self.response, task=self.task, tasks=self.tasks)
        os.replace(temporary, path)

    @classmethod
    def load(cls, path: Path) -> "Tokens":
        with np.load(path) as f:
            return cls(f["ids"], f["offsets"], f["response"], f["task"], [str(t) for t in f["tasks"]])


@dataclass
class Data:
    """All parts, the store that holds `train` (sample i of `train` has id i there), and what names this data in results."""

    parts: dict[str, Tokens]
    cohort: Cohort
    vocabulary: int
    digest: str
    folder: Path


def sources(given: list[str]) -> list[tuple[str | None, list[str]]]:
    """`NAME=PATTERN` or `PATTERN` to (task, files)."""
    found = []
    for item in given:
        name, _, pattern = item.rpartition("=")
        files = sorted(glob.glob(os.path.expanduser(pattern)))
        if not files:
            raise SystemExit(f"no file matches {pattern}")
        found.append((name or None, files))
    return found


def read(cohort: Cohort, given: list[str]) -> list[dict]:
    """Pours files into a fresh store and gives their samples: prompt, completion, task, line. Whatever layout Cohort reads."""
    cohort("init", "--embedding", "none")
    for task, files in sources(given):
        # 6: some records are in quarantine, which is not this experiment's concern.
        label = ["--task", task] if task else ["--task-from-filename"]
        counts = json.loads(cohort("ingest", *files, *label, "--json", allowed=(0, 6)))
        if not counts["inserted"]:
            print(f"{task or files[0]}: no sample could be used; 'cohort ingest --dry-run' says why", file=sys.stderr)
    exported = cohort.store.parent / f"{cohort.store.name}.jsonl"
    cohort("export", "--as", "prompt-completion", "--with", "ids,line", exported)
    with open(exported) as f:
        return [json.loads(line) for line in f]


def part_of(line: int, pretrain: bool) -> str:
    """The part of all samples in this line of their files: of ten lines one is for `valid`, two are for `test`, and, where
    the first stage takes from this data, three are for `pretrain`."""
    place = zlib.crc32(b"line %d" % line) % 10
    if place < 3:
        return "valid" if place == 0 else "test"
    return "pretrain" if pretrain and place >= 7 else "train"


def split(samples: list[dict], counts: dict[str, int], other: list[dict], own: bool, seed: int) -> dict[str, list[dict]]:
    """Divides by line, then draws so many of each part; in equal chances, so that tasks keep their natural sizes. `own`:
    some of the samples are among the data of the first stage, beside the `other`."""
    parts = {part: [] for part in PARTS}
    for sample in samples:
        parts[part_of(sample["line"], own)].append(sample)
    parts["pretrain"] += other
    generator = np.random.default_rng(seed)
    for part in PARTS:
        order = generator.permutation(len(parts[part]))[: counts[part]]
        parts[part] = [parts[part][i] for i in order]
    return parts


def pour(cohort: Cohort, samples: list[dict], path: Path) -> list[dict]:
    """Fills the store that plans are made in; gives the samples in the order of their ids."""
    with open(path, "w") as f:
        for sample in samples:
            f.write(json.dumps({k: sample.get(k) or "" for k in ("prompt", "completion", "task")}) + "\n")
    cohort("init")
    cohort("ingest", path, "--layout", "prompt-completion", "--task-field", "task", "--dedupe", "none", allowed=(0, 6))
    back = path.with_suffix(".ids.jsonl")
    cohort("export", "--as", "prompt-completion", "--with", "ids", back)
    with open(back) as f:
        samples = [json.loads(line) for line in f]
    if [s["id"] for s in samples] != list(range(len(samples))):
        raise RuntimeError("the ids of the training store are not 0, 1, 2, …")
    return samples


def tokenizer(options, texts, folder: Path):
    """(encode: text to ids, size of the vocabulary, id of the end): the model's own, or a byte-level BPE made of `texts`."""
    if options.model:
        from transformers import AutoTokenizer

        own = AutoTokenizer.from_pretrained(options.model)
        return lambda text: own(text, add_special_tokens=False)["input_ids"], len(own), own.eos_token_id
    from tokenizers import ByteLevelBPETokenizer

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(texts, vocab_size=options.vocabulary, special_tokens=["<end>"], show_progress=False)
    bpe.save(str(folder / "tokenizer.json"))
    return lambda text: bpe.encode(text).ids, bpe.get_vocab_size(), 0


def encode(samples: list[dict], tasks: list[str], to_ids, end: int, length: int) -> Tokens:
    """Prompt and response as one sequence of at most `length` tokens. A long response is cut to half of that; of a long
    prompt the beginning and the end stay, where instructions are."""
    ids, offsets, response, task = [], [0], [], []
    number = {t: i for i, t in enumerate(tasks)}
    for sample in samples:
        answer = (to_ids(sample["completion"]) + [end])[: length // 2]
        prompt = to_ids(sample["prompt"] + "\n")
        room = length - len(answer)
        if len(prompt) > room:
            prompt = prompt[: room // 2] + prompt[len(prompt) - (room - room // 2) :]
        ids += prompt + answer
        offsets.append(len(ids))
        response.append(len(prompt))
        task.append(number[sample.get("task") or ""])
    return Tokens(np.array(ids, np.int32), np.array(offsets), np.array(response), np.array(task), tasks)


def prepare(options) -> Data:
    """Everything above, once for each choice of data; a later call reads what the first has made."""
    files = [[task, [(f, os.path.getsize(f)) for f in names]] for task, names in sources(options.tune + options.pretrain)]
    counts = {"train": options.samples, "valid": options.held_out // 2, "test": options.held_out, "pretrain": options.pretrain_samples}
    chosen = [files, len(options.tune), counts, options.length, options.vocabulary, options.model, options.data_seed]
    chosen += ["own"] if options.pretrain_own else []
    digest = hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:12]
    folder = options.work / f"data-{digest}"
    cohort = Cohort(options.cohort, folder / "store")
    about = folder / "about.json"
    if not about.exists():
        if folder.exists():
            folder.rename(options.work / f"unfinished-{digest}-{os.getpid()}")
        folder.mkdir(parents=True)
        print("reading, splitting and tokenizing the data", file=sys.stderr)
        samples = read(Cohort(options.cohort, folder / "tune"), options.tune)
        other = read(Cohort(options.cohort, folder / "other"), options.pretrain) if options.pretrain else []
        parts = split(samples, counts, other, options.pretrain_own or not other, options.data_seed)
        if len(parts["train"]) < counts["train"]:
            raise SystemExit(f"{len(parts['train'])} samples to train on, {counts['train']} asked for: use --samples")
        parts["train"] = pour(cohort, parts["train"], folder / "train.jsonl")
        texts = (s[key] for part in ("train", "pretrain") for s in parts[part] for key in ("prompt", "completion"))
        to_ids, vocabulary, end = tokenizer(options, texts, folder)
        tasks = sorted({s.get("task") or "" for part in PARTS for s in parts[part]})
        for part in PARTS:
            encode(parts[part], tasks, to_ids, end, options.length).save(folder / f"{part}.npz")
        about.write_text(json.dumps({"vocabulary": vocabulary, "counts": {p: len(parts[p]) for p in PARTS}, "options": chosen}))
    parts = {part: Tokens.load(folder / f"{part}.npz") for part in PARTS}
    return Data(parts, cohort, json.loads(about.read_text())["vocabulary"], digest, folder)
