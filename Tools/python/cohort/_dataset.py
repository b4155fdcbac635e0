"""A store as a map-style dataset: index is the id of a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cohort._batch import Sample
from cohort._errors import NotFoundError

if TYPE_CHECKING:
    from cohort._store import Store

_CHUNK = 1024


class Dataset:
    """The samples of a store by id, for `torch.utils.data.DataLoader` and the like; by `store.dataset()`.

    `len(dataset)` is the greatest id + 1 as the store is at that moment, so that ids are indices and batch samplers may give
    any of them. `dataset[id]` is a sample as a dict: id, messages, prompt, response, task, source, line; tools and
    attributes where there are some. Ids of samples that were deleted, and the id -1 that pads a short batch, give a row
    without messages that says `"missing": True`.

    With a snapshot, ids outside of it are a KeyError, and ones that were deleted since are as above.
    """

    def __init__(self, store: Store, snapshot: str | None = None) -> None:
        self.store = store
        self.snapshot = snapshot
        self._members: npt.NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return self.store.samples

    def __getitem__(self, id: int) -> Sample:
        return self.__getitems__([id])[0]

    def __getitems__(self, ids: Sequence[int]) -> list[Sample]:
        """The samples of these ids in their order, read in one transaction.

        Raises: IndexError for ids that the store never had; KeyError for those outside of the snapshot.
        """
        wanted = np.asarray(ids, dtype=np.int64)
        if wanted.ndim != 1:
            raise TypeError("ids must be a flat list")
        padding = wanted == -1
        if wanted.size and int(wanted.min()) < -1:
            raise IndexError(f"ids are 0 or more, and -1 for padding; not {int(wanted.min())}")
        read = wanted[~padding].astype(np.uint64)
        self._check(read)
        try:
            rows: Iterator[Sample] = iter(self.store.batch(read))
        except NotFoundError as error:
            raise IndexError(str(error)) from error
        return [dict(_PADDING, messages=[]) if pad else next(rows) for pad in padding]

    def __iter__(self) -> Iterator[Sample]:
        """All samples that are there, in the order of their ids; memory does not grow with them."""
        for ids in self.store._id_chunks(self.snapshot, _CHUNK):
            for row in self.store.batch(ids):
                if "missing" not in row:
                    yield row

    def _check(self, ids: npt.NDArray[np.uint64]) -> None:
        if self.snapshot is None or not ids.size:
            return
        if self._members is None:
            self._members = self.store.ids(self.snapshot)
        members = self._members
        places = np.minimum(np.searchsorted(members, ids), max(len(members) - 1, 0))
        found = members[places] == ids if len(members) else np.zeros(len(ids), bool)
        if not found.all():
            # What was deleted since is not among the members, and belongs to the snapshot all the same.
            strange = ids[~found]
            gone = strange[~self.store.present(strange)] if int(strange.max()) < self.store.samples else strange[:0]
            if len(gone) < len(strange):
                raise KeyError(f"sample {int(strange[0])} is not in snapshot {self.snapshot!r}")

    def __reduce__(self) -> Any:
        return Dataset, (self.store, self.snapshot)

    def __repr__(self) -> str:
        of = "" if self.snapshot is None else f", snapshot {self.snapshot!r}"
        return f"<cohort.Dataset of {self.store.path!r}{of}: ids to {len(self) - 1}>"


_PADDING: Sample = {
    "id": -1, "messages": [], "prompt": "", "response": "", "task": None, "source": None, "line": 0, "missing": True,
}  # fmt: skip
