"""What a user names on the command line into a list of local files."""

from collections.abc import Sequence
from pathlib import Path

from avel.pipeline.reasons import InputError

MEDIA_SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".flv",
        ".ts",
        ".mts",
        ".m2ts",
        ".mpg",
        ".mpeg",
        ".wmv",
        ".asf",
        ".ogv",
        ".3gp",
        ".mxf",
        ".wav",
        ".mp3",
        ".flac",
        ".m4a",
        ".aac",
        ".ogg",
        ".opus",
    ]
)
LIST_SUFFIXES = frozenset({".txt", ".lst", ".list"})


def expand(names: Sequence[str]) -> list[Path]:
    """Files named directly, media files in folders (recursively), and lines of list files.

    Raises:
        InputError: a URL, an empty name, a folder without media, or an empty list. A file that
            does not exist is kept: it gets its own result.
    """
    return [path for name in names for path in _expand_one(name)]


def _expand_one(name: str) -> list[Path]:
    if not name:  # as a path it would be the current folder
        raise InputError("an empty name is no file; give a path, or '.' for the current folder")
    if "://" in name:
        raise InputError(f"{name}: only local files are read; download it first")
    path = Path(name)
    if path.is_dir():
        return _in_folder(path)
    if path.suffix.lower() in LIST_SUFFIXES and path.is_file():
        return _in_list(path)
    return [path]


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in MEDIA_SUFFIXES
        and path.is_file()
        and not path.name.startswith(".")
    )
    if not files:
        suffixes = " ".join(sorted(MEDIA_SUFFIXES))
        raise InputError(f"{folder}: no media file in this folder (looked for {suffixes})")
    return files


def _in_list(listing: Path) -> list[Path]:
    """One path per line, relative to the list's own folder; blank lines are skipped."""
    try:
        lines = [line.strip() for line in listing.read_text("utf-8").splitlines()]
    except UnicodeDecodeError as err:
        raise InputError(f"{listing}: is no list of paths (not UTF-8 text)") from err
    lines = [line for line in lines if line]
    for line in lines:
        if "://" in line:
            raise InputError(f"{listing}: only local files are read, not {line}; download it first")
    if not lines:
        raise InputError(f"{listing}: the list names no file")
    return [listing.parent / line for line in lines]
