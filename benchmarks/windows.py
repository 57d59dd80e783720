"""What windows of sound cost that share their spectrograms, beside each computed by itself.

    python -m benchmarks.windows [--seconds 10 600] [--rounds 3] [--weights mn04_as_mAP_432.pt]

Films of noise go through `CellBatches` as the everyday model encodes them, windows of 2 and 10 s, two
views and a face, on one thread; before that with `mn04` alone. Both ways take turns, window of cells
by window; each figure is the sum of the least of several rounds, in ms of processor time a second of
film.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avel.extractors import choose
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.context import cells_after, cells_before
from avel.pipeline.method.encode import CellBatches
from avel.pipeline.method.everyday import CUT, OPTIONS, SIGHT, SOUND

BATCH, CELLS = 32, 64
"""Cells that go through an encoder together, and cells of a window of decoding, as by default."""
LEAST_SECONDS = 120
"""Of film in a round: short ones come again and again."""


class Alone:
    """An encoder that computes every window of sound by itself."""

    cut_sound = None

    def __init__(self, extractor: Any) -> None:
        self._extractor = extractor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._extractor, name)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, nargs="+", default=[10, 600])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--weights", type=Path, nargs="*", default=[])
    args = parser.parse_args()
    torch.set_num_threads(1)
    print("| film | encoder | each alone | shared | saved (%) | largest difference |")
    print("|---|---|---|---|---|---|")
    for name, options in ((SOUND, {}), (f"{SIGHT}+{SOUND}", OPTIONS)):
        chosen = choose(name, args.weights, options)
        config = SegmentConfig(**{**chosen.cells, **CUT})
        if name == SOUND:  # nothing is seen
            config = replace(config, image_size=16, short_side=0)
        for seconds in args.seconds:
            row(name, chosen.load(), list(film(config, seconds)), args.rounds)


def film(config: SegmentConfig, seconds: int) -> Iterator[Segments]:
    """A film of noise as decoding gives it."""
    rng, longest = np.random.default_rng(0), config.longest_seconds
    sound = rng.integers(-20_000, 20_000, (seconds, config.sample_rate), dtype=np.int16)
    shape = (min(CELLS, seconds), config.frames_per_cell, *config.picture_shape)
    frames = rng.integers(0, 256, shape, dtype=np.uint8)
    for first in range(0, seconds, CELLS):
        last = min(seconds, first + CELLS)
        after = min(cells_after(first, last - first, longest), seconds - last)
        before = cells_before(first, last - first, after, longest)
        there = np.ones(last - first, bool)
        yield Segments(
            frames[: last - first],
            sound[first:last],
            there,
            there,
            before=sound[first - before : first],
            after=sound[last : last + after],
        )


def row(name: str, extractor: Any, windows: list[Segments], rounds: int) -> None:
    seconds = sum(len(each.samples) for each in windows)
    films = -(-LEAST_SECONDS // seconds)
    ways = {"alone": Alone(extractor), "shared": extractor}
    spent: dict[str, list[list[float]]] = {way: [] for way in ways}
    for turn in range(rounds):
        found = one_round(ways, windows * films, turn, spent)
    least = {way: np.min(each, 0).sum() * 1e3 / (films * seconds) for way, each in spent.items()}
    apart = max(float(np.abs(a - b).max()) for a, b in zip(*found.values(), strict=True))
    saved = 100 * (1 - least["shared"] / least["alone"])
    print(
        f"| {seconds} s | {name} | {least['alone']:.1f} | {least['shared']:.1f} | {saved:.1f} "
        f"| {apart:.1e} |",
        flush=True,
    )


def one_round(
    ways: dict[str, Any], windows: list[Segments], turn: int, spent: dict[str, list[list[float]]]
) -> dict[str, list[Any]]:
    """What is heard in every window, each way; seconds of each step are added to what is spent."""
    batches = {way: CellBatches(each, BATCH, CUT["sound_seconds"]) for way, each in ways.items()}
    found: dict[str, list[Any]] = {way: [] for way in ways}
    for way in ways:
        spent[way].append([])
    for number, segments in enumerate([*windows, None]):
        for way in list(ways)[:: 1 if (number + turn) % 2 else -1]:
            began, going = time.process_time(), batches[way]
            done = list(going.finish() if segments is None else going.add((number, 0), segments))
            spent[way][-1].append(time.process_time() - began)
            found[way] += [features for _, features in sorted(done, key=lambda each: each[0])]
    return {way: [features.audio for features in each] for way, each in found.items()}


if __name__ == "__main__":
    main()
