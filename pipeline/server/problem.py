"""What a request cannot have, as the answer that says so."""

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """A request that is refused: its status, a reason code, and a sentence with the remedy.

    Args:
        status: Of HTTP, such as 422.
        reason: Code for programs, in capitals.
        message: What, which value, by which rule, and what to do.
        headers: To be sent beside.
    """

    def __init__(
        self, status: int, reason: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, reason, message)
        self.status, self.reason, self.message = status, reason, message
        self.headers = dict(headers or {})

    @property
    def document(self) -> dict[str, Any]:
        """The answer's body."""
        return {"error": {"reason": self.reason, "message": self.message}}


def too_many(reason: str, message: str, seconds: int = 1) -> Problem:
    """A request that may be made again in some seconds."""
    return Problem(429, reason, message, {"Retry-After": str(max(1, seconds))})


def missing(what: str, name: str) -> Problem:
    """Something that is not there, or not any more."""
    return Problem(
        404, "NOT_FOUND", f"{what} '{name:.40}' is not there; list what is, and ask again"
    )
