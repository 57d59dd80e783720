"""Jobs in a table: who has which under a lease, how far it is, and how it ended.

A job is `queued`, `running`, and then `done`, `failed` or `cancelled` for ever. Who runs it holds a
lease that it makes longer again and again; whatever it says of a job that is not its own any more
is not heard. So a job ends once, however many began it.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from avel.pipeline.server.database import Database
from avel.pipeline.server.folder import new_id

LEASE_SECONDS = 60.0
"""Without a sign of life, after which a worker is taken for dead."""
MOST_CRASHES = 2
"""Workers that may die of a job before it is given up."""
MOST_STARTS = 20
"""Times that a job may be begun, when the whole server ended each time."""
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
LOCALIZE, TEACH = "localize", "teach"
NO_WORKER = (
    "no process that works can be started ({0}); what `avel serve` printed says more: mend it, "
    "start the server anew, and try again"
)
GIVEN_UP = "the process that worked on it died {0} times ({1}); the file may be at fault"


@dataclass(frozen=True)
class Taken:
    """A job that its taker has.

    Attributes:
        id: Its own.
        kind: `localize` or `teach`.
        video: Of a localization; empty for others.
        model: To localize with, or to be made.
    """

    id: str
    kind: str
    video: str
    model: str


class Jobs:
    """The table of jobs.

    Args:
        database: That has it.
        clock: Seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def add(
        self, write: sqlite3.Connection, kind: str, video: str, model: str, job: str = ""
    ) -> str:
        """Queue a job, as part of a transaction; its id of 32 hex digits."""
        job = job or new_id()
        write.execute(
            "INSERT INTO jobs (id, kind, video, model, state, unit, added) VALUES (?,?,?,?,?,?,?)",
            (job, kind, video or None, model, QUEUED, _unit(kind), self._clock()),
        )
        if video:
            write.execute("UPDATE videos SET job = ? WHERE id = ?", (job, video))
        return job

    def get(self, job: str) -> dict[str, Any] | None:
        """What the API says of one: seconds or films done of its total; None where it is not."""
        row = self._database.row("SELECT * FROM jobs WHERE id = ?", job)
        return as_document(row) if row else None

    def listed(self, state: str | None = None, limit: int = 1_000) -> list[dict[str, Any]]:
        """The newest of one state or of all, at most `limit`; progress in seconds or films."""
        where, values = ("WHERE state = ?", [state]) if state else ("", [])
        rows = self._database.rows(
            f"SELECT * FROM jobs {where} ORDER BY number DESC LIMIT ?", *values, limit
        )
        return [as_document(row) for row in rows]

    def waiting(self) -> int:
        """How many jobs wait or run."""
        return int(
            self._database.value("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')")
        )

    def are_queued(self) -> bool:
        """Whether any job waits for a worker."""
        return bool(self._database.value("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1"))

    def take(self, owner: str) -> Taken | None:
        """The longest waiting, its taker's for 60 s from now on; None where none waits.

        A film is one worker's at a time: its newest job ends last, and its answer stays.
        """
        if not self.are_queued():
            return None
        now = self._clock()
        with self._database.writing() as write:
            row = write.execute(
                "UPDATE jobs SET state = 'running', owner = ?, lease = ?, attempts = attempts + 1, "
                "started = ?, stage = 'waiting', done = 0, cancelled = NULL WHERE number = (SELECT "
                "number FROM jobs WHERE state = 'queued' AND (video IS NULL OR video NOT IN ("
                "SELECT video FROM jobs WHERE state = 'running' AND video IS NOT NULL)) "
                "ORDER BY number LIMIT 1) RETURNING *",
                (owner, now + LEASE_SECONDS, now),
            ).fetchone()
        return Taken(row["id"], row["kind"], row["video"] or "", row["model"]) if row else None

    def beat(self, job: str, owner: str) -> bool:
        """Let the lease end in 60 s from now; whether to go on."""
        with self._database.writing() as write:
            done = write.execute(
                "UPDATE jobs SET lease = ? WHERE id = ? AND owner = ? AND state = 'running' "
                "AND cancelled IS NULL",
                (self._clock() + LEASE_SECONDS, job, owner),
            )
        return done.rowcount == 1

    def progress(self, job: str, owner: str, stage: str, done: float, total: float) -> bool:
        """Say how far it is, in seconds or in films; whether to go on."""
        with self._database.writing() as write:
            changed = write.execute(
                "UPDATE jobs SET stage = ?, done = ?, total = ?, lease = ? WHERE id = ? AND "
                "owner = ? AND state = 'running' AND cancelled IS NULL",
                (stage, done, total, self._clock() + LEASE_SECONDS, job, owner),
            )
        return changed.rowcount == 1

    def end(
        self,
        write: sqlite3.Connection,
        job: str,
        owner: str,
        state: str,
        error: tuple[str, str] = ("", ""),
    ) -> bool:
        """End a job of one's own, by its 32 hex digits, in a transaction; False where it is not."""
        reason, message = error
        ended = write.execute(
            "UPDATE jobs SET state = ?, reason = ?, message = ?, ended = ?, lease = NULL, "
            "done = CASE ? WHEN 'done' THEN total ELSE done END "
            "WHERE id = ? AND owner = ? AND state = 'running'",
            (state, reason or None, message or None, self._clock(), state, job, owner),
        )
        return ended.rowcount == 1

    def fail(self, job: str, owner: str, reason: str, message: str) -> bool:
        """End a job of one's own, by its 32 hex digits, that cannot be done."""
        with self._database.writing() as write:
            return self.end(write, job, owner, FAILED, (reason, message))

    def note(self, job: str, owner: str, message: str) -> None:
        """Say why its worker is about to die of a job, by the job's 32 hex digits."""
        with self._database.writing() as write:
            write.execute(
                "UPDATE jobs SET message = ? WHERE id = ? AND owner = ? AND state = 'running'",
                (message, job, owner),
            )

    def cancel(self, job: str) -> str:
        """Cancel one, by its 32 hex digits: one that runs is asked to end; its state."""
        now = self._clock()
        with self._database.writing() as write:
            write.execute(
                "UPDATE jobs SET state = 'cancelled', ended = ? WHERE id = ? AND state = 'queued'",
                (now, job),
            )
            write.execute(
                "UPDATE jobs SET cancelled = coalesce(cancelled, ?) WHERE id = ? AND "
                "state = 'running'",
                (now, job),
            )
            row = write.execute("SELECT state FROM jobs WHERE id = ?", (job,)).fetchone()
        return str(row["state"]) if row else ""

    def overdue(self, owner: str, patience: float) -> bool:
        """Whether a worker is silent, or does not heed a cancellation for so many seconds."""
        now = self._clock()
        return bool(
            self._database.value(
                "SELECT 1 FROM jobs WHERE owner = ? AND state = 'running' AND "
                "(lease < ? OR cancelled < ?)",
                owner,
                now,
                now - patience,
            )
        )

    def died(self, owner: str, how: str) -> None:
        """A worker died: what it had is tried again, or given up after the second death."""
        with self._database.writing() as write:
            for row in write.execute(
                "SELECT * FROM jobs WHERE owner = ? AND state = 'running'", (owner,)
            ).fetchall():
                crashes, why = row["crashes"] + 1, row["message"] or how
                if row["cancelled"] is not None:
                    self.end(write, row["id"], owner, CANCELLED)
                elif crashes >= MOST_CRASHES:
                    self.end(
                        write,
                        row["id"],
                        owner,
                        FAILED,
                        ("WORKER_CRASH", GIVEN_UP.format(crashes, why)),
                    )
                else:
                    _queue_again(write, row["id"], crashes)

    def give_up(self, why: str) -> int:
        """Fail all that wait, for no worker can be started; how many jobs."""
        with self._database.writing() as write:
            failed = write.execute(
                "UPDATE jobs SET state = 'failed', reason = 'WORKER_CRASH', message = ?, ended = ? "
                "WHERE state = 'queued'",
                (NO_WORKER.format(why), self._clock()),
            )
        return failed.rowcount

    def recover(self) -> int:
        """At a server's start: what ran when the last one ended waits again; how many jobs."""
        with self._database.writing() as write:
            rows = write.execute("SELECT * FROM jobs WHERE state = 'running'").fetchall()
            for row in rows:
                if row["cancelled"] is not None:
                    self.end(write, row["id"], row["owner"], CANCELLED)
                elif row["attempts"] >= MOST_STARTS:
                    why = ("WORKER_CRASH", f"the server ended {MOST_STARTS} times while it ran")
                    self.end(write, row["id"], row["owner"], FAILED, why)
                else:
                    _queue_again(write, row["id"], row["crashes"])
        return len(rows)


def _queue_again(write: sqlite3.Connection, job: str, crashes: int) -> None:
    write.execute(
        "UPDATE jobs SET state = 'queued', owner = NULL, lease = NULL, stage = 'waiting', "
        "done = 0, message = NULL, crashes = ? WHERE id = ?",
        (crashes, job),
    )


def _unit(kind: str) -> str:
    return "films" if kind == TEACH else "s"


def as_document(row: sqlite3.Row) -> dict[str, Any]:
    """A row as the API says it; progress in seconds or films, times as ISO 8601."""
    failed = row["state"] == FAILED
    return {
        "id": row["id"],
        "kind": row["kind"],
        "video": row["video"],
        "state": row["state"],
        "progress": {name: row[name] for name in ("stage", "done", "total", "unit")},
        "attempts": row["attempts"],
        "error": {"reason": row["reason"], "message": row["message"]} if failed else None,
        "note": (row["message"] or "") if row["state"] == DONE else "",
        "model": row["model"],
        **{name: iso(row[name]) for name in ("added", "started", "ended")},
    }


def iso(seconds: float | None) -> str | None:
    """Seconds since 1970 as ISO 8601 in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
