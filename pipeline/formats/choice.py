"""Formats as users name them; loads nothing, so that a wrong name is said at once."""

from collections.abc import Sequence
from difflib import get_close_matches

from avel.pipeline.reasons import InputError

NAMES = (
    "json",
    "csv",
    "tsv",
    "jsonl",
    "webvtt",
    "srt",
    "audacity",
    "raven",
    "eaf",
    "textgrid",
    "activitynet",
    "labelstudio",
    "fiftyone",
    "rttm",
    "dcase",
    "otio",
    "edl",
    "fcpxml",
    "chapters",
    "kdenlive",
)
"""In the order of `docs/formats.md`."""
USUAL = ("json", "csv")
"""Those of a folder where none is asked for."""
ALL = "all"


def chosen(given: Sequence[str] | None) -> tuple[str, ...]:
    """Names as given, each once: one or several with commas between, or `all`.

    Raises:
        InputError: no such format.
    """
    if given is None:
        return USUAL
    words = separated(given)
    if ALL in words:
        return NAMES
    return tuple(dict.fromkeys(map(known, words)))


def separated(given: Sequence[str]) -> list[str]:
    """Names in small letters, of words that may hold several with commas between."""
    return [word.strip().lower() for each in given for word in each.split(",")]


def known(word: str) -> str:
    """One format's name, as it is.

    Raises:
        InputError: no such format.
    """
    if word in NAMES:
        return word
    near = get_close_matches(word, NAMES, 1)
    guess = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(NAMES)}"
    raise InputError(f"format '{word}' is none; {guess}")
