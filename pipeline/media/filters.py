"""Filters of libav on frames before they are scaled: cut, or one field of two."""

from fractions import Fraction
from typing import Any

import av
from av.video.frame import VideoFrame

from avel.pipeline.media.cropping import Cropping


class Filter:
    """One filter of libav, for frames of whatever size and format comes next."""

    def __init__(self, name: str, arguments: str) -> None:
        self._name, self._arguments = name, arguments
        self._graph: Any = None
        self._made_for: tuple[int | str, ...] = ()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        kind = (frame.width, frame.height, frame.format.name)
        if kind != self._made_for:
            self._graph, self._made_for = self._made(frame), kind
        self._graph.push(frame)
        return self._graph.pull()  # type: ignore[no-any-return]

    def _made(self, frame: VideoFrame) -> Any:
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base or Fraction(1, 1000),
        )
        filtering = graph.add(self._name, self._arguments)
        source.link_to(filtering)
        filtering.link_to(graph.add("buffersink"))
        graph.configure()
        return graph


class Cutter:
    """Cuts off what the container does not want shown."""

    def __init__(self, cropping: Cropping) -> None:
        self._cropping = cropping
        left, right, top, bottom = cropping.left, cropping.right, cropping.top, cropping.bottom
        self._crop = Filter("crop", f"iw-{left + right}:ih-{top + bottom}:{left}:{top}:exact=1")

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        sides = frame.width, frame.height
        return frame if self._cropping.size(*sides) == sides else self._crop(frame)
