"""Ends of names: what a demuxer reads is looked for, and nothing else is."""

import av
import pytest

from avel.pipeline.media.container import FORMATS
from avel.pipeline.media.suffixes import MEDIA_SUFFIXES, suffix

NOT_VIDEO = {"avif", "heic", "heif", "mks"}
"""Still pictures in MP4's box format, and subtitles alone in Matroska."""


@pytest.mark.parametrize("demuxer", FORMATS.split(","))
def test_all_that_a_demuxer_calls_its_own(demuxer: str) -> None:
    claimed = av.ContainerFormat(demuxer, "r").extensions - NOT_VIDEO
    assert {f".{end}" for end in claimed} <= MEDIA_SUFFIXES


def test_those_that_libav_does_not_name() -> None:
    named = (
        ".ts .vob .mpg .wmv .asf .wav .w64 .aiff .caf .mxf .gxf .rm .rmvb .ivf .wtv .swf .amr .au"
    )
    assert set(named.split()) <= MEDIA_SUFFIXES
    assert (
        not {".txt", ".jpg", ".png", ".json", ".csv", ".srt", ".pdf", ".part", ""} & MEDIA_SUFFIXES
    )


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("a.mp4", ".mp4"),
        ("A.B.MP4", ".mp4"),
        ("a", ""),
        (".mp4", ""),
        ("a.", "."),
        ("-.Mkv", ".mkv"),
        ("\udce9.gif", ".gif"),
    ],
)
def test_the_end_of_a_name(name: str, end: str) -> None:
    assert suffix(name) == end
