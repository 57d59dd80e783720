"""Which file's results have which name in a folder, from run to run and for runs at once."""

import fcntl
import filecmp
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path

from avel.cache.whole import replacing
from avel.pipeline.formats.names import folded, own_name, told_apart
from avel.pipeline.formats.whole import unwritable, write_whole
from avel.pipeline.reasons import EnvironmentProblem, InputError

INDEX = "avel.index"
EVENTS = "events"
"""Name of the files that hold all videos together, before their suffix."""
LISTED = "videos"
"""Name of the file that lists every video, whatever formats are asked for."""
RESERVED = (EVENTS, LISTED, "index")
"""Names of files over all results, which no video's have."""


@dataclass
class Index:
    """What a folder of results holds.

    Attributes:
        names: Path of the file by the name of its results, without the format's suffix.
        together: Names of the results that a file of many holds, by its name.
    """

    names: dict[str, str] = field(default_factory=dict)
    together: dict[str, list[str]] = field(default_factory=dict)

    def claim(self, files: Iterable[str], taken: Iterable[str]) -> list[str]:
        """A name of at most 213 bytes for each file: that which it had, its own, or another.

        Args:
            files: As they were given; two ways of writing one path are two files.
            taken: Names that were in the folder before, whoever's.
        """
        known = {path: name for name, path in self.names.items()}
        used = {*RESERVED, *map(folded, (*self.names, *taken))}
        found = []
        for file in files:
            path = os.path.join(os.getcwd(), file)
            name = known.get(path) or _free(path, used)
            used.add(folded(name))
            known[path], self.names[name] = name, path
            found.append(name)
        return found

    def others(self, file: str, names: Sequence[str]) -> bool:
        """Whether a file that is there holds results of others than these, or is not ours."""
        return not set(self.together.get(file, [""])) <= set(names)


def _free(path: str, used: set[str]) -> str:
    own = own_name(path)
    return own if folded(own) not in used else told_apart(path)


def claim(out: Path, files: Iterable[str], suffixes: Iterable[str]) -> list[str]:
    """Names of at most 213 bytes for files' results in a folder, the same whenever it is asked.

    No other file's results have them, of this run, an earlier one or one that runs beside it, and
    no file of somebody else's.

    Args:
        out: The folder.
        files: As they were given.
        suffixes: With which the names will be used.

    Raises:
        InputError: the folder's index is not one.
        EnvironmentProblem: it cannot be read or written.
    """
    with index_of(out) as index:
        return index.claim(files, _taken(out, tuple(suffixes)))


def _taken(out: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    for name in os.listdir(out):
        yield from (name.removesuffix(end) for end in suffixes if name.endswith(end))


def keep_earlier(path: Path, index: Index, names: Sequence[str]) -> Path | None:
    """Give an earlier file of many a second name where it holds more than the new one will.

    The second name, such as `events-earlier.csv`; None where it holds no others, or is kept
    already.

    Raises:
        EnvironmentProblem: it cannot be kept; it is as it was.
    """
    if not path.is_file() or not index.others(path.name, names):
        return None
    try:
        for number in count(1):
            mark = f"-{number}" if number > 1 else ""
            kept = path.with_name(f"{path.stem}-earlier{mark}{path.suffix}")
            if not kept.exists():
                with replacing(kept, durable=False) as part:
                    shutil.copy2(path, part)
                return kept
            if filecmp.cmp(path, kept, shallow=False):
                return None
    except OSError as err:
        raise unwritable(path, err) from err
    return None


@contextmanager
def index_of(out: Path) -> Iterator[Index]:
    """The folder's index, for one process at a time, written again where the block changes it.

    Raises:
        InputError: it is not one.
        EnvironmentProblem: it cannot be read or written.
    """
    path = out / INDEX
    with _alone(out):
        text = _read(path)
        index = _parsed(path, text)
        yield index
        if index != _parsed(path, text):
            write_whole(path, json.dumps(asdict(index), indent=0, sort_keys=True) + "\n")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not every network share has locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as err:
        raise _no_index(path) from err
    except OSError as err:
        raise EnvironmentProblem(
            f"{path}: cannot be read ({err.strerror or err}), so that names of results are not "
            "known; give this user the right, or give another folder"
        ) from err


def _parsed(path: Path, text: str) -> Index:
    if not text:
        return Index()
    try:
        index = Index(**json.loads(text))
        kinds = {type(each) for each in index.names.values()}, {*map(type, index.together.values())}
    except (ValueError, TypeError, AttributeError) as err:
        raise _no_index(path) from err
    if not (kinds[0] <= {str} and kinds[1] <= {list}):
        raise _no_index(path)
    return index


def _no_index(path: Path) -> InputError:
    return InputError(
        f"{path}: is not the index that avel writes there; move it away, or give another folder"
    )
