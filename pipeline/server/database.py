"""The one table file of a server, which its threads and its workers share.

Every change of a job or a film gets a growing number by a trigger, so that nobody who changes one
can forget to say so. Of each job and film the newest change alone is kept.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from avel.pipeline.reasons import EnvironmentProblem

VERSION = 3
"""Of the tables; a file of another version is not touched."""
BUSY_SECONDS = 20.0
"""For which another process may hold the file while it writes."""
FILE = "jobs.sqlite"

# Of films, `labels` are the names in `corrections`, and `was` is `before` without its events: what
# is long stands last, where who reads the rest does not come by.
TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL,
    touched REAL NOT NULL, video TEXT, job TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS videos (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL, seconds REAL NOT NULL,
    suffix TEXT NOT NULL, kind TEXT NOT NULL, cannot TEXT NOT NULL, job TEXT NOT NULL,
    result TEXT, model TEXT, events INTEGER NOT NULL DEFAULT 0, summary TEXT NOT NULL DEFAULT '',
    proxy INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 0,
    taught INTEGER NOT NULL DEFAULT 0, added REAL NOT NULL, labels TEXT, was TEXT,
    corrections TEXT, before TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL,
    video TEXT, model TEXT NOT NULL, state TEXT NOT NULL, stage TEXT NOT NULL DEFAULT 'waiting',
    done REAL NOT NULL DEFAULT 0, total REAL NOT NULL DEFAULT 0, unit TEXT NOT NULL DEFAULT 's',
    attempts INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0,
    reason TEXT, message TEXT, owner TEXT, lease REAL, cancelled REAL,
    added REAL NOT NULL, started REAL, ended REAL
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, number);
CREATE INDEX IF NOT EXISTS jobs_by_video ON jobs (video);
CREATE TABLE IF NOT EXISTS models (
    name TEXT PRIMARY KEY, place TEXT NOT NULL, labels TEXT NOT NULL, made REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS changes_by_id ON changes (kind, id);
"""
TRIGGER = """
CREATE TRIGGER IF NOT EXISTS {name} AFTER {when} BEGIN
    DELETE FROM changes WHERE kind = '{kind}' AND id = {id};
    INSERT INTO changes (kind, id) VALUES ('{kind}', {id});
END;
"""
SHOWN = "state, stage, done, total, attempts, reason, message"
"""Of a job: who hears of changes need not know of its lease."""
TRIGGERS = (
    ("job_new", "INSERT ON jobs", "job", "NEW.id"),
    ("job_changed", f"UPDATE OF {SHOWN} ON jobs", "job", "NEW.id"),
    (
        "job_of_video",
        "UPDATE OF state ON jobs WHEN NEW.video IS NOT NULL AND NEW.state <> OLD.state",
        "video",
        "NEW.video",
    ),
    ("video_new", "INSERT ON videos", "video", "NEW.id"),
    ("video_changed", "UPDATE ON videos", "video", "NEW.id"),
    ("video_gone", "DELETE ON videos", "gone", "OLD.id"),
)


class Database:
    """A connection that the threads of one process share; a write is one whole transaction.

    Args:
        folder: Where the file is, or will be.

    Raises:
        EnvironmentProblem: it cannot be opened, or is of another version.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.RLock()
        path = folder / FILE
        try:
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._prepare(path)
        except sqlite3.Error as err:
            raise EnvironmentProblem(
                f"{path}: the table of jobs cannot be opened ({err}); give another --folder, or "
                "move the file away to begin anew"
            ) from err

    def _prepare(self, path: Path) -> None:
        with self.writing() as write:
            found = write.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, VERSION):
                raise EnvironmentProblem(
                    f"{path}: was written by another avel (version {found} of its tables, this one "
                    f"has {VERSION}); give another --folder"
                )
            for statement in TABLES.split(";"):
                write.execute(statement)
            for name, when, kind, key in TRIGGERS:
                write.execute(TRIGGER.format(name=name, when=when, kind=kind, id=key))
            write.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of the block, or nothing of it."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        """What a query finds, in rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        """The first that a query finds."""
        return next(iter(self.rows(statement, *values)), None)

    def value(self, statement: str, *values: Any) -> Any:
        """The first column of the first that a query finds; None where there is none."""
        row = self.row(statement, *values)
        return row[0] if row else None

    def fact(self, name: str) -> str | None:
        """A single thing to know, by its name."""
        found = self.value("SELECT value FROM facts WHERE name = ?", name)
        return None if found is None else str(found)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def set_fact(write: sqlite3.Connection, name: str, value: str) -> None:
    """Remember a single thing, as part of a transaction."""
    write.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def newest(database: Database) -> int:
    """The number of the newest change ever, counted from 1; 0 where there was none."""
    return int(database.value("SELECT seq FROM sqlite_sequence WHERE name = 'changes'") or 0)


def changes_after(database: Database, sequence: int, most: int) -> list[sqlite3.Row]:
    """What changed after a number, counted from 1, in rows of `sequence`, `kind`, `id`."""
    return database.rows(
        "SELECT sequence, kind, id FROM changes WHERE sequence > ? ORDER BY sequence LIMIT ?",
        sequence,
        most,
    )
