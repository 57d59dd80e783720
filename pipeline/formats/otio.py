"""Events as a timeline of OpenTimelineIO: the video, with a marker for each."""

import json
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from avel.pipeline.formats.addresses import address
from avel.pipeline.formats.frames import exact, num_frames, own_rate, rate_cautions
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.times import span
from avel.pipeline.formats.whole import readable
from avel.pipeline.method.events import Event


def timeline(entry: Entry) -> str:
    """The whole file: times in frames, and in the markers' metadata in seconds."""
    rate, name = own_rate(entry), readable(PurePath(entry.result.file).name)
    whole = _range(0, num_frames(entry, rate), rate)
    reference = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "target_url": address(entry),
        "available_range": whole,
    }
    clip = {
        "OTIO_SCHEMA": "Clip.2",
        "name": name,
        "source_range": whole,
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "markers": [_marker(event, rate) for event in entry.result.events],
    }
    track = {"OTIO_SCHEMA": "Track.1", "name": "video", "kind": "Video", "children": [clip]}
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track]}
    film = {"OTIO_SCHEMA": "Timeline.1", "name": name, "tracks": stack}
    return readable(json.dumps(film, indent=2, ensure_ascii=False)) + "\n"


def _marker(event: Event, rate: Fraction) -> dict[str, Any]:
    onset, offset = span(event, rate)
    seconds = {"onset": exact(event.onset), "offset": exact(event.offset)}
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": readable(event.label),
        "color": "RED",
        "marked_range": _range(onset, offset - onset, rate),
        "metadata": {"avel": {**seconds, "score": round(event.score, 6)}},
    }


def _range(start: int, length: int, rate: Fraction) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(start, rate),
        "duration": _time(length, rate),
    }


def _time(frames: int, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": frames}


OTIO = Format(
    suffix=".otio",
    opens="OpenTimelineIO, DaVinci Resolve, Kdenlive",
    times="1 frame, 1 µs in the metadata",
    score="kept, in the metadata",
    label="as it is",
    overlap="as it is",
    body=timeline,
    counts_frames=True,
    cautions=rate_cautions,
)
