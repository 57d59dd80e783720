"""What every format of the table promises; a new one is picked up by itself."""

import json
from pathlib import Path

import pytest

from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.table import FORMATS
from tests.pipeline.formats.results import NOT_UTF8, STRANGE, failed, plain, strange

RESULTS = [plain(), strange(), failed(), plain("d.mp4", events=0)]
ENTRIES = [Entry(result) for result in RESULTS]


@pytest.mark.parametrize("name", FORMATS)
def test_one_text_is_the_texts_of_each(name: str) -> None:
    form = FORMATS[name]
    bodies = [body for body in map(form.body, ENTRIES) if body]
    assert form.write(ENTRIES) == form.head + form.between.join(bodies) + form.tail
    assert form.write(iter(ENTRIES)) == form.write(ENTRIES)


@pytest.mark.parametrize("name", FORMATS)
def test_texts_are_utf8_and_end_with_a_line(name: str) -> None:
    for result in (*RESULTS, plain(NOT_UTF8)):
        text = FORMATS[name].write([Entry(result)])
        assert text.encode("utf-8").endswith(b"\n") or not text


@pytest.mark.parametrize("name", FORMATS)
def test_events_are_in_it(name: str) -> None:
    body = FORMATS[name].body(ENTRIES[1])
    assert STRANGE.split("\n")[0].split(",")[0] in body.replace("_", " ")


@pytest.mark.parametrize("name", FORMATS)
def test_a_score_is_there_or_said_to_be_lost(name: str) -> None:
    form = FORMATS[name]
    assert form.score.startswith(("kept", "lost"))
    assert ("0.75" in form.body(ENTRIES[1])) == form.score.startswith("kept")


def test_suffixes_tell_them_apart_and_all_say_what_they_keep() -> None:
    assert len({form.suffix for form in FORMATS.values()}) == len(FORMATS)
    assert all(form.suffix.startswith(".") for form in FORMATS.values())
    for form in FORMATS.values():
        assert all((form.opens, form.times, form.score, form.label, form.overlap))


def test_json_holds_every_documented_field() -> None:
    for name in ("json", "jsonl"):
        fields = json.loads(FORMATS[name].body(ENTRIES[1]))
        documented = (Path(__file__).parents[3] / "docs" / "results.md").read_text()
        assert all(f"| `{field}` |" in documented for field in fields)
