"""Pages in a real browser: what a reader does, and what then happens."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.report.batch_page import batch_page
from avel.pipeline.report.compare_page import compare_page
from avel.pipeline.report.index import NAME, Index, entry
from avel.pipeline.report.page import Look, Place, report_page
from avel.pipeline.report.preview import Preview
from avel.pipeline.report.run_page import Evaluated, run_page
from avel.pipeline.report.table import table_page
from avel.pipeline.studies.bootstrap import Difference
from avel.pipeline.studies.pairs import Pair
from tests.browser import faults, launched
from tests.pipeline.report.material import EVIL, everyday, evil, looked_at, played, result
from tests.pipeline.report.test_batch_page import summary
from tests.pipeline.report.test_compare_page import FOUND
from tests.pipeline.report.test_run_page import NUMBERS

PAIRS = [
    Pair(
        "no gate, and a long name",
        EVIL,
        Difference(-4.0, -14.0, 6.0),
        {0: -6.0, 1: -2.0},
        (-20.0, 8.0),
    ),
    Pair("sure", EVIL, Difference(3.0, 1.0, 5.0), {0: 3.0}, (3.0, 3.0)),
]
WIDTHS = {"wide": (1200, 900), "narrow": (375, 812)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of one film: all lanes, one without a player, one of evil names, and an index."""
    out = tmp_path_factory.mktemp("pages")
    film = played(out / "a.mp4", 4)
    found = everyday(str(film), segments=4, duration=4.0)
    attention = np.zeros((4, 49), np.float32)
    attention[:, 24] = 1
    look = Look(looked_at(found), attention, False, [("Bark", 0.0, 1.5), ("Rain", 1.0, 3.5)])
    pages = {
        "a": report_page(found, look, Place("index.html", "", "evil.html", out / "a.html")),
        "gone": report_page(everyday("gone.avi"), Look(look.preview)),
        "failed": report_page(Result("c.mp4", "failed", ("EMPTY",), "c.mp4: has 0 bytes")),
        "evil": report_page(evil(), Look(truth=[(EVIL, 0.0, 1.0)])),
        "broken": report_page(everyday(str(_broken(out))), Look(look.preview)),
    }
    for name, text in pages.items():
        (out / f"{name}.html").write_text(text)
    (out / "run.html").write_text(run_page(_run()))
    (out / "compare.html").write_text(compare_page(FOUND, ("one", EVIL)))
    (out / "batch.html").write_text(batch_page(EVIL, summary()))
    (out / "table.html").write_text(
        table_page("board", ["system", "%"], [["dmsf", "98"]], ["note"], PAIRS)
    )
    with Index(out, EVIL) as index:
        index.add(0, entry(found, "a.html", look.preview))
        index.add(1, entry(evil(), "evil.html", Preview()))
        index.add(2, entry(result("z.mp4", events=(), duration=90.0), "", Preview()))
    return out


def _run() -> Evaluated:
    """A training that errs."""
    truth = np.arange(20).reshape(2, 10) % 3
    named = {"videos": np.array(["a", EVIL]), "classes": np.array(["dog", "bell"])}
    return Evaluated(EVIL, NUMBERS, {"truth": truth, "own": (truth + 1) % 3, **named})


def _broken(out: Path) -> Path:
    """Begins as an MP4, and is none."""
    path = out / "broken.mp4"
    path.write_bytes((out / "a.mp4").read_bytes()[:900])
    return path


def opened(browser: Browser, path: Path, *, theme: Any = "light", width: str = "wide") -> Page:
    """A page; whatever it asks for and whatever goes wrong is in its `said`."""
    wide, high = WIDTHS[width]
    shape: Any = {"width": wide, "height": high}
    context = browser.new_context(viewport=shape, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda asked: said.append(asked.url))
    page.goto(path.as_uri())
    if page.query_selector("#track"):
        page.wait_for_selector("[data-painted]")
    page.said = [each for each in said if not each.startswith(("data:", path.as_uri()))]  # type: ignore[attr-defined]
    return page


@pytest.fixture(scope="module")
def shared(browser: Browser, folder: Path) -> Iterator[Page]:
    page = opened(browser, folder / "a.html")
    yield page
    page.context.close()


@pytest.fixture
def page(shared: Page) -> Page:
    """The page as it was opened."""
    shared.evaluate(
        "() => { player.video.pause(); el('query').value = ''; el('least').value = '0';"
        "list.tab = 'found'; list.fill(); show(0, data.duration); seek(0); lanes.draw() }"
    )
    shared.evaluate("document.activeElement.blur()")
    return shared


def now(page: Page) -> float:
    return float(page.evaluate("player.time"))


def settled(page: Page) -> float:
    """The film's time once it has been sought."""
    page.wait_for_function("() => !player.video.seeking")
    return now(page)


@pytest.mark.parametrize("name", ["a", "evil", "failed"])
def test_nothing_is_asked_for_and_nothing_goes_wrong(
    browser: Browser, folder: Path, name: str
) -> None:
    page = opened(browser, folder / f"{name}.html")
    page.wait_for_timeout(50)
    assert page.said == []  # type: ignore[attr-defined]
    page.context.close()


def test_the_film_plays(page: Page) -> None:
    page.wait_for_function("() => player.video.readyState > 1")
    assert page.evaluate("[player.video.videoWidth, player.video.duration > 3.9]") == [96, True]
    page.keyboard.press(" ")
    page.wait_for_function("() => player.time > 0.1")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.keyboard.press(" ")
    assert page.evaluate("player.video.paused")
    page.wait_for_selector("#play[aria-label=Play]")


def test_events_are_captions_when_they_are_asked_for(page: Page) -> None:
    shown = "[...player.video.textTracks].map((t) => [t.mode, [...t.cues].map((c) => c.text)])"
    assert page.evaluate(shown) == []
    page.keyboard.press("c")
    assert page.evaluate(shown) == [["showing", ["Bark", "Speech"]]]
    assert page.get_attribute("#captions", "aria-pressed") == "true"
    page.keyboard.press("c")
    assert page.evaluate(shown)[0][0] == "hidden"


def test_a_row_leads_to_its_onset(page: Page) -> None:
    page.click("#rows button >> text=Speech")
    assert 3 < settled(page) < 3.05
    assert page.inner_text("#rows [aria-current=true] .l") == "Speech"
    assert page.inner_text("#now") == "Speech"
    assert page.text_content("#say") == "Speech, 0:03.0 to 0:03.5"


def test_keys_step_and_move(page: Page) -> None:
    page.keyboard.press("j")
    assert 3 < settled(page) < 3.05
    page.keyboard.press("k")
    assert 0 < settled(page) < 0.05
    for key, time in (("ArrowRight", 1.02), ("ArrowLeft", 0.02), ("End", 3.99), ("Home", 0)):
        page.keyboard.press(key)
        assert settled(page) == pytest.approx(time, abs=0.02)


def test_keys_zoom(page: Page) -> None:
    page.keyboard.press("+")
    assert page.evaluate("lanes.view.to - lanes.view.from") == pytest.approx(2)
    page.keyboard.press("-")
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.keyboard.press("0")
    assert page.evaluate("[lanes.view.from, lanes.view.to]") == [0, 4]


def test_typing_is_no_command(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("bark j+ ")
    assert page.input_value("#query") == "bark j+ "
    assert now(page) == 0
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    assert now(page) > 3


@pytest.mark.parametrize(
    ("lane", "at", "time"),
    [("found", 3.2, 3.02), ("found", 2.5, 2.5), ("wave", 1.25, 1.25), ("alone", 2.5, 2.02)],
)
def test_a_lane_leads_to_an_onset_or_a_moment(
    page: Page, lane: str, at: float, time: float
) -> None:
    place = page.evaluate(
        "([key, at]) => { const lane = lanes.lanes.find((l) => l.key === key);"
        "return [lanes.x(at), lane.top + 8] }",
        [lane, at],
    )
    page.click("#track", position={"x": place[0], "y": place[1]})
    assert settled(page) == pytest.approx(time, abs=0.02)


def test_the_cursor_and_the_list_follow(page: Page) -> None:
    for time, label in ((0.5, "Bark"), (2.5, None), (3.2, "Speech")):
        page.evaluate(f"player.video.currentTime = {time}")
        page.wait_for_function(f"() => el('clock').textContent === '0:0{time}'")
        x = page.evaluate("new DOMMatrix(getComputedStyle(el('cursor')).transform).e")
        assert x == pytest.approx(page.evaluate("lanes.width") * time / 4, abs=1)
        lit = page.query_selector("#rows [aria-current=true] .l")
        assert (lit.inner_text() if lit else None) == label
        assert page.get_attribute("#track", "aria-valuenow") == str(time)


def test_a_second_of_a_lane_is_a_second(browser: Browser, folder: Path) -> None:
    """The last one ends with the film, and squeezes none of the others."""
    path = folder / "half.html"
    path.write_text(report_page(everyday("gone.mp4")))  # 3.5 s in 4 segments
    page = opened(browser, path)
    high = page.evaluate(
        "() => { const high = []; const { values } = lanes.tracks.heard;"
        "columns(lanes, values, 1, (x, most) => high.push(most));"
        "return [0.99, 1.01, 1.99, 2.01, 2.99, 3.01].map((t) => high[Math.floor(lanes.x(t))]) }"
    )
    assert high == pytest.approx([1, 0.8, 0.8, 0.4, 0.4, 0.6], abs=0.01)
    page.context.close()


def test_the_view_is_panned_by_hand(page: Page) -> None:
    page.evaluate("show(1, 2)")
    box = page.locator("#track").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 60, steps=3)
    page.mouse.up()
    assert page.evaluate("[lanes.view.from, lanes.view.to]") == pytest.approx([1.5, 2.5], abs=0.01)
    assert now(page) == 0  # panning does not seek


def test_the_line_below_moves_the_view(page: Page) -> None:
    page.evaluate("show(0, 1)")
    width = page.evaluate("lanes.width")
    page.click("#mini", position={"x": width * 0.75, "y": 10})
    assert page.evaluate("lanes.view.from") == pytest.approx(2.5, abs=0.02)


def test_what_lies_under_the_pointer_is_said(page: Page) -> None:
    place = page.evaluate(
        "() => { const of = (key) => lanes.lanes.find((l) => l.key === key).top + 8;"
        "return [lanes.x(1.5), of('heard'), of('found')] }"
    )
    page.hover("#track", position={"x": place[0], "y": place[1]})
    assert page.inner_text("#tip") == "0:01.5 · heard 0.80 Bark · seen 0.70 Bark · both 0.80 dog"
    page.hover("#track", position={"x": place[0], "y": place[2]})
    assert page.inner_text("#tip").startswith(
        "Bark · 0:00.0 \N{EN DASH} 0:02.0 · clearly heard and"
    )


def test_the_list_is_filtered_and_has_tabs(page: Page) -> None:
    labels = "() => [...document.querySelectorAll('#rows .l')].map((e) => e.textContent)"
    page.fill("#query", "SPEE")
    assert page.evaluate(labels) == ["Speech"]
    assert page.inner_text("#count") == "1 of 2 shown"
    page.fill("#query", "")
    page.select_option("#least", "0.7")
    assert page.evaluate(labels) == ["Bark"]
    page.click("[data-tab=alone]")
    assert page.evaluate(labels) == ["Siren", "Cat"]
    assert page.inner_text("#rows .k >> nth=0") == "heard, not seen"
    page.click("[data-tab=sounds]")
    assert page.evaluate(labels) == ["Dog"]
    page.fill("#query", "zebra")
    assert page.inner_text("#rows") == "Nothing matches."


def saved(page: Page, kind: str) -> tuple[str, str]:
    with page.expect_download() as coming:
        page.click(f"[data-save={kind}]")
    return coming.value.suggested_filename, Path(coming.value.path()).read_text()


def test_saved_files_hold_the_right_numbers(page: Page, folder: Path) -> None:
    name, text = saved(page, "csv")
    assert name == "a.mp4.csv"
    assert list(csv.reader(io.StringIO(text))) == [
        ["file", "onset", "offset", "label", "score"],
        [str(folder / "a.mp4"), "0", "2", "Bark", "0.9000"],
        [str(folder / "a.mp4"), "3", "3.5", "Speech", "0.6000"],
    ]
    assert saved(page, "vtt") == (
        "a.mp4.vtt",
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nBark\n\n00:00:03.000 --> 00:00:03.500\nSpeech\n",
    )
    page.fill("#query", "spee")
    assert saved(page, "txt") == ("a.mp4.txt", "3.000000\t3.500000\tSpeech\n")


def test_names_are_text(browser: Browser, folder: Path) -> None:
    page = opened(browser, folder / "evil.html")
    shown = page.evaluate(
        "() => [el('rows').querySelector('.l').textContent, document.querySelector('h1').textContent,"
        "document.scripts.length]"
    )
    assert shown == [EVIL, f"{EVIL.rpartition('/')[2]}.mkv", 2]
    with page.expect_download() as coming:
        page.click("[data-save=csv]")
    rows = list(csv.reader(io.StringIO(Path(coming.value.path()).read_text())))
    assert rows[1][3] == EVIL
    page.context.close()


ALL = [(width, theme) for width in WIDTHS for theme in ("light", "dark")]
BOTH = [("wide", "light"), ("narrow", "dark")]
"""Of pages whose themes and widths do not meet: each is looked at once."""


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        *(("a", ALL), ("index", ALL)),
        *((name, BOTH) for name in ("gone", "run", "batch", "compare", "table")),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_everybody_can_use_it(
    browser: Browser, folder: Path, name: str, ways: list[tuple[str, str]]
) -> None:
    page = opened(browser, folder / f"{name}.html")
    if name == "a":
        page.evaluate("seek(0.5)")
        for summary in page.query_selector_all("summary"):
            summary.click()
    for width, theme in ways:
        wide, high = WIDTHS[width]
        page.set_viewport_size({"width": wide, "height": high})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert faults(page) == [], (width, theme)
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0  # nothing is wider than the window
    assert page.said == []  # type: ignore[attr-defined]
    page.context.close()


def test_the_theme_changes_at_a_click(browser: Browser, folder: Path) -> None:
    page = opened(browser, folder / "a.html", theme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    pixels = "lanes.canvas.toDataURL()"
    before = page.evaluate(pixels)
    page.click("#theme")
    assert page.evaluate(colour) != dark
    assert page.evaluate(pixels) != before
    page.click("#theme")
    assert page.evaluate(colour) == dark
    page.context.close()


def test_attention_lies_over_the_film_while_there_is_an_event(page: Page) -> None:
    red = (
        "() => { overlay.draw(); const c = overlay.canvas; const p = c.getContext('2d');"
        "const at = (x, y) => p.getImageData(Math.round(x * c.width), Math.round(y * c.height), 1, 1)"
        ".data[3]; return [at(0.5, 0.5), at(0.02, 0.5)] }"
    )
    page.evaluate("seek(0.5)")
    settled(page)
    middle, edge = page.evaluate(red)
    assert middle > 80
    assert edge == 0
    page.evaluate("seek(2.5)")
    settled(page)
    assert page.evaluate(red) == [0, 0]
    page.evaluate("seek(0.5)")
    settled(page)
    page.keyboard.press("a")
    assert page.evaluate(red) == [0, 0]
    assert page.get_attribute("#attention", "aria-pressed") == "false"
    page.keyboard.press("a")
    assert page.evaluate(red)[0] > 80


def test_pictures_stand_in_where_no_film_plays(browser: Browser, folder: Path) -> None:
    page = opened(browser, folder / "gone.html")
    assert "not where it was" in page.inner_text(".cannot")
    assert not page.is_visible("#play")
    page.keyboard.press("j")
    assert now(page) == pytest.approx(3.02)
    colour = (
        "[...overlay.canvas.getContext('2d').getImageData(overlay.canvas.width / 2, 9, 1, 1).data]"
    )
    red, _, blue, alpha = page.evaluate(colour)
    assert alpha == 255  # frame 35 of the film: red counts by fives
    assert abs(red - 175) < 12
    assert abs(blue - 128) < 12
    page.context.close()


def test_a_film_that_the_browser_refuses_is_said(browser: Browser, folder: Path) -> None:
    page = opened(browser, folder / "broken.html")
    page.wait_for_selector("#cannot:visible")
    assert "does not play this file" in page.inner_text("#cannot")
    page.keyboard.press("j")
    assert now(page) == pytest.approx(3.02)
    page.context.close()


def test_the_time_is_copied(browser: Browser, folder: Path) -> None:
    page = opened(browser, folder / "a.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("seek(3.25)")
    page.click("#copy")
    page.wait_for_function("() => el('said').textContent === 'copied 0:03.25'")
    assert page.evaluate("navigator.clipboard.readText()") == "0:03.25"
    page.context.close()


def test_a_link_may_name_a_moment(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "a.html").as_uri() + "#t=2.5")
    page.wait_for_function("() => player.time === 2.5")
    page.close()


def test_keys_lead_to_the_next_film(browser: Browser, folder: Path) -> None:
    page = opened(browser, folder / "a.html")
    page.keyboard.press("n")
    page.wait_for_url("**/evil.html")
    page.context.close()


def test_on_paper_the_whole_list_is_light(browser: Browser, folder: Path) -> None:
    events = tuple(Event(n / 50, n / 50 + 0.01, f"label {n}", 0.5) for n in range(150))
    path = folder / "many.html"
    path.write_text(report_page(everyday("gone.mp4", events=events)))
    page = opened(browser, path, theme="dark")
    assert page.evaluate("document.querySelectorAll('#rows .e').length") == 120
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('#rows .e').length") == 150
    assert page.evaluate("isDark()") is False
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("isDark()") is True
    page.emulate_media(media="print")
    assert not page.is_visible(".bar")
    page.context.close()


# The script's own arithmetic.


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("clock(0)", "0:00.0"),
        ("clock(59.96)", "1:00.0"),
        ("clock(3725.25)", "1:02:05.3"),
        ("clock(3599.6, 0)", "1:00:00"),
        ("clock(1.005, 2)", "0:01.00"),
        ("clock(-1)", "0:00.0"),
        ("stamp(3725.0005)", "01:02:05.001"),
        ("csvCell('a,\"b\"')", '"a,""b"""'),
        ("csvCell('a')", "a"),
        ("ruler(10, 700)", 1),
        ("ruler(7200, 700)", 900),
        ("ruler(1, 700)", 0.2),
        ("channels('#fa0')", [255, 170, 0]),
        ("mixed('#ffffff', '#000000', 0.5)", "rgb(128,128,128)"),
        ("[...bytes('AQL/')]", [1, 2, 255]),
    ],
)
def test_arithmetic(page: Page, asked: str, answer: Any) -> None:
    assert page.evaluate(asked) == answer


def test_blocks_overlap_none_while_there_is_room(page: Page) -> None:
    spans = [[0, 2], [1, 3], [2, 4], [2.5, 5], [2.6, 6], [9, 10]]
    rows = json.dumps([{"onset": a, "offset": b} for a, b in spans])
    assert page.evaluate(f"stacked({rows}, 3)") == [0, 1, 0, 2, 1, 0]


def test_looks_are_apart_and_the_same_on_every_page(page: Page) -> None:
    labels = json.dumps([f"label {n}" for n in range(28)])
    looks = page.evaluate(f"looksOf({labels}).map((l) => l.hue + l.texture)")
    assert len(set(looks)) == 28
    alone = page.evaluate("looksOf(['label 7'])[0]")
    assert re.fullmatch(r"#[0-9a-f]{6}", alone["hue"])
    assert page.evaluate("looksOf(['label 7', 'b'])[0]") == alone


def test_labels_of_files_hold_no_line_break(page: Page) -> None:
    rows = json.dumps([{"onset": 1, "offset": 2, "label": "a\n\tb <c> & d", "score": None}])
    assert page.evaluate(f"asAudacity({rows})") == "1.000000\t2.000000\ta b <c> & d\n"
    assert page.evaluate(f"asWebVtt({rows})").endswith("a b &lt;c&gt; &amp; d\n")
    assert page.evaluate(f"asCsv({rows}, 'x')") == (
        'file,onset,offset,label,score\nx,1,2,"a\n\tb <c> & d",\n'
    )


# The index.


@pytest.fixture
def index(browser: Browser, folder: Path) -> Iterator[Page]:
    page = opened(browser, folder / NAME)
    yield page
    page.context.close()


def videos(page: Page) -> list[str]:
    return [str(name) for name in page.locator("#rows a").all_inner_texts()]


def test_the_index_names_all_and_leads_to_them(index: Page) -> None:
    assert videos(index) == ["a.mp4", f"{EVIL.rpartition('/')[2]}.mkv", "z.mp4"]
    assert index.inner_text("h1") == EVIL
    assert index.locator("#rows img").count() == 1
    assert index.locator("svg.line rect").count() == 3
    assert index.inner_text("#rows li >> nth=0").count("Bark") == 1
    index.click("#rows a >> text=a.mp4")
    index.wait_for_url("**/a.html")


def test_the_index_is_filtered_and_sorted(index: Page) -> None:
    index.fill("#query", "speech")
    assert videos(index) == ["a.mp4"]
    assert index.inner_text("#count") == "1 of 3"
    index.fill("#query", "")
    index.select_option("#kind", "none")
    assert videos(index) == ["z.mp4"]
    index.select_option("#kind", "")
    index.select_option("#order", "duration")
    assert videos(index)[0] == "z.mp4"
    index.select_option("#order", "events")
    assert videos(index)[0] == "a.mp4"
    index.select_option("#order", "given")
    index.click(".chip >> text=Bark")
    assert videos(index) == ["a.mp4"]
    index.click(".chip >> text=Bark")
    assert len(videos(index)) == 3
    index.fill("#query", "zebra")
    assert index.inner_text("#rows") == "No video matches."
