"""One result's page at once in the browser."""

import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from avel.pipeline.report.opening import open_page
from tests.pipeline.report.material import everyday, played
from tests.pipeline.report.test_page import Page


def test_the_page_with_its_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) is None)
    film = played(tmp_path / "a b.mp4", 4)
    path = open_page(everyday(str(film), segments=4, duration=4.0))
    assert [Path(unquote(urlparse(each).path)) for each in opened] == [path]
    page = Page(path.read_text())
    assert path.name == "a b.mp4.html"
    assert page.texts["h1"] == ["a b.mp4"]
    assert page.data["pictures"]
    assert page.data["peaks"]
    (video,) = page.of("video")
    assert str(video["src"]).startswith("data:video/mp4;base64,")
    assert page.of("nav") == []  # it stands alone


def test_a_film_that_is_gone_and_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    with pytest.warns(UserWarning, match=r"no browser can be opened here; the page is /") as said:
        path = open_page(everyday("gone\udcff.mp4"))
    assert str(path) in str(said[0].message)
    assert Page(path.read_text()).data["found"]
