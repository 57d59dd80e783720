"""An encoder that is quick and says what it was given, and a decoder that plays a script."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.context import cells_after, cells_before
from avel.pipeline.media.messages import Ended, Event, Window
from avel.pipeline.method.plan import Plan, plan_features

CUT = {"image_size": 16, "sample_rate": 4_000}
"""Of cells that are small."""
CELL_ARRAYS = ("frames", "samples", "visual_mask", "audio_mask")


class StubEncoder:
    """Means of picture and sound; `fault` may raise on what it is given."""

    name = "stub"
    recipe = {"extractor": "stub", "options": {}}  # noqa: RUF012
    cells = CUT
    cut_sound = None

    def __init__(self, fault: Callable[[Tensor], None] = lambda frames: None) -> None:
        self.model: nn.Module = nn.Identity()
        self.fault, self.batches, self.loads = fault, [], 0

    def load(self, device: str) -> "StubEncoder":
        self.loads += 1
        return self

    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        self.batches.append(len(frames))
        self.fault(frames)
        seen = frames.float().mean((1, 3, 4))
        return {"visual": seen, "visual_map": seen[:, None].half()}

    def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
        return {"audio": samples.float().mean(1, keepdim=True)}


class ClassesEncoder(StubEncoder):
    """Scores two classes in each view, three in sound, and a face; remembers what it heard."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[int, ...]] = []

    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        views = frames if frames.dim() == 6 else frames[:, :, None]
        means = views.float().mean((1, 3, 4, 5))  # (N, V)
        scores = torch.stack([means, -means], 2)
        return {
            **super().embed_sight(views[:, :, 0]),
            "visual_scores": scores,
            "faces": means[:, 0],
        }

    def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
        self.heard.append(tuple(samples.shape))
        first, last = samples[:, :1].float(), samples[:, -1:].float()
        return {
            "audio": torch.cat([first, last], 1),
            "audio_scores": torch.cat([first, last, -last], 1),
        }


def stub_plan(encoder: StubEncoder) -> Plan:
    return plan_features(encoder)  # type: ignore[arg-type]


def cells(count: int, value: int = 7, *, duration: float = 0.0) -> Segments:
    """Cells that all show and sound one value."""
    config = SegmentConfig(**CUT)
    size, rate = config.image_size, config.sample_rate
    return Segments(
        np.full((count, 1, 3, size, size), value, np.uint8),
        np.full((count, rate), value, np.int16),
        np.ones(count, bool),
        np.ones(count, bool),
        duration,
        (),
    )


def parts_of(whole: Segments, lengths: Sequence[int], window: int) -> list[Segments]:
    """A video's windows as decoding gives them, with the sound around each."""
    T, longest, parts = len(whole.samples), max(lengths, default=0), []
    for first in range(0, T, window):
        last = min(T, first + window)
        after = min(cells_after(first, last - first, longest), T - last)
        before = cells_before(first, last - first, after, longest)
        part = {name: getattr(whole, name)[first:last] for name in CELL_ARRAYS}
        around = whole.samples[first - before : first], whole.samples[last : last + after]
        done = whole.duration if last == T else 0.0
        parts.append(Segments(**part, duration=done, before=around[0], after=around[1]))
    return parts


class ScriptedDecoders:
    """Stands for `Decoders`: plays, for each file by its name, a list of windows and ends.

    An entry is `Segments`, a `MediaError`, or "end".
    """

    SECONDS = 0.25
    """Of a processor that each takes."""
    scripts: dict[str, list] = {}  # noqa: RUF012
    started: list[str] = []  # noqa: RUF012

    def __init__(self, config: SegmentConfig, limits: object) -> None:
        self._playing: dict[int, Iterator] = {}

    def __enter__(self) -> "ScriptedDecoders":
        return self

    def __exit__(self, *_: object) -> None:
        self._playing = {}

    @property
    def free(self) -> bool:
        return len(self._playing) < 2

    @property
    def busy(self) -> bool:
        return bool(self._playing)

    def start(self, number: int, path: Path) -> None:
        type(self).started.append(path.name)
        self._playing[number] = iter(self.scripts[path.name])

    def events(self) -> Iterator[Event]:
        for number, script in list(self._playing.items()):
            entry = next(script)
            if isinstance(entry, Segments):
                yield Window(number, entry, 99.0)
            else:
                del self._playing[number]
                yield Ended(number, None if entry == "end" else entry, self.SECONDS)


def file(folder: Path, name: str, content: str = "") -> Path:
    """A file whose content is what decides its key."""
    path = folder / name
    path.write_text(content or name)
    return path
