"""The page of one film as text: what it says, what it carries, what it may do."""

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.pipeline.method.results import Result
from avel.pipeline.report.page import SCRIPTS, STYLES, Look, Place, report_page
from avel.pipeline.report.preview import Preview
from tests.pipeline.report.material import EVIL, everyday, evil, looked_at, played, result

VOID = {"meta", "img", "path", "input", "br"}


class Page(HTMLParser):
    """Tags, attributes and texts of a page; a tag that is closed wrongly is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open:
            self.texts.setdefault(self._open[-1], []).append(data.strip())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def data(self) -> Any:
        return json.loads(self.texts["script"][0])


def shown() -> Look:
    grey = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((80, 100, 3), np.uint8)
    lanes = {"peaks": np.full(9, 7, np.uint8), "mel": np.full((48, 9), 9, np.uint8)}
    attention = np.eye(4, 49, dtype=np.float32)
    return Look(Preview(None, grey, 0.875, **lanes), attention, truth=[("Bark", 0.0, 1.5)])


def test_what_was_found_stands_above_in_words() -> None:
    page = Page(report_page(everyday()))
    assert page.texts["h1"] == ["a.mp4"]
    assert page.texts["strong"] == ["2 events: Bark, Speech."]
    assert page.texts["span"][:2] == [
        "Heard, not seen: Siren, Bus.",
        "Seen, not heard: Cat.",
    ]
    assert "3.5 s" in page.texts["p"]


def test_rows_and_lanes_are_in_its_data() -> None:
    data = Page(report_page(everyday(), shown())).data
    assert data["labels"][:2] == ["Bark", "Speech"]
    assert data["found"] == [
        [0.0, 2.0, 0, 0.9, "clearly heard and clearly seen", ""],
        [3.0, 3.5, 1, 0.6, "faintly heard; the picture cannot tell", ""],
    ]
    assert data["alone"][0][3:] == [0.8, "no ambulance in the picture", "heard, not seen"]
    assert data["truth"] == [[0.0, 1.5, 0, None, "", ""]]
    assert data["threshold"] == 0.7
    assert data["duration"] == 3.5
    assert data["pictures"]["num"] == 4
    assert len(base64.b64decode(data["attention"]["weights"])) == 4 * 49


def test_each_number_is_explained_once_and_only_where_it_is() -> None:
    full, bare = Page(report_page(everyday(), shown())), Page(report_page(result()))
    terms = full.texts["dt"]
    assert len(set(terms)) == len(terms)
    assert {"heard", "seen", "both", "truth", "pitch", "attention", "one sense"} <= set(terms)
    assert not {"heard", "seen", "truth", "pitch", "attention"} & set(bare.texts["dt"])


def test_model_and_fingerprint_are_folded_away() -> None:
    page = Page(report_page(result(notes=("a note",))))
    facts = dict(zip(page.texts["dt"], page.texts["dd"], strict=True))
    assert facts["model"] == "dmsf"
    assert facts["fingerprint"] == "0123456789abcdef"
    assert facts["knows"] == "trained on films"
    assert facts["decoder"] == "name gate, threshold 0.7"
    assert facts["note"] == "a note"
    assert len(page.of("details")) == 2
    assert all("open" not in attributes for attributes in page.of("details"))


def test_a_file_that_failed_says_why() -> None:
    failed = Result("a.mp4", "failed", ("DECODE_ERROR",), message="a.mp4: is text")
    page = Page(report_page(failed))
    assert page.texts["strong"] == ["The file could not be used."]
    assert "a.mp4: is text" in page.texts["p"]
    assert not {"video", "canvas", "input"} & {tag for tag, _ in page.tags}
    assert [a for a in page.of("details") if "open" in a] == page.of("details")


def test_nothing_in_a_result_is_markup() -> None:
    text = report_page(evil(), Look(truth=[(EVIL, 0.0, 1.0)]), Place(EVIL, EVIL, EVIL))
    ours = report_page(everyday(), shown(), Place("i", "p", "f"))
    assert text.count("<script") == ours.count("<script") == 2  # data, and our own
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in Page(ours).tags} | {"p"}
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on")]
    assert page.texts["h1"] == [f"{EVIL.rpartition('/')[2]}.mkv"]
    assert page.data["labels"] == [EVIL]


def test_only_our_own_style_and_script_may_run() -> None:
    page = Page(report_page(everyday(), shown()))
    policy = str(next(a for a in page.of("meta") if a.get("http-equiv"))["content"])
    assert policy.startswith("default-src 'none'; img-src data:; media-src data: file: 'self';")
    assert "unsafe" not in policy
    assert len(re.findall(r"(?:style|script)-src 'sha256-[\w+/]{43}='", policy)) == 2
    assert not [a for _, attrs in page.tags for a in attrs if a == "style"]


def test_nothing_is_fetched() -> None:
    text = report_page(everyday(), shown())
    page = Page(text)
    assert not {"link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    assert all("src" not in attributes for attributes in page.of("script"))
    assert re.findall(r"https?://[\w./]+", text) == ["http://www.w3.org/2000/svg"]  # a name


def test_its_neighbours_are_linked() -> None:
    page = Page(report_page(result(), None, Place("index.html", "", "b%3F.mp4.html")))
    links = [a for a in page.of("a") if a.get("class") == "b"]
    assert [a["href"] for a in links] == ["index.html", "b%3F.mp4.html"]
    assert links[1]["id"] == "following"
    assert not [a for a in Page(report_page(result())).of("a") if a.get("class") == "b"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(3.54, "3.5 s"), (65.4, "1 min 5 s"), (119.7, "2 min 0 s"), (7325.0, "2 h 2 min")],
)
def test_the_length_in_words(seconds: float, said: str) -> None:
    assert said in Page(report_page(result(duration=seconds))).texts["p"]


def test_a_short_films_page_is_small(tmp_path: Path) -> None:
    """Of 10 s, without the film itself; the bound is that of the pages' figures."""
    film = played(tmp_path / "a.mp4", 10)
    found = everyday(str(film), duration=10.0, segments=10, relevance=(0.5,) * 10)
    look = Look(looked_at(found))
    assert look.preview.pictures is not None
    assert look.preview.mel is not None
    media = len(film.read_bytes()) * 4 / 3
    assert len(report_page(found, look)) - media < 300_000


def test_every_asset_is_there() -> None:
    text = report_page(result())
    for name in (*STYLES, *SCRIPTS):
        first = (Path("pipeline/report") / name).read_text().splitlines()[1]
        assert first in text, name
