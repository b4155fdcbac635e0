"""Tables for notebooks. Everything that comes from data is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

ROWS = 20
"""How many rows a notebook shows."""

_WIDTH = 300


def short(text: str) -> str:
    """A text, cut for a cell."""
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], total: int | None = None) -> str:
    """A table in HTML; says how many rows there are in all if it does not show them."""
    rows = list(rows)
    head = "".join(f"<th>{_cell(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>" for row in rows)
    more = f"<p>… {total - len(rows)} more</p>" if total is not None and total > len(rows) else ""
    return f"<div><b>{_cell(title)}</b><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}</div>"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return html.escape(str(value), quote=True)
