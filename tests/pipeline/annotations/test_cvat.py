"""CVAT's XML: tracks, tags, projects; times are frames."""

from pathlib import Path

import pytest

from avel.pipeline.annotations.marks import Mark
from avel.pipeline.annotations.reading import read
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import one, put, said

META = (
    "<meta><task><id>5</id><assignee><username>ann</username></assignee>"
    "<source>dog 1.mp4</source></task></meta>"
)


def document(inner: str, meta: str = META, version: str = "1.1") -> str:
    return (
        f'<?xml version="1.0"?><annotations><version>{version}</version>{meta}{inner}</annotations>'
    )


def track(label: str, *boxes: tuple[int, int], more: str = "", kind: str = "box") -> str:
    inner = "".join(f'<{kind} frame="{f}" outside="{out}" xtl="1"/>' for f, out in boxes)
    return f'<track id="0" label="{label}" {more}>{inner}</track>'


def test_a_track_lasts_until_it_is_outside(tmp_path: Path) -> None:
    text = document(track("Dog", (25, 0), (30, 0), (75, 1)))
    sheet = one(put(tmp_path, "a.xml", text))
    assert sheet.marks == (Mark("Dog", 25, 75, "track 0", frames=True),)
    assert (sheet.films, sheet.who) == (("dog 1.mp4",), "ann")


def test_a_track_that_comes_back_and_one_that_stays(tmp_path: Path) -> None:
    text = document(track("Dog", (0, 0), (1, 0), (5, 1), (6, 1), (50, 0), (99, 0)))
    assert said(one(put(tmp_path, "a.xml", text))) == [(0, 5, "Dog"), (50, 100, "Dog")]


def test_shapes_of_all_kinds_and_in_any_order(tmp_path: Path) -> None:
    text = document(track("Dog", (10, 1), (2, 0), kind="polygon"))
    assert said(one(put(tmp_path, "a.xml", text))) == [(2, 10, "Dog")]
    assert one(put(tmp_path, "b.xml", document(track("Dog", (2, 1))))).marks == ()
    assert one(put(tmp_path, "c.xml", document(track("Dog")))).marks == ()


def test_tags_of_frames_that_follow_are_one(tmp_path: Path) -> None:
    tags = "".join(f'<tag label="Bark" frame="{frame}"/>' for frame in (4, 3, 5, 9))
    sheet = one(put(tmp_path, "a.xml", document(tags)))
    assert said(sheet) == [(3, 6, "Bark"), (9, 10, "Bark")]
    images = "".join(f'<image id="{n}" name="f{n}"><tag label="Bark"/></image>' for n in (7, 8))
    assert said(one(put(tmp_path, "b.xml", document(images)))) == [(7, 9, "Bark")]


def test_a_project_has_several_films(tmp_path: Path) -> None:
    tasks = "".join(
        f"<task><id>{n}</id><source>{name}</source></task>"
        for n, name in ((1, "a.mp4"), (2, "b.mp4"))
    )
    meta = f"<meta><project><id>9</id><tasks>{tasks}</tasks></project></meta>"
    inner = track("Dog", (0, 0), (5, 1), more='task_id="2"') + track(
        "Cat", (1, 0), (5, 1), more='task_id="1"'
    )
    found = read(put(tmp_path, "a.xml", document(inner, meta)))
    assert {each.films: said(each) for each in found} == {
        ("a.mp4",): [(1, 5, "Cat")],
        ("b.mp4",): [(0, 5, "Dog")],
    }


def test_a_film_that_is_named_beside_the_task_or_nowhere(tmp_path: Path) -> None:
    meta = "<meta><task><id>1</id></task><source>c.mp4</source></meta>"
    assert one(put(tmp_path, "a.xml", document("", meta))).films == ("c.mp4",)
    assert one(put(tmp_path, "b.xml", document(track("Dog", (0, 0)), ""))).films == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (document("", version="1.0"), r"version is '1\.0', expected 1\.1; export it as 'CVAT for v"),
        ("<annotations/>", "version is None, expected"),
        ("<dataset/>", "its root is <dataset>, expected <annotations>"),
        (document(track("Dog", (0, 0)).replace('frame="0"', 'frame="-1"')), "track 0 is at frame '-1'"),
        (document(f'<tag label="x" frame="{"9" * 400}"/>'), "a tag is at frame '9{39}, which is none"),
        (document('<tag label="x" frame="²"/>'), "a tag is at frame '²', which is none"),
        (document('<image id="x"><tag label="y"/></image>'), "an image is at frame 'x'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        one(put(tmp_path, "a.xml", text))
