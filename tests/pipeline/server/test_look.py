import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.server.look import KINDS, SUFFIXES, Looker
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.videos import Looked
from tests.pipeline.server.material import tone


@pytest.fixture(scope="module")
def looker() -> Iterator[Looker]:
    made = Looker(60.0)
    yield made
    made.close()


def pretend(monkeypatch: pytest.MonkeyPatch, looker: Looker, **answers: Any) -> None:
    def ask(task: str, path: Path) -> Any:
        if isinstance(answers[task], Exception):
            raise answers[task]
        return answers[task]

    monkeypatch.setattr(looker._apart, "ask", ask)


def kind(
    container: str, video: str = "h264", audio: str = "aac", pixels: str = "yuv420p"
) -> dict[str, Any]:
    return {"container": container, "video": video, "pixels": pixels, "audio": audio, "shape": 1.5}


def test_a_file_of_sound(looker: Looker, tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(tone(1.5))
    looked = looker.look(path, "a.mp4")
    assert looked == Looked(1.5, ".wav", "audio/wav", "WAV files")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"^a\.mp4: .*; give another film"),
        (b"<html>no film</html>" * 50, r"^a\.mp4: .*; give another film"),
        (bytes(5_000), r"^a\.mp4: "),
        (b"PK\x03\x04" + bytes(1_000), r"^a\.mp4: "),
    ],
)
def test_what_is_no_film(looker: Looker, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "part"
    path.write_bytes(content)
    with pytest.raises(Problem) as err:
        looker.look(path, "a.mp4")
    assert err.value.status == 422
    assert err.value.reason in {*Reason}
    assert err.value.message.startswith("a.mp4: ")
    assert str(tmp_path) not in err.value.message


def test_one_process_looks_at_all_whoever_asks(looker: Looker, tmp_path: Path) -> None:
    """A process ends with the thread that started it: no asker's may be that one."""
    path, seen = tmp_path / "part", list[object]()
    path.write_bytes(tone())

    def look() -> None:
        seen.append(looker.look(path, "a").seconds)
        seen.append(looker._apart._process.pid)  # type: ignore[union-attr]

    for _ in range(3):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == seen[:2] * 3


def test_a_long_film(looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, looker, probe={"duration": "61"}, kind=kind("mov,mp4"))
    with pytest.raises(Problem, match=r"a: says that it lasts 61 s; at most 60 s are taken") as err:
        looker.look(Path("p"), "a")
    assert err.value.reason == "TOO_LONG"


@pytest.mark.parametrize("said", [{}, {"duration": "x"}, {"duration": "1/0"}, {"duration": None}])
def test_a_length_that_makes_no_sense(
    looker: Looker, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    pretend(monkeypatch, looker, probe=said)
    with pytest.raises(Problem, match="a: its length makes no sense"):
        looker.look(Path("p"), "a")


def test_a_film_that_killed_who_looked(looker: Looker, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, looker, probe=MediaError(Reason.WORKER_CRASH, "p: died"))
    with pytest.raises(Problem, match="a: died; give another film") as err:
        looker.look(Path("p"), "a")
    assert err.value.reason == "WORKER_CRASH"


def test_pictures_that_cannot_be_decoded_are_for_the_job(
    looker: Looker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = MediaError(Reason.DECODE_ERROR, "p: broken")
    pretend(monkeypatch, looker, probe={"duration": "5"}, kind=broken)
    assert looker.look(Path("p"), "a") == Looked(5.0, cannot="this file")


@pytest.mark.parametrize(
    ("said", "suffix", "media_type", "cannot"),
    [
        (kind("mov,mp4,m4a,3gp,3g2,mj2"), ".mp4", "video/mp4", ""),
        (kind("matroska,webm", "vp9", "opus"), ".webm", "video/webm", ""),
        (kind("matroska,webm"), ".mkv", "video/x-matroska", "MKV files"),
        (kind("avi", "mpeg4", "mp3"), ".avi", "video/x-msvideo", "AVI files"),
        (kind("mov,mp4", "hevc"), ".mp4", "video/mp4", "HEVC pictures"),
        (kind("mov,mp4", pixels="yuv420p10le"), ".mp4", "video/mp4", "pictures of yuv420p10le"),
        (kind("unheard-of"), "", "application/octet-stream", "nameless files"),
        (kind("html,js"), "", "application/octet-stream", "nameless files"),
    ],
)
def test_types_come_from_what_a_file_is(
    looker: Looker,
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, Any],
    suffix: str,
    media_type: str,
    cannot: str,
) -> None:
    pretend(monkeypatch, looker, probe={"duration": "5"}, kind=said)
    assert looker.look(Path("p"), "page.html") == Looked(5.0, suffix, media_type, cannot)


def test_no_type_is_one_that_a_browser_runs() -> None:
    assert {*SUFFIXES.values()} <= {*KINDS}
    assert all(kind.startswith(("video/", "audio/")) for kind in KINDS.values())
