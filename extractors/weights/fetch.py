"""Download a published weight file: resumed where it broke off, checked before it counts.

pooch asks, checks the sha256 and gives the file its name. It begins again after a broken
connection, which is long for half a gigabyte, so its downloader is given what had come.
"""

import os
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from avel.extractors.weights.files import WeightsError
from avel.extractors.weights.registry import Published

CHUNK = 1 << 20
WHOLE, PART = 200, 206
"""How HTTP calls a file, and the rest of one; a redirection has a length of its own."""
NOTHING_AFTER_IT = 416
"""How HTTP calls a range that begins after the file's end."""


class Steps(Protocol):
    """What is told of a download's progress; pooch's own protocol for it."""

    total: int

    def update(self, num_bytes: int) -> None:
        """So many bytes more are there."""

    def reset(self) -> None:
        """All bytes are there, and will be counted once more."""

    def close(self) -> None:
        """It is done."""


def fetch(entry: Published, folder: Path, steps: Steps | None = None) -> Path:
    """Download a file of the registry into a folder; its path, there already or now.

    What has come is kept as `<name>.part`, and the next call goes on after its last byte.

    Raises:
        WeightsError: offline, or what came is not the published file.
    """
    import pooch  # optional work: who only reads weights needs none

    path = folder / entry.name
    pooch.get_logger().setLevel("WARNING")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        resuming = _Resuming(folder / f"{entry.name}.part", entry.num_bytes, steps)
        wanted = entry.sha256 and f"sha256:{entry.sha256}"
        pooch.retrieve(entry.url, wanted, entry.name, folder, downloader=resuming)
    except OSError as err:  # what requests raises is one, too
        raise WeightsError(
            f"{entry.name}: cannot be downloaded ({err}); with a network "
            f"get {entry.url} and put it at {path}, then `avel weights verify`"
        ) from err
    except ValueError as err:  # what pooch raises where the sha256 is another
        raise WeightsError(
            f"{entry.name}: what came from {entry.url} has another sha256 than the "
            f"{_whose(entry)} {str(entry.sha256)[:12]}; it was deleted, fetch again"
            + (f", or add your own: `avel weights add {entry.name}`" if entry.doubt else "")
        ) from err
    return path


def _whose(entry: Published) -> str:
    return "one of a third-party copy," if entry.of_a_copy else "published"


class _Resuming:
    """pooch's HTTP downloader, asked for what is missing after a part that is there.

    Args:
        part: What has come so far.
        num_bytes: Of the whole file; None where only the server can say.
        steps: Told of the progress.
    """

    def __init__(self, part: Path, num_bytes: int | None, steps: Steps | None) -> None:
        self._part, self._num_bytes, self._steps = part, num_bytes, steps

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        with self._part.open("ab") as file:
            if self._num_bytes is not None and file.tell() > self._num_bytes:
                _empty(file)
            if self._num_bytes is None or file.tell() < self._num_bytes:
                self._rest(url, file)
        if self._part.stat().st_size < (self._num_bytes or 0):
            raise OSError("the connection ended early; run again to go on")
        os.replace(self._part, output_file)

    def _rest(self, url: str, file: BinaryIO) -> None:
        from pooch import HTTPDownloader
        from requests import HTTPError

        asked = {"Range": f"bytes={file.tell()}-"} if file.tell() else {}
        download = HTTPDownloader(
            progressbar=self._steps or False,
            chunk_size=CHUNK,
            headers={"Accept-Encoding": "identity", **asked},
            hooks={"response": lambda answer, *_, **__: self._answered(answer, file)},
        )
        try:
            download(url, file, None)
        except HTTPError as err:
            if not asked or getattr(err.response, "status_code", 0) != NOTHING_AFTER_IT:
                raise
            _empty(file)  # the part is as long as the file, or longer: of unknown size, so again
            self._rest(url, file)

    def _answered(self, answer: Any, file: BinaryIO) -> None:
        """What a server's answer says: whether it is the rest, and how long the file then is."""
        if answer.status_code == WHOLE:  # a server that gives no parts gives all of it
            _empty(file)
        gives = answer.status_code in (WHOLE, PART)
        if self._num_bytes is None and gives and "Content-Length" in answer.headers:
            self._num_bytes = file.tell() + int(answer.headers["Content-Length"])


def _empty(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()
