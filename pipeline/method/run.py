"""The whole method: a raw video becomes audio-visual events.

decode -> segment -> extract (`harvest` does the three for many videos, cached)
-> localize (the plan's localizer) -> find events -> results.
"""

import logging
from collections.abc import Generator, Sequence
from pathlib import Path

from avel.cache.store import CacheError, Store
from avel.pipeline.method.events import find_events
from avel.pipeline.method.extract import Features
from avel.pipeline.method.harvest import harvest
from avel.pipeline.method.plan import LocalizationPlan
from avel.pipeline.method.recipes import pack, unpack
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.verdict import judge, refuse
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device


def localize(
    paths: Sequence[Path], plan: LocalizationPlan, runtime: RuntimeConfig
) -> Generator[Result, None, None]:
    """Events of each file, as they come; a file that fails is a result with its reason.

    Raises:
        CheckpointError: the model is missing, damaged or for other features.
        WeightsError: the encoder's weights are missing or wrong.
        CacheError: the cache cannot be written.
    """
    stores, scored = plan.stores(runtime.cache_dir), plan.scored(runtime.cache_dir)
    localizer = plan.localizer
    device = resolve_device(runtime.device)
    with scored.writer() as writer:
        for outcome in harvest(paths, stores, plan, runtime, device, verify=True):
            if outcome.key is None or outcome.reason:
                yield refuse(outcome, localizer.identity)
                continue
            if (arrays := scored.get(outcome.key)) is None:
                features = _features(stores.features, outcome.key)
                arrays = pack(localizer.score([features], plan.scores)[0])
                writer.add(outcome.key, arrays)
            scores = unpack(SegmentScores, arrays)
            events = find_events(scores, localizer.classes, plan.decoder)
            yield judge(outcome, scores, events, localizer, plan.decoder)
    for store in (stores.segments, stores.features, scored):
        for sentence in store.damage:
            logging.getLogger("avel").warning("damaged, computed again: %s", sentence)


def _features(store: Store, key: str) -> Features:
    arrays = store.get(key)
    if arrays is None:
        why = "; ".join(store.damage) or "it was deleted"
        raise CacheError(f"{store.folder}: item {key[:12]} cannot be read back ({why}); run again")
    return unpack(Features, arrays)
