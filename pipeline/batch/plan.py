"""What a batch will be before it is begun: what is there, what it takes, and why it is not cached.

Nothing in the cache is changed, and no folder is made there.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avel.cache.fingerprint import fingerprint
from avel.cache.maintenance import explain
from avel.pipeline.batch.extraction import MANY
from avel.pipeline.batch.forecast import TIME_ERROR, Machine, Range, Work, about, ratio
from avel.pipeline.batch.look import Seen, look
from avel.pipeline.batch.sample import NOTHING, Speed, Tried, encoder_speed, spread, try_files
from avel.pipeline.datasets.videos import find_videos
from avel.pipeline.method.plan import Plan
from avel.pipeline.method.stores import segments_recipe
from avel.pipeline.reasons import InputError, MediaError
from avel.pipeline.work.runtime import RuntimeConfig, default_workers

SCHEMA = "avel.plan/1"
SAMPLE = 8
"""Files that are tried."""
TIMED = ("read_seconds", "decode_seconds")
"""What is measured by a clock."""
MOST_LOOKED = 20_000
"""Files that are looked at one by one; of a longer list every n-th."""
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Known:
    """All that an estimate is made of.

    Attributes:
        seen: What there is, of every n-th file.
        step: That n.
        tried: Files that were tried.
        speed: Of the encoder.
        machine: That will work.
    """

    seen: Seen
    step: int
    tried: Sequence[Tried]
    speed: Speed
    machine: Machine

    def expected(self) -> dict[str, Range]:
        """What is to be done, in seconds and bytes, under the names that a report has too."""
        seen, speed = self.seen, self.speed
        media = self._of("media_seconds", seen.todo_bytes)
        error = media.high / media.likely - 1 if media.likely else 0.0
        work = Work(
            speed.load_seconds,
            self._of("read_seconds", seen.unread),
            self._of("decode_seconds", seen.undecoded),
            about(media.likely * speed.seconds, max(error, TIME_ERROR)),
            about(media.likely * speed.processor_seconds, max(error, TIME_ERROR)),
        )
        return {
            "media_seconds": media,
            "read_seconds": work.read,
            "decode_seconds": work.decode,
            "encode_seconds": work.encode,
            "wall_seconds": work.wall(self.machine),
            "segments_bytes": self._of("segments_bytes", seen.undecoded),
            "features_bytes": about(media.likely * speed.num_bytes, error),
        }

    def _of(self, name: str, num_bytes: int) -> Range:
        """A quantity of the sample for so many bytes of files."""
        each = [float(getattr(tried, name)) for tried in self.tried]
        share, error = ratio(each, [float(tried.num_bytes) for tried in self.tried])
        least = TIME_ERROR if name in TIMED else 0.0
        return about(share * num_bytes * self.step, max(error, least))


def make_plan(
    inputs: Sequence[str],
    plan: Plan,
    runtime: RuntimeConfig,
    *,
    devices: int = 1,
    sample: int = SAMPLE,
    many_segments: bool = False,
) -> dict[str, Any]:
    """What `avel plan` says: items, media, time, disk, what is cached; in seconds and bytes.

    Args:
        inputs: Files, folders, lists, AVE folders.
        plan: How they are cut and which encoder.
        runtime: Cache, device, workers.
        devices: Loops that will work.
        sample: Files that are tried.
        many_segments: Whether decoded pictures and sound are cached of more than `MANY` videos too.

    Raises:
        InputError: as `find_videos`, or no file that is tried can be decoded, or the encoder gives
            no array that is to be kept.
        WeightsError: features must be made and the encoder's weights are missing.
    """
    found = find_videos(inputs)
    if len(found.paths) > MANY and not many_segments:
        runtime = replace(runtime, keep_segments=False)
    step = max(1, -(-len(found.paths) // MOST_LOOKED))
    seen = look(found.paths[::step], plan, runtime.cache_dir)
    tried, failed = _tried(seen, plan, runtime, sample)
    speed = encoder_speed(plan, runtime, tried) if tried else NOTHING
    machine = Machine(devices, max(runtime.workers, devices), default_workers())
    known = Known(seen, step, tried, speed, machine)
    return {
        "schema": SCHEMA,
        "fingerprint": fingerprint(plan.features),
        "items": len(found.paths) + len(found.missing),
        "missing": len(found.missing),
        **_counts(seen, step),
        "expected": {name: each.rounded() for name, each in known.expected().items()},
        "machine": {**vars(machine), "device": runtime.device},
        "free_bytes": free_bytes(runtime.cache_dir),
        "sample": {"tried": [str(each.path) for each in tried], "failed": failed},
        "why": _why(plan, runtime.cache_dir),
    }


def _counts(seen: Seen, step: int) -> dict[str, Any]:
    """Files by what is to be done about them."""
    counts = {
        "todo": len(seen.todo),
        "cached": seen.cached,
        "left_out": seen.left_out,
        "unreadable": len(seen.unreadable),
        "bytes": seen.num_bytes,
    }
    scaled = {name: count * step for name, count in counts.items()}
    return {**scaled, "exact": step == 1, "examples": seen.unreadable[:MOST_EXAMPLES]}


def _tried(
    seen: Seen, plan: Plan, runtime: RuntimeConfig, count: int
) -> tuple[list[Tried], dict[str, int]]:
    """A sample of what is to be done, and how many of it failed, by reason.

    Raises:
        InputError: all of it.
    """
    places = spread([size for size, _ in seen.todo], count)
    results = list(try_files([seen.todo[place][1] for place in places], plan, runtime))
    tried = [each for each in results if isinstance(each, Tried)]
    failed = [each for each in results if isinstance(each, MediaError)]
    if failed and not tried and not seen.cached:
        raise InputError(
            f"none of {len(failed)} files that were tried can be decoded; the first: {failed[0]}"
        )
    return tried, dict(Counter(str(each.reason) for each in failed))


def _why(plan: Plan, root: Path) -> list[str]:
    """Why there is nothing yet, by what differs from the nearest that there is."""
    recipes = (segments_recipe(plan.segment), plan.features)
    return [line for recipe in recipes for line in explain(root, recipe)]


def free_bytes(folder: Path) -> int:
    """Of the disk on which a folder is, or will be."""
    there = next((path for path in (folder, *folder.absolute().parents) if path.is_dir()), folder)
    return shutil.disk_usage(there).free
