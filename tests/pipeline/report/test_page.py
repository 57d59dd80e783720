"""The page of one video: all that the result says, as text, in one file."""

import base64
from html.parser import HTMLParser
from pathlib import Path

import pytest

from avel.pipeline.method.events import Disagreement, Event, Evidence, Sound
from avel.pipeline.method.results import Result
from avel.pipeline.report import page as module
from avel.pipeline.report.page import report_page
from tests.pipeline.report.material import EVIL, result

PICTURE = "data:image/jpeg;base64,AAAA"
VOID = {"meta", "img", "line", "rect", "br"}


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


def evil() -> Result:
    return Result(
        f"/{EVIL}/{EVIL}.mkv",
        EVIL,
        (EVIL,),
        EVIL,
        2.0,
        2,
        events=(Event(0.0, 1.0, EVIL, 0.5, Evidence(0.0, 0.0, EVIL)),),
        disagreements=(Disagreement(0.0, 1.0, EVIL, EVIL, 0.5, EVIL),),
        sounds=(Sound(0.0, 1.0, EVIL, 0.5),),
        notes=(EVIL,),
        model={"name": EVIL, "sha256": EVIL, "knows": EVIL},
        decoder={"name": EVIL, "threshold": 0.5},
        relevance=(0.5, 0.5),
        top_classes=((EVIL, 0.5),) * 2,
    )


def test_the_page_says_what_the_result_says() -> None:
    page = Page(report_page(result("films/a.mp4", notes=("a note",)), None, []))
    assert page.texts["h1"] == ["a.mp4"]
    facts = dict(zip(page.texts["dt"], page.texts["dd"], strict=True))
    assert facts == {
        "status": "ok",
        "duration": "3.50 s in 4 segments of 1 s",
        "model": "dmsf 0123456789ab",
        "decoder": "gate 0.7",
    }
    assert "a note" in page.texts["p"]
    assert "Model: trained on films." in page.texts["p"]
    assert page.texts["td"] == ["dog", "0.90", "found", "bell", "0.60", "found"]
    assert page.texts["button"] == ["0.0 - 2.0 s", "3.0 - 3.5 s"]
    assert [b["data-seek"] for b in page.of("button")] == ["0", "3"]
    assert page.of("body")[0]["data-duration"] == "4.000"


def test_the_truth_stands_beside_what_was_found() -> None:
    page = Page(report_page(result(events=()), [("bell", 1.0, 2.5)], []))
    assert page.texts["td"] == ["bell", "truth"]
    assert page.texts["button"] == ["1.0 - 2.5 s"]
    spans = [a for a in page.of("text") if a.get("class") == "span"]
    assert len(spans) == 1
    assert "bell 1-2.5 s" in page.texts["title"]


def test_bars_are_drawn_as_they_are_laid_out() -> None:
    page = Page(report_page(result(), None, []))
    bars = [a for a in page.of("rect") if "bar" in str(a.get("class"))]
    assert [a["class"] for a in bars] == ["bar strong", "bar strong", "bar weak", "bar weak"]
    assert [a["height"] for a in bars] == ["72.0", "64.0", "8.0", "48.0"]
    assert [a["x"] for a in bars] == ["1.0", "241.0", "481.0", "721.0"]


def test_nothing_in_a_result_is_markup() -> None:
    text = report_page(evil(), [(EVIL, 0.0, 1.0)], [(f'"{EVIL}', PICTURE)] * 2)
    ours = report_page(everyday(), [("dog", 0.0, 1.0)], [(PICTURE, PICTURE)] * 4)
    assert text.count("<script>") == ours.count("<script>") == 1  # our own
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in Page(ours).tags}
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on")]
    assert page.texts["h1"] == [f"{EVIL.rpartition('/')[2]}.mkv"]
    assert next(a["src"] for a in page.of("img")) == f'"{EVIL}'


def test_a_file_that_failed_says_why() -> None:
    failed = Result("a.mp4", "failed", ("DECODE_ERROR",), message="a.mp4: is text")
    page = Page(report_page(failed, None, []))
    assert page.texts["dd"] == ["failed (DECODE_ERROR)", "0.00 s in 0 segments of 1 s"]
    assert page.texts["p"][2:] == [
        "a.mp4: is text",
        "No audio-visual event.",
        "No frames: there is no picture, or they were not cached.",
    ]
    assert not page.of("svg")


def test_without_frames_nothing_is_said_of_attention() -> None:
    """A long video has none, and whether its model looks at places is not known here."""
    long = result(segments=121, relevance=(0.1,) * 121, top_classes=(("Bark", 0.5),) * 121)
    page = Page(report_page(long, None, []))
    assert page.texts["p"][-1] == "No frames: the video is longer than 120 s."
    assert not [text for text in page.texts["p"] if "attention" in text]
    assert page.texts["h2"][-1] == "Frames"


def test_frames_stand_under_their_seconds() -> None:
    pictures = [(f"{PICTURE}{t}", f"{PICTURE}heat{t}") for t in range(4)]
    page = Page(report_page(result(), None, pictures))
    assert [a["src"] for a in page.of("img")] == [p for pair in pictures for p in pair]
    assert page.of("img")[2]["alt"] == "frame at 1.5 s"
    assert page.texts["figcaption"] == ["0 s · 0.90", "1 s · 0.80", "2 s · 0.10", "3 s · 0.60"]
    assert [b["data-seek"] for b in page.of("button")][2:] == ["0", "1", "2", "3"]


def test_frames_stand_alone_where_the_model_looks_at_no_place() -> None:
    page = Page(report_page(result(), None, [(f"{PICTURE}{t}", "") for t in range(4)]))
    assert [a["src"] for a in page.of("img")] == [f"{PICTURE}{t}" for t in range(4)]
    assert "Frames" in page.texts["h2"]
    assert "Each segment's frame, and its relevance." in page.texts["p"]
    assert not [text for text in page.texts["p"] if "attention" in text]


def everyday() -> Result:
    bark = Event(0.0, 2.0, "Bark", 0.9, Evidence(1.25, 3.5, "supports"))
    speech = Event(3.0, 3.5, "Speech", 0.6, Evidence(2.0, 0.0, "cannot tell"))
    return result(
        events=(bark, speech),
        disagreements=(
            Disagreement(0.0, 1.0, "Siren", "heard, not seen", 0.8, "no ambulance in the picture"),
            Disagreement(2.0, 3.0, "Cat", "seen, not heard", 0.7, "cat in the picture"),
            Disagreement(2.0, 4.0, "Bus", "heard, not seen", 0.55, "no bus in the picture"),
        ),
        sounds=(Sound(0.0, 2.0, "Dog", 0.97), Sound(1.0, 2.0, "Yip", 0.31)),
    )


def test_evidence_stands_beside_its_event() -> None:
    page = Page(report_page(everyday(), [("Bark", 0.0, 2.0)], []))
    cells = page.texts["td"]
    assert cells[:6] == ["Bark", "0.90", "found", "+1.2", "+3.5", "supports"]
    assert cells[6:12] == ["Speech", "0.60", "found", "+2.0", "+0.0", "cannot tell"]
    assert cells[12:14] == ["Bark", "truth"]
    assert {"heard", "seen", "sight"} <= set(page.texts["th"])
    assert [text for text in page.texts["p"] if text.startswith("Heard: mean log-odds")]
    plain = Page(report_page(result(), None, []))
    assert plain.texts["th"] == ["time", "event", "score"]


def test_what_one_sense_names_alone_stands_under_its_kind() -> None:
    page = Page(report_page(everyday(), None, []))
    assert page.texts["h2"][2:4] == ["Heard, not seen", "Seen, not heard"]
    text = " ".join(page.texts["td"])
    assert "Siren 0.80 no ambulance in the picture Bus 0.55 no bus in the picture Cat 0.70" in text
    assert [b["data-seek"] for b in page.of("button")][2:5] == ["0", "2", "2"]


def test_every_sound_is_there_and_folded() -> None:
    page = Page(report_page(everyday(), None, []))
    assert page.texts["summary"] == ["Every sound by itself (2)"]
    assert page.texts["td"][-4:] == ["Dog", "0.97", "Yip", "0.31"]
    assert not Page(report_page(result(), None, [])).of("details")


def test_a_video_that_browsers_play_is_in_the_page(tmp_path: Path) -> None:
    video = tmp_path / "a.MP4"
    video.write_bytes(b"\x00film")
    source = Page(report_page(result(str(video)), None, [])).of("video")[0]["src"]
    assert source == f"data:video/mp4;base64,{base64.b64encode(video.read_bytes()).decode()}"


def test_a_large_video_is_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = tmp_path / 'a "b" %.webm'
    video.write_bytes(b"film")
    monkeypatch.setattr(module, "MOST_EMBEDDED_BYTES", 3)
    source = Page(report_page(result(str(video)), None, [])).of("video")[0]["src"]
    assert source == f"file://{tmp_path}/a%20%22b%22%20%25.webm"


@pytest.mark.parametrize("name", ["a.mkv", "gone.mp4"])
def test_no_player_for_what_no_browser_plays(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.mkv").touch()
    page = Page(report_page(result(str(tmp_path / name)), None, []))
    assert not page.of("video")
    assert "No player: the browser cannot show this kind of file." in page.texts["p"]


def test_nothing_is_fetched() -> None:
    page = Page(report_page(result(), [("dog", 0.0, 1.0)], [(PICTURE, PICTURE)] * 4))
    assert not {"link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    assert all("src" not in attributes for attributes in page.of("script"))
    policy = next(a for a in page.of("meta") if a.get("http-equiv"))["content"]
    assert str(policy).startswith("default-src 'none'; img-src data:; media-src data: file:;")
    for _, attributes in page.tags:
        for value in attributes.values():
            assert "http:" not in str(value)
            assert "https:" not in str(value)
