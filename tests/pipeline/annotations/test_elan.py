"""ELAN's documents: tiers at any depth, slots without a time, annotators, addresses."""

from pathlib import Path

import pympi
import pytest

from avel.pipeline.annotations.reading import read
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import one, put, said


def document(slots: str, tiers: str, media: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT AUTHOR="" FORMAT="3.0">'
        f'<HEADER TIME_UNITS="milliseconds">{media}</HEADER><TIME_ORDER>{slots}</TIME_ORDER>'
        f"{tiers}</ANNOTATION_DOCUMENT>"
    )


def slots(*times: int | None) -> str:
    return "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{n}"' + ("/>" if time is None else f' TIME_VALUE="{time}"/>')
        for n, time in enumerate(times, 1)
    )


def tier(name: str, *annotations: tuple[int, int, str], more: str = "", first: int = 1) -> str:
    inner = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{n}" TIME_SLOT_REF1="ts{on}" '
        f'TIME_SLOT_REF2="ts{off}"><ANNOTATION_VALUE>{label}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
        for n, (on, off, label) in enumerate(annotations, first)
    )
    return f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="t" {more}>{inner}</TIER>'


def remarks(name: str, parent: str, *remarked: tuple[str, str, str]) -> str:
    inner = "".join(
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{own}" ANNOTATION_REF="{ref}">'
        f"<ANNOTATION_VALUE>{label}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
        for own, ref, label in remarked
    )
    return f'<TIER TIER_ID="{name}" PARENT_REF="{parent}">{inner}</TIER>'


def test_what_pympi_writes(tmp_path: Path) -> None:
    made = pympi.Elan.Eaf()
    made.add_linked_file(str(tmp_path / "a b.mp4"), relpath="./a b.mp4")
    made.add_tier("dogs")
    made.add_annotation("dogs", 500, 2250, "Bark & ü")
    made.add_annotation("dogs", 3000, 4000, "Meow")
    made.to_file(str(tmp_path / "a.eaf"))
    sheet = one(tmp_path / "a.eaf")
    assert sorted(said(sheet)) == [(0.5, 2.25, "Bark & ü"), (3.0, 4.0, "Meow")]
    assert sheet.films == ("./a b.mp4", str(tmp_path / "a b.mp4"))


def test_slots_without_a_time_lie_evenly_between_those_that_have_one(tmp_path: Path) -> None:
    words = tier("words", (1, 2, "a"), (2, 3, "b"), (3, 4, "c"), (5, 6, "d"))
    path = put(tmp_path, "a.eaf", document(slots(1000, None, None, 4000, 5000, 6000), words))
    assert said(one(path)) == [(1.0, 2.0, "a"), (2.0, 3.0, "b"), (3.0, 4.0, "c"), (5.0, 6.0, "d")]


def test_a_slot_that_nothing_fixes(tmp_path: Path) -> None:
    path = put(tmp_path, "a.eaf", document(slots(1000, None), tier("words", (1, 2, "a"))))
    with pytest.raises(InputError, match=r"annotation a1 has no time \(slot 'ts2'\), nor is it"):
        one(path)
    ring = tier("words", (1, 2, "a"), (2, 1, "b"))
    with pytest.raises(InputError, match="annotation a1 has no time"):
        one(put(tmp_path, "b.eaf", document(slots(None, None), ring)))
    lost = put(tmp_path, "c.eaf", document(slots(1000), tier("words", (1, 7, "a"))))
    with pytest.raises(InputError, match="slot 'ts7'"):
        one(lost)


def test_tiers_below_others(tmp_path: Path) -> None:
    """With times of their own they are read; what only says more of others is named."""
    inner = tier("words", (2, 3, "wuff"), more='PARENT_REF="events"', first=2)
    said_of = remarks("how", "events", ("a9", "a1", "loudly"))
    text = document(slots(1000, 1500, 2000, 3000), tier("events", (1, 4, "Bark")) + inner + said_of)
    path = put(tmp_path, "a.eaf", text)
    sheet = one(path)
    assert said(sheet) == [(1.0, 3.0, "Bark"), (1.5, 2.0, "wuff")]
    assert "tier(s) 'how' say more of other tiers'" in sheet.notes[0]
    assert said(one(path, "how")) == [(1.0, 3.0, "loudly")]
    assert said(one(path, "words")) == [(1.5, 2.0, "wuff")]


def test_remarks_on_remarks_have_the_times_of_what_is_at_the_bottom(tmp_path: Path) -> None:
    deep = remarks("how", "events", ("a8", "a1", "loudly")) + remarks(
        "why", "how", ("a9", "a8", "cat"), ("a10", "gone", "x")
    )
    text = document(slots(1000, 2000), tier("events", (1, 2, "Bark")) + deep)
    assert said(one(put(tmp_path, "a.eaf", text), "why")) == [(1.0, 2.0, "cat")]


def test_each_annotator_says_its_own(tmp_path: Path) -> None:
    two = tier("one", (1, 2, "Bark"), more='ANNOTATOR="Ann"') + tier(
        "two", (2, 3, "Meow"), more='ANNOTATOR="Ben"', first=2
    )
    found = read(put(tmp_path, "a.eaf", document(slots(0, 1000, 2000), two)))
    assert [(each.who, said(each)) for each in found] == [
        ("Ann", [(0.0, 1.0, "Bark")]),
        ("Ben", [(1.0, 2.0, "Meow")]),
    ]


def test_media_that_begin_later(tmp_path: Path) -> None:
    """ELAN counts from its own zero; `TIME_ORIGIN` is where that lies in the film."""
    media = '<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x/a%20b.mp4" TIME_ORIGIN="1500"/>'
    path = put(tmp_path, "a.eaf", document(slots(0, 1000), tier("e", (1, 2, "Bark")), media))
    sheet = one(path)
    assert said(sheet) == [(1.5, 2.5, "Bark")]
    assert sheet.films == ("file:///C:/x/a%20b.mp4",)


def test_a_document_without_annotations_says_that_nothing_happens(tmp_path: Path) -> None:
    for tiers in ("", tier("events")):
        assert one(put(tmp_path, "a.eaf", document("", tiers))).marks == ()


def test_an_encoding_of_windows(tmp_path: Path) -> None:
    text = document(slots(0, 1000), tier("e", (1, 2, "лай"))).replace("UTF-8", "UTF-16")
    assert said(one(put(tmp_path, "a.eaf", text.encode("utf-16")))) == [(0.0, 1.0, "лай")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no xml", "is no XML"),
        ("<annotations/>", "its root is <annotations>, expected <ANNOTATION_DOCUMENT>"),
        ("<!DOCTYPE x>" + document("", ""), "has a DOCTYPE|is no XML"),
        (document('<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1 s"/>', ""), r"ts1 \('1 s'\) must be w"),
        (document("", "", '<MEDIA_DESCRIPTOR TIME_ORIGIN="x"/>'), "TIME_ORIGIN .'x'. must be whole"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        one(put(tmp_path, "a.eaf", text))
