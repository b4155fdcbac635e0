"""Cohort: instruction-tuning data, kept clustered while it arrives, trained on in single-group batches.

    import cohort

    store = cohort.init("data/store")
    store.ingest(records, task="gsm8k")                    # dicts, datasets.Dataset, Arrow, Parquet, pandas
    store.create_grouping("topics", by="embedding", groups=64)
    store.create_snapshot("monday")
    plan = store.create_plan("sweep", snapshot="monday", grouping="topics", batch_size=64)

    batch = plan.batch(epoch=0, step=812, rank=0, world=8)
    batch.prompts, batch.responses, batch.group

Reading happens in this process, by libcohort; it blocks no writer, and none blocks it. What writes runs the program
`cohort`, which the package carries. All objects may be used by several threads, are pickled as their arguments, and work
in a child after fork. Nothing happens at import: names are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cohort._batch import Batch
    from cohort._dataset import Dataset
    from cohort._errors import (
        BusyError,
        CohortError,
        CorruptionError,
        InterruptedByUserError,
        NotFoundError,
        QuarantineWarning,
        UnavailableError,
        UsageError,
    )
    from cohort._maps import Map
    from cohort._plan import Plan, Reader
    from cohort._program import program, run, sqlite_extension, version
    from cohort._store import Store, init, open
    from cohort._tables import Group, GroupTable, Report, Table

_HOMES = {
    "Batch": "_batch",
    "Dataset": "_dataset",
    "BusyError": "_errors",
    "CohortError": "_errors",
    "CorruptionError": "_errors",
    "InterruptedByUserError": "_errors",
    "NotFoundError": "_errors",
    "QuarantineWarning": "_errors",
    "UnavailableError": "_errors",
    "UsageError": "_errors",
    "Map": "_maps",
    "Plan": "_plan",
    "Reader": "_plan",
    "program": "_program",
    "run": "_program",
    "sqlite_extension": "_program",
    "version": "_program",
    "Store": "_store",
    "init": "_store",
    "open": "_store",
    "Group": "_tables",
    "GroupTable": "_tables",
    "Report": "_tables",
    "Table": "_tables",
}

NONE = 0xFFFFFFFF
"""What stands for "no value" in columns of numbers: no group, no length, no task."""

__all__ = [
    "NONE",
    "Batch",
    "Dataset",
    "BusyError",
    "CohortError",
    "CorruptionError",
    "InterruptedByUserError",
    "NotFoundError",
    "QuarantineWarning",
    "UnavailableError",
    "UsageError",
    "Map",
    "Plan",
    "Reader",
    "program",
    "run",
    "sqlite_extension",
    "version",
    "Store",
    "init",
    "open",
    "Group",
    "GroupTable",
    "Report",
    "Table",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if name == "__version__":
        value: Any = __import__("importlib.metadata", fromlist=["version"]).version("cohort")
    elif home is not None:
        value = getattr(__import__(f"cohort.{home}", fromlist=[name]), name)
    else:
        raise AttributeError(f"module 'cohort' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted({*globals(), *_HOMES, "__version__"})
