"""A run's results in a folder: each with its page, and its pictures where they are asked for."""

from pathlib import Path
from typing import Any, cast

import pytest

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.index import INDEX
from avel.pipeline.formats.names import told_apart
from avel.pipeline.report import attention, pictures
from avel.pipeline.report.attention import Drawn
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.filing import filing
from tests.pipeline.report.material import result

RUN = cast(CachedRun, object())


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = "data:image/jpeg;base64,AAAA"
    monkeypatch.setattr(pictures, "pictures_of", lambda run, result: [(picture, picture)] * 4)


def test_each_result_has_its_document_and_its_page_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = Truth({"a": [("a true bark", 0.0, 1.0)]})
    with filing(tmp_path, ["a.mp4", "b.mp4"], truth, RUN, attention=False) as write:
        write(result("a.mp4"))
        assert {"a.mp4.json", "a.mp4.html"} <= {path.name for path in tmp_path.iterdir()}
        write(result("b.mp4"))
    pages = {name: (tmp_path / f"{name}.html").read_text() for name in ("a.mp4", "b.mp4")}
    assert "a true bark" in pages["a.mp4"]
    assert "a true bark" not in pages["b.mp4"]
    assert pages["a.mp4"].count("data:image/jpeg") == 8
    assert (tmp_path / "events.csv").read_text().count("\n") == 5
    assert capsys.readouterr().err == f"wrote 2 results to {tmp_path}\n"


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
        f"wrote 2 results to {tmp_path}",
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
