"""What queries and commands answer: reports, tables, groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

from cohort import _html

if TYPE_CHECKING:
    import pandas
    import pyarrow


class Report(dict[str, Any]):
    """What a command reports: a dict, whose keys are attributes, too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the report has no {name!r}; it has {', '.join(self)}") from None

    def _repr_html_(self) -> str:
        return _html.table("Report", ("", ""), list(self.items()))


class Table(Sequence[Mapping[str, Any]]):
    """The answer of a query: rows as dicts, in order."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        """The rows, each a dict by column."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns; none if there is no row."""
        return list(self.rows[0]) if self.rows else []

    def arrow(self) -> pyarrow.Table:
        """As an Arrow table. Needs pyarrow."""
        import pyarrow

        return pyarrow.Table.from_pylist(self.rows)

    def pandas(self) -> pandas.DataFrame:
        """As a data frame. Needs pandas."""
        import pandas

        return pandas.DataFrame(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self.rows[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"<cohort.Table: {len(self)} rows of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        shown = [[_html.short(str(value)) if isinstance(value, str) else value for value in row.values()]
                 for row in self.rows[: _html.ROWS]]  # fmt: skip
        return _html.table(f"{len(self)} rows", self.columns, shown, len(self))


@dataclass(frozen=True)
class Group:
    """A group of a grouping."""

    id: int | None
    """Its number in the grouping; it keeps it for ever. None: the samples of a snapshot that were without a group."""
    label: str
    """What it is about: a task, a value, a range of lengths. Empty for groups by embedding."""
    size: int
    """How many samples are in it."""
    fields: Mapping[str, Any]
    """All that is known of it: open, parent, heir, born, and what its kind has; of a snapshot offset, longest, mean_length."""


class GroupTable(Sequence[Group]):
    """The groups of a grouping: a list of them."""

    def __init__(self, grouping: str, snapshot: str | None, records: list[dict[str, Any]]) -> None:
        self.grouping = grouping
        """The grouping's name."""
        self.snapshot = snapshot
        """The snapshot that pinned them; None: as they are now."""
        self._records = records
        self._groups = [Group(record["id"], record.get("label") or "", record["size"], record) for record in records]

    def of(self, id: int) -> Group:
        """The group with a number.

        Raises: KeyError if there is none.
        """
        for group in self._groups:
            if group.id == id:
                return group
        raise KeyError(id)

    def to_pandas(self) -> pandas.DataFrame:
        """A row a group. Needs pandas."""
        import pandas

        return pandas.DataFrame(self._records)

    def to_arrow(self) -> pyarrow.Table:
        """A row a group. Needs pyarrow."""
        import pyarrow

        return pyarrow.Table.from_pylist(self._records)

    def __len__(self) -> int:
        return len(self._groups)

    @overload
    def __getitem__(self, index: int) -> Group: ...
    @overload
    def __getitem__(self, index: slice) -> list[Group]: ...
    def __getitem__(self, index: int | slice) -> Group | list[Group]:
        return self._groups[index]

    def __repr__(self) -> str:
        of = "" if self.snapshot is None else f" in snapshot {self.snapshot!r}"
        return f"<cohort.GroupTable: {len(self)} groups of {self.grouping!r}{of}>"

    def _repr_html_(self) -> str:
        largest = sorted(self._groups, key=lambda group: -group.size)[: _html.ROWS]
        rows = [(group.id, group.size, _html.short(group.label)) for group in largest]
        return _html.table(repr(self)[1:-1], ("group", "size", "label"), rows, len(self))
