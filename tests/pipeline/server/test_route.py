import json

from avel.pipeline.server.route import as_json, empty


def test_json() -> None:
    answer = as_json({"name": "日本"}, 201)
    assert (answer.status_code, json.loads(answer.body)) == (201, {"name": "日本"})
    assert answer.headers["content-type"] == "application/json"


def test_nothing_but_that_it_is_done() -> None:
    assert (empty().status_code, empty().body) == (204, b"")
