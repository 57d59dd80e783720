"""Label Studio's tasks, against the schema of its regions on sound."""

import json

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.labelstudio import LABELSTUDIO
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.results import Result
from tests.pipeline.formats.hard import holds, results
from tests.pipeline.formats.results import failed, plain, strange

NUMBER = {"type": "number", "minimum": 0}
REGION = {
    "type": "object",
    "required": ["id", "type", "from_name", "to_name", "value"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "type": {"const": "labels"},
        "from_name": {"type": "string"},
        "to_name": {"type": "string"},
        "original_length": {"type": ["number", "null"]},
        "score": NUMBER,
        "value": {
            "type": "object",
            "required": ["start", "end", "labels"],
            "properties": {
                "start": NUMBER,
                "end": NUMBER,
                "channel": {"type": "integer"},
                "labels": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            },
        },
    },
}
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["data", "predictions"],
        "properties": {
            "data": {"type": "object", "minProperties": 1},
            "predictions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["result"],
                    "properties": {
                        "model_version": {"type": "string"},
                        "score": NUMBER,
                        "result": {"type": "array", "items": REGION},
                    },
                },
            },
        },
    },
}
"""Of tasks with predictions, after Label Studio's guide ("Import pre-annotated data", "Audio")."""


@given(st.lists(results(), max_size=4))
def test_tasks_follow_the_schema_and_hold_the_events(several: list[Result]) -> None:
    read = json.loads(LABELSTUDIO.write(map(Entry, several)).encode("utf-8"))
    jsonschema.validate(read, SCHEMA)
    assert [task["data"]["video"] for task in read] == [result.file for result in several]
    for task, result in zip(read, several, strict=True):
        (prediction,) = task["predictions"]
        regions = prediction["result"]
        holds([(r["value"]["start"], r["value"]["end"]) for r in regions], result, 1e-6)
        assert len({region["id"] for region in regions}) == len(regions)
        assert [r["score"] for r in regions] == [round(e.score, 6) for e in result.events]
        for region, event in zip(regions, result.events, strict=True):
            assert region["value"]["labels"] == [event.label]


def test_what_a_video_without_events_says() -> None:
    read = json.loads(LABELSTUDIO.write(map(Entry, [failed(), plain(events=0), strange()])))
    assert [task["predictions"][0]["result"] for task in read[:2]] == [[], []]
    assert read[0]["meta"] == {"status": "failed", "notes": []}
    assert read[2]["predictions"][0]["result"][0]["original_length"] is None
    assert LABELSTUDIO.write([]) == "[\n\n]\n"
