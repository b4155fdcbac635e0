"""How the cost of an insert grows with the store: inner products in units of k, and bytes handed to the store.

The engine alone, without peers: what it counts does not depend on the machine. Bytes are those of the column chunks with
a changed assignment, of the groups' records and of the events, each commit's whole. Between two sizes the figures are of
the inserts between them.
"""

from pathlib import Path

import blas

blas.prepare(threads=1)
import numpy as np

import contest
import engine
from mixtures import mixture


def stops(rows: int) -> list[int]:
    """1, 3, 10, 30, … thousand, up to all rows."""
    found = [size for power in range(4, 9) for size in (10**power, 3 * 10**power) if size < rows]
    return [*found, rows]


def part(arguments, order: str, k: int | None) -> dict:
    folder = arguments.work / "growth"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "vectors.npy"
    data = mixture("hier", arguments.rows, arguments.dimension, arguments.seed, 1_000)
    np.save(file, data.vectors[data.order(order, arguments.seed)])
    del data
    options = ["--groups", k] if k else []
    sizes = stops(arguments.rows)
    options += ["--stops", ",".join(map(str, sizes)), "--audit", 64, "--threads", arguments.threads]
    run = engine.history(arguments.engine, folder, file, arguments.dimension, options)
    file.unlink()
    title = f"{arguments.rows:,} x {arguments.dimension}, {order}, k = {k or 'automatic'}"
    print(f"\n{title}")
    print(f"{'samples':>12}{'groups':>8}{'k products':>12}{'bytes':>8}{'of that groups':>16}{'cpu us':>8}{'error':>9}")
    rows, before = [], None
    for report in run.reports:
        if before and report["inserted"] == before["inserted"]:
            continue
        since = {
            key: report[key] - (before[key] if before else 0)
            for key in ("inserted", "inner_products", "assignment_bytes", "group_bytes", "event_bytes", "cpu")
        }
        count = since["inserted"]
        row = {
            "samples": report["inserted"],
            "groups": report["groups"],
            "k_products": since["inner_products"] / count / report["groups"],
            "bytes": (since["assignment_bytes"] + since["group_bytes"] + since["event_bytes"]) / count,
            "group_bytes": since["group_bytes"] / count,
            "cpu_us": since["cpu"] / count * 1e6,
            "error": report["error"],
        }
        rows.append(row)
        before = report
        print(
            f"{row['samples']:>12,}{row['groups']:>8}{row['k_products']:>12.2f}{row['bytes']:>8.0f}"
            f"{row['group_bytes']:>16.0f}{row['cpu_us']:>8.1f}{row['error']:>9.4f}"
        )
    last = run.last
    accuracy = 1 - last["misplaced"] / max(last["checked"], 1)
    print(f"on their nearest centroid: {accuracy:.4%} of {last['checked']:,} checked; unsound: {last['unsound']}")
    return {"case": title, "rows": rows, "accuracy": accuracy, "last": last}


def main() -> None:
    parser = contest.options(__doc__)
    parser.add_argument("--rows", type=contest.size, default=10**7, help="samples (default: 10M)")
    parser.add_argument("--dimension", type=int, default=32, help="of a vector (default: %(default)s)")
    parser.add_argument("--groups", nargs="+", default=["256", "automatic"], help="k (default: 256 automatic)")
    parser.add_argument("--orders", nargs="+", default=["shuffled", "gradual"], help="default: shuffled gradual")
    parser.add_argument("--threads", type=int, default=1, help="of the engine (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="100,000 samples: does it work?")
    parser.add_argument("--engine", type=Path, help="a clustering-bench that is built already")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows = 100_000
    arguments.engine = arguments.engine or engine.build(arguments.work)
    before = contest.machine()
    parts = [
        part(arguments, order, None if k == "automatic" else int(k)) for k in arguments.groups for order in arguments.orders
    ]
    contest.report(arguments.work, "growth", "cost of an insert as the store grows", parts, before)


if __name__ == "__main__":
    main()
