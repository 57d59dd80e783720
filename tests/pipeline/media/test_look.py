"""A quick look by a process apart is the same as in one's own, and what it says is not believed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from avel.pipeline.media import look, preview, proxy
from avel.pipeline.media.apart import Apart
from avel.pipeline.reasons import MediaError
from tests.pipeline.media.pieces import QUIET, film

AT = [0.05, 0.75, 1.45]


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with Apart() as process:
        yield process


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("look") / "f.mkv", 1.5)


class Says:
    """A process that answers what it is given, and writes `data`."""

    def __init__(self, answer: dict[str, Any], data: bytes = b"") -> None:
        self._answer, self._data = answer, data

    def ask(self, task: str, path: Path, **what: Any) -> dict[str, Any]:
        if "target" in what:
            Path(what["target"]).write_bytes(self._data)
        return self._answer


def says(answer: dict[str, Any], data: bytes = b"") -> Apart:
    return cast(Apart, Says(answer, data))


def test_what_comes_apart_is_what_is_there(apart: Apart, path: Path) -> None:
    assert look.kind_of(apart, path) == preview.kind_of(path)
    own = list(preview.pictures(path, AT, 40))
    np.testing.assert_array_equal(look.pictures(apart, path, AT, 40), own)
    assert len({picture.tobytes() for picture in own}) == len(AT)
    with look.sound(apart, path, 8_000) as pieces:
        heard = np.concatenate(list(pieces))
    np.testing.assert_array_equal(heard, np.concatenate(list(preview.sound(path, 8_000))))
    assert heard.any()


def test_sound_is_handed_on_in_pieces(
    apart: Apart, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "PIECE", 5_000)
    with look.sound(apart, path, 8_000) as pieces:
        lengths = [len(piece) for piece in pieces]
    assert lengths[:2] == [5_000, 5_000]
    assert sum(lengths) == sum(map(len, preview.sound(path, 8_000)))


def test_nothing_to_see_is_no_error(apart: Apart, path: Path) -> None:
    assert look.pictures(apart, path, [], 40).shape == (0, 40, 0, 3)


def test_a_copy_is_written_apart(apart: Apart, path: Path, tmp_path: Path) -> None:
    look.write_proxy(apart, path, tmp_path / "p.mp4")
    made = preview.kind_of(tmp_path / "p.mp4")
    assert (made.video, made.pixels) == ("h264", "yuv420p")
    assert made == replace(made, audio="aac")


def test_a_copy_that_cannot_be_written_is_the_systems_error(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(proxy, "write_proxy", full)
    answer = proxy.proxy(path, str(tmp_path / "p.mp4"), QUIET)
    with pytest.raises(OSError, match="No space left"):
        look.write_proxy(says(answer), path, tmp_path / "p.mp4")


@pytest.mark.parametrize("ask", [look.kind_of, lambda a, p: look.pictures(a, p, AT, 40)])
def test_what_is_not_there_is_named(apart: Apart, ask: Any) -> None:
    with pytest.raises(MediaError, match=r"MISSING_FILE: gone\.mp4"):
        ask(apart, Path("gone.mp4"))


@pytest.mark.parametrize(
    "shape", [None, [2, 3], [-1, 1, 1, 3], [1, 1, 1, 4], ["1", 1, 1, 3], [1 << 40, 1, 1, 3]]
)
def test_a_shape_that_the_file_has_not_is_not_believed(shape: Any) -> None:
    with pytest.raises(MediaError, match=r"v\.mp4: the process that read it made no sense of it"):
        look.pictures(says({"shape": shape}, bytes(3)), Path("v.mp4"), AT, 1)


def test_a_kind_that_is_none_is_not_believed() -> None:
    with pytest.raises(MediaError, match="made no sense"):
        look.kind_of(says({"container": "mp4"}), Path("v.mp4"))
