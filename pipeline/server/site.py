"""All that the answers are made of, put together once."""

import time
from collections.abc import Callable

from avel.pipeline.server.bell import Bell
from avel.pipeline.server.corrections import Corrections
from avel.pipeline.server.database import Database
from avel.pipeline.server.folder import Folder
from avel.pipeline.server.jobs import TEACH, Jobs
from avel.pipeline.server.look import Looker
from avel.pipeline.server.models import Models
from avel.pipeline.server.room import Room
from avel.pipeline.server.settings import Settings
from avel.pipeline.server.sweep import expire, sweep
from avel.pipeline.server.uploads import Uploads
from avel.pipeline.server.videos import Videos


class Site:
    """The tables, the folder and the limits of one server.

    Args:
        settings: What it was told.
        clock: Seconds since 1970.

    Raises:
        InputError: the folder is a file.
        EnvironmentProblem: it cannot be written, or its tables not be read.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings, self._clock = settings, clock
        self.folder = Folder(settings.folder)
        self.folder.make()
        self.database = Database(settings.folder)
        self.jobs = Jobs(self.database, clock)
        self.videos = Videos(self.database, self.folder, self.jobs, clock)
        self.models = Models(self.database, clock)
        self.corrections = Corrections(self.database, self.videos)
        self.room = Room(settings.limits, self.folder, self.videos, self.jobs)
        self.looker = Looker(settings.limits.film_seconds)
        self.uploads = Uploads(
            self.database,
            self.folder,
            self.jobs,
            self.videos,
            self.models,
            self.looker,
            self.room,
            clock,
        )
        self.bell = Bell()
        self.listeners = 0
        """Connections that hear of changes now."""
        self.workers: Callable[[], list[dict[str, str]]] = list
        """Says of each worker its device and state."""

    def begin(self) -> None:
        """Take up what the last server left: jobs that ran, files without a film."""
        self.models.given(self.settings.model)
        self.jobs.recover()
        sweep(self.database, self.folder)
        self.expire()

    def expire(self) -> None:
        """Delete films whose days are over, and uploads of which no bytes came for a day."""
        days = self.settings.keep_days
        expire(self.database, self.videos, self.uploads, self._clock(), days)

    def labels(self) -> list[str]:
        """Names (K,) of events: those of the current model, then what people said beside."""
        known = self.models.labels(self.models.current)
        return [*known, *sorted(self.corrections.labels() - set(known))]

    def localize(self, video: str, model: str | None) -> str:
        """Queue a film again; the job's id, 32 hex digits.

        Raises:
            Problem: the film or the model is not there, or too many jobs wait.
        """
        self.videos.row(video)
        self.room.check_queue()
        name = self.models.known(model) if model else self.models.current
        with self.database.writing() as write:
            return self.videos.localize(write, video, name)

    def teach(self) -> str:
        """Queue learning from what was corrected; the job's id, 32 hex digits.

        Raises:
            Problem: nothing was, there is nothing to tell it from, or too many jobs wait.
        """
        self.corrections.lesson()
        self.room.check_queue()
        with self.database.writing() as write:
            return self.jobs.add(write, TEACH, "", self.models.next_name(write))

    def close(self) -> None:
        """Let go of all."""
        self.looker.close()
        self.database.close()
