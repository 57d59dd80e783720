"""Download a published weight file: resumed where it broke off, checked before it counts."""

import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from avel.extractors.weights.files import WeightsError, sha256_of
from avel.extractors.weights.registry import Published

CHUNK = 1 << 20


def fetch(entry: Published, folder: Path) -> Iterator[int]:
    """Download into `folder`, yielding the bytes there so far; done when the iteration ends.

    What has come is kept as `<name>.part` and the next call goes on from there.

    Raises:
        WeightsError: offline, or what came is not the published file.
    """
    path, part = folder / entry.name, folder / f"{entry.name}.part"
    folder.mkdir(parents=True, exist_ok=True)
    if (
        path.is_file()
        and path.stat().st_size == entry.num_bytes
        and sha256_of(path) == entry.sha256
    ):
        return
    try:
        yield from _download(entry, part)
    except (urllib.error.URLError, OSError) as err:
        raise WeightsError(
            f"{entry.name}: cannot be downloaded ({getattr(err, 'reason', err)}); with a network "
            f"get {entry.url} and put it at {path}, then `avel weights verify`"
        ) from err
    found = sha256_of(part)
    if found != entry.sha256:
        part.unlink()
        raise WeightsError(
            f"{entry.name}: what came from {entry.url} has sha256 {found[:12]}, published is "
            f"{entry.sha256[:12]}; it was deleted, fetch again"
        )
    os.replace(part, path)


def _download(entry: Published, part: Path) -> Iterator[int]:
    done = part.stat().st_size if part.exists() else 0
    if done == entry.num_bytes:
        return
    request = urllib.request.Request(entry.url, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=30) as answer:  # only URLs of the registry
        resumed = done and answer.status == 206
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                yield file.tell()
