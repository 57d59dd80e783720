import asyncio
import json
from typing import Any

import pytest

from avel.pipeline.server import answer_pages as module
from avel.pipeline.server import pages
from avel.pipeline.server.answer_pages import stream
from avel.pipeline.server.database import newest
from avel.pipeline.server.pages import Home, Shown
from avel.pipeline.server.site import Site
from avel.pipeline.server.static import HOME_SCRIPT
from avel.pipeline.server.videos import Videos
from tests.pipeline.server.material import DRAWN, NOBODY, add, ask, make_site, reason, work_off


def test_the_list_is_told_all(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Home] = []
    monkeypatch.setattr(pages, "home", lambda state: told.append(state) or "<p>all</p>")
    video = add(site)
    answer = ask(site, "GET", "/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.text == "<p>all</p>"
    assert [each["id"] for each in told[0].videos] == [video]
    assert (told[0].model, told[0].sequence) == ("everyday", newest(site.database))
    assert told[0].limits["films"] == 1_000


def test_a_films_page_is_told_all(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Shown] = []
    monkeypatch.setattr(pages, "video", lambda state: told.append(state) or "<p>one</p>")
    video = add(site)
    ask(site, "GET", f"/videos/{video}")
    work_off(site)
    ask(site, "GET", f"/videos/{video}")
    before, after = told
    assert (before.result, before.data) == (None, "")
    assert after.result is not None
    assert after.result["events"][0]["label"] == "Bark"
    assert json.loads(after.data) == DRAWN
    assert after.media == f"/api/videos/{video}/media"
    assert after.labels == ["Bark", "Meow"]
    assert "csv" in after.formats
    assert after.corrections["revision"] == 0
    assert reason(ask(site, "GET", f"/videos/{NOBODY}")) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/videos/{}", "/api/videos/{}/result?corrected=1"])
def test_a_film_is_read_once(site: Site, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    video, read = add(site), list[str]()
    work_off(site)
    site.corrections.put(video, 0, [{"label": "Gnome", "onset": 1, "offset": 3}])
    real, found = site.database.rows, Videos.found
    monkeypatch.setattr(
        site.database, "rows", lambda query, *given: read.append(query) or real(query, *given)
    )
    monkeypatch.setattr(Videos, "found", lambda self, row: read.append("found") or found(self, row))
    monkeypatch.setattr(pages, "video", lambda state: str(state.corrections))
    assert "Gnome" in ask(site, "GET", path.format(video)).text
    assert len([query for query in read if "WHERE videos.id" in query]) == 1
    assert read.count("found") == 1


@pytest.mark.parametrize(
    ("proxy", "cannot", "media"),
    [(0, "AVI files", ""), (1, "AVI files", "/api/videos/{}/media?proxy=1")],
)
def test_what_a_browser_does_not_play(
    site: Site, monkeypatch: pytest.MonkeyPatch, proxy: int, cannot: str, media: str
) -> None:
    told: list[Shown] = []
    monkeypatch.setattr(pages, "video", lambda state: told.append(state) or "")
    video = add(site)
    with site.database.writing() as write:
        write.execute("UPDATE videos SET proxy = ?, cannot = ?", (proxy, cannot))
    ask(site, "GET", f"/videos/{video}")
    assert (told[0].media, told[0].cannot) == (media.format(video), cannot)


def test_files_of_the_pages_are_those_that_are_named(site: Site) -> None:
    answer = ask(site, "GET", f"/static/{HOME_SCRIPT.name}")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.content == HOME_SCRIPT.content
    for name in ("page.js", "pages.py", "%2e%2e", f"{HOME_SCRIPT.name}%00"):
        assert ask(site, "GET", f"/static/{name}").status_code == 404


def heard(site: Site, after: int, most: int) -> list[dict[str, Any]]:
    """The first events of a stream."""

    async def run() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        source = stream(site, after)
        async for text in source:
            if text.startswith("event:"):
                lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))
                found.append({**lines, "data": json.loads(lines["data"])})
            if len(found) == most:
                break
        await source.aclose()  # type: ignore[attr-defined]
        return found

    return asyncio.run(run())


def test_everything_that_is_there_comes_first(site: Site) -> None:
    video = add(site)
    job, film = heard(site, 0, 2)
    assert (job["event"], job["data"]["video"]) == ("job", video)
    assert (film["event"], film["data"]) == ("video", site.videos.get(video))
    assert int(film["id"]) == newest(site.database)


def test_it_goes_on_where_it_was_left(site: Site) -> None:
    add(site)
    last = newest(site.database)
    video = add(site, "b.mp4")
    told = heard(site, last, 2)
    assert [each["data"].get("name", "job") for each in told] == ["job", "b.mp4"]
    assert int(told[0]["id"]) > last
    site.videos.delete(video)
    assert heard(site, int(told[-1]["id"]), 1)[0]["data"] == {"id": video}


def test_a_number_of_another_table_begins_anew(site: Site) -> None:
    """An earlier table was put back; else its changes would be silent until they reach the number."""
    video = add(site)
    last = newest(site.database)
    job, film = heard(site, last + 1, 2)
    assert (job["event"], film["data"]) == ("job", site.videos.get(video))
    with site.database.writing() as write:  # the newest change may be forgotten; it was one
        write.execute("DELETE FROM changes WHERE sequence = ?", (last,))
    new = add(site, "b.mp4")
    assert heard(site, last, 1)[0]["data"]["video"] == new
    with site.database.writing() as write:
        write.execute("DELETE FROM changes")
    assert newest(site.database) > last


def test_changes_come_as_they_are_made(site: Site) -> None:
    async def run() -> str:
        source = stream(site, newest(site.database))
        await anext(source)
        task = asyncio.ensure_future(anext(source))
        await asyncio.sleep(0.05)
        assert not task.done()
        add_now = asyncio.to_thread(site.uploads.begin, "a.mp4", 4)
        upload = await add_now
        site.folder.part(upload).write_bytes(b"film")
        await site.uploads.take(upload)
        site.bell.ring()
        text: str = await asyncio.wait_for(task, 5)
        await source.aclose()  # type: ignore[attr-defined]
        return text

    assert asyncio.run(run()).startswith("event: job\n")


def test_silence_is_broken_by_a_comment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.02)

    async def run() -> list[str]:
        source = stream(site, 0)
        return [await anext(source) for _ in range(2)]

    assert asyncio.run(run())[1] == ": still here\n\n"


def test_it_ends_with_the_server(site: Site) -> None:
    async def run() -> list[str]:
        site.bell.end()
        return [text async for text in stream(site, 0)]

    assert len(asyncio.run(run())) == 1
    assert site.listeners == 0


def test_too_many_listen(tmp_path: Any) -> None:
    site = make_site(tmp_path, listeners=1)
    site.listeners = 1
    assert reason(ask(site, "GET", "/api/events")) == (429, "TOO_MANY_LISTENERS")


def test_where_to_begin_is_said_by_header_or_query(site: Site) -> None:
    site.bell.end()
    for given in ({"headers": {"last-event-id": "5"}}, {"params": {"after": "5"}}):
        answer = ask(site, "GET", "/api/events", **given)
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
    assert reason(ask(site, "GET", "/api/events?after=x")) == (422, "WRONG_VALUE")
