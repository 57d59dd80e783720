"""Teach events by a few labelled seconds each: films to vectors, vectors to a model folder."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from avel.extractors import EXTRACTORS
from avel.models.taught import Likeness, Looks
from avel.pipeline.datasets.examples import Example, check
from avel.pipeline.learning.labelled import Labelled, in_film
from avel.pipeline.learning.left_out import Judged, leave_out
from avel.pipeline.learning.lesson import Lesson, learn
from avel.pipeline.learning.taught_folder import check_folder, write_folder
from avel.pipeline.method.denied import Pair
from avel.pipeline.method.everyday import SIGHT, SOUND, Everyday
from avel.pipeline.method.extract import Features
from avel.pipeline.method.harvest import harvest
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.method.plan import Plan
from avel.pipeline.method.run import read_features
from avel.pipeline.method.stores import Stores
from avel.pipeline.method.taught import look
from avel.pipeline.reasons import InputError
from avel.pipeline.work.progress import Progress
from avel.pipeline.work.runtime import RuntimeConfig

SILENT = -1.4
"""Log-odds of AudioSet's silence, in any window, from which nothing is heard: digital silence of
4 s or more has -1 to 0.2, the quietest of about sixty other films -1.8."""


@dataclass(frozen=True)
class Report:
    """What came of it.

    Attributes:
        lesson: What was learned.
        films: Of which films.
        judged: What was found in films that were left out.
        not_used: Sentences on examples of a table that could not be used.
    """

    lesson: Lesson
    films: tuple[Labelled, ...]
    judged: Judged
    not_used: tuple[str, ...]


def teach(
    examples: Sequence[Example],
    out: Path,
    runtime: RuntimeConfig,
    *,
    weights: Sequence[Path] = (),
    gives_way: Iterable[Pair] = (),
    progress: Progress | None = None,
) -> Report:
    """Learn events of examples, and write them as a model folder.

    Args:
        examples: Labelled seconds of films.
        out: The folder.
        runtime: Cache, device, workers.
        weights: The encoder's files; none to look where weights are kept.
        gives_way: Everyday labels, each with one that people put in its place, see `method.denied`;
            those are kept whose second is taught.
        progress: Shown over the films.

    Raises:
        InputError: an example cannot be used, or there is nothing to tell events by.
        WeightsError: the encoder's weights are missing.
    """
    examples = check(examples)
    check_folder(out)
    base = Everyday(weights=weights)
    plan = Plan(base.segment, base.features, lambda: base.encoder(()))
    looks = ordinary_looks()
    films, not_used = _read(examples, plan, runtime, looks, progress)
    lesson = learn(films, looks, plan.features)
    kept = tuple(pair for pair in gives_way if pair[1] in lesson.classes)
    lesson = replace(lesson, gives_way=kept)
    judged = leave_out(films, lesson)
    write_folder(out, lesson, films, judged, not_used)
    return Report(lesson, tuple(films), judged, tuple(not_used))


def ordinary_looks() -> Looks:
    """Vectors (T, D) against what the everyday encoder says of ordinary videos."""
    sounds, sights = (np.array(EXTRACTORS[n].usual_roots, np.float32) for n in (SOUND, SIGHT))
    return Looks(sounds, sights, Likeness())


def without_silence(features: Features) -> Features:
    """Features (T, ...) in which a sound track that holds nothing is none, while it holds nothing.

    A silent track is a stream like any other; the sound network knows silence by its name.
    """
    assert features.audio_scores is not None
    silence = features.audio_scores[:, :, EXTRACTORS[SOUND].audio_classes.index("Silence")]
    return replace(features, audio_mask=features.audio_mask & (silence.max(1) < SILENT))


def _read(
    examples: Sequence[Example],
    plan: Plan,
    runtime: RuntimeConfig,
    looks: Looks,
    progress: Progress | None,
) -> tuple[list[Labelled], list[str]]:
    """Labelled films in the order of the examples, and what could not be used."""
    by_path: dict[Path, list[Example]] = {}
    for example in examples:
        by_path.setdefault(example.path, []).append(example)
    stores, found, not_used = plan.stores(runtime.cache_dir), dict[Path, Labelled](), []
    watch = progress.watch if progress else None
    with closing(harvest(by_path, stores, plan, runtime, check=None, watch=watch)) as outcomes:
        for outcome in progress.track(outcomes) if progress else outcomes:
            try:
                found[outcome.path] = _film(outcome, by_path[outcome.path], stores, looks)
            except InputError as err:
                if not all(example.listed for example in by_path[outcome.path]):
                    raise
                not_used.append(str(err))
    if not found:
        raise InputError(f"no film can be used; the first: {not_used[0]}")
    return [found[path] for path in by_path if path in found], sorted(not_used)


def _film(outcome: Outcome, examples: Sequence[Example], stores: Stores, looks: Looks) -> Labelled:
    if outcome.reason or outcome.key is None:
        raise InputError(f"{examples[0].source}: {outcome.message}")
    features = without_silence(read_features(stores.features, outcome.key))
    return in_film(outcome.path, examples, features, look(features, looks))
