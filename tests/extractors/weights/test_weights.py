"""Weight files: found, added, fetched with resume, and checked."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from avel.extractors.weights import registry
from avel.extractors.weights.fetch import fetch
from avel.extractors.weights.files import WeightsError, find_file
from avel.extractors.weights.registry import Published
from avel.pipeline.cli import main

CONTENT = bytes(range(256)) * 20_000
TINY = Path(__file__).parents[3] / "extractors" / "weights" / "audioclip-tiny.safetensors"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path / "w"))
    return tmp_path / "w"


class Server(BaseHTTPRequestHandler):
    ranges: list[str | None] = []  # noqa: RUF012

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked.split("=")[1].rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.end_headers()
        self.wfile.write(CONTENT[start:])

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def entry() -> Iterator[Published]:
    Server.ranges.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/w.pt"
    yield Published("w.pt", url, len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "", "MIT")
    server.shutdown()


def test_fetch_whole(entry: Published, tmp_path: Path) -> None:
    steps = list(fetch(entry, tmp_path))
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert steps[-1] == len(CONTENT)
    assert not (tmp_path / "w.pt.part").exists()
    assert list(fetch(entry, tmp_path)) == []  # it is there: nothing is asked
    assert Server.ranges == [None]


def test_fetch_goes_on_where_it_broke_off(entry: Published, tmp_path: Path) -> None:
    (tmp_path / "w.pt.part").write_bytes(CONTENT[:1_000_000])
    list(fetch(entry, tmp_path))
    assert (tmp_path / "w.pt").read_bytes() == CONTENT
    assert Server.ranges == ["bytes=1000000-"]


def test_fetch_refuses_other_content(entry: Published, tmp_path: Path) -> None:
    (tmp_path / "w.pt.part").write_bytes(b"x" * 1_000_000)
    with pytest.raises(
        WeightsError, match=r"has sha256 .*, published is .*; it was deleted, fetch again"
    ):
        list(fetch(entry, tmp_path))
    assert not list(tmp_path.iterdir())


def test_fetch_offline_says_where_to_put_the_file(tmp_path: Path) -> None:
    gone = Published("w.pt", "http://127.0.0.1:1/w.pt", 5, "0" * 64, "", "MIT")
    with pytest.raises(
        WeightsError,
        match=r"cannot be downloaded .*get http://127\.0\.0\.1:1/w\.pt and put it at .*w\.pt",
    ):
        list(fetch(gone, tmp_path))


def test_fetch_by_name(
    entry: Published,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(registry.PUBLISHED, "w.pt", entry)
    assert main(["weights", "fetch", "w.pt"]) == 0
    assert (folder / "w.pt").read_bytes() == CONTENT
    assert main(["weights", "fetch", "nothing.pt"]) == 2
    assert "not a published file; there are AudioCLIP-Full-Training.pt" in capsys.readouterr().err


def test_ls_names_what_is_missing_and_how_to_get_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "ls"]) == 0
    out = capsys.readouterr().out
    assert "avel weights fetch AudioCLIP-Full-Training.pt" in out
    assert str(TINY.name) in out


def test_add_checks_before_it_copies(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "audioclip-tiny.safetensors"
    bad.write_bytes(TINY.read_bytes()[:1000])
    assert main(["weights", "add", str(bad)]) == 4
    assert not list(folder.glob("*"))
    bad.write_bytes(TINY.read_bytes())
    assert main(["weights", "add", str(bad)]) == 0
    assert find_file(bad.name).found_in == "AVEL_WEIGHTS_DIR"
    unknown = bad.rename(tmp_path / "mine.safetensors")
    assert main(["weights", "add", str(unknown)]) == 2
    assert "no weight file avel knows; give --as one of" in capsys.readouterr().err


def test_verify_tells_published_from_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "verify"]) == 0
    folder.mkdir()
    (folder / "CLIP.pt").write_bytes(b"something else")
    assert main(["weights", "verify"]) == 3
    assert "not the published file" in capsys.readouterr().out
