"""Films on their way: streamed to the disk, gone on with where they broke off, taken when whole.

A film is taken by one transaction that makes the film, its job and the end of the upload; its file
has its name before that. A server that is killed between the two finds the file without a film at
its next start, and makes it an upload again.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from io import FileIO
from pathlib import Path
from typing import Any

from avel.pipeline.server.database import Database
from avel.pipeline.server.folder import Folder, new_id
from avel.pipeline.server.jobs import LOCALIZE, Jobs
from avel.pipeline.server.look import Looker
from avel.pipeline.server.models import Models
from avel.pipeline.server.problem import Problem, missing
from avel.pipeline.server.room import Room
from avel.pipeline.server.videos import Looked, Videos

PIECE = 1 << 20
"""Bytes that are written at once."""
Body = AsyncIterator[bytes]


class Uploads:
    """The table of uploads, and their bytes.

    Args:
        database: That has it.
        folder: Of the files.
        jobs: The table of jobs.
        videos: The table of films.
        models: By whose current one a film is localized.
        looker: Looks at files that are whole.
        room: Says what there is room for.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        folder: Folder,
        jobs: Jobs,
        videos: Videos,
        models: Models,
        looker: Looker,
        room: Room,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._folder = database, folder
        self._jobs, self._videos, self._models = jobs, videos, models
        self._looker, self._room, self._clock = looker, room, clock
        self._busy: set[str] = set()

    def begin(self, name: str, size: int) -> str:
        """Make room for a film of so many bytes; the upload's id, 32 hex digits.

        Raises:
            Problem: there is none, or it is too large.
        """
        self._room.check(size)
        upload = new_id()
        self._folder.part(upload).touch(mode=0o600)
        with self._database.writing() as write:
            write.execute(
                "INSERT INTO uploads (id, name, bytes, touched) VALUES (?, ?, ?, ?)",
                (upload, shown_name(name), size, self._clock()),
            )
        return upload

    def get(self, upload: str) -> dict[str, Any]:
        """What the API says of one, in bytes; with the film and its job where it is whole.

        Raises:
            Problem: it is not there.
        """
        row = self._row(upload)
        return self._document(row, row["job"] or "")

    def _document(self, row: sqlite3.Row, job: str) -> dict[str, Any]:
        """As `get`; with the job of a film that it is whole as."""
        received = row["bytes"] if job else _size(self._folder.part(row["id"]))
        said = {name: row[name] for name in ("id", "name", "bytes")}
        document: dict[str, Any] = {"upload": {**said, "received": received}}
        if job:
            document["video"] = self._videos.get(row["id"])
            document["job"] = self._jobs.get(job)
        return document

    def _row(self, upload: str) -> sqlite3.Row:
        row = self._database.row("SELECT * FROM uploads WHERE id = ?", upload)
        if row is None:
            raise missing("upload", upload)
        return row

    async def append(self, upload: str, offset: int, body: Body) -> tuple[dict[str, Any], bool]:
        """Add bytes at an offset; what `get` says, and whether it is whole.

        Raises:
            Problem: the offset is not where it broke off, there are too many bytes, the disk is
                full, the body is slow, the whole is no film, or somebody deletes it meanwhile.
        """
        row = self._row(upload)
        if row["video"] is not None and offset == row["bytes"]:
            return self.get(upload), True
        if upload in self._busy:
            raise Problem(409, "BUSY", f"upload '{upload}' is being written; wait for its answer")
        received = _size(self._folder.part(upload))
        if offset != received or row["video"] is not None:
            raise Problem(
                409, "OFFSET", f"Upload-Offset ({offset}) must be {received}, where it broke off"
            )
        self._busy.add(upload)
        try:
            with self._room.reading():
                size = await self._write(upload, offset, row["bytes"], body)
            if size < row["bytes"]:
                return self.get(upload), False
            return self._document(row, await self.take(upload)), True
        finally:
            self._busy.discard(upload)

    async def whole(self, name: str, size: int | None, body: Body) -> dict[str, Any]:
        """Take a film in one step; it is not kept where it breaks off.

        Args:
            name: Of the file.
            size: That it says it has, in bytes; None where it does not say.
            body: Its bytes.

        Raises:
            Problem: as for `append`.
        """
        upload = self.begin(name, size or 1)
        self._busy.add(upload)
        try:
            with self._room.reading():
                most = size or self._room.limits.file_bytes
                written = await self._write(upload, 0, most, body)
            self._check_size(name, size, written)
            with self._database.writing() as write:
                write.execute("UPDATE uploads SET bytes = ? WHERE id = ?", (written, upload))
            return self._document(self._row(upload), await self.take(upload))
        except BaseException:
            self._forget(upload)
            raise
        finally:
            self._busy.discard(upload)

    def _check_size(self, name: str, size: int | None, written: int) -> None:
        if not written:
            raise Problem(422, "EMPTY", f"{name}: the film has 0 bytes; send its bytes as the body")
        if size is not None and written != size:
            raise Problem(400, "CUT_OFF", f"{name}: {written} of {size} bytes came; send it again")

    async def _write(self, upload: str, offset: int, most: int, body: Body) -> int:
        """Write a body behind an offset; the size then, in bytes."""
        size, waiting = offset, bytearray()
        with self._opened(upload) as file:
            file.seek(offset)
            try:
                async for piece in body:
                    size += len(piece)
                    if size > most:
                        waiting.clear()
                        file.truncate(offset)
                        raise _overflown(most)
                    waiting += piece
                    if len(waiting) >= PIECE:
                        full, waiting = waiting, bytearray()  # a thread's own, even if we are ended
                        await asyncio.to_thread(_flush, file, full)
                        self._room.check_disk()
                    if not os.fstat(file.fileno()).st_nlink:
                        raise _deleted(upload)
            finally:
                _flush(file, waiting)  # what came counts, even where it broke off
                self._touch(upload)
        return size

    def _opened(self, upload: str) -> FileIO:
        try:
            return self._folder.part(upload).open("r+b", buffering=0)
        except FileNotFoundError:
            raise _deleted(upload) from None

    def _touch(self, upload: str) -> None:
        with self._database.writing() as write:
            write.execute("UPDATE uploads SET touched = ? WHERE id = ?", (self._clock(), upload))

    async def take(self, upload: str) -> str:
        """Make an upload whose bytes are all there a film; its job's id, 32 hex digits.

        Raises:
            Problem: it is no film, which ends it, somebody deletes it meanwhile, or it cannot be
                taken now.
        """
        return await asyncio.to_thread(self._take, upload)

    def _take(self, upload: str) -> str:
        row = self._row(upload)
        self._room.check_workers()  # its bytes stay, to be taken when somebody works again
        looked = self._settled(row)
        with self._database.writing() as write:
            job = new_id()
            taken = write.execute(
                "UPDATE uploads SET video = id, job = ? WHERE id = ?", (job, upload)
            )
            if taken.rowcount:
                self._videos.add(write, upload, row["name"], row["bytes"], looked, job)
                self._jobs.add(write, LOCALIZE, upload, self._models.current, job)
        if not taken.rowcount:
            self._folder.delete_film(upload)
            raise _deleted(upload)
        return job

    def _settled(self, row: sqlite3.Row) -> Looked:
        """What a whole file is, which is in its place then."""
        upload = row["id"]
        part = self._folder.part(upload)
        try:
            looked = self._looker.look(part, row["name"])
            _settle(part, self._folder.media(upload, looked.suffix))
        except (Problem, FileNotFoundError):
            if not part.exists():
                self._folder.delete_film(upload)
                raise _deleted(upload) from None
            self._forget(upload)
            raise
        return looked

    def delete(self, upload: str) -> None:
        """Forget an upload, by its 32 hex digits; a film that it has become stays.

        Raises:
            Problem: it is not there.
        """
        self._row(upload)
        self._forget(upload)

    def _forget(self, upload: str) -> None:
        with self._database.writing() as write:
            write.execute("DELETE FROM uploads WHERE id = ?", (upload,))
        self._folder.part(upload).unlink(missing_ok=True)

    def expire(self, seconds: float) -> None:
        """Forget those that nobody went on with for so many seconds."""
        rows = self._database.rows(
            "SELECT id FROM uploads WHERE touched < ?", self._clock() - seconds
        )
        for row in rows:
            if row["id"] not in self._busy:
                self._forget(row["id"])


def shown_name(name: str) -> str:
    """At most 200 letters of a file's name, without folders and what cannot be seen.

    It is text and never a path.
    """
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return "".join(c if c.isprintable() else " " for c in last).strip()[:200] or "film"


def _flush(file: FileIO, waiting: bytearray) -> None:
    try:
        while waiting:
            del waiting[: file.write(waiting)]
    except OSError as err:
        waiting.clear()
        raise Problem(
            507, "DISK_FULL", f"the film cannot be written ({err.strerror}); free the disk, go on"
        ) from err


def _overflown(most: int) -> Problem:
    return Problem(
        413,
        "TOO_LARGE",
        f"more than the {most} bytes that were announced or are allowed; announce the whole, or "
        "raise --file-bytes",
    )


def _deleted(upload: str) -> Problem:
    return Problem(
        404, "DELETED", f"upload '{upload}' was deleted while its bytes came; begin another one"
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _settle(part: Path, media: Path) -> None:
    """Put a whole file in its place, durably."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    media.parent.mkdir(mode=0o700, exist_ok=True)
    os.replace(part, media)
    for folder in (media.parent, media.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
