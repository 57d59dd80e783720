"""Where a server keeps its files: names are ids of its own, never what somebody gave."""

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avel.pipeline.reasons import EnvironmentProblem, InputError

ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """128 random bits, 32 hex digits."""
    return secrets.token_hex(16)


class Folder:
    """The places in a server's folder.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def make(self) -> None:
        """Make what is missing, for this user alone.

        Raises:
            InputError: it is a file.
            EnvironmentProblem: it cannot be made.
        """
        try:
            for place in (self.root, *map(self.root.joinpath, ("uploads", "videos", "models"))):
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
        except (FileExistsError, NotADirectoryError) as err:
            raise InputError(f"--folder {self.root}: is a file or lies in one") from err
        except OSError as err:
            raise EnvironmentProblem(
                f"--folder {self.root}: cannot be written ({err.strerror}); give another"
            ) from err

    def part(self, upload: str) -> Path:
        """A file on its way, by its upload's 32 hex digits."""
        return self.root / "uploads" / _own(upload)

    def film(self, video: str) -> Path:
        """The folder of one film, by its 32 hex digits."""
        return self.root / "videos" / _own(video)

    def media(self, video: str, suffix: str) -> Path:
        """The film itself, by its 32 hex digits."""
        return self.film(video) / f"media{suffix}"

    def proxy(self, video: str) -> Path:
        """A film's copy for browsers, by its 32 hex digits."""
        return self.film(video) / "proxy.mp4"

    def result(self, video: str, job: str) -> Path:
        """What a job found in a film, by the 32 hex digits of both."""
        return self.film(video) / f"{_own(job)}.result.json"

    def page(self, video: str, job: str) -> Path:
        """What the page of a result draws, by the 32 hex digits of film and job."""
        return self.film(video) / f"{_own(job)}.page.json"

    def model(self, name: str) -> Path:
        """A taught model."""
        return self.root / "models" / name

    def delete_film(self, video: str) -> None:
        """Delete a film, by its 32 hex digits, and all that was made of it.

        What is in the way goes at the next start.
        """
        with contextlib.suppress(FileNotFoundError):
            gone = self.root / "uploads" / f"gone-{new_id()}"
            self.film(video).rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def free_bytes(self) -> int:
        """Bytes of the disk that are free."""
        return shutil.disk_usage(self.root).free

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Serve it, alone, in a block.

        Raises:
            EnvironmentProblem: another server does.
        """
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            os.close(handle)
            raise EnvironmentProblem(
                f"--folder {self.root}: another `avel serve` serves it; end that one, or give "
                "another folder"
            ) from err
        try:
            yield
        finally:
            os.close(handle)


def _own(name: str) -> str:
    """An id of ours: the last line of defence, for no other name leads to a file."""
    if not ID.fullmatch(name):
        raise ValueError(f"id {name!r:.40} must have 32 hex digits")
    return name
