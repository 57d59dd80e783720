"""Names of results: the video's own where it may be, one for each, always a name in its folder."""

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats import names as module
from avel.pipeline.formats.names import LONGEST, ResultNames, escaped, unescaped
from tests.pipeline.formats.results import NOT_UTF8


@given(st.binary(max_size=12).map(os.fsdecode) | st.text(max_size=12))
def test_a_name_as_text_can_be_had_again(name: str) -> None:
    text = escaped(name)
    assert len(text.splitlines()) <= 1
    text.encode("utf-8")
    assert unescaped(text) == name
    assert escaped(unescaped(text)) == text


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("a.mp4", 'ü 漢 😀 "quoted", & <b>.mp4', "", "dir/x.mp4"):
        assert escaped(name) == name == unescaped(name)
    assert escaped("a\\b\n\x1b\udcff") == r"a\\b\n\u001b\udcff"


def test_text_that_is_no_escaped_name_stays_as_it_is() -> None:
    for text in ("a\\q", "a\nb", "\\"):
        assert unescaped(text) == text


def named(*files: str) -> list[str]:
    names = ResultNames()
    return [names.name(file) for file in files]


def test_a_video_keeps_its_own_name_where_none_had_it_before() -> None:
    assert named("a/x.mp4", "b/x.mp4", "c/y.mp4", "d/x.mp4") == [
        "x.mp4",
        "x.mp4-2",
        "y.mp4",
        "x.mp4-3",
    ]


def test_no_name_leaves_its_folder() -> None:
    assert named("../../etc/passwd", "/", "..", "a/..") == ["passwd", "video", "video-2", "video-3"]


def test_capitals_and_forms_of_letters_do_not_tell_names_apart() -> None:
    composed, apart = (unicodedata.normalize(form, "Café.mp4") for form in ("NFC", "NFD"))
    assert composed != apart
    assert named("Clip.MP4", "clip.mp4", composed, apart) == [
        "Clip.MP4",
        "clip.mp4-2",
        composed,
        f"{apart}-2",
    ]


def test_a_name_that_a_number_would_make_is_stepped_over() -> None:
    assert named("x-2", "x", "x", "x", "x-2") == ["x-2", "x", "x-3", "x-4", "x-2-2"]


@pytest.mark.parametrize("letter", ["a", "ü", "漢", "\udce9"])
def test_names_that_are_too_long_are_cut_and_still_one_each(letter: str, tmp_path: Path) -> None:
    files = [letter * 250 + end for end in ("1.mp4", "2.mp4", "1.mp4")]
    found = named(*files)
    assert len(set(found)) == 3
    assert all(len(os.fsencode(name)) <= LONGEST + 2 for name in found)
    for name in found:
        (tmp_path / f".{name}.attention.2.mp4.1234567.part").touch()


def test_a_name_that_is_just_short_enough_is_kept() -> None:
    assert named("x" * LONGEST) == ["x" * LONGEST]
    assert named("x" * (LONGEST + 1)) != ["x" * (LONGEST + 1)]
    assert named(NOT_UTF8) == [NOT_UTF8]


PARTS = st.text(st.sampled_from("aA/.-2ü\udce9"), max_size=6)


@given(st.lists(PARTS, max_size=30))
def test_all_names_are_one_each_and_the_same_from_run_to_run(files: list[str]) -> None:
    found = named(*files)
    assert found == named(*files)
    folded = [unicodedata.normalize("NFC", name).casefold() for name in found]
    assert len(set(folded)) == len(files)
    assert all("/" not in name and name not in ("", ".", "..") for name in found)


def test_a_name_depends_on_no_later_file() -> None:
    """So that a list that grew at its end gives the same names as before."""
    files = ["a/x", "b/X", "x-2", "y", "c/x"]
    assert all(named(*files)[:n] == named(*files[:n]) for n in range(len(files)))


def test_many_of_one_name_are_looked_up_twice_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work by count, not by a clock: 2,000 of one name are no 2,000 times 2,000 steps."""
    looked = 0
    folded = module.folded

    def counting(name: str) -> str:
        nonlocal looked
        looked += 1
        return folded(name)

    monkeypatch.setattr(module, "folded", counting)
    assert len(set(named(*[f"{n}/x.mp4" for n in range(2000)]))) == 2000
    assert looked <= 4 * 2000
