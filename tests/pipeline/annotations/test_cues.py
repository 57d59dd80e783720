"""Subtitles that people edit: WebVTT and SubRip."""

from pathlib import Path

import pysubs2
import pytest
import webvtt as library

from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import one, put, said

VTT = """WEBVTT - made by hand
Kind: captions

NOTE 00:00:00.000 is where it begins

STYLE
::cue { color: red }

first
00:01.000 --> 00:02.500 align:start position:10%
<v Ann>Church &amp; bell</v>

01:00:00.000 --> 01:00:01.000
Bark
loud

00:05.000 --> 00:06.000
"""


def test_cues_of_webvtt(tmp_path: Path) -> None:
    sheet = one(put(tmp_path, "a.vtt", VTT))
    assert said(sheet) == [
        (1.0, 2.5, "Church & bell"),
        (3600.0, 3601.0, "Bark loud"),
        (5.0, 6.0, ""),
    ]
    assert [mark.place for mark in sheet.marks] == ["line 10", "line 13", "line 17"]


def test_what_another_program_wrote(tmp_path: Path) -> None:
    made = library.WebVTT()
    made.captions.append(library.Caption("00:00:01.250", "00:00:02.000", "Bark"))
    made.save(str(tmp_path / "a.vtt"))
    assert said(one(tmp_path / "a.vtt")) == [(1.25, 2.0, "Bark")]


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_what_a_subtitle_editor_saves(tmp_path: Path, form: str) -> None:
    made = pysubs2.SSAFile()
    made.append(pysubs2.SSAEvent(start=500, end=2250, text="Bark"))
    made.save(str(tmp_path / f"a.{form}"))
    assert said(one(tmp_path / f"a.{form}")) == [(0.5, 2.25, "Bark")]


def test_subrip_with_styles_and_without_numbers(tmp_path: Path) -> None:
    text = "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<i>Bark</i>\r\n\r\n00:00:03.5 --> 00:00:04.25\r\nMeow\r\n"
    assert said(one(put(tmp_path, "a.srt", text))) == [(1.0, 2.0, "Bark"), (3.5, 4.25, "Meow")]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.vtt", "00:01.000 --> 00:02.000\nBark\n", "does not begin with WEBVTT"),
        ("a.vtt", "WEBVTT\n\n00:01 --> 2 s\nBark\n", "line 3: '2' is no time such as 00:01:02"),
        ("a.vtt", "WEBVTT\n\nBark\n", "line 3: a cue has no line with -->"),
        ("a.srt", "1\n00:00:01,000 -->\nBark\n", "line 2: '' is no time"),
        ("a.srt", "hello\n", "line 1: a cue has no line with -->"),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        one(put(tmp_path, name, text))
