"""Results come back from their JSON as they were."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.json import document
from avel.pipeline.formats.read import read_results, result_of
from avel.pipeline.method.events import Disagreement, Event, Evidence, Sound
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError
from tests.pipeline.formats.results import failed, plain, strange

SHARES = st.floats(0, 1, width=32)
TIMES = st.floats(0, 9000, width=32)


def back(result: Result) -> Result:
    return result_of(json.loads(document(result)))


def full() -> Result:
    return Result(
        "a.mp4",
        "partial",
        ("TRUNCATED",),
        duration=2.5,
        segments=3,
        events=(Event(0.0, 2.5, "Bark", 0.75, Evidence(1.5, 4.0, "supports")),),
        disagreements=(Disagreement(0.0, 1.0, "Cat", "seen, not heard", 0.5, "cat"),),
        sounds=(Sound(0.0, 1.0, "Dog", 0.5),),
        notes=("a note",),
        model={"name": "everyday", "sha256": "ab", "knows": "much"},
        decoder={"name": "hysteresis", "threshold": 0.25},
        relevance=(0.5, 0.25, 0.0),
        top_classes=(("Bark", 0.5),) * 3,
        heard=(("Bark", 0.5),) * 3,
        seen=(("Dog", 0.25),) * 3,
        in_domain=0.5,
    )


@pytest.mark.parametrize("result", [plain(), failed(), full()], ids=["plain", "failed", "full"])
def test_a_result_comes_back_as_it_was(result: Result) -> None:
    assert back(result).document() == result.document()
    assert back(result).events == result.events
    assert back(result).disagreements == result.disagreements


def test_all_of_it_comes_back() -> None:
    assert back(full()) == full()
    assert back(full()).events[0].evidence == Evidence(1.5, 4.0, "supports")


@given(TIMES, TIMES, SHARES, st.text())
def test_times_come_back(onset: float, offset: float, score: float, label: str) -> None:
    onset, offset = sorted((onset, offset))
    found = back(Result("a", "ok", events=(Event(onset, offset, label, score),))).events[0]
    assert (found.onset, found.offset) == pytest.approx((onset, offset), abs=1e-6)
    assert (found.label, found.score) == (label, pytest.approx(score, abs=1e-6))


def test_numbers_that_are_none_come_back_as_none() -> None:
    found = back(strange())
    assert found.duration != found.duration
    assert found.relevance[0] != found.relevance[0]


def test_an_earlier_schema_is_read() -> None:
    old = {"schema": "avel.result/1", "file": "a", "status": "ok", "segments": 1, "later": 3}
    old["events"] = [{"onset": 0, "offset": 1, "label": "a", "score": 1}]  # type: ignore[assignment]
    assert result_of(old) == Result("a", "ok", segments=1, events=(Event(0.0, 1.0, "a", 1.0),))


def test_a_file_a_list_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(document(plain("b.mp4")))
    (tmp_path / "a.json").write_text(f"[{document(plain('a1'))}, {document(plain('a2'))}]")
    (tmp_path / "other.json").write_text('{"schema": "of another"}')
    (tmp_path / "list.json").write_text("[1]")
    (one,) = read_results(tmp_path / "b.json")
    assert one.result.document() == plain("b.mp4").document()
    assert (one.path, one.alone) == (tmp_path / "b.json", True)
    assert [each.alone for each in read_results(tmp_path / "a.json")] == [False, False]
    assert [each.result.file for each in read_results(tmp_path)] == ["a1", "a2", "b.mp4"]


EVENT = (
    '{"schema": "avel.result/2", "file": "a", "status": "ok", "events": '
    '[{"onset": %s, "offset": %s, "label": %s, "score": 0.5}]}'
)


def test_lines_of_json(tmp_path: Path) -> None:
    results = [plain("a"), plain("b", events=0)]
    lines = "\n".join(json.dumps(each.document()) for each in results)
    (tmp_path / "events.jsonl").write_text(f"{lines}\n\n")
    found = list(read_results(tmp_path / "events.jsonl"))
    assert [each.result.file for each in found] == ["a", "b"]
    assert not any(each.alone for each in found)
    (tmp_path / "x.jsonl").write_text(f"{lines}\n{{")
    with pytest.raises(InputError, match=r"x\.jsonl: is no JSON"):
        list(read_results(tmp_path / "x.jsonl"))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", r"a\.json: is no JSON .*give a result's \.json"),
        ("{}", r"a\.json: is no result of avel: schema \(None\) must be one of avel\.result/1"),
        ("3", r"a\.json: is no result of avel: schema \(None\)"),
        ('{"schema": "avel.result/99"}', r"schema \('avel\.result/99'\) must be one of"),
        ('{"schema": "avel.result/2"}', "file and status must be text; write it anew"),
        ('{"schema": "avel.result/2", "file": 3, "status": "ok"}', "file and status must be"),
        ('{"schema": "avel.result/2", "events": [{"onset": "x"}]}', "could not convert string"),
        ('{"schema": "avel.result/2", "events": [3]}', "is no result of avel"),
        ('{"schema": "avel.result/2", "relevance": 3}', "is no result of avel"),
        ('{"schema": "avel.result/2", "events": [{}]}', "missing .* required positional"),
        ('{"schema": "avel.result/2", "model": 3}', r"model \(3\) must be of kind dict"),
        ('{"schema": "avel.result/2", "segments": true}', r"segments \(True\) must be of kind int"),
        ('{"schema": "avel.result/2", "notes": [3]}', r"notes \(3\) must be text; write it anew"),
        (
            '{"schema": "avel.result/2", "top_classes": [[3, 0.5]]}',
            r"top_classes \(3\) must be text",
        ),
        ('{"schema": "avel.result/2", "in_domain": "x"}', "could not convert string"),
        (
            '{"schema": "avel.result/2", "decoder": {"threshold": "high"}}',
            "could not convert string to float: 'high'; write it anew",
        ),
        (EVENT % (2, 1, '"a"'), r"onset \(2 s\) must lie in \[0, offset \(1 s\)\]"),
        (EVENT % (-1, 1, '"a"'), r"onset \(-1 s\) must lie in \[0, offset"),
        (EVENT % ("null", 1, '"a"'), r"onset \(nan s\) must lie in"),
        (EVENT % (0, "1e999", '"a"'), r"must lie in \[0, offset \(inf s\)\]"),
        (EVENT % (0, 1, "5"), r"label \(5\) must be text"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_result_is_said(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=match):
        list(read_results(tmp_path / "a.json"))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.json: cannot be read \(No such file[^;]*; [^;]*$"):
        list(read_results(tmp_path / "no.json"))
    with pytest.raises(InputError, match="holds no results of avel; give a folder that"):
        list(read_results(tmp_path))


def test_evidence_must_be_whole() -> None:
    whole: dict[str, Any] = json.loads(document(full()))
    del whole["events"][0]["evidence"]["seen"]
    with pytest.raises(KeyError, match="seen"):
        result_of(whole)
