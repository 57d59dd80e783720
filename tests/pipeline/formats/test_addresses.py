"""Where a video lies, as formats name it."""

from pathlib import Path

import pytest

from avel.pipeline.formats.addresses import address, beside, media_type
from avel.pipeline.formats.shape import Entry
from tests.pipeline.formats.results import NOT_UTF8, plain


@pytest.mark.parametrize(
    ("file", "kind"), [("a.MP4", "video/mp4"), ("a.wav", "audio/x-wav"), ("a.mxf", "unknown")]
)
def test_media_types(file: str, kind: str) -> None:
    assert media_type(Entry(plain(file))) == kind


def test_addresses_are_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert address(Entry(plain("a b#ü.mp4"))) == f"file://{tmp_path}/a%20b%23%C3%BC.mp4"
    assert address(Entry(plain(NOT_UTF8))).endswith("/caf%E9.mp4")


def test_seen_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    entry = plain("films/a.mp4")
    assert beside(Entry(entry, folder=tmp_path / "out")) == "../films/a.mp4"
    assert beside(Entry(entry, folder=tmp_path / "films")) == "./a.mp4"
    assert beside(Entry(entry, folder=Path("."))) == "./films/a.mp4"
    assert beside(Entry(entry)) == "./a.mp4"
