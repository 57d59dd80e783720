"""The video of a name in a folder, whatever kind of file it is."""

import os
from functools import lru_cache
from pathlib import Path

from avel.pipeline.media.suffixes import VIDEO_SUFFIXES, suffix
from avel.pipeline.reasons import InputError


def video_of(folder: Path, stem: str) -> Path | None:
    """The file `stem` with an end that videos have, in any letters; None where there is none.

    Of several the one whose end is the more usual.

    Raises:
        InputError: the folder cannot be listed.
    """
    usual = folder / f"{stem}{VIDEO_SUFFIXES[0]}"
    if usual.is_file():
        return usual
    return next(filter(Path.is_file, _videos(folder, _changed(folder)).get(stem, ())), None)


@lru_cache(maxsize=8)
def _videos(folder: Path, changed: int) -> dict[str, list[Path]]:
    """Videos of a folder by stem; another `changed`, the folder's time in ns, asks anew."""
    found: dict[str, list[Path]] = {}
    for name in _names(folder):
        if (end := suffix(name)) in VIDEO_SUFFIXES:
            found.setdefault(name[: -len(end)], []).append(folder / name)
    for paths in found.values():
        paths.sort(key=lambda path: VIDEO_SUFFIXES.index(suffix(path.name)))
    return found


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as err:
        raise InputError(f"{folder}: cannot be listed ({err.strerror or err})") from err


def _changed(folder: Path) -> int:
    """When names in a folder changed last, in ns; 0 where it cannot be seen."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
