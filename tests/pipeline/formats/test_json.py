"""JSON: all of a result, and an array that comes in pieces."""

import json
import os

import pytest

from avel.pipeline.formats.json import JSON, Array, document
from avel.pipeline.formats.shape import Entry
from avel.pipeline.method.results import Result
from tests.pipeline.formats.results import NOT_UTF8, STRANGE, failed, plain, strange


@pytest.mark.parametrize("result", [plain(), strange(), failed()], ids=lambda r: r.file)
def test_a_document_reads_back_as_what_the_result_says(result: Result) -> None:
    read = json.loads(document(result))
    assert read == json.loads(json.dumps(result.document()))
    assert next(iter(read)) == "schema"
    assert read["file"] == result.file


def test_numbers_that_json_has_not_are_null() -> None:
    read = json.loads(document(strange()))
    assert (read["duration"], read["relevance"]) == (None, [None])
    assert read["events"][0]["label"] == STRANGE


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_array_is_what_json_writes_of_a_list(count: int) -> None:
    results = [plain(), strange(), failed()][:count]
    expected = json.dumps([r.document() for r in results], indent=2, ensure_ascii=False)
    pieces: list[str] = []
    with Array(pieces.append) as array:
        for result in results:
            array.add(result)
    assert "".join(pieces) == expected


def test_the_array_waits_for_nothing() -> None:
    """Each result is written when it is given."""
    pieces: list[str] = []
    with Array(pieces.append) as array:
        array.add(plain("a.mp4"))
        assert json.loads("".join(pieces) + "]")[0]["file"] == "a.mp4"
        array.add(plain("b.mp4"))
    assert [each["file"] for each in json.loads("".join(pieces))] == ["a.mp4", "b.mp4"]


def test_an_array_that_is_broken_off_is_not_closed() -> None:
    """It must not be taken for all there is."""
    pieces: list[str] = []
    with pytest.raises(KeyboardInterrupt), Array(pieces.append) as array:
        array.add(plain())
        raise KeyboardInterrupt
    assert not "".join(pieces).endswith("]")


def test_a_name_that_is_no_utf8_reads_back_as_its_bytes() -> None:
    text = document(plain(NOT_UTF8))
    assert json.loads(text.encode("utf-8"))["file"] == NOT_UTF8
    assert os.fsencode(json.loads(text)["file"]) == b"caf\xe9.mp4"


def test_a_file_of_one_video_is_its_document_and_a_line_end() -> None:
    assert JSON.write([Entry(plain())]) == document(plain()) + "\n"
    assert not JSON.together
