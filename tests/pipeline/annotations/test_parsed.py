"""JSON of annotation files, as a whole and by lines."""

from pathlib import Path

import pytest

from avel.pipeline.annotations import reading
from avel.pipeline.annotations.parsed import parsed
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import put

A = Path("a.json")


def test_a_document_in_any_coding_that_tools_write() -> None:
    assert parsed(A, '{"a": ["ä"]}'.encode("utf-16")) == {"a": ["ä"]}


def test_lines() -> None:
    assert parsed(A, b'{"a": 1}\r\n\n[2]\n', lines=True) == [{"a": 1}, [2]]
    assert parsed(A, b"", lines=True) == []


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("raw", [b"{", b"[" * 100_000, b'{"a": 1}\n{'])
def test_what_is_none(raw: bytes, lines: bool) -> None:
    with pytest.raises(InputError, match=r"a\.json: is no JSON \(.*\); export it again"):
        parsed(A, raw, lines=lines)


def test_a_file_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of the kinds it is found to be: an export may have 64 MiB."""
    asked = []
    monkeypatch.setattr(
        reading, "parsed", lambda path, raw: (asked.append(path), parsed(path, raw))[1]
    )
    given = put(tmp_path, "a.json", '[{"data": {"video": "a.mp4"}, "annotations": []}]')
    assert len(reading.read(given)) == 1
    assert asked == [given]
