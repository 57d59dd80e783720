from typing import Any

import pytest

from avel.pipeline.server.checks import check, parsed
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.schemas import (
    AGAIN,
    CHOICE,
    COUNT,
    EDIT,
    FORMAT,
    NEW_UPLOAD,
    NOTHING,
    ONE,
    SAVE,
    STATE,
)

GOOD: list[tuple[Any, dict[str, Any]]] = [
    ({"name": "a", "bytes": 1}, NEW_UPLOAD),
    ({}, AGAIN),
    ({"model": "everyday"}, AGAIN),
    ({"revision": 0, "events": []}, SAVE),
    ({"revision": 3, "events": [{"label": "a", "onset": 0, "offset": 1.5}]}, SAVE),
    ({}, NOTHING),
    (True, {"type": "boolean"}),
]


@pytest.mark.parametrize(("value", "schema"), GOOD)
def test_what_is_right(value: Any, schema: dict[str, Any]) -> None:
    check(value, schema, "body")


@pytest.mark.parametrize(
    ("value", "schema", "said"),
    [
        ([], NEW_UPLOAD, r"body: \[\] must be of type object"),
        (None, NEW_UPLOAD, "body: None must be of type object"),
        ({"name": "a"}, NEW_UPLOAD, "body: lacks bytes"),
        ({}, NEW_UPLOAD, "body: lacks name, bytes"),
        ({"name": 1, "bytes": 1}, NEW_UPLOAD, r"body.name: 1 must be of type string"),
        (
            {"name": "", "bytes": 1},
            NEW_UPLOAD,
            r"body.name: '' has 0 characters; there must be 1 to 1000",
        ),
        ({"name": "\ud800", "bytes": 1}, NEW_UPLOAD, "must be text that is Unicode"),
        ({"name": "a", "bytes": 0}, NEW_UPLOAD, r"body.bytes: 0 must be in \[1,"),
        ({"name": "a", "bytes": -1}, NEW_UPLOAD, r"body.bytes: -1 must be in"),
        ({"name": "a", "bytes": 1.0}, NEW_UPLOAD, "body.bytes: 1.0 must be of type integer"),
        ({"name": "a", "bytes": True}, NEW_UPLOAD, "body.bytes: True must be of type integer"),
        ({"name": "a", "bytes": 1 << 60}, NEW_UPLOAD, "must be in"),
        ({"name": "a", "bytes": 1, "x": 2}, NEW_UPLOAD, "body: has 'x'; it may have name, bytes"),
        ({"x": 1}, NOTHING, "body: has 'x'; it may have nothing"),
        ({"name": None}, CHOICE, "body.name: None must be of type string"),
        ({"label": "a", "onset": "0", "offset": 1}, EDIT, "body.onset: '0' must be of type number"),
        ({"label": "a" * 201, "onset": 0, "offset": 1}, EDIT, "has 201 characters"),
        (
            {"label": "a", "onset": -0.1, "offset": 1},
            EDIT,
            r"body.onset: -0.1 must be in \[0, 1e\+06\]",
        ),
        ({"revision": 0, "events": {}}, SAVE, "body.events: {} must be of type array"),
        ({"revision": 0, "events": [1]}, SAVE, r"body.events\[0\]: 1 must be of type object"),
        (
            {"revision": 0, "events": [{}] * 10_001},
            SAVE,
            "has 10001 items; there must be 0 to 10000",
        ),
        (1, {"type": "boolean"}, "body: 1 must be of type boolean"),
    ],
)
def test_what_is_wrong(value: Any, schema: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said) as err:
        check(value, schema, "body")
    assert (err.value.status, err.value.reason) == (422, "WRONG_VALUE")


def test_values_of_the_query() -> None:
    assert parsed("7", COUNT, "after") == 7
    assert parsed("csv", FORMAT, "format") == "csv"
    assert parsed("1", ONE, "proxy") == "1"


@pytest.mark.parametrize(
    ("text", "schema", "said"),
    [
        ("-1", COUNT, "x: '-1' must be a whole number, 0 or more"),
        ("", COUNT, "must be a whole number"),
        ("٣", COUNT, "must be a whole number"),
        ("9" * 18, COUNT, "must be in"),
        ("exe", FORMAT, "x: 'exe' must be one of json, csv"),
        ("0", ONE, "x: '0' must be one of 1"),
        ("Done", STATE, "must be one of queued, running, done, failed, cancelled"),
    ],
)
def test_values_of_the_query_that_are_wrong(text: str, schema: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said):
        parsed(text, schema, "x")


def test_a_pattern() -> None:
    with pytest.raises(Problem, match="x: 'b' must be like \\^a"):
        parsed("b", {"type": "string", "pattern": "^a"}, "x")
