"""The pages as text: what is in them, that names are text, and that nothing is inline."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from avel.pipeline.formats.choice import NAMES
from avel.pipeline.method.results import Result
from avel.pipeline.report.page_data import page_data
from avel.pipeline.report.preview import Preview
from avel.pipeline.server import pages
from avel.pipeline.server.pages import FORMATS, Home, Shown
from avel.pipeline.server.static import STATIC
from tests.pipeline.report.material import EVIL, everyday, evil


def film(name: str = "a.mp4", **changes: Any) -> dict[str, Any]:
    made = {
        **{"id": "0" * 32, "name": name, "bytes": 9, "seconds": 4.0, "state": "done"},
        **{"job": "1" * 32, "events": 2, "summary": "2 events", "corrected": False},
        "untaught": False,
        **{"model": "everyday", "added": "2026-01-01T00:00:00.000+00:00", "before": None},
    }
    return {**made, **changes}


def shown(result: Result | None = None, **changes: Any) -> Shown:
    found = result or everyday("a.mp4")
    data = json.dumps(page_data(found, None, Preview(), None))
    given: dict[str, Any] = {
        **{"video": film(), "result": json.loads(json.dumps(found.document())), "data": data},
        **{"media": "/api/videos/0/media", "formats": NAMES, "labels": ["Bark"]},
        "corrections": {"revision": 0, "events": [], "corrected": False},
    }
    return Shown(**{**given, **changes})


class Tags(HTMLParser):
    """Tags with their attributes, and the state that scripts begin with."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.state = ""
        self._is_state = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._is_state = dict(attrs).get("id") == "state"

    def handle_data(self, data: str) -> None:
        if self._is_state:
            self.state += data

    def handle_endtag(self, tag: str) -> None:
        self._is_state = False

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


PAGES = {
    "home": lambda: pages.home(Home([film(EVIL)], EVIL, 7, {"file_bytes": 5})),
    "video": lambda: pages.video(shown(evil(), video=film(EVIL), cannot=EVIL, labels=[EVIL])),
    "waiting": lambda: pages.video(shown(video=film(EVIL, state="queued"), result=None, data="")),
}


@pytest.mark.parametrize("name", PAGES)
def test_names_are_text_and_nothing_is_inline(name: str) -> None:
    text = PAGES[name]()
    assert EVIL not in text
    tags = Tags(text)
    for tag, attributes in tags.found:
        assert tag != "style"
        wrong = [key for key in attributes if key == "style" or key.startswith("on")]
        assert not wrong, (tag, wrong)
    for script in tags.all("script"):
        assert script.get("type") == "application/json" or script["src"]
    assert json.dumps(EVIL) in json.dumps(json.loads(tags.state))


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_loads_is_there(name: str) -> None:
    tags = Tags(PAGES[name]())
    sources = [each["src"] for each in tags.all("script") if each.get("src")]
    sources += [each["href"] for each in tags.all("link") if each["rel"] == "stylesheet"]
    assert len(sources) == 2
    for source in sources:
        assert source is not None
        assert source.removeprefix("/static/") in STATIC


def test_the_list_begins_with_what_is_there() -> None:
    state = json.loads(Tags(pages.home(Home([film()], "everyday", 7, {"file_bytes": 5}))).state)
    assert state == {
        "videos": [film()],
        "model": "everyday",
        "sequence": 7,
        "limits": {"file_bytes": 5},
    }


def test_the_editor_begins_with_what_is_saved() -> None:
    kept = {"revision": 3, "events": [], "corrected": True}
    before = {"model": "everyday", "summary": "", "changed": True, "events": []}
    text = pages.video(shown(corrections=kept, before=before, sequence=9))
    state = json.loads(Tags(text).state)
    assert state["corrections"] == kept
    assert (state["labels"], state["before"], state["sequence"]) == (["Bark"], before, 9)


def test_every_format_can_be_downloaded_corrected_and_as_found() -> None:
    links = [each["href"] or "" for each in Tags(pages.video(shown())).all("a")]
    for name in NAMES:
        assert f"/api/videos/{'0' * 32}/result?format={name}&corrected=1" in links
        assert f"/api/videos/{'0' * 32}/result?format={name}" in links
    assert set(FORMATS) == set(NAMES)


def test_the_player_has_what_browsers_play_or_says_why_not() -> None:
    video = Tags(pages.video(shown())).all("video")
    assert video[0]["src"] == "/api/videos/0/media"
    text = pages.video(shown(media="", cannot="AVI files"))
    assert not Tags(text).all("video")
    assert "Browsers do not play AVI files; its pictures stand in for it." in text


def test_a_page_says_the_name_that_was_given_and_no_path() -> None:
    text = pages.video(shown(everyday("/srv/served/videos/00/media.mp4")))
    assert "/srv/served" not in text
    assert re.search(r"<h1>a\.mp4</h1>", text)
