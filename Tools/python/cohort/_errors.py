"""Exceptions: what library and program say went wrong, by category."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CohortError(Exception):
    """Something went wrong that none of the subclasses names.

    Attributes:
        code: for programs, such as "store.unknown-plan". Codes stay as they are.
        message: what is wrong.
        place: where: a path, a line, an id. Empty if there is nothing to say, as the next two.
        cause: why.
        hint: what to do.
        result: what a command had done before it failed, as it reports it; empty where it reports nothing.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        code: str = "python.failure",
        place: str = "",
        cause: str = "",
        hint: str = "",
        result: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.place = place
        self.cause = cause
        self.hint = hint
        self.result: dict[str, Any] = dict(result or {})

    def __str__(self) -> str:
        lines = [self.message]
        for label, text in (("where", self.place), ("why", self.cause), ("do", self.hint)):
            if text:
                lines.append(f"  {label + ':':<6} {text}")
        return "\n".join(lines)

    def __reduce__(self) -> Any:
        fields = {name: getattr(self, name) for name in ("code", "place", "cause", "hint", "result")}
        return _restored, (type(self), self.message, fields)


class UsageError(CohortError, ValueError):
    """The caller asked for what makes no sense."""

    exit_code = 2


class NotFoundError(CohortError, LookupError):
    """A store, plan, grouping, sample or file that does not exist."""

    exit_code = 3


class CorruptionError(CohortError):
    """Bytes of the store that do not match their checksum or their format."""

    exit_code = 4


class UnavailableError(CohortError):
    """The daemon, a server of embeddings, or the program `cohort` cannot be reached."""

    exit_code = 5


class BusyError(CohortError):
    """Somebody else holds the store, or a disk is full: the same call may succeed later."""

    exit_code = 75


class InterruptedByUserError(CohortError):
    """The program was interrupted. What it had reported before is stored."""

    exit_code = 130


class QuarantineWarning(UserWarning):
    """Some records could not become samples, or some texts could not be embedded; the rest could."""


_CATEGORIES: dict[int, type[CohortError]] = {
    kind.exit_code: kind
    for kind in (UsageError, NotFoundError, CorruptionError, UnavailableError, BusyError, InterruptedByUserError)
}


def category(exit_code: int) -> type[CohortError]:
    """The exception for an exit code of `cohort`, which is also the library's number of a category."""
    return _CATEGORIES.get(exit_code, CohortError)


def from_library(number: int, code: str, message: str, place: str, cause: str, hint: str) -> CohortError:
    """The exception for an error of libcohort. Called by the extension."""
    return category(number)(message, code=code, place=place, cause=cause, hint=hint)


def _restored(kind: type[CohortError], message: str, fields: dict[str, Any]) -> CohortError:
    return kind(message, **fields)
