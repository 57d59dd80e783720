"""What a worker does with a film and with corrections: the method of avel, kept warm."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.pipeline.media.apart import Apart
from avel.pipeline.media.look import write_proxy
from avel.pipeline.method.denied import Pair, denied
from avel.pipeline.method.events import Event
from avel.pipeline.method.plan import LocalizationPlan, PipelineConfig, plan_localization
from avel.pipeline.method.results import Result
from avel.pipeline.method.run import localize
from avel.pipeline.reasons import InputError, MediaError, Reason
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.page_data import page_data
from avel.pipeline.report.preview import preview
from avel.pipeline.report.words import summary
from avel.pipeline.server.folder import Folder
from avel.pipeline.server.job_work import Film, Lesson, Tell
from avel.pipeline.server.rehearsal import rehearse
from avel.pipeline.server.settings import Settings
from avel.pipeline.server.telling import STAGE, Telling
from avel.pipeline.server.videos import Found
from avel.pipeline.server.warm import Warm
from avel.pipeline.work.runtime import RuntimeConfig
from avel.pipeline.work.say import warn

if TYPE_CHECKING:
    from avel.pipeline.datasets.examples import Example

WINDOW_CELLS = 16
"""Seconds of a film that are decoded before it is said how far it is."""
MOST_PLANS = 4
"""Models that are remembered: the current one, the one before it, everyday; each teaching makes one
more."""
EVERYDAY, TAUGHT = "everyday", "taught-"
"""The name of the model that needs such weights, and what the names of taught ones begin with."""


class Hands:
    """Localizes films and teaches; what was loaded stays.

    Args:
        settings: Of the server.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._folder = settings, Folder(settings.folder)
        self._warm, self._weights = Warm(), tuple(map(Path, settings.weights))
        self._plan = lru_cache(MOST_PLANS)(self._planned)

    @cached_property
    def _apart(self) -> Apart:
        return Apart()

    @cached_property
    def _runtime(self) -> RuntimeConfig:
        settings = self._settings
        return RuntimeConfig(settings.cache_dir, settings.devices[0], window_cells=WINDOW_CELLS)

    def warm(self, place: str) -> list[str]:
        """Load what a model needs; the names (K,) of its events."""
        plan = self._plan(place)
        networks, are_new = self._warm.encoder(plan, self._settings.devices[0])
        if are_new:
            rehearse(plan.segment, networks, self._runtime.batch_cells, self._apart)
        return list(plan.localizer.classes)

    def _planned(self, place: str) -> LocalizationPlan:
        """The plan of the model at a place; `_plan` is it, worked out once for those in use."""
        taught = Path(place).name.startswith(TAUGHT)
        weights = self._weights if taught or place == EVERYDAY else ()
        config = PipelineConfig(model=Path(place), with_everyday=taught, weights=weights)
        return self._warm.over(plan_localization(config))

    def localize(self, film: Film, place: str, tell: Tell) -> Found:
        """Find a film's events.

        Args:
            film: The file, its name and its length in seconds.
            place: Of the model.
            tell: Told how far it is, in seconds; ends the work by an exception.

        Raises:
            MediaError: it cannot be read, or goes on for longer than it may.
        """
        plan = self._plan(place)
        stores = plan.stores(self._settings.cache_dir)
        most = self._settings.limits.film_seconds

        def watch(path: Path, cells: int, promised: float) -> None:
            if cells > most:
                raise MediaError(
                    Reason.TIMEOUT, f"{film.name}: is longer than {most:.0f} s; cut it first"
                )
            tell("decoding", float(cells), max(promised, film.seconds, float(cells)))

        tell("decoding", 0.0, film.seconds)
        with closing(
            localize([film.path], plan, self._runtime, stores=stores, watch=watch)
        ) as all_:
            result = next(all_)
        if result.status == "failed":
            said = result.message.replace(str(film.path), film.name)
            raise MediaError(Reason(next(iter(result.reasons), "DECODE_ERROR")), said)
        tell("writing", result.duration, result.duration)
        return self._found(film, result, CachedRun(plan.segment, stores))

    def _found(self, film: Film, result: Result, run: CachedRun) -> Found:
        """The result, with what its page shows."""
        shown = preview(self._apart, result, run)
        scores = run.scores(result)
        attention = scores.attention if scores is not None and scores.attention.size else None
        crop = run.segment_config.fit == "crop"
        data = page_data(result, None, shown, attention, crop=crop)
        document = {**result.document(), "file": film.name}
        return Found(
            json.dumps(document, ensure_ascii=False),
            json.dumps({**data, "name": film.name, "file": film.name}, allow_nan=False),
            len(result.events),
            summary(result).headline,
            self._made_proxy(film),
            result.duration,
        )

    def _made_proxy(self, film: Film) -> bool:
        """Make a copy of what no browser plays; whether there is one."""
        out = self._folder.proxy(film.video)
        if film.cannot and not out.is_file():
            try:
                write_proxy(self._apart, film.path, out)
            except (MediaError, OSError) as err:
                warn(f"{film.name}: no copy of it for browsers: {err}")
        return out.is_file()

    def teach(self, films: Sequence[Mapping[str, Any]], out: Path, tell: Tell) -> Lesson:
        """Learn from corrected films; films that cannot be used are left out and named.

        Args:
            films: With their events, times in seconds.
            out: Folder of the model.
            tell: Told how many films were read of how many; ends the work by an exception.

        Raises:
            InputError: an example cannot be used.
        """
        from avel.pipeline.learning.teach import teach  # what it loads a film does not need

        examples = [
            example
            for film in films
            for example in examples_of(film, self._folder.media(film["id"], film["suffix"]))
        ]
        tell(STAGE, 0.0, float(len(films)))
        told = Telling(len(films), tell)
        try:
            report = teach(
                examples,
                out,
                self._runtime,
                weights=self._weights,
                gives_way=self._denied(films),
                progress=told,
            )
        except InputError as err:
            raise InputError(_with_names(str(err), films, self._folder)) from err
        tell("writing", float(len(films)), float(len(films)))
        said = [_with_names(sentence, films, self._folder) for sentence in report.not_used]
        return Lesson(self.warm(str(out)), " ".join(f"Not used: {each}." for each in said))

    def _denied(self, films: Sequence[Mapping[str, Any]]) -> list[Pair]:
        """What people put in the place of events that the everyday model finds.

        It is asked again: an answer that a taught model gave lacks what was denied before.
        """
        said = {
            self._folder.media(film["id"], film["suffix"]): [
                Event(e["onset"], e["offset"], e["label"], 1.0) for e in film["events"]
            ]
            for film in films
            if film["events"]
        }
        with closing(localize(said, self._plan(EVERYDAY), self._runtime)) as results:
            return denied([(result.events, said[Path(result.file)]) for result in results])


def examples_of(film: Mapping[str, Any], path: Path) -> "list[Example]":
    """What a corrected film teaches, in seconds: its events; where it has none, that it has none.

    Seconds without an event teach what none is by themselves.

    Raises:
        InputError: an event has no name.
    """
    from avel.pipeline.annotations import examples
    from avel.pipeline.annotations.spans import Span

    events = (Span(e["onset"], e["offset"], e["label"]) for e in film["events"])
    return examples.examples_of(path, events)


def _with_names(said: str, films: Sequence[Mapping[str, Any]], folder: Folder) -> str:
    """A message that says films by their names."""
    for film in films:
        said = said.replace(str(folder.media(film["id"], film["suffix"])), film["name"])
    return said
