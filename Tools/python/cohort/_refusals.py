"""Refusals of the training modules: what is wrong, and what to do."""

from __future__ import annotations

from ._errors import UsageError


def usage(message: str, hint: str | None = None) -> UsageError:
    """The error to raise when a call or a setting cannot work."""
    return UsageError(message, hint=hint or "")
