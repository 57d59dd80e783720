"""Uploads that want to do harm: to the server they are an answer, and the next film is taken."""

import contextlib
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from avel.pipeline.reasons import Reason
from avel.pipeline.server.look import Looker
from avel.pipeline.server.site import Site
from tests.mutations import mutation
from tests.pipeline.server.material import ask, make_site, tone
from tests.pipeline.server.process import Served

MUTATIONS = 24
REASONS = {*Reason, "TOO_LONG"}


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that looks at files as it does when it is used."""
    site = make_site(tmp_path_factory.mktemp("hostile"), requests=10**6)
    site.looker = Looker(600.0)
    site.uploads._looker = site.looker
    yield site
    site.close()


def judged(site: Site, content: bytes, name: str = "a.mp4") -> str:
    """`taken`, or the reason why not."""
    answer = ask(site, "POST", "/api/videos", params={"name": name}, content=content)
    if answer.status_code == 201:
        ask(site, "DELETE", f"/api/videos/{answer.json()['video']['id']}")
        return "taken"
    assert answer.status_code == 422, answer.text
    said = answer.json()["error"]
    assert said["reason"] in REASONS, said
    assert str(site.folder.root) not in said["message"]
    return str(said["reason"])


def is_sound(site: Site) -> None:
    """It takes the next film, and nothing is left of those before."""
    assert list((site.folder.root / "uploads").iterdir()) == []
    assert judged(site, tone()) == "taken"
    assert list((site.folder.root / "videos").iterdir()) == []
    assert site.videos.totals() == (0, 0)


def test_files_on_which_runs_went_wrong(looked: Site, trials: Path) -> None:
    for path in sorted(trials.iterdir()):
        judged(looked, path.read_bytes(), path.name)
    for name in ("bomb_delta.mp4", "bomb_timescale.mp4"):
        assert judged(looked, (trials / name).read_bytes()) in ("taken", "TOO_LONG")
    for name in ("Annotations_bom.txt", "README.md"):
        assert judged(looked, (trials / name).read_bytes(), name) != "taken"
    is_sound(looked)


def test_damaged_films(looked: Site, trials: Path) -> None:
    sources = [(trials / name).read_bytes() for name in ("quad.mp4", "start1d.mkv", "joined.ts")]
    for number in range(MUTATIONS):
        judged(looked, mutation(number, sources)[1])
    is_sound(looked)


def bomb() -> bytes:
    """A hundred megabytes of nothing in a hundred kilobytes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("film.mp4", bytes(100 << 20))
    return data.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        bomb(),
        b"\x1f\x8b" + bytes(1_000),
        b"#!/bin/sh\nrm -rf /\n",
        b"<svg onload=alert(1)>" * 100,
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        b"#EXTM3U\n#EXTINF:1,\nhttp://192.0.2.1/x.ts\n#EXT-X-ENDLIST\n",
        b"v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\ns=x\r\nc=IN IP4 192.0.2.1\r\nm=video 5004 RTP/AVP 96\r\n",
    ],
    ids=["zip", "gzip", "script", "svg", "concat", "playlist", "far playlist", "session"],
)
def test_what_is_no_film_and_leads_elsewhere(looked: Site, content: bytes) -> None:
    assert judged(looked, content) != "taken"
    is_sound(looked)


def test_names_lead_nowhere(looked: Site) -> None:
    before = {path for path in looked.folder.root.parent.rglob("*") if "served" not in path.parts}
    for name in (
        "../../../tmp/x",
        "/etc/passwd",
        "..\\..\\x",
        "a\x00b",
        "%2e%2e/x",
        "con",
        "-rf",
        "~",
        ".",
    ):
        judged(looked, tone(), name)
    is_sound(looked)
    assert {
        path for path in looked.folder.root.parent.rglob("*") if "served" not in path.parts
    } == before


def test_sizes_that_were_announced_and_do_not_come(tmp_path: Path) -> None:
    site = make_site(tmp_path, disk_bytes=4 << 30)
    refused = [
        ask(site, "POST", "/api/uploads", json={"name": "a", "bytes": 10**10}) for _ in range(3)
    ]
    assert {answer.status_code for answer in refused} == {413}
    taken = [
        ask(site, "POST", "/api/uploads", json={"name": "a", "bytes": 10**9}) for _ in range(6)
    ]
    assert [answer.status_code for answer in taken] == [201] * 4 + [507] * 2
    assert taken[-1].json()["error"]["reason"] == "DISK_LIMIT"
    size = sum(path.stat().st_size for path in site.folder.root.rglob("*") if path.is_file())
    assert size < 10 << 20


def raw(served: Served, text: bytes) -> bytes:
    """What a server answers to bytes that no client would send."""
    with socket.create_connection(("127.0.0.1", served.port), 20) as line:
        line.sendall(text)
        said = b""
        with contextlib.suppress(ConnectionResetError):  # it has heard enough
            while piece := line.recv(65_536):
                said += piece
        return said


HOST = b"Host: 127.0.0.1\r\nConnection: close\r\n"


def test_a_server_outlives_what_no_client_would_send(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        for text in (
            b"nonsense\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: 127.0.0.1\r\n\r\n",
            b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
            b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 200_000 + b"\r\n\r\n",
            b"POST /api/teach HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n",
            b"POST /api/videos HTTP/1.1\r\n"
            + HOST
            + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /api/videos HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET /static/../../../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET //etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET /api/videos/../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
        ):
            said = raw(served, text)
            assert b" 200 " not in said.split(b"\r\n")[0], text[:60]
            assert b"root:" not in said
        said = raw(served, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        assert said.startswith(b"HTTP/1.1 200 ")
        assert served.get("/api/health")["status"] == "ok"


def test_a_film_whose_sender_hangs_up_goes_on_later(tmp_path: Path) -> None:
    with Served(tmp_path / "served") as served:
        begun = served.client.post("/api/uploads", json={"name": "a", "bytes": 8}).json()["upload"]
        path = f"/api/uploads/{begun['id']}"
        head = f"PATCH {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpload-Offset: 0\r\nContent-Length: 8\r\n\r\n"
        with socket.create_connection(("127.0.0.1", served.port), 20) as line:
            line.sendall(head.encode() + b"film")
        while (said := served.get(path)["upload"])["received"] < 4:
            pass
        answer = served.client.patch(
            path, headers={"Upload-Offset": str(said["received"])}, content=b"1234"
        )
        while answer.status_code == 409:  # the server has not heard yet that the other is gone
            answer = served.client.patch(path, headers={"Upload-Offset": "4"}, content=b"1234")
        assert answer.status_code == 201, answer.text


def test_many_slow_visitors_keep_nobody_out(tmp_path: Path) -> None:
    """Fifty that say half of a request each."""
    with Served(tmp_path / "served") as served:
        lines = [socket.create_connection(("127.0.0.1", served.port), 20) for _ in range(50)]
        for number, line in enumerate(lines):
            half = b"POST /api/videos HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\nx"
            line.sendall(half if number % 2 else half[:30])
        done: list[str] = []
        threads = [
            threading.Thread(target=lambda: done.append(served.add(b"film"))) for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(done) == 5
        for line in lines:
            line.close()
