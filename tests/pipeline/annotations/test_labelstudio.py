"""Exports of Label Studio, in both forms and with all kinds of regions."""

import json
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.annotations.labelstudio import is_one
from avel.pipeline.annotations.marks import END, Mark, Sheet
from avel.pipeline.annotations.reading import read
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import put, said

SOUND = {"type": "labels", "value": {"start": 0.5, "end": 2.25, "labels": ["Bark"]}}


def task(*regions: Any, video: str = "clips/a.mp4", **more: Any) -> dict[str, Any]:
    annotation = {"id": 7, "completed_by": {"email": "ann@x.org"}, "result": list(regions)} | more
    return {"id": 3, "data": {"video": video}, "annotations": [annotation]}


def export(folder: Path, *tasks: Any) -> list[Sheet]:
    return read(put(folder, "events.labelstudio.json", json.dumps(tasks)))


def test_regions_of_sound_are_seconds(tmp_path: Path) -> None:
    (sheet,) = export(tmp_path, task(SOUND))
    assert sheet.marks == (Mark("Bark", 0.5, 2.25, "task 3, region 1"),)
    assert (sheet.films, sheet.who) == (("clips/a.mp4",), "ann@x.org")


def test_timelines_are_frames_from_number_one_on(tmp_path: Path) -> None:
    value = {"ranges": [{"start": 1, "end": 25}, {"start": 51, "end": 51}]}
    region = {"type": "timelinelabels", "value": {**value, "timelinelabels": ["Bark", "Dog"]}}
    (sheet,) = export(tmp_path, task(region))
    assert said(sheet) == [(0, 25, "Bark"), (0, 25, "Dog"), (50, 51, "Bark"), (50, 51, "Dog")]
    assert all(mark.frames for mark in sheet.marks)


def boxes(*keys: tuple[int, bool], **more: Any) -> dict[str, Any]:
    sequence = [{"frame": frame, "enabled": on, "x": 1} for frame, on in keys]
    return {"type": "videorectangle", "value": {"sequence": sequence, "labels": ["Dog"], **more}}


def test_boxes_live_from_a_keyframe_to_the_one_that_ends_them(tmp_path: Path) -> None:
    keys = (1, True), (11, True), (25, False), (76, True)
    (sheet,) = export(tmp_path, task(boxes(*keys)))
    assert [(m.onset, m.offset, m.frames) for m in sheet.marks] == [(0, 25, True), (75, END, True)]
    (sheet,) = export(tmp_path, task(boxes(*keys, framesCount=250, duration=10)))
    assert [(m.onset, m.offset, m.frames) for m in sheet.marks] == [(0, 1, False), (3, END, False)]


def test_a_choice_is_about_the_whole_film(tmp_path: Path) -> None:
    (sheet,) = export(tmp_path, task({"type": "choices", "value": {"choices": ["Bark", "Meow"]}}))
    assert said(sheet) == [(0.0, END, "Bark"), (0.0, END, "Meow")]


def test_what_says_no_time_is_left_out_and_named(tmp_path: Path) -> None:
    others = [{"type": "textarea", "value": {"text": ["hm"]}}, {"type": "relation", "from_id": "x"}]
    spans = {"type": "hypertextlabels", "value": {"start": "/p", "end": "/q", "startOffset": 1}}
    (sheet,) = export(tmp_path, task(*others, SOUND, spans))
    assert said(sheet) == [(0.5, 2.25, "Bark")]
    assert [note.partition("task 3: ")[2] for note in sheet.notes] == [
        "1 of type 'textarea' say no label with a time; they are left out",
        "1 of type 'hypertextlabels' say no label with a time; they are left out",
    ]


def test_a_region_without_a_label_is_kept_to_be_named(tmp_path: Path) -> None:
    for labels in ({}, {"labels": []}):
        (sheet,) = export(
            tmp_path, task({"type": "labels", "value": {"start": 1, "end": 2, **labels}})
        )
        assert said(sheet) == [(1.0, 2.0, "")]


@pytest.mark.parametrize(
    ("video", "names"),
    [
        ("/data/local-files/?d=films/a%20b.mp4", ("films/a b.mp4",)),
        ("/data/upload/3/0a1b2c3d-a.mp4", ("/data/upload/3/0a1b2c3d-a.mp4", "/data/upload/3/a.mp4")),
        ("http://host:8080/data/upload/0a1b2c3d-a.mp4?x=1",
         ("http://host:8080/data/upload/0a1b2c3d-a.mp4", "http://host:8080/data/upload/a.mp4")),
        ("s3://bucket/a.mp4", ("s3://bucket/a.mp4",)),
        ("/films/what? 100%.mp4", ("/films/what? 100%.mp4",)),
    ],
)  # fmt: skip
def test_where_the_film_lies(tmp_path: Path, video: str, names: tuple[str, ...]) -> None:
    (sheet,) = export(tmp_path, task(SOUND, video=video))
    assert sheet.films == names


def test_the_film_stands_in_any_field_that_looks_like_one(tmp_path: Path) -> None:
    given = task(SOUND) | {"data": {"title": "My dog", "clip": "x/c.MKV", "audio": "b.wav", "n": 3}}
    (sheet,) = export(tmp_path, given)
    assert sheet.films == ("b.wav", "x/c.MKV")


def test_every_annotator_has_a_sheet_and_what_was_cancelled_none(tmp_path: Path) -> None:
    given = task(SOUND)
    given["annotations"] += [
        {"completed_by": 5, "result": []},
        {"completed_by": 6, "was_cancelled": True, "result": [SOUND]},
    ]
    found = export(tmp_path, given)
    assert [(each.who, len(each.marks)) for each in found] == [("ann@x.org", 1), ("annotator 5", 0)]


def test_predictions_are_nobodys_word_beside_annotations(tmp_path: Path) -> None:
    predicted = {
        "id": 4,
        "data": {"video": "b.mp4"},
        "annotations": [],
        "predictions": [{"result": [SOUND]}],
    }
    first, second = export(tmp_path, task(SOUND), predicted)
    assert (first.void, second.void, second.marks) == (False, True, ())
    assert "task 4: nobody has annotated it; it is left out" in second.notes[0]
    (alone,) = export(tmp_path, {name: predicted[name] for name in ("data", "predictions")})
    assert said(alone) == [(0.5, 2.25, "Bark")]
    assert not alone.annotator


def test_an_older_export(tmp_path: Path) -> None:
    given = task(SOUND)
    given["completions"] = given.pop("annotations")
    assert said(export(tmp_path, given)[0]) == [(0.5, 2.25, "Bark")]


def test_the_minimal_form(tmp_path: Path) -> None:
    given = {
        "video": "/data/upload/1/0a1b2c3d-a.mp4",
        "id": 9,
        "label": [{"start": 0.5, "end": 2.25, "channel": 0, "labels": ["Bark"]}],
        "timeline": [{"ranges": [{"start": 1, "end": 5}], "timelinelabels": ["Meow"]}],
        "kind": {"choices": ["Outside"]},
        "annotator": 1,
        "annotation_id": 2,
        "lead_time": 3.5,
    }
    (sheet,) = export(tmp_path, given)
    assert said(sheet) == [(0.5, 2.25, "Bark"), (0, 5, "Meow"), (0, END, "Outside")]
    assert sheet.who == "annotator 1"
    assert sheet.films[1] == "/data/upload/1/a.mp4"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([task({"type": "labels", "value": {"start": "x", "end": 2, "labels": ["a"]}})],
         "task 3, region 1: cannot be read"),
        ([task({"type": "labels", "value": {"start": float("nan"), "end": 2, "labels": ["a"]}})],
         r"time \(nan\) must be a finite number"),
        ([task({"value": {"ranges": [{"start": 1}], "timelinelabels": ["a"]}})], "cannot be read"),
        ([task({"value": {"sequence": [{"x": 1}], "labels": ["a"]}})], "region 1: cannot be read"),
        ([{"data": {}}, "x"], "is no list of tasks; export it from Label Studio as JSON"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it(tmp_path: Path, given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(put(tmp_path, "a.json", json.dumps(given)))


def test_what_looks_like_one() -> None:
    assert is_one([{"data": {}}])
    assert is_one([{"annotation_id": 1}])
    assert not is_one({"data": {}})
    assert not is_one([{"file": "a"}])


@pytest.mark.parametrize(
    "given",
    [
        {"data": 5, "annotations": 5},
        {"data": {"video": None}, "annotations": [5]},
        {"data": {}, "annotations": [{"result": 5}]},
        {"data": {}, "annotations": [{"result": [5, {"value": [1]}, {"value": None}]}]},
        {"data": {}, "meta": 5, "predictions": None},
        {"annotation_id": 1, "x": [5, None, "a"], "y": None},
    ],
)
def test_what_is_strange_says_nothing(tmp_path: Path, given: Any) -> None:
    (sheet,) = export(tmp_path, given)
    assert sheet.marks == ()
