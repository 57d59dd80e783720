"""Films that are seen and heard as one class a second, for what is taught by example."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from avel.extractors import choose
from avel.models.taught import Likeness, Looks
from avel.pipeline.datasets.examples import BACKGROUND, Example
from avel.pipeline.learning.labelled import Labelled, in_film
from avel.pipeline.learning.left_out import leave_out
from avel.pipeline.learning.lesson import learn
from avel.pipeline.learning.taught_folder import write_folder
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.denied import Pair
from avel.pipeline.method.extract import Features
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.method.taught import look

SOUNDS, SIGHTS, VIEWS, WINDOWS = 527, 1000, 3, 3


def features(
    heard: Sequence[int], seen: Sequence[int], *, sounds: int = SOUNDS, sights: int = SIGHTS
) -> Features:
    """A second for each pair of classes; -1 is a second without that sense."""
    T = len(heard)
    audio = np.full((T, WINDOWS, sounds), -9, np.float32)
    visual = np.zeros((T, VIEWS, sights), np.float32)
    for t, (sound, sight) in enumerate(zip(heard, seen, strict=True)):
        audio[t, :, sound] = 4
        visual[t, :, sight] = 12
    audio_mask, visual_mask = np.array(heard) >= 0, np.array(seen) >= 0
    audio[~audio_mask], visual[~visual_mask] = 0, 0
    return Features(
        visual=np.zeros((T, 4), np.float32),
        visual_map=np.zeros((T, 1, 4), np.float16),
        audio=np.zeros((T, 4), np.float32),
        visual_mask=visual_mask,
        audio_mask=audio_mask,
        duration=T - 0.5 + 0.5,
        flags=(),
        visual_scores=visual,
        audio_scores=audio,
    )


def plain_looks(sounds: int = SOUNDS, sights: int = SIGHTS) -> Looks:
    """Nothing is usual."""
    return Looks(np.zeros(sounds, np.float32), np.zeros(sights, np.float32), Likeness())


def example(
    label: str, onset: float = 0, offset: float | None = None, name: str = "a.mp4"
) -> Example:
    return Example(label, Path(name), onset, offset, f"--event {label} {name}")


def film(name: str, label: str, heard: Sequence[int], seen: Sequence[int]) -> Labelled:
    """A film that shows one event while class 5 is not heard; of `background` nothing."""
    made = features(heard, seen)
    if label == BACKGROUND:
        spans = [(0, len(heard))]
    else:
        on = [t for t, sound in enumerate(heard) if sound != 5]
        spans = [(on[0], on[-1] + 1)]
    examples = [example(label, *span, name=name) for span in spans]
    return in_film(Path(name), examples, made, look(made, plain_looks()))


def write_model(out: Path, gives_way: tuple[Pair, ...] = ()) -> Path:
    """Events "Bark" and "Meow" of a film each; the recipe is of an encoder that comes with avel."""
    films = [
        film("dog.mp4", "Bark", [0, 0, 0, 0, 5, 5], [0] * 6),
        film("cat.mp4", "Meow", [5, 1, 1, 1, 1, 5], [1] * 6),
    ]
    recipe = features_recipe(SegmentConfig(), choose("audioclip-tiny").recipe)
    lesson = replace(learn(films, plain_looks(), recipe), gives_way=gives_way)
    write_folder(out, lesson, films, leave_out(films, lesson))
    return out
