"""What a user may have mistyped about an extractor, and the name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


class ExtractorError(ValueError):
    """No such extractor, option or adapter setting, or one out of its range; says what there is."""


def unknown(what: str, name: str, known: Iterable[str]) -> ExtractorError:
    """The error for a name that does not exist: `what` as a sentence's start, and a near name."""
    names = list(known)
    near = get_close_matches(name, names, 1, 0.5)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return ExtractorError(f"{what} {', '.join(names)}{hint}")
