"""Films in a table, and what was found in them and corrected."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avel.cache.whole import replacing
from avel.pipeline.server.before import before, short
from avel.pipeline.server.database import Database
from avel.pipeline.server.folder import Folder
from avel.pipeline.server.jobs import DONE, LOCALIZE, Jobs, Taken, iso
from avel.pipeline.server.problem import Problem, missing

SHORT = (
    "videos.id, name, bytes, seconds, job, events, summary, videos.model, videos.added, revision, "
    "taught, labels, was"
)
"""All that is said of a film in a list: what is long of it is not read."""
SELECT = "SELECT {0}, jobs.state, jobs.message FROM videos LEFT JOIN jobs ON jobs.id = videos.job"


@dataclass(frozen=True)
class Looked:
    """What is known of a file before it is localized.

    Attributes:
        seconds: That it says it lasts; 0 where it does not say.
        suffix: Of its name here.
        kind: Its media type.
        cannot: What of it browsers do not play, in words; empty where they do.
    """

    seconds: float
    suffix: str = ""
    kind: str = "application/octet-stream"
    cannot: str = ""


@dataclass(frozen=True)
class Found:
    """What a localization gave.

    Attributes:
        document: The result as JSON.
        page: What its page draws, as JSON; empty where there is nothing.
        events: How many events.
        summary: In a sentence.
        has_proxy: Whether a copy for browsers was made.
        seconds: That the film lasts; 0 where that is not known.
    """

    document: str
    page: str = ""
    events: int = 0
    summary: str = ""
    has_proxy: bool = False
    seconds: float = 0.0


class Videos:
    """The table of films.

    Args:
        database: That has it.
        folder: Of the files.
        jobs: The table of jobs.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        folder: Folder,
        jobs: Jobs,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._folder, self._jobs = database, folder, jobs
        self._clock = clock

    def add(
        self, write: sqlite3.Connection, video: str, name: str, size: int, looked: Looked, job: str
    ) -> None:
        """Take a film of so many bytes, as part of the transaction that queues its job."""
        write.execute(
            "INSERT INTO videos (id, name, bytes, seconds, suffix, kind, cannot, job, added) "
            "VALUES (?,?,?,?,?,?,?,?,?)",
            (
                *(video, name, size, looked.seconds, looked.suffix, looked.kind, looked.cannot),
                *(job, self._clock()),
            ),
        )

    def row(self, video: str) -> sqlite3.Row:
        """All that the table has of one, by its 32 hex digits.

        Raises:
            Problem: it is not there.
        """
        return self._row("videos.*", video)

    def _row(self, columns: str, video: str) -> sqlite3.Row:
        row = self._database.row(f"{SELECT.format(columns)} WHERE videos.id = ?", video)
        if row is None:
            raise missing("video", video)
        return row

    def get(self, video: str) -> dict[str, Any]:
        """What the API says of one; bytes and seconds.

        Raises:
            Problem: it is not there.
        """
        return as_document(self._row(SHORT, video))

    def listed(self) -> list[dict[str, Any]]:
        """All, the newest first; bytes and seconds."""
        rows = self._database.rows(f"{SELECT.format(SHORT)} ORDER BY videos.added DESC, videos.id")
        return [as_document(row) for row in rows]

    def totals(self) -> tuple[int, int]:
        """How many films there are, those on their way included, and their bytes."""
        row = self._database.row(
            "SELECT count(*) AS films, coalesce(sum(bytes), 0) AS bytes FROM (SELECT bytes FROM "
            "videos UNION ALL SELECT bytes FROM uploads WHERE video IS NULL)"
        )
        assert row is not None
        return int(row["films"]), int(row["bytes"])

    def delete(self, video: str) -> None:
        """Delete one, by its 32 hex digits, with all that was made of it.

        Raises:
            Problem: it is not there.
        """
        self.row(video)
        with self._database.writing() as write:
            write.execute("DELETE FROM jobs WHERE video = ?", (video,))
            write.execute("DELETE FROM changes WHERE kind = 'video' AND id = ?", (video,))
            write.execute(
                "DELETE FROM changes WHERE kind = 'job' AND id NOT IN (SELECT id FROM jobs)"
            )
            write.execute("DELETE FROM uploads WHERE video = ?", (video,))
            write.execute("DELETE FROM videos WHERE id = ?", (video,))
        self._folder.delete_film(video)

    def localize(self, write: sqlite3.Connection, video: str, model: str) -> str:
        """Queue it again, as part of a transaction; the job's id, 32 hex digits.

        One that waits for the same model is that job.
        """
        waiting = write.execute(
            "SELECT id FROM jobs WHERE video = ? AND state = 'queued' AND model = ?", (video, model)
        ).fetchone()
        return str(waiting["id"]) if waiting else self._jobs.add(write, LOCALIZE, video, model)

    def finish(self, taken: Taken, owner: str, found: Found | None) -> bool:
        """Keep what a job found, in seconds, and end it; False where it is not its worker's now.

        Args:
            taken: The job.
            owner: Who says so.
            found: In the film; None where an earlier start of the job has written it already.
        """
        path = self._folder.result(taken.video, taken.id)
        if not path.parent.is_dir():
            return False
        if found is not None:
            about = {
                name: getattr(found, name) for name in ("events", "summary", "has_proxy", "seconds")
            }
            _write(self._folder.page(taken.video, taken.id), found.page)
            _write(path.with_suffix(".about.json"), json.dumps(about))
            _write(path, found.document)  # last: where it is, all is
        about = json.loads(path.with_suffix(".about.json").read_text("utf-8"))
        was = self._before(taken, path)
        with self._database.writing() as write:
            ended = self._jobs.end(write, taken.id, owner, DONE)
            if ended:
                write.execute(
                    "UPDATE videos SET result = ?, model = ?, events = ?, summary = ?, proxy = ?, "
                    "seconds = CASE WHEN ? > 0 THEN ? ELSE seconds END, before = ?, was = ? "
                    "WHERE id = ?",
                    (
                        *(taken.id, taken.model, about["events"], about["summary"]),
                        *(int(about["has_proxy"]), about["seconds"], about["seconds"]),
                        *(was, short(was), taken.video),
                    ),
                )
        self._forget_others(taken.video)
        return ended

    def _before(self, taken: Taken, path: Path) -> str | None:
        """What another model said of the film before, beside the answer in a file."""
        row = self._database.row("SELECT * FROM videos WHERE id = ?", taken.video)
        if row is None or row["model"] == taken.model or not (old := self.found(row)):
            return row["before"] if row else None
        return before(row["model"], row["summary"], old, json.loads(path.read_text("utf-8")))

    def _forget_others(self, video: str) -> None:
        """Delete results that are shown no more."""
        shown = self._database.value("SELECT result FROM videos WHERE id = ?", video)
        running = {
            row["id"] for row in self._database.rows("SELECT id FROM jobs WHERE state = 'running'")
        }
        for path in self._folder.film(video).glob("*.json"):
            if path.name.split(".")[0] not in {shown, *running}:
                path.unlink(missing_ok=True)

    def result(self, video: str) -> dict[str, Any]:
        """The document of what was found, with times in seconds.

        Raises:
            Problem: the film is not there, or nothing was found yet.
        """
        return self.result_of(self.row(video))

    def result_of(self, row: sqlite3.Row) -> dict[str, Any]:
        """As `result`, times in seconds, of a row that was read already.

        Raises:
            Problem: nothing was found yet.
        """
        found = self.found(row)
        if found is None:
            raise Problem(
                404,
                "NO_RESULT",
                f"video '{row['name']}' has no result yet; its job is {row['state']}",
            )
        return found

    def found(self, row: sqlite3.Row) -> dict[str, Any] | None:
        """The document of a row, times in seconds; None where nothing was found yet."""
        if row["result"] is None:
            return None
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._folder.result(row["id"], row["result"]).read_text("utf-8"))
            return found if isinstance(found, dict) else None
        return None

    def page_data(self, row: sqlite3.Row) -> str:
        """What its page draws, as JSON, times in seconds; empty where nothing was found yet."""
        if row["result"] is not None:
            with contextlib.suppress(OSError):
                return self._folder.page(row["id"], row["result"]).read_text("utf-8")
        return ""

    def media(self, row: sqlite3.Row, *, proxy: bool) -> Path:
        """The file with the film's bytes, or that of its copy for browsers.

        Raises:
            Problem: there is no such copy.
        """
        if proxy and not row["proxy"]:
            raise Problem(
                404, "NO_PROXY", f"video '{row['name']}' has no copy for browsers; leave out proxy"
            )
        if proxy:
            return self._folder.proxy(row["id"])
        return self._folder.media(row["id"], row["suffix"])


def as_document(row: sqlite3.Row) -> dict[str, Any]:
    """A row as the API says it; bytes and seconds."""
    summary = row["summary"]
    if row["state"] == "failed":
        summary = row["message"] or summary
    return {
        "id": row["id"],
        "name": row["name"],
        "bytes": row["bytes"],
        "seconds": row["seconds"],
        "state": row["state"],
        "job": row["job"],
        "events": row["events"],
        "summary": summary,
        "corrected": row["labels"] is not None,
        "untaught": row["revision"] > row["taught"],
        "model": row["model"],
        "added": iso(row["added"]),
        "before": json.loads(row["was"]) if row["was"] else None,
    }


def _write(path: Path, text: str) -> None:
    with replacing(path, durable=False) as part:
        part.write_text(text, "utf-8")
