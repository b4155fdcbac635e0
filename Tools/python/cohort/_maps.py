"""Maps: a place in the plane for every sample of a grouping, and drawings of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

from cohort import _program
from cohort._tables import Report

if TYPE_CHECKING:
    from cohort._verbs import Verbs

Form = Literal["html", "png", "svg"]


class Map:
    """A map of a store, by `store.map(name)`.

        store.create_map("overview", grouping="topics")
        store.map("overview").draw("map.html", colour="task")

    Places stay: `update()` places new samples without moving those that are there.
    """

    def __init__(self, store: Verbs, name: str) -> None:
        self._store = store
        self.name = name
        """Its name in the store."""

    @property
    def info(self) -> Report:
        """grouping, samples, live, edition, created, digest, …: as the store has it now.

        Raises: NotFoundError if there is no such map.
        """
        return self._store.run("map show", self.name)

    def draw(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        colour: Literal["group", "task", "source", "length", "age"] | None = None,
        label: Literal["terms"] | None = None,
        width: int | None = None,
        height: int | None = None,
        theme: Literal["light", "dark"] | None = None,
        form: Form | None = None,
        progress: bool | None = None,
    ) -> Any:
        """Draws the map as a page that needs no network, or as a picture.

        The page has the beginnings of up to 100,000 samples; whoever gets it can read them.

        Args:
            path: a file that ends in .html, .png or .svg; None for the bytes themselves.
            colour: what colours mean (the group if nothing is said). A page offers all of them.
            label: "terms" writes the words that set each group apart into the map.
            width, height, theme: of a picture: 1600 and 1200 pixels, light.
            form: what to draw where the path does not tell it; of bytes a page if nothing is said.

        Returns: a report (file, samples, unplaced, texts, bytes); without a path, the bytes.
        """
        options: dict[str, Any] = dict(
            colour=colour, label=label, width=width, height=height, theme=theme, progress=progress
        )
        options["as"] = form
        if path is not None:
            return self._store.run("map draw", self.name, path, **options)
        options["as"] = form or "html"
        text, _ = _program.output("map draw", self.name, "-", store=self._store.path, **options)
        return text.encode("utf-8", "surrogateescape")

    def update(self, *, tail: bool = False, progress: bool | None = None) -> Report:
        """Places the samples that came since, a whole round of the grouping at a time; `tail=True` also those of a round that
        is not whole yet."""
        return self._store.run("map update", self.name, tail=tail, progress=progress)

    def refit(self, *, progress: bool | None = None) -> Report:
        """Lays the map out anew: all its samples move."""
        return self._store.run("map create", self.name, refit=True, progress=progress)

    def drop(self) -> Report:
        """Forgets the map. The samples stay."""
        return self._store.run("map drop", self.name)

    def __repr__(self) -> str:
        return f"Map({self.name!r})"
