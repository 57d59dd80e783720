"""FiftyOne's dataset by seconds; frames as its published rule makes them of it."""

import json
from math import floor
from pathlib import Path

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.fiftyone import FIFTYONE
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed

SCHEMA = {
    "type": "object",
    "required": ["labels"],
    "additionalProperties": False,
    "properties": {
        "labels": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["label", "timestamps"],
                    "properties": {
                        "label": {"type": "string"},
                        "timestamps": {
                            "type": "array",
                            "items": {"type": "number"},
                            "minItems": 2,
                            "maxItems": 2,
                        },
                        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
                    },
                },
            },
        }
    },
}
"""Of a FiftyOneTemporalDetectionDataset without `classes`: labels are strings then."""


def frame(second: float, duration: float, frames: int) -> int:
    """`timestamp_to_frame_number` of voxel51/eta: frames are counted from 1."""
    return min(1 + floor(second / duration * (frames - 1) + 0.5), frames)


@given(st.lists(results(), max_size=3, unique_by=lambda result: result.file))
def test_the_dataset_holds_the_events(several: list[Result]) -> None:
    read = json.loads(FIFTYONE.write(map(Entry, several)).encode("utf-8"))
    jsonschema.validate(read, SCHEMA)
    assert list(read["labels"]) == [str(Path(result.file).absolute()) for result in several]
    for found, result in zip(read["labels"].values(), several, strict=True):
        holds([each["timestamps"] for each in found], result, 1e-6)
        assert [each["confidence"] for each in found] == [round(e.score, 6) for e in result.events]


def test_loaded_it_is_exact_to_a_frame() -> None:
    rate, duration = 25, 10.0
    event = Event(2.0, 5.0, "Bark", 0.5)
    result = Result("a.mp4", "ok", duration=duration, events=(event,))
    (found,) = json.loads(FIFTYONE.write([Entry(result)]))["labels"].values()
    first, last = (frame(t, duration, round(rate * duration)) for t in found[0]["timestamps"])
    assert abs((first - 1) / rate - event.onset) <= 1 / rate
    assert abs((last - 1) / rate - event.offset) <= 1 / rate


def test_a_video_without_events() -> None:
    assert list(json.loads(FIFTYONE.write([Entry(failed())]))["labels"].values()) == [[]]
