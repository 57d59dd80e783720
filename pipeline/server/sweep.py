"""What a killed server left, and what is old: found and cleared."""

import contextlib
import shutil
from pathlib import Path

from avel.pipeline.server.database import Database
from avel.pipeline.server.folder import ID, Folder
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.uploads import Uploads
from avel.pipeline.server.videos import Videos

DAY = 86_400.0
UPLOAD_SECONDS = DAY
"""After which an upload that nobody goes on with is forgotten."""


def sweep(database: Database, folder: Folder) -> None:
    """Clear files of no film; an upload whose bytes were all there and not taken is one again."""
    films = _names(database, "SELECT id FROM videos")
    uploads = _names(database, "SELECT id FROM uploads")
    for place in (folder.root / "videos").iterdir():
        if place.name not in films:
            if place.name in uploads:
                _back(place, folder.part(place.name))
            shutil.rmtree(place, ignore_errors=True)
        else:
            for torn in place.glob(".*"):
                torn.unlink(missing_ok=True)
    for part in (folder.root / "uploads").iterdir():
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        elif part.name not in uploads:
            part.unlink(missing_ok=True)
    for row in database.rows("SELECT id FROM uploads WHERE video IS NULL"):
        folder.part(row["id"]).touch(mode=0o600)  # an earlier table was put back without its files


def _back(film: Path, part: Path) -> None:
    media = next(film.glob("media*"), None)
    if media is not None:
        media.replace(part)


def _names(database: Database, query: str) -> set[str]:
    return {row["id"] for row in database.rows(query) if ID.fullmatch(row["id"])}


def expire(
    database: Database, videos: Videos, uploads: Uploads, now: float, keep_days: float
) -> None:
    """Delete what nobody asked of for long; corrected films stay, for models learn from them.

    Args:
        database: Of jobs.
        videos: The films.
        uploads: On their way.
        now: Seconds since 1970.
        keep_days: After a film's newest job has ended; 0: for ever.
    """
    uploads.expire(UPLOAD_SECONDS)
    if not keep_days:
        return
    before = now - keep_days * DAY
    old = database.rows(
        "SELECT videos.id FROM videos JOIN jobs ON jobs.id = videos.job WHERE jobs.ended < ? AND "
        "videos.corrections IS NULL",
        before,
    )
    for row in old:
        with contextlib.suppress(Problem):  # somebody deleted it meanwhile
            videos.delete(row["id"])
    with database.writing() as write:
        write.execute(
            "DELETE FROM jobs WHERE ended < ? AND id NOT IN (SELECT job FROM videos)", (before,)
        )
        write.execute("DELETE FROM changes WHERE kind = 'job' AND id NOT IN (SELECT id FROM jobs)")
        write.execute(
            "DELETE FROM changes WHERE kind = 'gone' AND sequence < (SELECT max(sequence) FROM "
            "changes) - 100000"
        )
