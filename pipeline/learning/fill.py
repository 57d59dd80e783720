"""Activations before in-trunk adapters: cached once, for every training that reads them."""

from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.learning.prepare import Prepared
from avel.pipeline.method.harvest import harvest
from avel.pipeline.work.runtime import RuntimeConfig


def fill(prepared: Prepared, data: AveFolder, runtime: RuntimeConfig) -> int:
    """Make sure that every video has the activations that are read, if any; how many videos have.

    Features of a whole encoder are not made here: `avel extract` makes those.
    """
    encoding = prepared.encoding
    if encoding is None or encoding.whole or not encoding.adapter.trunk_stages:
        return 0
    videos = [data.video_path(row.video_id) for row in data.rows]
    videos += [data.noisy_path(video_id) for video_id in data.noisy]
    paths = list(dict.fromkeys(path for path in videos if path))
    plan = encoding.cached
    outcomes = harvest(paths, plan.stores(runtime.cache_dir), plan, runtime)
    return sum(outcome.reason is None for outcome in outcomes)
