"""Subtitles as annotations: WebVTT and SubRip, a cue a mark."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from avel.pipeline.annotations.encodings import text_of
from avel.pipeline.annotations.marks import Mark, Sheet
from avel.pipeline.annotations.numbers import clock
from avel.pipeline.reasons import InputError

ARROW = "-->"
NO_CUES = re.compile(r"(WEBVTT|NOTE|STYLE|REGION)(\s|$)")
"""How blocks of WebVTT begin that are no cues."""
TAGS = re.compile(r"<[^>]*>")
STYLES = re.compile(r"<[^>]*>|\{[^}]*\}")
LIKENESSES = str.maketrans({"\u2039": "<", "\u203a": ">"})
"""Our own subtitles have these for what SubRip takes for tags."""


def webvtt(path: Path, raw: bytes) -> list[Sheet]:
    """One sheet of the file's cues, in seconds; a cue's lines are one label.

    Raises:
        InputError: it is no WebVTT, or a cue has no times.
    """
    text = text_of(path, raw)
    if not text.startswith("WEBVTT"):
        raise InputError(f"{path}: does not begin with WEBVTT; export it again")
    blocks = (b for b in _blocks(text) if ARROW in "".join(b[1]) or not NO_CUES.match(b[1][0]))
    marks = [_mark(path, at, lines) for at, lines in blocks]
    plain = [unescape(TAGS.sub("", label)) for _, label in marks]
    return [_sheet(path, [m for m, _ in marks], plain)]


def subrip(path: Path, raw: bytes) -> list[Sheet]:
    """The same of SubRip, whose marks of style are left out.

    Raises:
        InputError: a subtitle has no times.
    """
    marks = [_mark(path, at, lines) for at, lines in _blocks(text_of(path, raw))]
    plain = [STYLES.sub("", label).translate(LIKENESSES) for _, label in marks]
    return [_sheet(path, [m for m, _ in marks], plain)]


def _sheet(path: Path, marks: list[Mark], labels: list[str]) -> Sheet:
    found = (
        Mark(label.strip(), mark.onset, mark.offset, mark.place)
        for mark, label in zip(marks, labels, strict=True)
    )
    return Sheet(path, (), tuple(found))


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Lines between empty ones, with the number of the first."""
    block: list[str] = []
    for at, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield at - len(block), block
            block = []


def _mark(path: Path, at: int, lines: list[str]) -> tuple[Mark, str]:
    """A cue's times in seconds, and its text; a line with its name may stand before."""
    number = next((n for n, line in enumerate(lines[:2]) if ARROW in line), None)
    try:
        if number is None:
            raise ValueError("a cue has no line with -->")
        start, _, stop = lines[number].partition(ARROW)
        onset, offset = clock(start), clock((stop.split() or [""])[0])
    except ValueError as err:
        raise InputError(f"{path}, line {at + (number or 0)}: {err}; export it again") from err
    return Mark("", onset, offset, f"line {at + number}"), " ".join(lines[number + 1 :])
