"""The server's pages in a real browser: drop, watch, correct, save, teach, download."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.browser import faults, launched
from tests.pipeline.report.material import EVIL, played
from tests.pipeline.server.desk import Desk, desk

WIDE: Any = {"width": 1280, "height": 900}
NARROW: Any = {"width": 375, "height": 812}
FOUND = [("Bark", 0.0, 2.0), ("Speech", 3.0, 3.5)]
DASH = "\N{EN DASH}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture
def server(shared: Desk) -> Iterator[Desk]:
    yield shared
    shared.clear()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("clip") / "clip.mp4", 4)


@pytest.fixture(scope="module")
def context(browser: Browser, shared: Desk) -> Iterator[BrowserContext]:
    made = context_of(browser, shared)
    yield made
    made.close()


def context_of(browser: Browser, server: Desk) -> BrowserContext:
    return browser.new_context(
        viewport=WIDE, color_scheme="light", reduced_motion="reduce", base_url=server.address
    )


RESET = """(kept) => {
  draft.become(kept.events); draft.keep(); draft.past = []; draft.future = [];
  Object.assign(keeper, { revision: kept.revision, isCorrected: kept.corrected, error: '' });
  document.activeElement.blur(); chosen = ''; show(0, data.duration); seek(0); refresh();
}"""


@pytest.fixture(scope="module")
def desktop(
    browser: Browser, clip: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Page, Desk, str, list[str]]]:
    """One film's page for all tests of the editor, with a server where nobody else deletes it."""
    with desk(tmp_path_factory.mktemp("editor")) as server:
        film = server.add(clip, "a.mp4")
        page = context_of(browser, server).new_page()
        said = heard(page)
        opened(page, film)
        yield page, server, film, said
        page.context.close()


@pytest.fixture
def editor(desktop: tuple[Page, Desk, str, list[str]]) -> Page:
    """The page as it was opened."""
    page, server, film, said = desktop
    server.ask("DELETE", f"/api/videos/{film}/corrections")
    page.evaluate(RESET, server.ask("GET", f"/api/videos/{film}/corrections"))
    assert amiss(said, server) == []
    return page


def heard(page: Page) -> list[str]:
    """What a page asks for, and what goes wrong in it."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text) if "Content Security" in m.text else None)
    page.on("request", lambda asked: said.append(asked.url))
    return said


def amiss(said: list[str], server: Desk) -> list[str]:
    """All but requests to the server itself."""
    ours = (server.address, "data:", f"blob:{server.address}")
    return [each for each in said if not each.startswith(ours)]


@pytest.fixture
def page(context: BrowserContext, server: Desk) -> Iterator[Page]:
    """An empty page; whatever it asks of others, and whatever goes wrong, fails the test."""
    page = context.new_page()
    said = heard(page)
    yield page
    page.close(run_before_unload=False)
    assert amiss(said, server) == []


def home(page: Page) -> Page:
    page.goto("/")
    page.wait_for_selector("[data-ready]")
    return page


def opened(page: Page, film: str) -> Page:
    """A film's page, painted."""
    page.goto(f"/videos/{film}")
    page.wait_for_selector("[data-ready][data-painted]")
    return page


@pytest.fixture
def film(server: Desk, clip: Path) -> str:
    return server.add(clip, "a.mp4")


def card(page: Page, name: str) -> Locator:
    """Of a film that the server has; for a moment its upload is there as well."""
    return page.locator("#rows .film", has_text=name)


def events(page: Page) -> list[list[Any]]:
    """What the list and the lanes show, which is the same."""
    shown = page.evaluate(
        "() => list.rows.found.map((r) => [r.label, r.onset, r.offset])",
    )
    assert shown == page.evaluate("() => lanes.rows.found.map((r) => [r.label, r.onset, r.offset])")
    labels = page.locator("#rows .l").all_inner_texts()
    assert labels == [label for label, _, _ in shown]
    return shown  # type: ignore[no-any-return]


def place(page: Page, seconds: float, row: int = 0) -> tuple[float, float]:
    """Where a time is on the lane of events, in the window."""
    x, y = page.evaluate(
        "([t, row]) => { const b = axis.getBoundingClientRect(); const lane = laneOfEvents();"
        "return [b.left + lanes.x(t), b.top + lane.top + row * (BLOCK + 2) + 12] }",
        [seconds, row],
    )
    return x, y


def drag(page: Page, start: float, end: float, *, key: str = "") -> None:
    """Over the lane of events, from one second to another."""
    page.mouse.move(*place(page, start))
    page.mouse.down()
    if key:
        page.keyboard.down(key)
    page.mouse.move(*place(page, (start + end) / 2))
    page.mouse.move(*place(page, end))
    page.mouse.up()
    if key:
        page.keyboard.up(key)


# The list of films.


def test_an_empty_page_says_in_three_sentences_what_to_do(page: Page) -> None:
    home(page)
    assert page.inner_text("#dropping") == "Drop films here"
    assert page.locator("#steps li b").all_inner_texts() == [
        "Drop a film.",
        "Correct it.",
        "Teach.",
    ]
    assert page.inner_text("#steps [aria-current] b") == "Drop a film."
    assert page.is_disabled("#teach")
    assert page.is_hidden("#tools")


def test_a_film_is_dropped_watched_and_found(page: Page, server: Desk, clip: Path) -> None:
    server.hands.open.clear()
    home(page)
    data = page.evaluate_handle(
        "(bytes) => { const data = new DataTransfer();"
        "data.items.add(new File([new Uint8Array(bytes)], 'b.mp4')); return data }",
        list(clip.read_bytes()),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})
    here = card(page, "b.mp4")
    here.locator("text=Watching and listening: 0:01 of 0:04").wait_for()
    assert here.locator("progress").get_attribute("value") == "0.25"
    assert here.locator("button").all_inner_texts() == ["Cancel"]
    server.hands.open.set()
    here.locator("text=2 events: Bark, Speech.").wait_for()
    assert here.locator("progress").is_hidden()
    assert page.inner_text("#steps [aria-current] b") == "Correct it."
    here.locator("h3 a").click()
    page.wait_for_selector("[data-painted]")
    assert page.inner_text("h1") == "b.mp4"


def test_an_upload_goes_on_where_it_broke_off(page: Page, server: Desk, clip: Path) -> None:
    whole = clip.read_bytes()
    half = len(whole) // 2
    said = server.ask("POST", "/api/uploads", json={"name": "clip.mp4", "bytes": len(whole)})
    upload = said["upload"]["id"]
    headers = {"Upload-Offset": "0"}
    server.ask("PATCH", f"/api/uploads/{upload}", content=whole[:half], headers=headers)
    offsets: list[str] = []
    page.on("request", lambda r: offsets.append(r.headers.get("upload-offset", "")))
    home(page)
    page.evaluate(
        "(id) => { const was = Storage.prototype.getItem; Storage.prototype.getItem ="
        "function (key) { return key.startsWith('avel clip.mp4') ? id : was.call(this, key) } }",
        upload,
    )
    lost = [True]

    def once(route: Any) -> None:
        route.abort() if lost.pop() else route.continue_()
        if not lost:
            page.unroute("**/api/uploads/*")

    page.route(
        "**/api/uploads/*", lambda r: once(r) if r.request.method == "PATCH" else r.continue_()
    )
    page.set_input_files("#files", clip)
    card(page, "clip.mp4").locator("text=2 events").wait_for()
    assert [each for each in offsets if each] == [str(half), str(half)]
    film = server.ask("GET", "/api/videos")["videos"][0]
    assert film["bytes"] == len(whole)


def test_what_is_no_film_is_refused_in_words(page: Page, tmp_path: Path) -> None:
    text = tmp_path / f"{EVIL.replace('/', '')}.mp4"
    text.write_text("no film at all")
    home(page)
    page.set_input_files("#files", text)
    said = page.locator("#sending .state.bad")
    said.wait_for()
    assert said.inner_text().startswith("Not taken. ")
    assert "give another film" in said.inner_text()
    page.click("text=Take off the list")
    assert page.locator(".film").count() == 0


def test_a_job_is_cancelled_and_tried_again(page: Page, server: Desk, clip: Path) -> None:
    server.hands.open.clear()
    film = server.add(clip, "c.mp4", wait=False)
    home(page)
    here = card(page, "c.mp4")
    here.locator("button", has_text="Cancel").click()
    here.locator("text=Cancelled; nothing was found yet.").wait_for()
    server.hands.open.set()
    here.locator("button", has_text="Try again").click()
    here.locator("text=2 events").wait_for()
    assert server.until(film, "done")["events"] == 2


def test_a_film_is_deleted_when_the_reader_says_so(page: Page, server: Desk, film: str) -> None:
    home(page)
    card(page, "a.mp4").locator("button", has_text="Delete").click()
    assert page.inner_text("#asked") == "Delete a.mp4?"
    page.click("dialog >> text=Keep it")
    assert page.locator(".film").count() == 1
    card(page, "a.mp4").locator("button", has_text="Delete").click()
    page.click("#choices >> text=Delete")
    page.wait_for_function("() => !document.querySelector('.film')")
    assert server.ask("GET", "/api/videos")["videos"] == []
    assert page.evaluate("document.body.className") == "home empty"


def test_the_list_is_filtered(page: Page, server: Desk, clip: Path, film: str) -> None:
    other = server.add(clip, "zebra.mp4")
    server.ask("PUT", f"/api/videos/{other}/corrections", json={"revision": 0, "events": []})
    home(page)
    names = page.locator("#rows h3")
    assert names.all_inner_texts() == ["zebra.mp4", "a.mp4"]
    page.fill("#query", "ZEB")
    page.wait_for_function("() => el('count').textContent === '1 of 2 films'")
    assert names.all_inner_texts() == ["zebra.mp4"]
    page.fill("#query", "")
    page.select_option("#kind", "open")
    page.wait_for_function("() => document.querySelector('#rows h3').textContent === 'a.mp4'")
    page.fill("#query", "nothing")
    page.wait_for_selector("#none:not([hidden])")


# Correcting.


def test_an_end_is_dragged_to_a_tenth_or_exactly(editor: Page) -> None:
    page = editor
    drag(page, 2.0, 2.46)
    assert events(page) == [["Bark", 0, 2.5], ["Speech", 3, 3.5]]
    assert page.inner_text("#kept") == "1 change not saved"
    assert page.text_content("#say") == "Bark ends at 0:02.5"
    drag(page, 3.0, 2.713, key="Control")
    moved = events(page)[1]
    assert moved[1] == pytest.approx(2.713, abs=0.005)
    assert round(moved[1] * 10) != moved[1] * 10
    drag(page, 2.5, -1)
    assert events(page)[0] == ["Bark", 0, 0.1]  # an end does not pass the other


def test_escape_ends_a_drag_as_if_it_never_began(editor: Page) -> None:
    page = editor
    page.mouse.move(*place(page, 2.0))
    page.mouse.down()
    page.mouse.move(*place(page, 2.8))
    page.keyboard.press("Escape")
    page.mouse.up()
    assert [tuple(each) for each in events(page)] == FOUND
    assert page.is_disabled("#undo")


def test_ends_are_moved_by_keys(editor: Page) -> None:
    page = editor
    page.click("#rows button >> text=Speech")
    handle = page.locator("#offset")
    assert handle.get_attribute("aria-label") == "End of Speech"
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "Control+ArrowRight"):
        page.keyboard.press(key)
    assert events(page)[1] == ["Speech", 3, 3.61]
    assert handle.get_attribute("aria-valuetext") == "0:03.61"
    assert page.evaluate("document.activeElement.id") == "offset"
    page.locator("#onset").focus()
    page.keyboard.press("Shift+ArrowLeft")
    assert events(page)[1] == ["Speech", 2, 3.61]
    page.keyboard.press("Escape")
    assert page.is_hidden("#form")


def test_ends_are_written_and_put_where_the_film_is(editor: Page) -> None:
    page = editor
    page.click("#rows button >> text=Bark")
    page.fill("#offsetAt", "0:01.75")
    page.keyboard.press("Enter")
    assert events(page)[0] == ["Bark", 0, 1.75]
    page.click("#onsetMore")
    assert events(page)[0] == ["Bark", 0.1, 1.75]
    page.evaluate("seek(1.23)")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("o")
    assert events(page)[0] == ["Bark", 0.1, 1.2]
    page.fill("#offsetAt", "soon")
    page.keyboard.press("Enter")
    assert (
        page.inner_text("#wrong")
        == '"soon" is no time of this film; write it as 0:02.5, at most 0:04.0.'
    )
    assert page.get_attribute("#offsetAt", "aria-invalid") == "true"
    assert events(page)[0] == ["Bark", 0.1, 1.2]


def test_a_name_is_chosen_or_written(editor: Page) -> None:
    page = editor
    page.click("#rows button >> text=Bark")
    page.fill("#label", "m")
    assert page.locator("#known li").all_inner_texts() == ["Meow"]
    assert page.get_attribute("#label", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#label", "aria-activedescendant") == "label0"
    page.keyboard.press("Enter")
    assert events(page)[0][0] == "Meow"
    page.fill("#label", "  My   own dog ")
    page.keyboard.press("Tab")
    assert events(page)[0][0] == "My own dog"
    page.fill("#label", "never")
    page.keyboard.press("Escape")
    assert page.input_value("#label") == "My own dog"
    page.fill("#label", "s")
    page.click("#known li >> text=Speech")
    assert events(page)[0][0] == "Speech"


def test_an_event_is_drawn_added_and_deleted(editor: Page) -> None:
    page = editor
    drag(page, 2.2, 2.71)
    assert events(page)[1] == ["cat", 2.2, 2.7]  # what the model names most clearly there
    page.click("h1")
    page.evaluate("document.activeElement.blur(); seek(1.04)")
    page.keyboard.press("e")
    assert events(page)[1] == ["dog", 1, 2]
    assert page.evaluate("document.activeElement.id") == "label"
    page.keyboard.type("Owl")
    page.keyboard.press("Enter")
    assert [label for label, *_ in events(page)] == ["Bark", "Owl", "cat", "Speech"]
    assert page.evaluate("lanes.places.found") == [0, 1, 0, 0]  # two at one time
    page.click("#remove")
    page.evaluate("document.activeElement.blur()")
    page.click("#rows button >> text=cat")
    page.keyboard.press("Delete")
    assert [tuple(each) for each in events(page)] == FOUND
    assert page.inner_text("[data-tab=found] span") == "2"


def test_every_step_goes_back_and_forth(editor: Page) -> None:
    page = editor
    drag(page, 2.0, 2.5)
    page.click("#rows button >> text=Speech")
    page.fill("#label", "Meow")
    page.keyboard.press("Enter")
    page.click("#remove")
    states = [events(page)]
    page.evaluate("document.activeElement.blur()")
    for _ in range(3):
        page.keyboard.press("Control+z")
        states.append(events(page))
    bark, speech, meow = ["Bark", 0, 2.5], ["Speech", 3, 3.5], ["Meow", 3, 3.5]
    assert states == [[bark], [bark, meow], [bark, speech], [["Bark", 0, 2], speech]]
    assert page.is_disabled("#undo")
    assert page.inner_text("#kept") == "As the model found it."
    for state in reversed(states[:-1]):
        page.keyboard.press("Control+Shift+z")
        assert events(page) == state
    assert page.is_disabled("#redo")
    assert page.inner_text("#kept") == "2 changes not saved"


def saved(page: Page) -> None:
    page.keyboard.press("Control+s")
    page.wait_for_function("() => el('save').textContent === 'Saved'")


def downloaded(page: Page, selector: str) -> tuple[str, str]:
    with page.expect_download() as coming:
        page.locator(selector).click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_text()


def test_what_is_saved_and_downloaded_has_the_right_numbers(editor: Page, desktop: Any) -> None:
    page, (_, server, film, _) = editor, desktop
    drag(page, 2.0, 2.5)
    page.click("#rows button >> text=Speech")
    page.fill("#label", "Owl")
    page.keyboard.press("Enter")
    saved(page)
    assert page.inner_text("#kept") == "Corrected by you."
    assert server.events(film) == [("Bark", 0.0, 2.5), ("Owl", 3.0, 3.5)]
    page.click(".get summary")
    name, text = downloaded(page, ".get a:text-is('csv')")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["label"], float(r["onset"]), float(r["offset"])) for r in rows] == [
        ("Bark", 0.0, 2.5),
        ("Owl", 3.0, 3.5),
    ]
    assert name == "a.csv"
    _, text = downloaded(page, "a[aria-label='json as found']")
    assert [(e["label"], e["offset"]) for e in json.loads(text)["events"]] == [
        ("Bark", 2.0),
        ("Speech", 3.5),
    ]
    page.reload()
    page.wait_for_selector("[data-painted]")
    assert events(page) == [["Bark", 0, 2.5], ["Owl", 3, 3.5]]
    shown = "lanes.rows.model.map((r) => [r.label, r.offset])"
    assert page.evaluate(shown) == [["Bark", 2], ["Speech", 3.5]]


def test_what_was_found_is_said_to_be_right(editor: Page, desktop: Any) -> None:
    page, (_, server, film, _) = editor, desktop
    page.click("text=All right as it is")
    page.wait_for_function("() => el('save').textContent === 'Saved'")
    assert server.site.videos.get(film)["corrected"]
    assert server.events(film) == FOUND
    page.click("text=Back to what the model found")
    page.click("dialog >> text=Go back")
    page.wait_for_selector("text=All right as it is")
    assert not server.site.videos.get(film)["corrected"]


@pytest.mark.parametrize(
    ("choice", "kept"), [("Keep mine", "Bark"), ("Take the others", "Owl"), ("Decide later", "Owl")]
)
def test_two_windows_do_not_overwrite_each_other_unasked(
    editor: Page, desktop: Any, choice: str, kept: str
) -> None:
    page, (_, server, film, _) = editor, desktop
    drag(page, 2.0, 2.5)
    revision = page.evaluate("keeper.revision")
    theirs = {"revision": revision, "events": [{"label": "Owl", "onset": 1, "offset": 2}]}
    server.ask("PUT", f"/api/videos/{film}/corrections", json=theirs)
    page.click("#save")
    page.wait_for_selector("dialog[open]")
    assert "There it has 1 event, here 2." in page.inner_text("#why")
    page.click(f"dialog >> text={choice}")
    wanted = (
        "Not saved: it was saved in another window meanwhile."
        if "later" in choice
        else "Corrected by you."
    )
    page.wait_for_function("(said) => el('kept').textContent === said", arg=wanted)
    assert server.events(film)[0][0] == kept
    assert events(page)[0][0] == ("Owl" if "others" in choice else "Bark")


def test_a_server_that_does_not_answer_is_said_and_nothing_is_lost(editor: Page) -> None:
    page = editor
    drag(page, 2.0, 2.5)
    page.route("**/corrections", lambda route: route.abort())
    page.click("#save")
    page.wait_for_selector("#kept.bad")
    assert page.inner_text("#kept").startswith(
        "The server does not answer. See whether `avel serve`"
    )
    assert events(page)[0] == ["Bark", 0, 2.5]
    page.unroute("**/corrections")
    saved(page)


def test_fingers_move_an_end(browser: Browser, server: Desk, film: str) -> None:
    context = browser.new_context(viewport=NARROW, has_touch=True, base_url=server.address)
    page = opened(context.new_page(), film)
    page.touchscreen.tap(*place(page, 1.0))
    page.wait_for_selector("#offset:not([hidden])")
    touch = context.new_cdp_session(page)
    (x0, y), (x1, _) = place(page, 2.0), place(page, 2.5)
    # beside the handle, where a finger would be
    for kind, x in (("touchStart", x0 + 14), ("touchMove", x0 + 30), ("touchMove", x1 + 14)):
        points = [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert events(page)[0] == ["Bark", 0, 2.5]
    context.close()


def test_of_two_hours_only_what_is_seen_is_drawn(page: Page, server: Desk, clip: Path) -> None:
    opened(page, server.add(clip, "long.mp4"))
    count = (
        "() => { let n = 0; const [a, b] = [block, sliver];"
        "block = (...all) => (n++, a(...all)); sliver = (...all) => (n++, b(...all));"
        "show(3600, 3612); lanes.draw(); [block, sliver] = [a, b]; return n }"
    )
    assert page.evaluate(count) < 20
    page.evaluate("paint()")
    onset = page.evaluate("lanes.rows.found.find((r) => r.onset > 3604).onset")
    row = page.evaluate("lanes.places.found[lanes.rows.found.findIndex((r) => r.onset > 3604)]")
    x, y = place(page, onset, row)
    page.mouse.move(x + 1, y)
    page.mouse.down()
    page.mouse.move(*place(page, onset + 0.42, row))
    page.mouse.up()
    assert page.evaluate(f"lanes.rows.found.some((r) => r.onset === {round(onset + 0.4, 1)})")
    assert page.inner_text("#kept") == "1 change not saved"
    saved(page)


# What goes on by itself.


def test_a_film_that_is_looked_at_becomes_its_result(page: Page, server: Desk, clip: Path) -> None:
    server.hands.open.clear()
    film = server.add(clip, "w.mp4", wait=False)
    page.goto(f"/videos/{film}")
    page.wait_for_selector("text=Watching and listening: 0:01 of 0:04")
    server.hands.open.set()
    page.wait_for_selector("[data-painted]")
    assert [tuple(each) for each in events(page)] == FOUND


def test_another_answer_waits_for_what_is_not_saved(page: Page, server: Desk, film: str) -> None:
    opened(page, film)
    drag(page, 2.0, 2.5)
    page.wait_for_selector("#models option", state="attached")
    server.hands.open.clear()
    page.click("#rerun")
    page.wait_for_selector(
        "#againsaid >> text=Looking through this film again. Watching and listening: 0:01"
    )
    server.hands.open.set()
    page.wait_for_selector("#againsaid >> text=Another answer is there.")
    assert events(page)[0] == ["Bark", 0, 2.5]


def test_a_lesson_changes_the_answers(
    page: Page, context: BrowserContext, server: Desk, clip: Path, film: str
) -> None:
    other = server.add(clip, "other.mp4")
    opened(page, film)
    page.click("#rows button >> text=Bark")
    page.fill("#label", "My own dog")
    page.keyboard.press("Enter")
    saved(page)
    page.wait_for_selector("#teach:not([disabled])")
    assert page.inner_text("#teach") == "Teach from 1 corrected film"
    page.click("#teach")
    page.wait_for_selector("#changed:not([hidden])")
    assert re.fullmatch(r"What changed: everyday . taught-\d+", page.inner_text("#changedtitle"))
    told = "renamed Bark \N{RIGHTWARDS ARROW} My own dog, 0:00.0 \N{EN DASH} 0:02.0"
    assert page.locator("#changes li").all_inner_texts() == [told]
    server.until(other, "done")
    home(page)
    page.wait_for_selector("#taught >> text=2 have another answer now")
    assert page.inner_text("#teach") == "Teach again from 1 corrected film"
    assert page.locator("#teach.go").count() == 0  # nothing is new to it
    assert page.inner_text("#steps [aria-current] b") == "Correct it."
    assert card(page, "other.mp4").locator(".was").inner_text() == "2 events: Bark, Speech."
    now = card(page, "other.mp4").locator("dd:not(.was)").inner_text()
    assert now == "2 events: My own dog, Speech."
    assert card(page, "a.mp4").locator("text=corrected by you").count() == 1
    assert page.locator("#turned li").count() == 2


def test_teaching_shows_how_far_it_is_and_why_it_cannot(
    page: Page, server: Desk, film: str
) -> None:
    server.ask("PUT", f"/api/videos/{film}/corrections", json={"revision": 0, "events": []})
    home(page)
    assert page.inner_text("#steps [aria-current] b") == "Teach."
    page.click("#teach.go >> text=Teach from 1 corrected film")
    page.wait_for_selector("#taught.bad")
    assert page.inner_text("#taught").startswith("The corrections have no event: open a film")
    right = [{"label": "Owl", "onset": 1, "offset": 2}]
    server.ask("PUT", f"/api/videos/{film}/corrections", json={"revision": 1, "events": right})
    server.hands.open.clear()
    page.click("#teach")
    page.wait_for_selector("#taught >> text=Watching and listening")
    assert page.is_disabled("#teach")
    server.hands.open.set()
    page.wait_for_selector("#taught >> text=1 has another answer now")


# Names, and everybody.


def test_hostile_names_are_text(page: Page, server: Desk, clip: Path) -> None:
    film = server.add(clip, EVIL)
    wrong = [{"label": EVIL, "onset": 1, "offset": 2}]
    server.ask("PUT", f"/api/videos/{film}/corrections", json={"revision": 0, "events": wrong})
    home(page)
    name = EVIL.rpartition("/")[2]  # of a path the file's own name alone
    assert page.inner_text("#rows h3") == name
    opened(page, film)
    assert page.inner_text("h1") == name
    assert page.inner_text("#rows .l") == EVIL
    page.click("#rows button.e")
    assert page.input_value("#label") == EVIL
    inline = "[...document.scripts].filter((s) => !s.src && s.type !== 'application/json').length"
    assert page.evaluate(inline) == 0


def test_everybody_can_use_it(page: Page, server: Desk, clip: Path, film: str) -> None:
    server.ask("PUT", f"/api/videos/{film}/corrections", json={"revision": 0, "events": []})
    server.add(clip, "b.mp4")
    server.hands.open.clear()
    busy = server.add(clip, "busy.mp4", wait=False)
    edits = "addHere(); form.label.open(true); document.querySelector('.get').open = true"
    for path, before in {
        "/": "plan()",
        f"/videos/{busy}": "tell()",
        f"/videos/{film}": edits,
    }.items():
        page.goto(path)
        page.wait_for_selector("[data-ready]")
        page.evaluate(before)
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            # where little is to be seen, each theme in one width is enough
            themes = (
                ("light", "dark") if busy not in path else ("light" if size is WIDE else "dark",)
            )
            for theme in themes:
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                assert faults(page) == [], (path, size, theme)
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, (path, size)  # nothing is wider than the window
        page.evaluate("window.onbeforeunload = null")
        page.once("dialog", lambda dialog: dialog.accept())
    page.set_viewport_size(WIDE)


def test_times_are_read_as_people_write_them(editor: Page) -> None:
    for text, seconds in {
        **{"62.5": 62.5, "1:02,5": 62.5, "1:00:02.5": 3602.5, " 0:01 ": 1},
        **{"": None, "-1": None, "1:x": None, "1:2:3:4": None},
    }.items():
        assert editor.evaluate("parsedTime", text) == seconds, text


def span(label: str, onset: float, offset: float) -> dict[str, Any]:
    return {"label": label, "onset": onset, "offset": offset}


def test_differences_are_the_fewest_that_explain_both(editor: Page) -> None:
    page = editor
    before = [span("dog", 0, 2), span("cat", 3, 5), span("bell", 6, 7), span("car", 8, 9)]
    after = [span("dog", 0, 2), span("cat", 3, 5.5), span("gong", 6, 7), span("owl", 20, 21)]
    told = page.evaluate(
        "([a, b]) => differences(a, b).map((c) => [c.kind, c.text])", [before, after]
    )
    arrow = "\N{RIGHTWARDS ARROW}"
    assert told == [
        ["moved", f"cat: 0:03.0 {DASH} 0:05.0 {arrow} 0:03.0 {DASH} 0:05.5"],
        ["renamed", f"bell {arrow} gong, 0:06.0 {DASH} 0:07.0"],
        ["gone", f"car, 0:08.0 {DASH} 0:09.0"],
        ["new", f"owl, 0:20.0 {DASH} 0:21.0"],
    ]
    assert page.evaluate("([a]) => differences(a, a)", [before]) == []
