"""What a source and a task cost when there are many: one-row files, and a file with a task a row, by processor time.

Cohort alone, without peers: the figures to compare are those of one column. A store is new for each; the clock runs from
spawn to exit, and what is told as inserted must be all there is.
"""

import json
import shutil
from pathlib import Path

import contest


def row(number: int, task: str | None = None) -> str:
    record = {"prompt": f"question {number} of many", "completion": f"answer {number}"}
    return json.dumps(record | ({"task": task} if task else {})) + "\n"


def write_files(folder: Path, count: int) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number:07}.jsonl").write_text(row(number))
    return folder


def write_tasks(file: Path, count: int) -> Path:
    file.write_text("".join(row(number, f"task {number}") for number in range(count)))
    return file


def ingest(arguments, folder: Path, source: Path, count: int, *options: str) -> contest.Turn:
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    contest.process([arguments.cohort, "--store", store, "init"])
    turn = contest.process([arguments.cohort, "--store", store, "ingest", source, *options])
    info = json.loads(contest.process([arguments.cohort, "--store", store, "info", "--json"]).output)
    if info["samples"] != count:
        raise SystemExit(f"{count} samples went in, and the store has {info['samples']}")
    return turn


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--sizes", default="2k,8k,25k,100k", help="how many, each (default: %(default)s)")
    arguments = parser.parse_args()
    folder = arguments.work / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    before = contest.machine()
    parts = []
    for title, options in {"files of one row": [], "tasks in one file": ["--task-field", "task"]}.items():
        print(f"\n{title}\n{'count':>10}{'wall':>10}{'cpu':>10}{'cpu each':>12}")
        rows = []
        for count in map(contest.size, arguments.sizes.split(",")):
            source = write_tasks(folder / "tasks.jsonl", count) if options else write_files(folder / "files", count)
            turn = ingest(arguments, folder, source, count, *options)
            rows.append({"count": count, "wall_s": turn.wall, "cpu_s": turn.cpu, "cpu_each_s": turn.cpu / count})
            print(
                f"{count:>10,}{contest.duration(turn.wall):>10}{contest.duration(turn.cpu):>10}"
                f"{contest.duration(turn.cpu / count):>12}"
            )
        parts.append({"what": title, "rows": rows})
    shutil.rmtree(folder)
    contest.report(arguments.work, "sources", "what a source and a task cost", parts, before)


if __name__ == "__main__":
    main()
