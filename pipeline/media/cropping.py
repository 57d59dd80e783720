"""The part of a stored picture that is shown, as the container says it.

Cropping inside H.264 and HEVC is done by their decoders. Matroska's PixelCrop and MP4's clean
aperture are not: libav hands them to programs as side data of the stream, which PyAV shows only in
the description that libav prints of a file.
"""

import re
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.video.stream import VideoStream

_STREAM = re.compile(r"^  Stream #0:(\d+)", re.MULTILINE)
_CROPPING = re.compile(r"^      Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Cropping:
    """Pixels of a stored picture that are not shown, from each side."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in pixels that are left; all where nothing would be."""
        kept = width - self.left - self.right, height - self.top - self.bottom
        return kept if min(kept) > 0 else (width, height)


def cropping_of(container: InputContainer, stream: VideoStream) -> Cropping:
    """Pixels that the container cuts from each picture of a stream; none where it does not say."""
    described = _described(container)
    heads = list(_STREAM.finditer(described))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        if int(head[1]) == stream.index:
            end = following.start() if following else len(described)
            found = _CROPPING.search(described, head.end(), end)
            return Cropping(*map(int, found.groups())) if found else Cropping()
    return Cropping()


def _described(container: InputContainer) -> str:
    """What libav prints of an open file; it does so through its log, which else is off."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        return str(container.dumps_format())  # type: ignore[attr-defined]
    finally:
        av.logging.set_level(level)
