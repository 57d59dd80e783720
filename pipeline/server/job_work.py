"""One job from its taking to its end, by whoever's hands."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from avel.pipeline.reasons import InputError, MediaError
from avel.pipeline.server.corrections import Corrections
from avel.pipeline.server.database import Database
from avel.pipeline.server.folder import Folder
from avel.pipeline.server.jobs import CANCELLED, DONE, LOCALIZE, Jobs, Taken
from avel.pipeline.server.models import Models
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.videos import Found, Videos

BEAT_SECONDS = 1.0
Tell = Callable[[str, float, float], None]
"""Told of the stage, and how much is done of how much, in the unit of the job."""


@dataclass(frozen=True)
class Film:
    """What hands are given of a film.

    Attributes:
        video: Its id.
        path: The file.
        name: It was given with.
        seconds: That it says it lasts.
        cannot: What of it browsers do not play; empty where they do.
    """

    video: str
    path: Path
    name: str
    seconds: float
    cannot: str = ""


@dataclass(frozen=True)
class Lesson:
    """What teaching gave.

    Attributes:
        labels: Events of the new model, those that it knew before included.
        note: What must be said of it; empty where nothing.
    """

    labels: list[str]
    note: str = ""


class Hands(Protocol):
    """What a worker works with."""

    def warm(self, place: str) -> list[str]:
        """Load what the model at a place needs; the names (K,) of its events."""

    def localize(self, film: Film, place: str, tell: Tell) -> Found:
        """Find a film's events, in seconds."""

    def teach(self, films: Sequence[Mapping[str, Any]], out: Path, tell: Tell) -> Lesson:
        """Learn from films with their events, in seconds, and write a model."""


class Stopped(Exception):
    """The job was cancelled, or is another's now."""


class Work:
    """Does jobs of one owner.

    Args:
        database: Of the jobs.
        folder: Of the files.
        hands: That do them.
        owner: Who has the lease.
        changed: Called after each change that others should hear of.
    """

    def __init__(
        self,
        database: Database,
        folder: Folder,
        hands: Hands,
        owner: str,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._database, self._folder, self._hands = database, folder, hands
        self._owner, self._changed = owner, changed
        self.jobs, self.models = Jobs(database), Models(database)
        self._videos = Videos(database, folder, self.jobs)
        self._corrections = Corrections(database, self._videos)

    def next(self) -> bool:
        """Do the longest waiting job, with a beat a second; False where none waits."""
        taken = self.jobs.take(self._owner)
        if taken is None:
            return False
        self._changed()
        try:
            with Beating(self.jobs, taken.id, self._owner):
                self._do(taken)
        except Stopped:
            with self._database.writing() as write:
                self.jobs.end(write, taken.id, self._owner, CANCELLED)
        except MediaError as err:
            self.jobs.fail(taken.id, self._owner, str(err.reason), err.message)
        except InputError as err:
            self.jobs.fail(taken.id, self._owner, "INPUT", str(err))
        except Exception as err:
            if self.jobs.get(taken.id) is not None:  # else the film went while it was read
                self.jobs.note(taken.id, self._owner, f"{type(err).__name__}: {err}")
                raise
        self._changed()
        return True

    def warm(self) -> None:
        """Load what the current model needs."""
        name = self.models.current
        place = self.models.place(name)
        if place is not None:
            self.models.learn(name, self._hands.warm(place))

    def _do(self, taken: Taken) -> None:
        def tell(stage: str, done: float, total: float) -> None:
            if not self.jobs.progress(taken.id, self._owner, stage, done, total):
                raise Stopped
            self._changed()

        if taken.kind == LOCALIZE:
            self._localize(taken, tell)
        else:
            self._teach(taken, tell)

    def _localize(self, taken: Taken, tell: Tell) -> None:
        found = None
        if not self._folder.result(taken.video, taken.id).is_file():  # killed before it said so
            row = self._videos.row(taken.video)
            film = Film(
                taken.video,
                self._folder.media(taken.video, row["suffix"]),
                row["name"],
                row["seconds"],
                row["cannot"],
            )
            place = self.models.place(taken.model)
            if place is None:
                raise InputError(f"model '{taken.model}' is not there any more; choose another")
            found = self._hands.localize(film, place, tell)
        if not self._videos.finish(taken, self._owner, found):
            raise Stopped

    def _teach(self, taken: Taken, tell: Tell) -> None:
        """Make a model, and queue every film for it, once."""
        revisions = self._corrections.untaught()  # before the films: what is saved now stays open
        try:
            films = self._corrections.lesson()
        except Problem as err:
            raise InputError(err.message) from err
        out = self._folder.model(taken.model)
        lesson = self._hands.teach(films, out, tell)
        with self._database.writing() as write:
            if not self.jobs.end(write, taken.id, self._owner, DONE, ("", lesson.note)):
                raise Stopped
            self.models.add(write, taken.model, out, lesson.labels)
            self._corrections.taught(write, revisions)
            for row in write.execute("SELECT id FROM videos ORDER BY added, id").fetchall():
                self._videos.localize(write, row["id"], taken.model)


class Beating:
    """Makes a job's lease longer while a block runs, from a thread.

    Args:
        jobs: The table.
        job: Which.
        owner: Whose.
        seconds: Between two beats.
    """

    def __init__(self, jobs: Jobs, job: str, owner: str, seconds: float = BEAT_SECONDS) -> None:
        self._over = threading.Event()
        self._beat: Callable[[], object] = lambda: jobs.beat(job, owner)
        self._seconds = seconds
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._beat()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
