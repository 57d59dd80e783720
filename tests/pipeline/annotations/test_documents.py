"""Our own results that somebody edited."""

import json
from pathlib import Path

import pytest

from avel.pipeline.annotations.documents import is_one
from avel.pipeline.annotations.reading import read
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import one, put, said
from tests.pipeline.formats.results import failed, plain


def test_one_result_a_list_and_lines(tmp_path: Path) -> None:
    both = [plain("a.mp4", 1).document(), plain("b.mp4", 2).document()]
    sheet = one(put(tmp_path, "a.mp4.json", json.dumps(both[0])))
    assert (sheet.films, said(sheet)) == (("a.mp4",), [(0.0, 0.5, "label 0")])
    many = read(put(tmp_path, "all.json", json.dumps(both)))
    lines = read(put(tmp_path, "all.jsonl", "\n\n".join(map(json.dumps, both))))
    assert [said(each) for each in many] == [said(each) for each in lines]
    assert many[1].marks[1].place == "result 2, event 2"


def test_a_result_without_events_says_that_nothing_happens(tmp_path: Path) -> None:
    sheet = one(put(tmp_path, "a.json", json.dumps(plain(events=0).document())))
    assert (sheet.marks, sheet.void) == ((), False)


def test_one_that_failed_says_nothing(tmp_path: Path) -> None:
    sheet = one(put(tmp_path, "a.json", json.dumps(failed().document())))
    assert sheet.void
    assert "c.mp4 failed (c.mp4: the file has 0 bytes); it is left out" in sheet.notes[0]


def test_an_event_that_ends_before_it_begins(tmp_path: Path) -> None:
    document = json.loads(json.dumps(plain().document()))
    document["events"][0]["onset"] = 9
    with pytest.raises(InputError, match=r"result 1: is none of avel's \(onset \(9 s\) must lie"):
        one(put(tmp_path, "a.json", json.dumps(document)))


def test_a_number_that_nothing_holds(tmp_path: Path) -> None:
    text = json.dumps(plain().document()).replace('"onset": 1.0', f'"onset": {"9" * 400}')
    with pytest.raises(InputError, match=r"result 1: is none of avel's \(int too large"):
        one(put(tmp_path, "a.json", text))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.jsonl", "{", "is no JSON"),
        ("a.jsonl", "[1]", r"result 1: is none of avel's"),
        ("a.json", "[" * 100_000, "is no JSON"),
        ("a.json", "{}", "is neither an export of Label Studio"),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(put(tmp_path, name, text))


def test_what_looks_like_one() -> None:
    assert is_one({"schema": "avel.result/2"})
    assert is_one([{"schema": "avel.result/1"}])
    assert not is_one([])
    assert not is_one([{"schema": "x"}])
