"""The whole method: a raw video becomes audio-visual events.

decode -> segment -> extract (`harvest` does the three for many videos, cached)
-> localize (the plan's localizer) -> find events -> results.
"""

import logging
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

import numpy as np

from avel.cache.errors import CacheError
from avel.cache.store import Store
from avel.cache.writer import Writer
from avel.pipeline.method.extract import Features
from avel.pipeline.method.harvest import Watch, harvest
from avel.pipeline.method.kept import SCALE, require, unpack_features
from avel.pipeline.method.plan import LocalizationPlan
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.stores import META, LocalizationStores, pack, unpack
from avel.pipeline.method.verdict import judge, refuse
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device

EMPTY = {"visual": (0,), "visual_map": (0, 0), "audio": (0,)}
"""Shapes after T of arrays that every encoder makes, where they are left out."""


def localize(
    paths: Iterable[Path],
    plan: LocalizationPlan,
    runtime: RuntimeConfig,
    *,
    stores: LocalizationStores | None = None,
    watch: Watch | None = None,
) -> Generator[Result, None, None]:
    """Events of each file, as they come; a file that fails is a result with its reason.

    What is cached is looked for from the end: scores, then features, then cells. Nothing that is
    there needs an encoder, a model's weights or torch.

    Args:
        paths: The files.
        plan: Who localizes what, see `plan_localization`.
        runtime: Cache, device, workers.
        stores: Where everything is kept; None for the plan's own in the runtime's cache folder.
        watch: Told how far a long video is, see `harvest`.

    Raises:
        CheckpointError: the model is missing, damaged or for other features.
        WeightsError: the encoder's weights are missing or wrong.
        CacheError: the cache cannot be read or written.
    """
    kept, reads = stores or plan.stores(runtime.cache_dir), plan.localizer.reads

    def known(key: str) -> bool:
        return kept.scores.get(key) is not None

    with kept.scores.writer() as writer:
        outcomes = harvest(paths, kept, plan, runtime, known=known, check=reads, watch=watch)
        for outcome in outcomes:
            if outcome.key is None or outcome.reason:
                yield refuse(outcome, plan.localizer.identity)
                continue
            scores = _scores(outcome.key, plan, kept, writer, runtime.device)
            found = plan.localizer.find(scores, plan.decoder)
            yield judge(outcome, scores, found, plan.localizer, plan.decoder)
    warn_of_damage(kept.segments, kept.features, kept.scores)


def warn_of_damage(*stores: Store) -> None:
    """Name what was damaged in stores and has been computed again."""
    for store in stores:
        for sentence in store.damage:
            logging.getLogger("avel").warning("damaged, computed again: %s", sentence)


def _scores(
    key: str,
    plan: LocalizationPlan,
    stores: LocalizationStores,
    writer: Writer,
    device: str,
) -> SegmentScores:
    """A video's scores: cached, or made of its features."""
    if (arrays := stores.scores.get(key)) is None:
        plan.localizer.to(resolve_device(device))
        features = read_features(stores.features, key, plan.localizer.reads)
        arrays = pack(plan.localizer.score([features], plan.scores)[0])
        writer.add(key, arrays)
    return unpack(SegmentScores, arrays)


def read_features(store: Store, key: str, names: Sequence[str] | None = None) -> Features:
    """A video's features (T, ...), which are there.

    Args:
        store: Of the features.
        key: Of the video's content.
        names: Arrays that are needed; the map of a long video is larger than all others. None for
            all.

    Raises:
        CacheError: they are not, or not any more.
        InputError: they were kept without what is needed.
    """
    require(store.recipe, tuple(EMPTY) if names is None else names, "what reads them")
    arrays = store.get(key, None if names is None else [*names, SCALE, META])
    if arrays is None:
        why = "; ".join(store.damage) or "it was deleted"
        raise CacheError(f"{store.folder}: item {key[:12]} cannot be read back ({why}); run again")
    T = len(arrays["visual_mask"])
    without = {name: np.zeros((T, *shape), np.float16) for name, shape in EMPTY.items()}
    return unpack_features({**without, **arrays})
