"""Results in Python: kept in any format, and read back."""

import json
import pickle
import re
from pathlib import Path

import pympi
import pytest

import avel
from avel.pipeline.formats.table import FORMATS
from avel.pipeline.method import notebook
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result as Known
from avel.pipeline.reasons import InputError
from avel.pipeline.report import opening
from avel.result import Result
from tests.pipeline.media.pieces import film

KNOWN = Known(
    "f.mkv",
    "ok",
    duration=40.0,
    segments=40,
    events=(Event(0.0, 12.5, "Bark", 0.75), Event(12.5, 25.0, "Bell", 0.5)),
    relevance=(0.5,) * 40,
    model={"name": "m"},
)
RESULT = Result.of(KNOWN)


def test_it_is_the_pipelines_own() -> None:
    assert isinstance(RESULT, Known)
    assert RESULT.document() == KNOWN.document()
    assert len(RESULT.to_dataframe()) == 2
    assert pickle.loads(pickle.dumps(RESULT)) == RESULT


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if not form.counts_frames])
def test_a_suffix_says_the_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"deep/x{FORMATS[name].suffix}"
    assert RESULT.save(path) == path
    other = RESULT.save(tmp_path / f"{name}.of", format=name)
    if name != "eaf":  # which says where the video lies from where it is
        assert other.read_text("utf-8") == path.read_text("utf-8")
    assert path.read_text("utf-8")


def test_elan_finds_the_video(tmp_path: Path) -> None:
    film(tmp_path / "f.mkv", 1.0)
    result = Result(str(tmp_path / "f.mkv"), "ok", duration=1.0)
    document = pympi.Elan.Eaf(str(result.save(str(tmp_path / "x.eaf"))))
    assert document.get_linked_files()[0]["RELATIVE_MEDIA_URL"] == "./f.mkv"


def test_frames_are_those_of_the_film(tmp_path: Path) -> None:
    film(tmp_path / "f.mkv", 3.0, 24)
    result = Result(
        str(tmp_path / "f.mkv"), "ok", duration=3.0, events=(Event(1.0, 1.5, "a", 0.5),)
    )
    assert "00:00:01:00 00:00:01:12 " in result.save(tmp_path / "x.edl").read_text()


def test_what_must_be_known_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(
        UserWarning, match=r"f\.mkv: no picture, so that times are counted in frames"
    ):
        RESULT.save(tmp_path / "x.otio")


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("x.txt", {}, "x.txt: its name says no format; end it with one of .json, .csv, .tsv,"),
        ("x", {}, "x: its name says no format"),
        ("x.eaf", {"format": "elan"}, "format 'elan' is none; there are json, csv,"),
        ("x.eaf", {"format": "all"}, "format 'all' is none"),
    ],
)
def test_what_is_no_format(tmp_path: Path, name: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        RESULT.save(tmp_path / name, **given)
    assert not list(tmp_path.iterdir())


def test_a_path_must_be_one() -> None:
    with pytest.raises(TypeError, match="path \\(5\\) must be a str or a Path, not int"):
        RESULT.save(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="path \\(5\\) must be a str or a Path, not int"):
        next(avel.read_results(5))  # type: ignore[arg-type]


def test_results_are_read_back(tmp_path: Path) -> None:
    RESULT.save(tmp_path / "f.mkv.json")
    (found,) = avel.read_results(str(tmp_path))
    assert found == RESULT
    (tmp_path / "list.json").write_text(json.dumps([RESULT.document()] * 2))
    assert list(avel.read_results(tmp_path / "list.json")) == [RESULT, RESULT]
    with pytest.raises(InputError, match="none"):
        next(avel.read_results(tmp_path / "none.json"))


def test_it_is_shown_in_a_notebook_else_in_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    opened: list[object] = []
    monkeypatch.setattr(notebook, "displayed", lambda result: shown.append(result) is None)
    monkeypatch.setattr(opening, "open_page", opened.append)
    RESULT.show()
    assert (shown, opened) == ([RESULT], [])
    monkeypatch.setattr(notebook, "displayed", lambda result: False)
    RESULT.show()
    assert opened == [RESULT]
    assert len(RESULT._repr_html_().encode()) < 50_000
