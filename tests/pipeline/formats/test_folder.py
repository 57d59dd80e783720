"""A folder of results: there as each comes, in order at the end, no list held."""

import csv
import json
import os
import stat
import weakref
from pathlib import Path

import pytest

from avel.pipeline.formats.folder import ResultFolder, make_folder
from avel.pipeline.formats.index import INDEX
from avel.pipeline.formats.names import told_apart
from avel.pipeline.formats.table import FORMATS
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import EnvironmentProblem, InputError
from tests.pipeline.formats.results import NOT_UTF8, failed, plain, strange
from tests.pipeline.media.pieces import film


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_each_result_is_there_at_once_and_the_events_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    second = told_apart(f"{Path.cwd()}/y/b.mp4")
    with ResultFolder(out, ["a.mp4", "x/b.mp4", "y/b.mp4"]) as folder:
        assert folder.add(plain("y/b.mp4")) == second
        there = {name for name in names(out) if not name.startswith(".")}
        assert there == {INDEX, f"{second}.json"}
        folder.add(plain("a.mp4"))
        folder.add(failed("x/b.mp4"))
        assert "events.csv" not in names(out)
    each = {"a.mp4.json", "b.mp4.json", f"{second}.json"}
    assert names(out) == {*each, "events.csv", "videos.csv", INDEX}
    assert json.loads((out / "b.mp4.json").read_text())["status"] == "failed"
    rows = list(csv.DictReader((out / "events.csv").open()))
    assert [row["file"] for row in rows] == ["a.mp4", "a.mp4", "y/b.mp4", "y/b.mp4"]


def test_names_follow_the_inputs_not_the_order_of_coming(tmp_path: Path) -> None:
    files = ["1/v.mp4", "2/v.mp4", "3/v.mp4"]
    expected = ["v.mp4", *(told_apart(f"{Path.cwd()}/{file}") for file in files[1:])]
    for order in (files, files[::-1]):
        with ResultFolder(tmp_path / "o", files) as folder:
            found = {file: folder.add(plain(file)) for file in order}
        assert [found[file] for file in files] == expected
    # an input that is named twice is one
    with ResultFolder(tmp_path / "o", [files[0], *files]) as folder:
        assert folder.add(plain(files[1])) == expected[1]


def test_pages_are_written_beside_by_their_suffix(tmp_path: Path) -> None:
    pages = {".html": lambda result: f"<p>{result.file}", ".txt": lambda result: result.status}
    with ResultFolder(tmp_path, ["a.mp4", NOT_UTF8], pages) as folder:
        folder.add(plain())
        folder.add(plain(NOT_UTF8))
    assert (tmp_path / "a.mp4.html").read_text() == "<p>a.mp4"
    assert (tmp_path / "a.mp4.txt").read_text() == "ok"
    page = next(p for p in tmp_path.iterdir() if p.name.startswith("caf") and p.suffix == ".html")
    assert os.fsencode(page.name) == b"caf\xe9.mp4.html"
    assert page.read_text() == "<p>caf\\udce9.mp4"


def test_only_the_formats_that_are_asked_for(tmp_path: Path) -> None:
    with ResultFolder(tmp_path, ["a.mp4"], formats=["csv"]) as folder:
        folder.add(plain())
    assert names(tmp_path) == {"events.csv", "videos.csv", INDEX}


def test_a_stop_keeps_the_results_that_came(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ResultFolder(tmp_path, ["a.mp4", "b.mp4"]) as folder:
        folder.add(plain())
        raise KeyboardInterrupt
    assert names(tmp_path) == {"a.mp4.json", INDEX}


def test_no_result_is_held(tmp_path: Path) -> None:
    class Watched(Result):
        """One that can be referred to weakly."""

    with ResultFolder(tmp_path, ["a.mp4", "b.mp4"]) as folder:
        result = Watched("a.mp4", "ok")
        gone = weakref.ref(result)
        folder.add(result)
        del result
        assert gone() is None
        folder.add(strange("b.mp4"))


def test_out_must_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    for path in (tmp_path / "f", tmp_path / "f" / "deep"):
        with (
            pytest.raises(
                InputError, match=r"--out .*f.*: is a file or lies in one; give a folder"
            ),
            ResultFolder(path, []),
        ):
            raise AssertionError("not reached")


def test_a_folder_that_may_not_be_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def never(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", never)
    with pytest.raises(EnvironmentProblem, match=r"cannot be written \(Permission denied\); give"):
        make_folder(tmp_path / "o")


def test_files_can_be_read_by_others(tmp_path: Path) -> None:
    """A temporary file's narrow rights must not become the result's."""
    before = os.umask(0o022)
    try:
        with ResultFolder(tmp_path, ["a.mp4"]) as folder:
            folder.add(plain())
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o644}


def test_formats_that_count_in_frames_look_at_the_film(tmp_path: Path) -> None:
    film(tmp_path / "a.mkv", 3.0, 24)
    files, said = [str(tmp_path / "a.mkv"), "gone.mp4", "c.mp4"], list[str]()
    with ResultFolder(tmp_path / "o", files, formats=["edl", "otio"], warn=said.append) as folder:
        for result in (plain(files[0]), plain("gone.mp4"), failed()):
            folder.add(result)
    text = (tmp_path / "o" / "a.mkv.edl").read_text()
    assert "00:00:01:00 00:00:01:12 " in text  # half a second is 12 frames
    assert said == ["gone.mp4: no picture, so that times are counted in frames of 1/25 s"]


def test_formats_in_seconds_open_no_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("nobody counts frames")

    monkeypatch.setattr("avel.pipeline.media.apart.Apart.ask", never)
    chosen = [name for name, form in FORMATS.items() if not form.counts_frames]
    with ResultFolder(tmp_path, ["a.mp4"], formats=chosen) as folder:
        folder.add(plain())
    assert len(names(tmp_path)) == len(chosen) + 2  # videos.csv and the index


def test_all_formats_of_a_folder_hold_all_its_videos(tmp_path: Path) -> None:
    """One file of all where the format can, else one each; names of one stem stay apart."""
    files = ["1/v.mp4", "2/v.mp4", "c.mp4"]
    with ResultFolder(tmp_path, files, formats=FORMATS) as folder:
        for file in reversed(files):
            folder.add(plain(file) if file != "c.mp4" else failed())
    for form in FORMATS.values():
        if form.together:
            assert (tmp_path / f"events{form.suffix}").is_file()
        else:
            assert len(list(tmp_path.glob(f"*.mp4*{form.suffix}"))) >= len(files)
    videos = json.loads((tmp_path / "events.activitynet.json").read_text())["results"]
    assert {name: len(events) for name, events in videos.items()} == {"v": 2, "v-2": 2, "c": 0}
    uris = {line.split()[1] for line in (tmp_path / "events.rttm").read_text().splitlines()}
    assert uris == {"v", "v-2"}
    listed = list(csv.DictReader((tmp_path / "videos.csv").open()))
    assert [(row["file"], row["status"]) for row in listed] == [
        ("1/v.mp4", "ok"), ("2/v.mp4", "ok"), ("c.mp4", "failed"),
    ]  # fmt: skip


def test_what_must_be_said_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    with ResultFolder(tmp_path, ["a.mp4"], formats=["chapters"], warn=said.append) as folder:
        folder.add(plain())
    (sentence,) = said
    assert sentence.startswith("a.mp4: YouTube shows chapters only where there are 3")
