"""Items, stores and faults that the cache's tests share. Imports no pytest: writer processes use it."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from avel.cache.arrays import Array
from avel.cache.layout import Item
from avel.cache.store import Store

RECIPE = {"stage": "features", "version": 1, "config": {"extractor": "test", "x": 0.5}}
REPOSITORY = Path(__file__).resolve().parents[2]


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def arrays(number: int) -> dict[str, Array]:
    """Values that a number alone decides; lengths differ from item to item."""
    rng = np.random.default_rng(number)
    rows = 1 + number % 7
    return {
        "visual": rng.standard_normal((rows, 16)).astype(np.float32),
        "map": rng.standard_normal((rows, 49, 8)).astype(np.float16),
        "mask": rng.random(rows) < 0.5,
        "meta": np.frombuffer(json.dumps({"n": number}).encode(), np.uint8),
    }


def item(number: int) -> Item:
    return Item(bytes.fromhex(key(number)), arrays(number))


def store(root: Path, **options: Any) -> Store:
    return Store(root, "features", RECIPE, **options)


def fill(root: Path, numbers: range, **limits: Any) -> Store:
    made = store(root)
    with made.writer(**limits) as writer:
        for number in numbers:
            writer.add(key(number), arrays(number))
    return made


def shards(found: Store) -> list[Path]:
    return sorted(found.folder.glob("*.h5"))


def assert_same(found: dict[str, Array] | None, expected: dict[str, Array]) -> None:
    assert found is not None
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def assert_holds(found: Store, number: int) -> None:
    assert_same(found.get(key(number)), arrays(number))


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    """For what another thread does: ends as soon as it is done."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)


@contextlib.contextmanager
def refusing(number: int, of: Path, what: str = "open") -> Iterator[None]:
    """`os.open` or `os.preadv` fails by an errno for one file: root may read everything."""
    real = getattr(os, what)

    def fake(target: Any, *args: Any, **options: Any) -> Any:
        name = target if what == "open" else os.readlink(f"/proc/self/fd/{target}")
        if Path(name) == of:
            raise OSError(number, os.strerror(number), str(of))
        return real(target, *args, **options)

    setattr(os, what, fake)
    try:
        yield
    finally:
        setattr(os, what, real)


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path | None]:
    """A disk of a size; None where nobody may mount."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)  # maps are still open


def fill_up(disk: Path, *, but: int = 0) -> Path:
    """A file that takes what is left of a small disk, but for some bytes."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    if but:
        os.truncate(filler, filler.stat().st_size - but)
    return filler


NURSERY = """
import os, sys
sys.path.insert(0, {repository!r})
from pathlib import Path
from tests.cache.items import arrays, key, store

def write(root, first, last, max_items):
    made = store(Path(root))
    with made.writer(max_items=int(max_items)) as writer:
        for number in range(int(first), int(last)):
            if key(number) not in made:
                writer.add(key(number), arrays(number))
                os.write(1, b"%d\\n" % len(made))

for line in sys.stdin:
    children = []
    for job in line.split(";"):
        child = os.fork()
        if not child:
            write(*job.split())
            os._exit(0)
        children.append(child)
    print("pid", *children, flush=True)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print("end", *codes, flush=True)
"""


class Nursery:
    """A process that forks writers: Python and numpy start once for all of them."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", NURSERY.format(repository=str(REPOSITORY))]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, *jobs: tuple[Path, int, int, int]) -> int:
        """Start writers by root, first and last number and items of a shard; the last's id."""
        assert self._process.stdin is not None
        text = ";".join(" ".join(map(str, job)) for job in jobs)
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        line = self.line()
        while not line.startswith("pid"):  # children may speak before they are named
            line = self.line()
        return int(line.split()[-1])

    def line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery died"
        return line

    def end(self) -> tuple[list[int], set[int]]:
        """The numbers that the writers still said, and their exit codes."""
        said = []
        while not (line := self.line()).startswith("end"):
            said.append(int(line))
        return said, {int(code) for code in line.split()[1:]}

    def close(self) -> None:
        self._process.communicate()
