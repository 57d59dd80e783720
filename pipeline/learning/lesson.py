"""What labelled films teach, as data, and what is found with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avel.models.taught import Looks, Taught, fit
from avel.pipeline.learning.labelled import Labelled
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.denied import Pair
from avel.pipeline.method.events import Event
from avel.pipeline.method.taught import find_taught, taught_scores
from avel.pipeline.reasons import InputError

DECODER = EventConfig("hysteresis", 0.5)


@dataclass(frozen=True)
class Lesson:
    """What was learned.

    Attributes:
        classes: Names of the events, in the order they were taught.
        taught: Their arrays.
        looks: How seconds are compared.
        features: Recipe of the features.
        gives_way: Everyday labels, each with one of the classes that stands in its place.
    """

    classes: tuple[str, ...]
    taught: Taught
    looks: Looks
    features: Mapping[str, Any]
    gives_way: tuple[Pair, ...] = ()

    def events(self, film: Labelled) -> list[Event]:
        """Events that it finds in a film, in seconds."""
        scores = taught_scores(film.features, self.taught, self.looks)
        return find_taught(scores, self.classes, DECODER).events


def learn(films: Sequence[Labelled], looks: Looks, features: Mapping[str, Any]) -> Lesson:
    """What films teach of the events that they show: vectors (E, D).

    Raises:
        InputError: no event is shown, or one and nothing to tell it from.
    """
    classes = tuple(dict.fromkeys(label for film in films for label in film.shows))
    if not classes:
        raise InputError("only background was given; teach an event with --event NAME FILE")
    if len(classes) == 1 and not any(len(film.rest) for film in films):
        raise InputError(
            f"{classes[0]!r} is the only event and fills its films, so there is nothing to tell it "
            "from; say when it is there, as in 2-5, teach a second event, or give "
            "--event background FILE"
        )
    taught = fit([film.as_film(classes) for film in films], len(classes), looks)
    return Lesson(classes, taught, looks, features)


def without(lesson: Lesson, films: Sequence[Labelled]) -> Lesson:
    """The same lesson (E, D) from these films alone, which show at least one event."""
    classes = tuple(dict.fromkeys(label for film in films for label in film.shows))
    taught = fit([film.as_film(classes) for film in films], len(classes), lesson.looks)
    return Lesson(classes, taught, lesson.looks, lesson.features)
