import asyncio
import os
import re
import threading
from collections.abc import AsyncIterator, Callable
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from avel.pipeline.server import uploads as module
from avel.pipeline.server.bodies import pieces as body_of
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.site import Site
from avel.pipeline.server.sweep import sweep
from avel.pipeline.server.uploads import shown_name
from tests.pipeline.server.material import NOBODY, Clock, make_site


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


def append(site: Site, upload: str, offset: int, *given: bytes) -> tuple[dict[str, Any], bool]:
    return asyncio.run(site.uploads.append(upload, offset, pieces(*given)))


def whole(site: Site, size: int | None, *given: bytes, name: str = "a.mp4") -> dict[str, Any]:
    return asyncio.run(site.uploads.whole(name, size, pieces(*given)))


def files(site: Site) -> list[str]:
    return sorted(path.name for path in (site.folder.root / "uploads").iterdir())


def test_a_film_in_pieces(site: Site) -> None:
    upload = site.uploads.begin("dog.mp4", 8)
    said, done = append(site, upload, 0, b"fi", b"lm")
    assert (said["upload"]["received"], done) == (4, False)
    assert site.uploads.get(upload)["upload"] == {
        "id": upload,
        "name": "dog.mp4",
        "bytes": 8,
        "received": 4,
    }
    said, done = append(site, upload, 4, b"1234")
    assert done
    assert said["video"]["name"] == "dog.mp4"
    assert said["job"]["video"] == said["video"]["id"]
    row = site.videos.row(said["video"]["id"])
    assert site.videos.media(row, proxy=False).read_bytes() == b"film1234"
    assert files(site) == []


def test_the_last_piece_again_has_the_same_answer(site: Site) -> None:
    upload = site.uploads.begin("dog.mp4", 4)
    first = append(site, upload, 0, b"film")
    assert append(site, upload, 4) == first
    assert site.jobs.waiting() == 1


def test_a_whole_upload_that_was_not_taken_is_taken_by_an_empty_piece(site: Site) -> None:
    upload = site.uploads.begin("dog.mp4", 4)
    site.folder.part(upload).write_bytes(b"film")
    assert append(site, upload, 4)[1]


@pytest.mark.parametrize("offset", [0, 3, 5])
def test_pieces_follow_one_another(site: Site, offset: int) -> None:
    upload = site.uploads.begin("dog.mp4", 8)
    append(site, upload, 0, b"film")
    with pytest.raises(Problem, match=rf"Upload-Offset \({offset}\) must be 4, where it broke off"):
        append(site, upload, offset, b"x")


def test_one_writes_at_a_time(site: Site) -> None:
    upload = site.uploads.begin("dog.mp4", 8)

    async def both() -> None:
        async def slowly() -> AsyncIterator[bytes]:
            yield b"fi"
            with pytest.raises(Problem, match="is being written; wait for its answer"):
                await site.uploads.append(upload, 0, pieces(b"xx"))
            yield b"lm"

        await site.uploads.append(upload, 0, slowly())

    asyncio.run(both())
    assert site.folder.part(upload).read_bytes() == b"film"
    assert append(site, upload, 4, b"1234")[1]


def test_more_than_was_announced(site: Site) -> None:
    upload = site.uploads.begin("dog.mp4", 8)
    append(site, upload, 0, b"film")
    with pytest.raises(Problem, match="more than the 8 bytes") as err:
        append(site, upload, 4, b"123", b"45678")
    assert err.value.status == 413
    assert site.folder.part(upload).read_bytes() == b"film"
    assert append(site, upload, 4, b"1234")[1]


def test_what_came_before_it_broke_off_counts(tmp_path: Path) -> None:
    clock = Clock()
    site = make_site(tmp_path, clock=clock)
    upload = site.uploads.begin("dog.mp4", 8)
    clock.now += 100

    async def broken() -> AsyncIterator[bytes]:
        yield b"film"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        asyncio.run(site.uploads.append(upload, 0, broken()))
    assert site.uploads.get(upload)["upload"]["received"] == 4
    site.uploads.expire(50)  # somebody went on with it a moment ago
    assert append(site, upload, 4, b"1234")[1]


def test_long_bodies_are_written_as_they_come(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 4)
    content = os.urandom(1_000)
    upload = site.uploads.begin("dog.mp4", 1_000)
    said, _ = append(site, upload, 0, *(content[at : at + 7] for at in range(0, 1_000, 7)))
    row = site.videos.row(said["video"]["id"])
    assert site.videos.media(row, proxy=False).read_bytes() == content


def test_no_byte_is_written_twice_where_the_server_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread may be writing then; it is waited for by nobody."""
    monkeypatch.setattr(module, "PIECE", 4)
    began, go_on = threading.Event(), threading.Event()

    class Slow(FileIO):
        def write(self, given: Any, /) -> int:
            written = super().write(given)
            if not began.is_set():
                began.set()
                go_on.wait(5)
            return written

    monkeypatch.setattr(site.uploads, "_opened", lambda it: Slow(site.folder.part(it), "r+b"))
    upload = site.uploads.begin("dog.mp4", 16)

    async def ended() -> None:
        task = asyncio.ensure_future(site.uploads.append(upload, 0, pieces(b"film", b"1234")))
        await asyncio.to_thread(began.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()

    asyncio.run(ended())
    assert site.folder.part(upload).read_bytes() == b"film"


def test_a_full_disk_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = site.uploads.begin("dog.mp4", 8)
    part = site.folder.part(upload)
    full = Path("/dev/full")
    monkeypatch.setattr(site.folder, "part", lambda name: full)
    monkeypatch.setattr(module, "_size", lambda path: 0)
    with pytest.raises(Problem, match=r"cannot be written \(No space left on device\)") as err:
        append(site, upload, 0, b"film")
    assert err.value.status == 507
    monkeypatch.undo()
    assert part.read_bytes() == b""


def test_the_disk_fills_while_a_film_comes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PIECE", 2)
    upload = site.uploads.begin("dog.mp4", 8)
    monkeypatch.setattr(site.folder, "free_bytes", lambda: -1)
    with pytest.raises(Problem, match="the disk has -1 bytes free"):
        append(site, upload, 0, b"fi", b"lm")


def test_what_is_no_film_is_not_kept(site: Site) -> None:
    upload = site.uploads.begin("dog.mp4", 3)
    with pytest.raises(Problem, match=r"dog.mp4: is no film") as err:
        append(site, upload, 0, b"bad")
    assert err.value.status == 422
    assert files(site) == []
    with pytest.raises(Problem, match="is not there"):
        site.uploads.get(upload)


def test_in_one_step(site: Site) -> None:
    said = whole(site, 4, b"film")
    assert said["video"]["bytes"] == 4
    assert whole(site, None, b"fi", b"lm!")["video"]["bytes"] == 5


@pytest.mark.parametrize(
    ("size", "given", "status", "said"),
    [
        (8, b"film", 400, "4 of 8 bytes came"),
        (None, b"", 422, "has 0 bytes"),
        (2, b"film", 413, "more than the 2 bytes"),
        (None, b"bad", 422, "is no film"),
    ],
)
def test_in_one_step_it_comes_or_nothing_is_kept(
    site: Site, size: int | None, given: bytes, status: int, said: str
) -> None:
    with pytest.raises(Problem, match=said) as err:
        whole(site, size, given)
    assert err.value.status == status
    assert files(site) == []
    assert site.videos.totals() == (0, 0)


def test_without_a_length_half_a_film_is_none(site: Site) -> None:
    """Its sender hung up: what came may well be a film by itself."""
    messages = [{"type": "http.request", "body": b"film", "more_body": True}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    asked = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(Problem, match="CUT_OFF"):
        asyncio.run(site.uploads.whole("a.mp4", None, body_of(asked, 5.0)))
    assert_nothing_is_left(site)


def test_without_a_length_at_most_a_films_bytes_come(tmp_path: Path) -> None:
    site = make_site(tmp_path, file_bytes=6)
    with pytest.raises(Problem, match="more than the 6 bytes"):
        whole(site, None, b"film", b"1234")


def test_deleting(site: Site) -> None:
    upload = site.uploads.begin("dog.mp4", 8)
    site.uploads.delete(upload)
    assert files(site) == []
    for ask in (site.uploads.get, site.uploads.delete):
        with pytest.raises(Problem, match=f"upload '{upload}' is not there"):
            ask(upload)
    with pytest.raises(Problem, match="is not there"):
        append(site, NOBODY, 0, b"x")


def test_deleting_while_bytes_come(site: Site) -> None:
    upload, heard = site.uploads.begin("dog.mp4", 8), list[bytes]()

    async def body() -> AsyncIterator[bytes]:
        for piece in (b"fi", b"lm", b"12", b"34"):
            if heard:
                site.uploads.delete(upload)
            heard.append(piece)
            yield piece

    said = f"^.*'{upload}' was deleted while its bytes came; begin another one"
    with pytest.raises(Problem, match="DELETED") as err:
        asyncio.run(site.uploads.append(upload, 0, body()))
    assert re.match(said, err.value.message)
    assert (err.value.status, len(heard)) == (404, 2)  # the rest is not read
    assert_nothing_is_left(site)


@pytest.mark.parametrize("when", ["row", "look", "settle", "settled"])
def test_deleting_while_a_whole_film_is_taken(
    site: Site, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    upload = site.uploads.begin("dog.mp4", 4)

    def after(real: Callable[..., Any], *, first: bool = False) -> Callable[..., Any]:
        def done(*given: Any) -> Any:
            if first:
                site.uploads.delete(upload)
            found = real(*given)
            if not first:
                site.uploads.delete(upload)
            return found

        return done

    if when == "row":
        monkeypatch.setattr(site.room, "reading", after(site.room.reading))
    elif when == "look":
        monkeypatch.setattr(site.looker, "look", after(site.looker.look))
    elif when == "settle":
        monkeypatch.setattr(os, "replace", after(os.replace, first=True))
    else:
        monkeypatch.setattr(os, "replace", after(os.replace))
    with pytest.raises(Problem, match="was deleted while its bytes came"):
        append(site, upload, 0, b"film")
    assert_nothing_is_left(site)


def test_deleting_what_is_a_film_by_then(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The film stays, and who sent it hears of it."""
    upload = site.uploads.begin("dog.mp4", 4)
    take = site.uploads.take

    async def taken(upload: str) -> str:
        job = await take(upload)
        site.uploads.delete(upload)
        return job

    monkeypatch.setattr(site.uploads, "take", taken)
    said, done = append(site, upload, 0, b"film")
    assert done
    assert said["upload"] == {"id": upload, "name": "dog.mp4", "bytes": 4, "received": 4}
    assert said["video"] == site.videos.get(upload)
    assert said["job"]["video"] == upload


def assert_nothing_is_left(site: Site) -> None:
    assert files(site) == []
    assert list((site.folder.root / "videos").iterdir()) == []
    assert site.videos.totals() == (0, 0)
    assert site.jobs.listed() == []


def test_a_film_outlives_its_upload(site: Site) -> None:
    said = whole(site, 4, b"film")
    site.uploads.delete(said["video"]["id"])
    assert site.videos.get(said["video"]["id"])["name"] == "a.mp4"


def test_nobody_went_on_with_it(tmp_path: Path) -> None:
    clock = Clock()
    site = make_site(tmp_path, clock=clock)
    site.uploads.begin("old.mp4", 8)
    clock.now += 100
    new = site.uploads.begin("new.mp4", 8)
    site.uploads.expire(50)
    assert files(site) == [new]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("dog.mp4", "dog.mp4"),
        ("../../etc/passwd", "passwd"),
        (r"C:\films\dog.mp4", "dog.mp4"),
        ("a/", "a"),
        ("..", ".."),
        ("\x1b[31m\nred\x00", "[31m red"),
        ("", "film"),
        ("//", "film"),
        ("x" * 500, "x" * 200),
        ("日本 🎬.mp4", "日本 🎬.mp4"),
    ],
)
def test_a_name_is_text_and_never_a_path(site: Site, given: str, shown: str) -> None:
    assert shown_name(given) == shown
    upload = site.uploads.begin(given, 4)
    video = append(site, upload, 0, b"film")[0]["video"]
    assert video["name"] == shown
    outside = [path for path in site.folder.root.parent.iterdir() if path != site.folder.root]
    assert outside == []


def test_a_kill_between_the_file_and_the_table_loses_nothing(site: Site) -> None:
    """The file has its name, and the transaction did not come."""
    upload = site.uploads.begin("dog.mp4", 4)
    site.folder.film(upload).mkdir()
    site.folder.media(upload, ".mp4").write_bytes(b"film")
    site.folder.part(upload).unlink()
    sweep(site.database, site.folder)
    assert site.uploads.get(upload)["upload"]["received"] == 4
    said, done = append(site, upload, 4)
    assert done
    assert said["video"]["state"] == "queued"
