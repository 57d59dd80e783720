"""Files by what they are; and our own exports of any results, read back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.cues import LIKENESSES
from avel.pipeline.annotations.marks import Sheet
from avel.pipeline.annotations.reading import READERS, SEVERAL, SUFFIXES, TIERED, files_in, read
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.srt import LOOKALIKES
from avel.pipeline.formats.table import FORMATS
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import MICROSECONDS, span, ticks
from avel.pipeline.formats.whole import readable
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import put, said
from tests.pipeline.formats.hard import results
from tests.pipeline.formats.results import failed, plain

MILLI, MICRO = 1000, MICROSECONDS


def held(label: str) -> str:
    """A label in XML: what that cannot hold is U+FFFD."""
    from avel.pipeline.formats.texts import _is_xml

    return "".join(c if _is_xml(c) else "\ufffd" for c in readable(label))


EXACT: dict[str, tuple[int, bool, Callable[[str], str]]] = {
    "json": (MICRO, False, str),
    "jsonl": (MICRO, False, str),
    "labelstudio": (MICRO, False, str),
    "csv": (MICRO, False, readable),
    "tsv": (MICRO, False, one_line),
    "audacity": (MICRO, False, one_line),
    "raven": (MICRO, False, one_line),
    "textgrid": (MICRO, True, one_line),
    "eaf": (MILLI, True, held),
    "webvtt": (MILLI, True, one_line),
    "srt": (MILLI, True, lambda text: one_line(text).translate(LOOKALIKES).translate(LIKENESSES)),
}
"""Of a format: its ticks a second, whether what is shorter than one is one, and what it makes of a
label."""


def plain_label(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", EXACT)
@given(result=results())
def test_what_we_write_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, name: str, result: Result
) -> None:
    rate, least_one, label = EXACT[name]
    form = FORMATS[name]
    path = put(tmp_path_factory.mktemp("r"), f"a{form.suffix}", form.write([Entry(result)]))
    found = [mark for sheet in read(path) for mark in said(sheet)]
    expected = []
    for event in result.events:
        onset, offset = ticks(event.onset, rate), ticks(event.offset, rate)
        times = span(event, rate) if least_one else (onset, offset)
        expected.append((*times, plain_label(label(event.label))))
    assert sorted(expected) == sorted(
        (round(onset * rate), round(offset * rate), plain_label(text))
        for onset, offset, text in found
    )


@pytest.mark.parametrize("name", ["csv", "tsv", "jsonl", "labelstudio"])
def test_films_of_a_file_that_holds_all(tmp_path: Path, name: str) -> None:
    both = [plain('x/ü, "a".mp4', 1), plain("y/b.mp4", 2)]
    form = FORMATS[name]
    found = read(put(tmp_path, f"events{form.suffix}", form.write(map(Entry, both))))
    assert [(each.films, len(each.marks)) for each in found] == [
        (('x/ü, "a".mp4',), 1),
        (("y/b.mp4",), 2),
    ]


@pytest.mark.parametrize("name", ["json", "jsonl", "labelstudio"])
def test_a_film_that_failed_is_not_one_without_events(tmp_path: Path, name: str) -> None:
    form = FORMATS[name]
    (sheet,) = read(put(tmp_path, f"a{form.suffix}", form.write([Entry(failed())])))
    assert sheet.void


def test_capitals_of_a_suffix_make_no_difference(tmp_path: Path) -> None:
    assert said(read(put(tmp_path, "A.TXT", "1\t2\tBark"))[0]) == [(1.0, 2.0, "Bark")]
    assert isinstance(read(put(tmp_path, "A.VTT", "WEBVTT\n"))[0], Sheet)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.docx", "x", r"a\.docx: its name says no format that is read; there are \.eaf, \.text"),
        ("a.zip", "x", "says no format that is read; unpack it first"),
        ("a.aup3", "x", "in Audacity use File, Export, Export Labels"),
        ("a.txt", "dear diary\n", "is neither a label track of Audacity nor a selection table of"),
        (
            "a.txt",
            "dear diary\n",
            r"'dear diary'; end the name of another format with its suffix, one of \.eaf, .*\.json$",
        ),
        (
            "a.json",
            "[1]",
            r"is neither an export of Label Studio \(JSON or JSON-MIN\) nor a result of avel; end "
            r"the name of another format with its suffix, one of \.eaf, .*\.txt$",
        ),
        ("a.json", "nothing", r"is no JSON \(Expecting value"),
    ],
)
def test_what_is_none(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(put(tmp_path, name, text))


def test_every_suffix_has_a_reader() -> None:
    assert {*SUFFIXES} == {*READERS, *TIERED, *SEVERAL}
    assert len(SUFFIXES) == len({*SUFFIXES})


def test_no_tasks_are_no_sheets(tmp_path: Path) -> None:
    assert read(put(tmp_path, "a.json", "[]")) == []


def test_files_of_folders_however_deep(tmp_path: Path) -> None:
    for name in ("b/a.eaf", "a.txt", "b/.hidden.txt", "film.mp4", "b/c/videos.csv", ".git/a.csv"):
        put(tmp_path / "in", name, "")
    for name in ("events.activitynet.json", "x.kdenlive.json", "provenance.jsonl"):
        put(tmp_path / "in", name, "")
    found = [tmp_path / "in" / name for name in ("a.txt", "b/a.eaf")]
    assert files_in([tmp_path / "in"]) == found
    assert files_in([found[1], tmp_path / "in", found[1]]) == [found[1], found[0]]


def test_inputs_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.eaf: no such file or folder; give what the annot"):
        files_in([tmp_path / "gone.eaf"])
    put(tmp_path, "film.mp4", "")
    with pytest.raises(InputError, match=r"holds no annotations; looked for \.eaf, \.textgrid"):
        files_in([tmp_path])


@given(results())
def test_an_edited_list_of_tasks_keeps_its_films(
    tmp_path_factory: pytest.TempPathFactory, result: Result
) -> None:
    """What Label Studio exports of our tasks once somebody has looked at them."""
    (task,) = json.loads(FORMATS["labelstudio"].write([Entry(result)]))
    task["annotations"] = [{"completed_by": 1, "result": task["predictions"][0]["result"]}]
    (sheet,) = read(put(tmp_path_factory.mktemp("r"), "a.json", json.dumps([task])))
    assert (sheet.films, sheet.who) == ((result.file,), "annotator 1")
    assert len(sheet.marks) == len(result.events)


CVAT = (
    "<annotations><version>1.1</version><meta><task><source>a.mp4</source></task></meta>"
    '<track id="0" label="Dog"><box frame="1" outside="0"/><box frame="9" outside="1"/></track>'
    '<tag label="Cat" frame="3"/></annotations>'
)
WHOLE = {
    **{form.suffix: form.write([Entry(plain())]) for form in map(FORMATS.__getitem__, EXACT)},
    ".xml": CVAT,
}
"""A sound file of each kind."""
PIECES = (
    b"\0",
    b"\xff",
    b'"',
    b"<",
    b"&",
    b"\t",
    b"\n",
    b"-",
    b"9" * 400,
    b"1e999",
    b"NaN",
    b"null",
    b"[]",
)


@pytest.mark.parametrize("suffix", WHOLE)
@given(data=st.data())
def test_what_is_damaged_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject
) -> None:
    """Whatever bytes a file holds: nothing but our own error, and no time that is no number."""
    raw = bytearray(WHOLE[suffix].encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at, length = data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, 20))
        raw[at : at + length] = data.draw(st.sampled_from(PIECES) | st.binary(max_size=4))
    path = put(tmp_path_factory.mktemp("d"), f"a{suffix}", bytes(raw))
    try:
        found = read(path)
    except InputError as err:
        assert str(path) in str(err)  # noqa: PT017 (or it is read)
        return
    assert all(
        onset == onset and offset == offset for each in found for onset, offset, _ in said(each)
    )
