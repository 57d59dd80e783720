"""Where a video lies, as formats name it."""

import os
from pathlib import Path

from avel.pipeline.formats.shape import Entry

TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".wav": "audio/x-wav",
    ".mp3": "audio/mpeg",
}
"""Media types by suffix, of those that programs ask for."""


def media_type(entry: Entry) -> str:
    """Of the video; `unknown` where it is none of the usual ones."""
    return TYPES.get(Path(entry.result.file).suffix.lower(), "unknown")


def address(entry: Entry) -> str:
    """As a `file:` address of bytes, whatever they are."""
    return Path(entry.result.file).absolute().as_uri()


def beside(entry: Entry) -> str:
    """Seen from the folder where the format's file will lie, or from its own where not known."""
    path = Path(entry.result.file).absolute()
    seen = os.path.relpath(path, entry.folder) if entry.folder else path.name
    return seen if seen.startswith("..") else f"./{seen}"
