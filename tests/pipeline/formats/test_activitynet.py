"""ActivityNet's detections: one JSON object for any number of videos."""

import json

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.activitynet import ACTIVITYNET
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain

SCHEMA = {
    "type": "object",
    "required": ["version", "results", "external_data"],
    "properties": {
        "results": {
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["label", "score", "segment"],
                    "additionalProperties": False,
                    "properties": {
                        "label": {"type": "string"},
                        "score": {"type": "number", "minimum": 0, "maximum": 1},
                        "segment": {
                            "type": "array",
                            "items": {"type": "number"},
                            "minItems": 2,
                            "maxItems": 2,
                        },
                    },
                },
            },
        }
    },
}
"""Of a submission, after `get_detection_performance.py` of activitynet/ActivityNet."""


@given(st.lists(results(), max_size=4))
def test_the_evaluation_reads_it_back(several: list[Result]) -> None:
    entries = [Entry(result, f"v{number}") for number, result in enumerate(several)]
    read = json.loads(ACTIVITYNET.write(entries).encode("utf-8"))
    jsonschema.validate(read, SCHEMA)
    assert list(read["results"]) == [entry.key for entry in entries]
    for entry in entries:
        found = read["results"][entry.key]
        holds([each["segment"] for each in found], entry.result, 1e-6)
        assert [each["score"] for each in found] == [round(e.score, 6) for e in entry.result.events]
        for each, event in zip(found, entry.result.events, strict=True):
            assert each["label"] == event.label


def test_videos_without_events_are_there() -> None:
    read = json.loads(ACTIVITYNET.write([Entry(failed("x/c.mp4")), Entry(plain())]))
    assert read["results"]["c"] == []
    assert read["results"]["a"][1] == {"label": "label 1", "score": 0.25, "segment": [1.0, 1.5]}
