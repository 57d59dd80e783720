"""What every format of the table promises; a new one is picked up by itself."""

import json
from pathlib import Path

import pytest

from avel.pipeline.formats.table import FORMATS
from tests.pipeline.formats.results import NOT_UTF8, STRANGE, failed, plain, strange

RESULTS = [plain(), strange(), failed(), plain("d.mp4", events=0)]


@pytest.mark.parametrize("name", FORMATS)
def test_one_text_is_the_texts_of_each(name: str) -> None:
    form = FORMATS[name]
    assert form.write(RESULTS) == form.head + "".join(form.body(result) for result in RESULTS)
    assert form.write(iter(RESULTS)) == form.write(RESULTS)


@pytest.mark.parametrize("name", FORMATS)
def test_texts_are_utf8_and_end_with_a_line(name: str) -> None:
    for result in (*RESULTS, plain(NOT_UTF8)):
        body = FORMATS[name].body(result)
        assert body.encode("utf-8").endswith(b"\n") or not body


@pytest.mark.parametrize("name", FORMATS)
def test_events_are_in_it(name: str) -> None:
    body = FORMATS[name].body(strange())
    assert "3.5" in body
    assert "0.75" in body
    assert STRANGE.split("\n")[0].split(",")[0] in body


def test_suffixes_tell_them_apart_and_all_say_what_they_keep() -> None:
    assert len({form.suffix for form in FORMATS.values()}) == len(FORMATS)
    assert all(form.suffix.startswith(".") for form in FORMATS.values())
    assert all(form.keeps and form.loses for form in FORMATS.values())


def test_json_is_what_loses_nothing() -> None:
    assert [name for name, form in FORMATS.items() if form.loses == "nothing"] == ["json"]
    fields = json.loads(FORMATS["json"].body(strange()))
    documented = (Path(__file__).parents[3] / "docs" / "results.md").read_text()
    assert all(f"| `{field}` |" in documented for field in fields)
