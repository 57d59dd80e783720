"""Pages of results that were written earlier."""

from pathlib import Path

import pytest

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.index import INDEX, claim
from avel.pipeline.formats.json import document
from avel.pipeline.formats.read import read_results
from avel.pipeline.reasons import InputError
from avel.pipeline.report.again import report_again
from tests.pipeline.report.material import everyday, film, played
from tests.pipeline.report.test_page import Page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two results of films of one name, as an earlier run named them."""
    for name, file in (("a.mp4", "x/a.mp4"), ("a.mp4-2", "y/a.mp4")):
        (tmp_path / f"{name}.json").write_text(document(everyday(file)))
    return tmp_path


def test_pages_stand_beside_their_results(folder: Path) -> None:
    index = report_again(folder, list(read_results(folder)), Truth({"a": [("dog", 0.0, 1.0)]}))
    assert index == folder / "index.html"
    names = {path.name for path in folder.glob("*.html")}
    assert names == {"a.mp4.html", "a.mp4-2.html", "index.html"}
    page = Page((folder / "a.mp4-2.html").read_text())
    assert page.data["file"] == "y/a.mp4"
    assert page.data["found"][0][4] == "clearly heard and clearly seen"
    assert page.data["truth"]
    assert page.data["heard"]
    assert [each["page"] for each in Page(index.read_text()).data] == [
        "a.mp4-2.html",
        "a.mp4.html",
    ]


def test_films_are_found_where_they_were_beside_or_where_is_said(
    folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    written = list(read_results(folder / "a.mp4.json"))

    def player() -> int:
        page = Page((folder / "a.mp4.html").read_text())
        assert (page.data["pictures"] is None) == (not page.of("video"))
        return len(page.of("video"))

    report_again(folder, written, Truth({}))
    assert player() == 0
    there = played(elsewhere / "a.mp4", 4)
    report_again(folder, written, Truth({}), films=elsewhere)
    assert player() == 1
    there.rename(folder / "a.mp4")
    report_again(folder, written, Truth({}))
    assert player() == 1
    report_again(folder, written, Truth({}), films=elsewhere)
    assert player() == 0


def test_a_list_of_results_and_a_small_copy(tmp_path: Path) -> None:
    strange = film(tmp_path / "a.mkv", 2)
    (tmp_path / "all.json").write_text(f"[{document(everyday(str(strange)))}]")
    out = tmp_path / "new" / "out"
    report_again(out, list(read_results(tmp_path / "all.json")), Truth({}), proxy=True)
    assert {path.name for path in out.iterdir()} == {
        "a.mkv.html",
        "a.mkv.proxy.mp4",
        "index.html",
        INDEX,
    }
    assert Page((out / "a.mkv.html").read_text()).of("video")


def test_pages_of_results_from_elsewhere_take_no_others_name(tmp_path: Path) -> None:
    """Two runs of films of one name, whose pages come into one folder one after the other."""
    out = tmp_path / "out"
    for where in "xyx":
        folder = tmp_path / where
        folder.mkdir(exist_ok=True)
        (folder / "a.mp4.json").write_text(document(everyday(f"{where}/a.mp4")))
        report_again(out, list(read_results(folder)), Truth({}))
    names = claim(out, ["x/a.mp4", "y/a.mp4"], [".html"])
    assert names[0] == "a.mp4"
    found = [Page((out / f"{name}.html").read_text()).data["file"] for name in names]
    assert found == ["x/a.mp4", "y/a.mp4"]
    assert len(list(out.glob("*.html"))) == 3


def test_of_two_results_of_a_film_the_later_counts(folder: Path) -> None:
    (folder / "b.json").write_text(document(everyday("x/a.mp4", events=())))
    report_again(folder, list(read_results(folder)), Truth({}))
    assert Page((folder / "b.html").read_text()).data["found"] == []
    assert not (folder / "a.mp4.html").exists()


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(InputError, match="is a file or lies in one; give a folder"):
        report_again(folder / "a.mp4.json", list(read_results(folder)), Truth({}))


def test_films_of_one_name_that_have_moved(folder: Path, tmp_path: Path) -> None:
    """Their folders tell them apart; where these are gone, nobody knows which is which."""
    moved = tmp_path / "moved"
    for name in ("x", "y"):
        (moved / name).mkdir(parents=True)
        (moved / name / "a.mp4").write_bytes(b"")
    report_again(folder, list(read_results(folder)), Truth({}), films=moved)
    files = [
        Page((folder / f"{name}.html").read_text()).data["file"] for name in ("a.mp4", "a.mp4-2")
    ]
    assert files == [str(moved / "x/a.mp4"), str(moved / "y/a.mp4")]
    (moved / "a.mp4").write_bytes(b"")
    for name in ("x", "y"):
        (moved / name / "a.mp4").unlink()
    words = r"moved/a\.mp4: may be the film of two results, y/a\.mp4 and x/a\.mp4; give --films"
    with pytest.raises(InputError, match=words):
        report_again(folder, list(read_results(folder)), Truth({}), films=moved)


def test_a_film_of_a_list_does_not_take_the_name_of_a_result_beside_it(tmp_path: Path) -> None:
    """Nothing says whose name it is: results were copied here without the folder's index."""
    (tmp_path / "a.mp4.json").write_text(document(everyday("x/a.mp4")))
    (tmp_path / "all.json").write_text(f"[{document(everyday('y/a.mp4'))}]")
    report_again(tmp_path, list(read_results(tmp_path)), Truth({}))
    pages = [path for path in tmp_path.glob("*.html") if path.name != "index.html"]
    assert {Page(path.read_text()).data["file"] for path in pages} == {"x/a.mp4", "y/a.mp4"}
