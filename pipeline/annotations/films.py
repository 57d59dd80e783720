"""Which film a sheet is about: always one of those that were given, whatever a file names."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from avel.pipeline.annotations.marks import Sheet
from avel.pipeline.formats.index import INDEX
from avel.pipeline.media.folders import find_media
from avel.pipeline.media.suffixes import VIDEO_SUFFIXES, suffix
from avel.pipeline.reasons import InputError

MIDDLES = re.compile(
    r"(\.(audacity|selections?|table|labels?|results|annotations|birdnet|\d+))+$", re.IGNORECASE
)
"""What tools put between the name of a film and the end of theirs."""
MOST_NAMED = 5


class Films:
    """Films by the ends of their paths.

    Args:
        files: All that there are.
        where: In messages, what was looked through.
    """

    def __init__(self, files: Iterable[Path], where: str) -> None:
        self._where = where
        self._by_name: dict[str, list[Path]] = {}
        self._by_stem: dict[str, list[Path]] = {}
        for path in files:
            name = _same(path.name)
            self._by_name.setdefault(name, []).append(path)
            self._by_stem.setdefault(name.removesuffix(suffix(name)), []).append(path)

    @classmethod
    def below(cls, folder: Path) -> "Films":
        """The media files in a folder and below.

        Raises:
            InputError: it is no folder, or holds none.
        """
        if not folder.is_dir():
            raise InputError(f"--media {folder}: is no folder; give the one that holds the films")
        found = find_media(folder).files
        if not found:
            raise InputError(f"--media {folder}: holds no media file; give the films' folder")
        return cls(found, f"below --media {folder}")

    def of(self, sheet: Sheet) -> Path:
        """The film that a sheet names, else the one that its file is called after.

        A name leads nowhere by itself: it is compared with those of the films, by its last part
        first. Of several films of one name that which shares more folders with it is taken.

        Raises:
            InputError: there is none, or several fit equally.
        """
        given = sheet.films or tuple(_own_names(sheet.path))
        written = [parts for name in given for parts in _parts(name)]
        for table, cut in ((self._by_name, False), (self._by_stem, True)):
            for parts in written:
                if found := self._in(table, parts, cut):
                    return _only(sheet, parts, found)
        raise InputError(
            f"{sheet.path}: is about {_shown(given[0])}, and no such film is {self._where}; give "
            "its folder, or give the film the name that the file has"
        )

    def _in(self, table: dict[str, list[Path]], parts: list[str], cut: bool) -> list[Path]:
        """Films whose paths end most like these parts; of one stem, moving pictures first."""
        name = parts[-1]
        stems = {name, name.removesuffix(suffix(name))} if cut else {name}
        found = [path for stem in sorted(stems) for path in table.get(stem, [])]
        if not found:
            return []
        seen = [path for path in found if suffix(path.name) in VIDEO_SUFFIXES] if cut else found
        shared = {path: _shared(path, parts) for path in seen or found}
        best = max(shared.values())
        return [path for path in shared if shared[path] == best]


def _only(sheet: Sheet, parts: list[str], found: list[Path]) -> Path:
    if len(found) == 1:
        return found[0]
    named = ", ".join(map(str, found[:MOST_NAMED]))
    raise InputError(
        f"{sheet.path}: {_shown('/'.join(parts))} may be any of {len(found)} films ({named}); give "
        "the films names of their own, or a --media folder that holds one of them"
    )


def _shared(path: Path, parts: list[str]) -> int:
    """Number of folders, from the last one on, that a film's path has in common with a name."""
    pairs = zip(reversed(path.absolute().parts[:-1]), reversed(parts[:-1]), strict=False)
    count = 0
    for own, named in pairs:
        if _same(own) != named:
            break
        count += 1
    return count


def _parts(name: str) -> Iterator[list[str]]:
    """Parts of a path or an address of any system, as it stands and with `%20` as a space."""
    plain = unquote(name, errors="surrogateescape")
    for each in dict.fromkeys((name, plain)):
        parts = [_same(part) for part in re.split(r"[/\\]+", each) if part not in ("", ".", "..")]
        if parts:
            yield parts


def _own_names(path: Path) -> Iterator[str]:
    """What a file of annotations is called after, where an index of ours knows it, its path."""
    stem = path.stem
    plain = MIDDLES.sub("", stem)
    known = _index(path.parent / INDEX)
    yield from (known[name] for name in (plain, stem) if name in known)
    yield from dict.fromkeys((stem, plain))


@lru_cache(maxsize=8)
def _index(path: Path) -> dict[str, str]:
    try:
        names = json.loads(path.read_bytes())["names"]
        return {str(name): str(film) for name, film in names.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # it is a help, not a need


def _same(name: str) -> str:
    """A name in the one form of its letters: a Mac writes others."""
    return unicodedata.normalize("NFC", name)


def _shown(name: str) -> str:
    return repr(name if len(name) < 120 else f"…{name[-100:]}")
