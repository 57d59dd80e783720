"""Formats by name: as users give them, and what is no format."""

import re

import pytest

from avel.pipeline.formats.choice import NAMES, USUAL, chosen
from avel.pipeline.formats.table import FORMATS
from avel.pipeline.reasons import InputError


def test_names_are_those_of_the_table() -> None:
    assert tuple(FORMATS) == NAMES
    assert len(NAMES) == 20
    assert set(USUAL) <= set(NAMES)


def test_names_come_one_by_one_or_with_commas() -> None:
    assert chosen(None) == ("json", "csv")
    assert chosen(["eaf"]) == ("eaf",)
    assert chosen(["eaf, srt", "WebVTT", "srt"]) == ("eaf", "srt", "webvtt")
    assert chosen(["srt", "all"]) == NAMES


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("web-vtt", "format 'web-vtt' is none; did you mean 'webvtt'?"),
        ("elan!", "format 'elan!' is none; there are json, csv, tsv,"),
        ("srt,", "format '' is none; there are json, csv, tsv,"),
    ],
)
def test_what_is_no_format(given: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        chosen([given])
