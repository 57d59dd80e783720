"""Items in files of many: each file whole or absent, so that a stopped export goes on.

What is in the finished files is read from themselves. Items that came into the cache since go into
further files; nothing that is there is written again.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import count, islice
from pathlib import Path
from typing import Protocol

from avel.cache.errors import writing
from avel.cache.store import Store
from avel.cache.whole import replacing
from avel.pipeline.exchange.entries import Entries, Entry
from avel.pipeline.reasons import InputError

ABOUT = "export.json"
STEM = "features"
PER_FILE = 256
"""Items of a file, 200 MB of ten seconds with their maps."""


class Form(Protocol):
    """How items are written into one file."""

    suffix: str

    def write(self, path: Path, entries: Iterable[Entry]) -> None:
        """Write a new file of items."""

    def keys(self, path: Path) -> Iterable[str]:
        """Keys of the items that are in a file."""


def export_shards(
    entries: Entries, out: Path, form: Form, layout: str, per_file: int = PER_FILE
) -> Iterator[int]:
    """Write items into files of many; yields the number of items there are, one by one.

    Args:
        entries: The items.
        out: Folder to write into, new or of the same export before.
        form: Of a file.
        layout: Its name.
        per_file: Items of a file.

    Raises:
        InputError: the folder holds another export, or a file in it is damaged.
        CacheError: the disk is full or the folder not writable; finished files stay.
    """
    resumed = claim(out, entries.store, layout)
    files = _files(out, form.suffix)
    if files and not resumed:
        raise InputError(f"--out {out}: holds {files[-1].name} and no {ABOUT}; name a new folder")
    done = {key for path in files for key in _keys(form, path)}
    there = sum(key in done for key in entries.keys)
    yield from range(1, there + 1)
    left = (key for key in entries.keys if key not in done)
    for number in count(_number(files[-1]) + 1 if files else 0):
        if not (keys := list(islice(left, per_file))):
            return
        path = out / f"{STEM}-{number:06d}{form.suffix}"
        with to_folder(path), replacing(path) as part:
            form.write(part, map(entries.read, keys))
        yield from range(there + 1, there + len(keys) + 1)
        there += len(keys)


def claim(out: Path, store: Store, layout: str) -> bool:
    """Make a folder say which features it holds; whether it said so before.

    Raises:
        InputError: it holds other features, or another layout.
        CacheError: it cannot be written.
    """
    said = {"features": store.fingerprint, "layout": layout}
    about = out / ABOUT
    try:
        before = json.loads(about.read_text("utf-8"))
    except FileNotFoundError:
        with to_folder(about), replacing(about) as part:
            part.write_text(json.dumps({**said, "recipe": dict(store.recipe)}, indent=2) + "\n")
        return False
    except (OSError, ValueError) as err:
        raise InputError(
            f"--out {out}: its {ABOUT} cannot be read ({err}); name another folder"
        ) from err
    for name, value in said.items():
        if not isinstance(before, dict) or before.get(name) != value:
            old = str(before.get(name))[:12] if isinstance(before, dict) else before
            raise InputError(
                f"--out {out}: holds the export of {name} {old}, not {value[:12]}; name another "
                "folder"
            )
    return True


def to_folder(path: Path) -> AbstractContextManager[None]:
    """Turn a refusal to write an export into a sentence with a remedy."""
    return writing(path, room="or give another --out", folder="with --out")


def _files(out: Path, suffix: str) -> list[Path]:
    """Finished files, in the order of their numbers."""
    found = re.compile(rf"{STEM}-\d{{6,}}{re.escape(suffix)}")
    return sorted((p for p in out.iterdir() if found.fullmatch(p.name)), key=_number)


def _number(path: Path) -> int:
    return int(path.stem.removeprefix(f"{STEM}-"))


def _keys(form: Form, path: Path) -> list[str]:
    try:
        return list(form.keys(path))
    except (OSError, ValueError, KeyError) as err:
        raise InputError(
            f"{path}: cannot be read back ({err}); delete it, and it is written again"
        ) from err
