"""Who decodes and who encodes; made when something first needs it, as cached runs need neither."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.work.memory import give_back_libraries
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device

if TYPE_CHECKING:
    from avel.extractors import Encoder
    from avel.pipeline.media.messages import Event
    from avel.pipeline.method.encode import Encoded
    from avel.pipeline.method.queue import Name


class Decoding(Protocol):
    """Decodes files into windows of cells, several at once; see `Decoders`."""

    @property
    def free(self) -> bool:
        """Whether another video can be started."""

    @property
    def busy(self) -> bool:
        """Whether any video is on its way."""

    def start(self, number: int, path: Path) -> None:
        """Begin to decode a file; `events` speak of it by its number."""

    def events(self) -> "Iterator[Event]":
        """Windows and ends of videos, as they come; waits for one."""


class Encoding(Protocol):
    """Gathers windows of many videos and gives their features (T, ...); see `CellBatches`."""

    def add(self, name: "Name", segments: Segments) -> "Iterator[Encoded]":
        """Take one window of cells; gives those that are complete now."""

    def finish(self) -> "Iterator[Encoded]":
        """What is left."""


class Makers:
    """The usual ones: processes that decode, and the plan's encoder in this process."""

    def decoders(
        self, cut: SegmentConfig, runtime: RuntimeConfig
    ) -> AbstractContextManager[Decoding]:
        """Decoders of videos that are cut in one way; whatever they began ends with the block."""
        from avel.pipeline.media.decoder import Decoders  # slow
        from avel.pipeline.method.limits import decode_limits

        return Decoders(cut, decode_limits(runtime, cut))

    def batches(self, encoder: "Encoder", cut: SegmentConfig, runtime: RuntimeConfig) -> Encoding:
        """The encoder with its weights loaded, behind batches of cells.

        Raises:
            WeightsError: its files cannot be read, or are another model's.
        """
        from avel.pipeline.method.encode import CellBatches  # slow: loads torch

        loaded = encoder.load(resolve_device(runtime.device))
        give_back_libraries()  # before the encoder's own maps come
        return CellBatches(loaded, runtime.batch_cells, cut.sound_seconds)
