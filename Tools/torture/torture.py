"""What the scripts of this folder share: seeds, programs, stores, and ways to damage a file.

Each script prints its seed and, for each failure, the command that repeats it alone:

    Tools/torture/damage-commands --seed 4711 --only 17
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "Tools/quickstart-data"
PAGE = 4096


def arguments(description, cases):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=cases, help=f"how many (default {cases})")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run")
    parser.add_argument(
        "--only", type=lambda text: [int(number) for number in text.split(",")], default=None,
        help="only the case with this number, or those with these (3,17)")
    parser.add_argument("--minutes", type=float, default=None, help="begins no more cases after so many minutes")
    parser.add_argument("--workers", type=int, default=2, help="how many at the same time (default 2)")
    parser.add_argument("--programs", default=None, help="the folder with cohort and cohortd (default .build/debug or release)")
    parser.add_argument("--folder", default=None, help="where temporary stores lie (default: the system's folder)")
    parser.add_argument("--keep", action="store_true", help="leaves the folders of failures")
    given = parser.parse_args()
    if given.seed is None:
        given.seed = random.SystemRandom().randrange(1 << 32)
    if given.programs is None:
        built = [ROOT / ".build" / kind for kind in ("release", "debug")]
        given.programs = next((str(place) for place in built if (place / "cohort").exists()), str(built[1]))
    given.programs = os.path.abspath(given.programs)
    print(f"seed {given.seed}, {given.cases} cases, programs in {given.programs}", flush=True)
    return given


class Result:
    def __init__(self, code, output, errors):
        self.code, self.output, self.errors = code, output, errors

    @property
    def is_signal(self):
        """A negative code is the end by a signal."""
        return self.code is not None and self.code < 0

    def __str__(self):
        ending = "no end" if self.code is None else signal.Signals(-self.code).name if self.is_signal else f"exit {self.code}"
        return f"{ending}: {self.errors.decode(errors='replace')[-600:]}"


def run(given, words, folder, seconds=120, files=None, text=b""):
    """Runs cohort in a folder of its own. A code of None: it did not end in time."""
    def limit():
        if files is not None:
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    process = subprocess.Popen(
        [os.path.join(given.programs, "cohort"), *words], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(), preexec_fn=limit if files is not None else None)
    try:
        output, errors = process.communicate(text, timeout=seconds)
        return Result(process.returncode, output, errors)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        return Result(None, output, errors)


def environment():
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "SWIFT_BACKTRACE": "enable=no", "COHORT_STORE": "store"}


@contextlib.contextmanager
def folder(given, keep=lambda: False):
    place = tempfile.mkdtemp(prefix="cohort-torture-", dir=given.folder)
    try:
        yield Path(place)
    finally:
        if given.keep and keep():
            print(f"kept: {place}", flush=True)
        else:
            shutil.rmtree(place, ignore_errors=True)


def sound_store(given, place):
    """A store with samples, vectors, groups, a snapshot, a plan, a selection and a saved query, in place/store."""
    for words in (
        ["init"], ["ingest", str(DATA / "gsm8k"), "--embeddings", str(DATA / "gsm8k.npy")],
        ["grouping", "create", "near", "--by", "embedding", "--groups", "8"],
        ["grouping", "create", "tasks", "--by", "task"],
        ["grouping", "create", "lengths", "--by", "length", "--edges", "200,400"], ["update"],
        ["snapshot", "create", "v1"],
        ["plan", "create", "p", "--snapshot", "v1", "--grouping", "near", "--batch-size", "16", "--seed", "3"],
        ["selection", "create", "core", "--snapshot", "v1", "--grouping", "near", "--count", "50", "--seed", "1"],
        ["query", "save", "many", "SELECT count(*) AS n FROM samples"],
    ):
        result = run(given, words, place)
        if result.code != 0:
            sys.exit(f"{' '.join(words)}: {result}")


def damage_page(data, older, chance, is_lmdb=True):
    """Damages one page or less of a file's bytes (a bytearray). - Returns: what was done."""
    pages = len(data) // PAGE
    page = chance.randrange(pages)
    at = page * PAGE
    kind = chance.randrange(8)
    if kind == 0:
        data[at:at + PAGE] = bytes(PAGE)
        return f"page {page} zeroed"
    if kind == 1:
        other = chance.randrange(pages)
        data[at:at + PAGE], data[other * PAGE:other * PAGE + PAGE] = (
            data[other * PAGE:other * PAGE + PAGE], data[at:at + PAGE])
        return f"pages {page} and {other} swapped"
    if kind == 2 and older:
        page = chance.randrange(min(pages, len(older) // PAGE))
        at = page * PAGE
        data[at:at + PAGE] = older[at:at + PAGE]
        return f"page {page} stale"
    if kind == 3:
        data[at:at + PAGE] = chance.randbytes(PAGE)
        return f"page {page} random"
    if kind == 4:
        place = chance.randrange(len(data))
        data[place] ^= 1 << chance.randrange(8)
        return f"bit of byte {place}"
    if kind == 5:
        start = chance.randrange(len(data)) & ~511
        data[start:start + 512] = bytes(min(512, len(data) - start))
        return f"sector at {start} zeroed"
    if kind == 6 and is_lmdb:
        return damage_header(data, chance)
    if kind == 6:
        byte = at + chance.randrange(128)
        data[byte] ^= 1 << chance.randrange(8)
        return f"head of page, bit of byte {byte}"
    other = chance.randrange(pages)
    data[at:at + PAGE] = data[other * PAGE:other * PAGE + PAGE]
    return f"page {other} copied to {page}"


def damage_header(data, chance):
    """A bit of a page's header, of its offsets, or of a node: what LMDB believes without a check."""
    for _ in range(100):
        page = chance.randrange(len(data) // PAGE)
        at = page * PAGE
        flags = int.from_bytes(data[at + 10:at + 12], "little")
        lower = int.from_bytes(data[at + 12:at + 14], "little")
        if flags in (1, 2) and 16 < lower <= PAGE:
            break
    where = chance.randrange(3)
    if where == 0:
        byte = at + chance.randrange(16)
    elif where == 1:
        byte = at + 16 + chance.randrange(max(lower - 16, 1))
    else:
        slot = at + 16 + 2 * chance.randrange(max((lower - 16) // 2, 1))
        node = int.from_bytes(data[slot:slot + 2], "little")
        byte = at + min(node + chance.randrange(24), PAGE - 1)
    data[byte] ^= 1 << chance.randrange(8)
    return f"structure, bit of byte {byte}"


class Tally:
    """What came of the cases, and the failures with the command that repeats each."""

    def __init__(self, given):
        self.given, self.lock, self.counts, self.failures = given, threading.Lock(), {}, []

    def add(self, word):
        with self.lock:
            self.counts[word] = self.counts.get(word, 0) + 1

    def fail(self, case, text):
        with self.lock:
            self.counts["FAILED"] = self.counts.get("FAILED", 0) + 1
            self.failures.append((case, text))
            print(f"case {case}: {text}\n  again: {sys.argv[0]} --seed {self.given.seed} --only {case}", flush=True)

    def end(self):
        print(json.dumps(self.counts, sort_keys=True), flush=True)
        sys.exit(1 if self.failures else 0)


def each_case(given, work):
    """Calls work(number, chance) for each case, with a generator of its own; several at the same time."""
    numbers = given.only if given.only is not None else range(given.cases)
    waiting = iter(numbers)
    lock = threading.Lock()
    end = None if given.minutes is None else time.monotonic() + 60 * given.minutes

    def go_on():
        while end is None or time.monotonic() < end:
            with lock:
                number = next(waiting, None)
            if number is None:
                return
            work(number, random.Random(f"{given.seed} {number}"))
            if number % 100 == 99:
                print(f"{number + 1} done", flush=True)

    threads = [threading.Thread(target=go_on) for _ in range(given.workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
