"""What changes a store, and what asks it in the program's ways: `cohort` is run as a child."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from cohort import _ingest, _program
from cohort._errors import NotFoundError, UsageError
from cohort._tables import Report, Table

if TYPE_CHECKING:
    from cohort._maps import Map
    from cohort._plan import Plan

Ids = int | Sequence[int] | range | npt.NDArray[Any]
Part = Literal["prompt", "response", "total"]
Path = str | os.PathLike[str]

_MOST_ARGUMENTS = 2000


class Verbs:
    """The methods of a store that run the program."""

    path: str

    if TYPE_CHECKING:

        @property
        def samples(self) -> int: ...
        def plan(self, name: str) -> Plan: ...
        def to_parquet(self, path: Path, ids: Ids | None = None) -> int: ...
        def _wanted(self, ids: Ids | None) -> npt.NDArray[np.uint64]: ...

    def run(self, verb: str, *arguments: Path | int, **options: Any) -> Any:
        """Runs a command of `cohort` on this store: `store.run("sample show", 17)`. See `cohort.run`."""
        return _program.run(verb, *arguments, store=self.path, **options)

    def ingest(
        self,
        data: Any,
        *,
        source: str | None = None,
        task: str | None = None,
        task_field: str | None = None,
        layout: str | None = None,
        map: Mapping[str, str] | str | None = None,
        embeddings: npt.ArrayLike | Path | None = None,
        space: str | None = None,
        dedupe: Literal["source", "store", "none"] | None = None,
        identity: Iterable[str] | str | None = None,
        ignore: Iterable[str] | str | None = None,
        dry_run: bool = False,
        progress: bool | None = None,
        **options: Any,
    ) -> Report:
        """Pours data into the store.

        Args:
            data: files or folders (a path, or a list of them; Parquet and Arrow files are read row group by row group), dicts
                (one, a list, a generator), a `datasets.Dataset`, anything of Arrow, or a data frame. Streamed: memory does
                not grow with it, and it is taken as fast as the store takes it. Samples of another store, as `dataset()`,
                `to_arrow()` and the like give them, become the same samples.
            source: the source's name; else the file's, or "stdin".
            task: the task of all samples; task_field: the key that has it.
            layout: how records are laid out, if that is not to be found out: "messages", "alpaca", …
            map: keys that hold the parts: {"prompt": "question", "response": "answer.text"}.
            embeddings: vectors, a row a record: float[n, d], or an .npy file. `space`: where they go.
            dedupe: where equal samples count as duplicates; else as the store was created.
            identity, ignore: attributes that make records with equal messages other samples, or not.
            dry_run: store nothing; the report says what would be.
            progress: show it on standard error; None: if that is a terminal. For data in memory, tqdm shows it if it is
                installed.
            options: more of `cohort ingest`: update_labels=True, split="train", licence="MIT", …

        Returns: inserted, duplicates, quarantined, records, reasons, sources, notes, …

        Raises: CohortError. What was reported or acknowledged before stays; pour the same in again, and it goes on.

        Warns: QuarantineWarning if some records could not become samples.
        """
        flags = dict(
            options, source=source, task=task, task_field=task_field, layout=layout, map=_program.assigned(map), space=space,
            dedupe=dedupe, identity=_program.listed(identity, "identity"), ignore=_program.listed(ignore, "ignore"),
            dry_run=dry_run,
        )  # fmt: skip
        with _vectors(embeddings) as vectors:
            flags["embeddings"] = vectors
            paths = _paths(data)
            if paths is None:
                return self._pour(*_ingest.records(data), flags, progress)
            if vectors is not None and len(paths) > 1 and any(_ingest.is_arrow_file(path) for path in paths):
                raise UsageError("Vectors belong to one file", code="python.usage", hint="Pour the files in one by one")
            reports: list[Report] = []
            for arrow, some in _runs(paths):
                if arrow:
                    named = dict(flags, source=source or _source_name(some[0]))
                    reports.append(self._pour(*_ingest.file(some[0]), named, progress))
                else:
                    reports.append(self.run("ingest", *some, progress=progress, **flags))
            return _together(reports)

    def _pour(
        self, records: Iterable[Mapping[str, Any]], total: int | None, flags: dict[str, Any], progress: bool | None
    ) -> Report:
        records, ours = _ingest.remade(records)
        if ours and flags["layout"] is None:
            flags = dict(flags, layout="messages")
        with _bar(progress, total) as count:
            return self.run("ingest", "-", input=_ingest.lines(records, count), **flags)

    def update(self, grouping: str | None = None, *, progress: bool | None = None, **options: Any) -> list[dict[str, Any]]:
        """Embeds, measures and puts into groups all that is pending. Returns a report for each grouping."""
        return self.run("update", grouping=grouping, progress=progress, **options)

    def create_grouping(
        self,
        name: str,
        *,
        by: str,
        groups: int | None = None,
        group_size: int | None = None,
        edges: Iterable[int] | str | None = None,
        quantiles: int | None = None,
        intervals: int | None = None,
        measure: Part | None = None,
        update: bool = True,
        progress: bool | None = None,
        **options: Any,
    ) -> Report:
        """Adds a way to divide the store into groups, and puts the samples into them.

        Args:
            by: "task", "embedding", "length", "length:MEASURE", "anchors", "attribute:KEY", or "A*B" of two groupings.
            groups, group_size: with embedding, how many groups, or how large.
            edges, quantiles, intervals: with length, the intervals.
            measure: with length, the part that is measured (the response if nothing is said).
            update: put the samples into groups at once; else `update()` does it, or the next snapshot.
            options: more of `cohort grouping create`: space, balance, anchors, votes, leakage, min_size.
        """
        report = self.run(
            "grouping create", name, by=by, groups=groups, group_size=group_size, edges=_program.listed(edges, "edges"),
            quantiles=quantiles, intervals=intervals, measure=measure, **options,
        )  # fmt: skip
        if update:
            self.update(name, progress=progress)
        return report

    def create_snapshot(
        self,
        name: str,
        *,
        groupings: Sequence[str] = (),
        source: str | None = None,
        task: str | None = None,
        where: Mapping[str, Any] | str | Iterable[str] | None = None,
        where_source: Mapping[str, Any] | str | Iterable[str] | None = None,
        progress: bool | None = None,
        **options: Any,
    ) -> Report:
        """Brings the groupings up to date, and pins which sample is in which group, under a name.

        Args:
            groupings: which to pin; else all.
            source, task, where, where_source: only samples for which all of these hold: `where={"lang": "fr"}`, or
                `where=["lang!=fr"]`.
        """
        return self.run(
            "snapshot create", name, grouping=list(groupings), source=source, task=task, where=_program.conditions(where),
            where_source=_program.conditions(where_source), progress=progress, **options,
        )  # fmt: skip

    def create_selection(
        self,
        name: str,
        *,
        snapshot: str,
        count: int | None = None,
        fraction: float | None = None,
        tokens: int | None = None,
        method: Literal["stratified", "random", "facility-location", "kmeans-kcenter", "kcenter"] | None = None,
        strata: str | None = None,
        dedup: float | None = None,
        seed: int | None = None,
        probe: str | None = None,
        progress: bool | None = None,
        **options: Any,
    ) -> Report:
        """Chooses a core set of a snapshot. The report has figures beside 10 random draws of the same size.

        Args:
            count, fraction, tokens: how much it takes; one of them.
            method: how it is chosen (stratified if nothing is said).
            strata: a grouping of the snapshot, or "A*B", whose groups share the budget.
            dedup: leave out samples with a greater cosine to one with a lower id.
            seed: another seed, another choice.
            probe: "task", or an attribute: what a linear probe is to tell apart.
            options: more of `cohort selection create`: grouping, space, length, shares, min_per_stratum, exclude.
        """
        return self.run(
            "selection create", name, snapshot=snapshot, count=count, fraction=fraction, tokens=tokens, method=method,
            strata=strata, dedup=dedup, seed=seed, probe=probe, progress=progress, **options,
        )  # fmt: skip

    def selection(self, name: str) -> npt.NDArray[np.uint64]:
        """uint64[n]: the samples of a selection in its order. Every beginning is a smaller selection."""
        rows = self.run("selection show", name, rows=True)
        return np.fromiter((row["id"] for row in rows), np.uint64, len(rows))

    def create_map(self, name: str, *, grouping: str, progress: bool | None = None) -> Map:
        """Gives every sample of a grouping by embedding a place in the plane, for good."""
        self.run("map create", name, grouping=grouping, progress=progress)
        return self.map(name)

    def map(self, name: str) -> Map:
        """A map of the store: `store.map("overview").draw("map.html")`."""
        from cohort._maps import Map

        return Map(self, name)

    def create_plan(
        self,
        name: str,
        *,
        snapshot: str | None = None,
        selection: str | None = None,
        grouping: str,
        batch_size: int | None = None,
        seed: int | None = None,
        tail: Literal["fill", "short", "drop", "pool"] | None = None,
        order: Literal["shuffled", "curriculum", "round-robin", "blocked"] | None = None,
        **options: Any,
    ) -> Plan:
        """Makes a plan, and opens it. Its `report` says what its epochs give: steps, repeated, dropped, mixed, …

        Args:
            snapshot, selection: what it is over: all samples of a snapshot, or those of a selection.
            batch_size: samples in one optimizer step, over all ranks.
            seed: another seed, another order.
            tail: what becomes of members that fill no batch.
            order: the order of an epoch's batches.
            options: more of `cohort plan create`: small_groups, longest_first, weights, phases, random, token_budget, length.
        """
        report = self.run(
            "plan create", name, snapshot=snapshot, selection=selection, grouping=grouping, batch_size=batch_size, seed=seed,
            tail=tail, order=order, **options,
        )  # fmt: skip
        plan = self.plan(report["plan_hash"])
        plan.report = report
        return plan

    def delete(
        self,
        ids: Ids | None = None,
        *,
        source: str | None = None,
        task: str | None = None,
        where: Mapping[str, Any] | str | Iterable[str] | None = None,
        where_source: Mapping[str, Any] | str | Iterable[str] | None = None,
        grouping: str | None = None,
        group: int | None = None,
        reason: str | None = None,
        dry_run: bool = False,
        **options: Any,
    ) -> Report:
        """Deletes samples for good: some ids, or all for which the conditions hold.

        Plans keep their arithmetic: their batches have a hole (`Batch.missing`). Ids that never were are an error, and nothing
        is deleted.
        """
        filters = dict(
            source=source, task=task, where=_program.conditions(where), where_source=_program.conditions(where_source),
            grouping=grouping, group=group,
        )  # fmt: skip
        more = dict(options, reason=reason, dry_run=dry_run)
        if ids is None:
            if not any(value not in (None, []) for value in filters.values()):
                raise UsageError("Say which samples to delete: ids, or conditions", code="python.usage")
            return self.run("sample delete", yes=True, **filters, **more)
        if any(value not in (None, []) for value in filters.values()):
            raise UsageError("Ids or conditions, not both", code="python.usage")
        wanted = np.unique(self._wanted(ids))
        if not wanted.size:
            return Report(deleted=0)
        if not bool((wanted < self.samples).all()):
            raise NotFoundError(
                f"There is no sample {int(wanted[-1])}", code="python.unknown-sample", hint=f"Ids go to {self.samples - 1}"
            )
        ends = np.flatnonzero(np.diff(wanted) != 1)
        firsts, lasts = wanted[np.r_[0, ends + 1]].tolist(), wanted[np.r_[ends, wanted.size - 1]].tolist()
        ranges = [f"{a}..<{b + 1}" for a, b in zip(firsts, lasts, strict=True)]
        return _together([
            self.run("sample delete", *ranges[i : i + _MOST_ARGUMENTS], **more)
            for i in range(0, len(ranges), _MOST_ARGUMENTS)
        ])  # fmt: skip

    def export(
        self, path: Path, *, as_: str = "messages", with_: Iterable[str] | str | None = None, progress: bool | None = None,
        **options: Any,
    ) -> Report:  # fmt: skip
        """Writes samples as JSON lines: as_="messages", "sharegpt", "alpaca", "prompt-completion", "preference"; as a Parquet
        file with as_="parquet", which needs pyarrow and has the columns of `to_arrow`; for Embedding Atlas with as_="atlas".

        Args:
            with_: more keys of a line: ids, source, lengths, line.
            options: which samples: snapshot, selection, grouping and group, where, search, task.
        """
        if as_ == "parquet":
            if with_ is not None:
                raise UsageError("with_ is for lines: a Parquet file has the columns of to_arrow", code="python.usage")
            return self._export_parquet(path, progress, options)
        options["as"], options["with"] = as_, _program.listed(with_, "with_")
        return self.run("export", path, progress=progress, **options)

    def _export_parquet(self, path: Path, progress: bool | None, options: dict[str, Any]) -> Report:
        """The program says which samples are meant, in which order; the samples go from the store into the file."""
        options["as"], options["with"] = "messages", "ids"
        lines = _program.lines("export", "-", store=self.path, progress=progress, **options)
        ids = np.fromiter((json.loads(line)["id"] for line in lines), np.uint64)
        written = self.to_parquet(path, ids)
        return Report(file=os.fspath(path), written=written, bytes=os.path.getsize(path), deleted=len(ids) - written)

    def sql(self, query: str, *, timeout: float | None = None, limit: int | None = None) -> Table:
        """Asks in SQL: one statement that reads. The tables are those of `cohort sql`.

        Args:
            timeout: seconds it may take (10); limit: the most rows (100,000). More is an error, never half an answer.
        """
        text, _ = _program.output("sql", query, store=self.path, json=True, timeout=timeout, limit=limit)
        rows = _program.parsed(text)
        return Table(rows if isinstance(rows, list) else [] if rows is None else [rows])

    def search(
        self,
        words: str,
        limit: int = 10,
        *,
        source: str | None = None,
        task: str | None = None,
        where: Mapping[str, Any] | str | Iterable[str] | None = None,
        where_source: Mapping[str, Any] | str | Iterable[str] | None = None,
        grouping: str | None = None,
        group: int | None = None,
        longer_than: int | None = None,
        progress: bool | None = False,
    ) -> Table:
        """The samples whose messages hold all of some words, best first, equally good ones by id: rows of `id`, `score`
        (BM25), `snippet` (hits between **) and what else is known of the sample.

        Args:
            words: "a phrase" in quotation marks, word* for words that begin so, AND, OR and NOT; all else is text.
            limit: how many.
            source, task, where, where_source, grouping and group: only samples for which all of these hold.
            longer_than: only samples whose response is longer, in the unit of the store's lengths.
            progress: on standard error, which then also tells of samples that are not in the index yet.
        """
        return Table(
            self.run(
                "sample search", words, limit=limit, source=source, task=task, where=_program.conditions(where),
                where_source=_program.conditions(where_source), grouping=grouping, group=group,
                longer_than=longer_than, progress=progress,
            )
        )  # fmt: skip

    def near(
        self,
        query: str | int | npt.ArrayLike,
        k: int = 10,
        *,
        exact: bool = False,
        grouping: str | None = None,
        space: str | None = None,
        source: str | None = None,
        task: str | None = None,
        where: Mapping[str, Any] | str | Iterable[str] | None = None,
        where_source: Mapping[str, Any] | str | Iterable[str] | None = None,
        progress: bool | None = False,
    ) -> Table:
        """The samples nearest by cosine, nearest first, equally near ones by id: rows of `id` and `distance` = 1 - cosine.

        Args:
            query: a text (for the space's encoder), the id of a sample (which is never among the answers), or a vector
                float[d].
            k: how many.
            exact: read all vectors. Without it that is so while it is instant; beyond, the nearest groups are read.
            grouping: read only the nearest groups of this grouping by embedding.
            space: the embedding space, if not the default.
            source, task, where, where_source: only samples for which all of these hold.
            progress: on standard error, which then also tells whether the answer is exact, and how many vectors were read.
        """
        options = dict(
            k=k, exact=exact, grouping=grouping, space=space, source=source, task=task, where=_program.conditions(where),
            where_source=_program.conditions(where_source), progress=progress,
        )  # fmt: skip
        if isinstance(query, str):
            return Table(self.run("sample near", text=query, **options))
        if isinstance(query, (int, np.integer)) and not isinstance(query, bool):
            return Table(self.run("sample near", id=int(query), **options))
        array = np.asarray(query)
        if array.dtype.kind not in "fiu" or array.ndim != 1:
            raise UsageError("A query is a text, the id of a sample, or one vector", code="python.usage")
        with _vectors(array) as vector:
            return Table(self.run("sample near", vector=vector, **options))

    def duplicates(
        self,
        threshold: float = 0.95,
        *,
        within: str | None = None,
        across: Sequence[str] | str = (),
        space: str | None = None,
        counts: bool = False,
        progress: bool | None = None,
    ) -> Table:
        """Clusters of near-duplicates: rows of `representative` (the lowest id), `size`, `ids`, `similarities` to the
        representative, `sources`.

        Args:
            threshold: the least cosine similarity of two near-duplicates.
            within: a grouping by embedding that says where to look (it changes the work, not the answer), or another one
                whose groups are kept apart.
            across: only clusters that reach from this source to another; with several, from one of them to another.
            counts: rows of `source`, `other`, `samples`, `of` and `share` instead: how much sources have in common.
        """
        names = [across] if isinstance(across, str) else list(across)
        return Table(
            self.run(
                "sample duplicates", threshold=threshold, within=within, across=names, space=space, counts=counts,
                progress=progress,
            )
        )  # fmt: skip

    def compare(self, first: str, second: str, *, cells: int | None = None, moves: int | None = None) -> Report:
        """Two groupings, or one at two snapshots (`"topics@monday"`), beside one another: `nmi`, `adjusted_rand`,
        `v_measure`, `purity`, the greatest cells of the `contingency`, the largest `moves`."""
        return self.run("group compare", first, second, cells=cells, moves=moves)

    def query(self, name: str, /, **params: Any) -> Table:
        """The answer of a saved query, with values for its parameters: `store.query("largest", least=1000)`."""
        given = [f"{key}={_program.scalar(value)}" for key, value in params.items()]
        text, _ = _program.output("query run", name, store=self.path, json=True, param=given)
        rows = _program.parsed(text)
        return Table(rows if isinstance(rows, list) else [] if rows is None else [rows])


def _paths(data: Any) -> list[str] | None:
    """Paths if it is one, or a list of them; None if it is data."""
    if isinstance(data, (str, os.PathLike)):
        return [os.fspath(data)]
    if isinstance(data, (list, tuple)) and data and all(isinstance(item, (str, os.PathLike)) for item in data):
        return [os.fspath(item) for item in data]
    return None


def _runs(paths: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """Paths in their order: files of Arrow one by one, others as many together as there are."""
    others: list[str] = []
    for path in paths:
        if _ingest.is_arrow_file(path):
            if others:
                yield False, others
                others = []
            yield True, [path]
        else:
            others.append(path)
    if others:
        yield False, others


def _source_name(path: str) -> str:
    """The last two components, as the program names the source of a file."""
    folder, name = os.path.split(os.path.abspath(path))
    return f"{os.path.basename(folder)}/{name}" if os.path.basename(folder) else name


def _together(reports: Sequence[Report]) -> Report:
    """Several reports as one: numbers add up, lists follow one another."""
    if len(reports) == 1:
        return reports[0]
    whole = Report()
    for report in reports:
        for key, value in report.items():
            before = whole.get(key)
            if before is None or isinstance(value, (bool, str)):
                whole[key] = value
            elif isinstance(value, (int, float, list)):
                whole[key] = before + value
            elif isinstance(value, dict):
                whole[key] = {**before, **{name: before.get(name, 0) + n for name, n in value.items()}}
    return whole


class _vectors:
    """Vectors as a file for the program."""

    def __init__(self, vectors: npt.ArrayLike | Path | None) -> None:
        self._vectors = vectors
        self._file: str | None = None

    def __enter__(self) -> str | None:
        if self._vectors is None:
            return None
        if isinstance(self._vectors, (str, os.PathLike)):
            return os.fspath(self._vectors)
        array = np.asarray(self._vectors)
        if array.dtype.kind != "f" or array.itemsize > 8:
            array = array.astype(np.float32)
        handle, self._file = tempfile.mkstemp(suffix=".npy", prefix="cohort-")
        with os.fdopen(handle, "wb") as file:
            np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        return self._file

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.unlink(self._file)


class _bar:
    """A bar of tqdm over records, if it is wanted and tqdm is there."""

    def __init__(self, progress: bool | None, total: int | None) -> None:
        self._bar: Any = None
        if progress or (progress is None and sys.stderr is not None and sys.stderr.isatty()):
            try:
                from tqdm.auto import tqdm
            except ImportError:
                return
            self._bar = tqdm(total=total, unit=" records", desc="ingest")

    def __enter__(self) -> Callable[[int], object] | None:
        return None if self._bar is None else self._bar.update

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
