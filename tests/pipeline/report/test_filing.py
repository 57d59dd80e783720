"""A run's results in a folder: each with its page, and its pictures where they are asked for."""

import os
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote_to_bytes

import pytest

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.index import INDEX
from avel.pipeline.formats.names import told_apart
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.report import attention, pages
from avel.pipeline.report.attention import Drawn
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.filing import filing
from tests.pipeline.report.material import film, played, result, scores
from tests.pipeline.report.test_page import Page


class Run:
    """A run that kept nothing but where the model looked in the first file."""

    segment_config = SegmentConfig(fit="squash")

    def segments(self, _: Result) -> None:
        return None

    def scores(self, found: Result) -> Any:
        return scores(4, 48) if found.file.endswith("a.mp4") else None


RUN = cast(CachedRun, Run())


def test_each_result_has_its_document_and_its_page_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = Truth({"a": [("a true bark", 0.0, 1.0)]})
    with filing(tmp_path, ["a.mp4", "b.mp4"], truth, RUN, attention=False) as write:
        write(result("a.mp4"))
        assert {"a.mp4.json", "a.mp4.html"} <= {path.name for path in tmp_path.iterdir()}
        write(result("b.mp4"))
    pages = {name: Page((tmp_path / f"{name}.html").read_text()) for name in ("a.mp4", "b.mp4")}
    assert pages["a.mp4"].data["truth"] == [[0.0, 1.0, 2, None, "", ""]]
    assert pages["b.mp4"].data["truth"] is None
    assert pages["a.mp4"].data["attention"]["crop"] is False
    assert pages["b.mp4"].data["attention"] is None
    assert (tmp_path / "events.csv").read_text().count("\n") == 5
    said = f"wrote 2 results to {tmp_path}; {tmp_path}/index.html shows all\n"
    assert capsys.readouterr().err == said


def test_a_film_that_is_named_twice_is_one_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with filing(tmp_path, ["a.mp4", "a.mp4"], Truth({}), RUN) as write:
        write(result("a.mp4"))
    assert capsys.readouterr().err.startswith(f"wrote 1 result to {tmp_path};")


def test_pages_lead_to_each_other_and_to_all(tmp_path: Path) -> None:
    files = ["x/a.mp4", "y/a.mp4", "b?.mp4"]
    with filing(tmp_path, files, Truth({}), RUN) as write:
        for file in reversed(files):
            write(result(file))
    second = f"{told_apart(str(Path.cwd() / files[1]))}.html"
    names = ["a.mp4.html", second, "b?.mp4.html"]
    pages = [Page((tmp_path / name).read_text()) for name in names]
    links = [[a["href"] for a in page.of("a") if a["class"] == "b"] for page in pages]
    assert links == [
        ["index.html", second],
        ["a.mp4.html", "index.html", "b%3F.mp4.html"],
        [second, "index.html"],
    ]
    entries = Page((tmp_path / "index.html").read_text()).data
    assert [(each["name"], each["page"]) for each in entries] == [
        ("a.mp4", "a.mp4.html"),
        ("a.mp4", second),
        ("b?.mp4", "b%3F.mp4.html"),
    ]


def test_links_lead_to_pages_of_any_bytes(tmp_path: Path) -> None:
    files = ["a.mp4", os.fsdecode(b"caf\xe9 #%.mp4")]
    with filing(tmp_path, files, Truth({}), RUN) as write:
        for file in files:
            write(result(file))
    (link,) = [
        a["href"]
        for a in Page((tmp_path / "a.mp4.html").read_text()).of("a")
        if a["class"] == "b" and a["href"] != "index.html"
    ]
    assert link == Page((tmp_path / "index.html").read_text()).data[1]["page"]
    assert (tmp_path / os.fsdecode(unquote_to_bytes(link))).is_file()


def test_what_browsers_do_not_play_gets_a_small_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange, usual = film(tmp_path / "a.mkv", 2), played(tmp_path / "b.mp4", 2)
    files = [str(strange), str(usual)]
    for wanted in (False, True):
        out = tmp_path / f"out-{wanted}"
        with filing(out, files, Truth({}), RUN, proxy=wanted) as write:
            for file in files:
                write(result(file))
        assert (out / "a.mkv.proxy.mp4").is_file() == wanted
        assert not (out / "b.mp4.proxy.mp4").exists()
        page = Page((out / "a.mkv.html").read_text())
        assert len(page.of("video")) == wanted


def test_a_copy_that_cannot_be_made_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(apart: object, path: Path, out: Path) -> None:
        raise MediaError(Reason.DECODE_ERROR, f"{path}: broken")

    monkeypatch.setattr(pages, "write_proxy", fails)
    strange = film(tmp_path / "a.mkv", 2)
    with filing(tmp_path / "out", [str(strange)], Truth({}), RUN, proxy=True) as write:
        write(result(str(strange)))
    err = capsys.readouterr().err
    assert f"{strange}: no small copy of it: DECODE_ERROR: {strange}: broken\n" in err


def test_pictures_have_the_results_name_and_what_has_none_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pictures:
        def __init__(self, out: Path, runs: list[Any], models: list[Path], truth: Truth) -> None:
            assert (out, runs) == (tmp_path, [RUN])

        def draw(self, name: str, results: list[Any]) -> Drawn:
            if results[0].status == "failed":
                return Drawn(why_none="it is empty")
            return Drawn((tmp_path / f"{name}.attention.png",))

    monkeypatch.setattr(attention, "AttentionPictures", Pictures)
    files = ["1/a.mp4", "2/a.mp4"]
    with filing(tmp_path, files, Truth({}), RUN, attention=True) as write:
        write(result("1/a.mp4"))
        write(result("2/a.mp4", status="failed"))
    assert (tmp_path / f"{told_apart(str(Path.cwd() / files[1]))}.html").is_file()
    captured = capsys.readouterr()
    assert captured.out == ""  # results alone go there
    assert captured.err.splitlines() == [
        str(tmp_path / "a.mp4.attention.png"),
        "2/a.mp4: no picture of it: it is empty",
        f"wrote 2 results to {tmp_path}; {tmp_path}/index.html shows all",
    ]


def test_a_stop_says_nothing_of_results_that_are_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        filing(tmp_path, ["a.mp4", "b.mp4"], Truth({}), RUN, attention=False) as write,
    ):
        write(result("a.mp4"))
        raise KeyboardInterrupt
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4.json", "a.mp4.html", INDEX}
    assert "wrote" not in capsys.readouterr().err
