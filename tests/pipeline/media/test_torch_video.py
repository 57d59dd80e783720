"""Cells by torchcodec are those of libav within a tolerance, or libav's own; here on a CPU."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avel.pipeline.media import child, torch_video
from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.container import open_container
from avel.pipeline.media.decoder import decode_windows
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.messages import Job
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.segment import segment_video, segment_whole
from avel.pipeline.media.torch_frames import NotByTorch
from avel.pipeline.media.torch_video import Due, TorchTrack, first_picture, unfit
from tests import films
from tests.torchcodec import torchcodec  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("torchcodec")
CUT = SegmentConfig(image_size=64, sample_rate=8_000)
LEVELS = 4.0
"""Mean difference of any picture, of 255, that docs/decoders.md states."""


def scenes(count: int, size: tuple[int, int]) -> list[np.ndarray]:
    """Smooth pictures with edges, each unlike the others."""
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    found = []
    for number in range(count):
        waves = [np.sin(6 * x * (k + 1) + 5 * y + number * 0.9 + k) for k in range(3)]
        picture = np.stack(waves, 2) * 90 + 128
        picture[height // 3 : height // 2, (7 * number) % width :] = (230, 40, 60)
        found.append(np.clip(picture, 0, 255).astype(np.uint8))
    return found


def film(
    folder: Path, name: str = "film.mp4", size: tuple[int, int] = (128, 96), **how: Any
) -> Path:
    """Three seconds of scenes, ten a second, with sound."""
    settings: dict[str, Any] = {
        "frame_times": films.regular(30, 10),
        "frames": scenes(30, size),
        "size": size,
        "codec": "libx264",
        "pixel_format": "yuv420p",
        "options": {"crf": "12", "g": "12", "bf": "2"},
        "time_base": Fraction(1, 10),
        "samples": films.tone(440, 3, 8_000)[None],
        "sample_rate": 8_000,
        "audio_codec": "aac",
    }
    return films.write_film(folder / name, **(settings | how))


def by_torch(path: Path, config: SegmentConfig = CUT, **how: Any) -> Segments:
    return join(list(segment_video(path, config, reading=Reading(path, device="cpu"), **how)))


def levels(found: Segments, expected: Segments) -> float:
    """Mean difference of the picture that differs most; all else is equal."""
    for name in ("samples", "visual_mask", "audio_mask", "before", "after"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
    for name in ("duration", "flags", "notes"):
        assert getattr(found, name) == getattr(expected, name)
    assert found.frames.shape == expected.frames.shape
    apart = np.abs(found.frames.astype(float) - expected.frames)
    return float(apart.reshape(*apart.shape[:-3], -1).mean(-1).max())


CUTS = {
    "usual": {},
    "many": {"frames_per_cell": 4},
    "squash": {"fit": "squash", "interpolation": "bilinear"},
    "pad": {"fit": "pad"},
    "views": {"fit": "squash", "views": 3, "sound_seconds": (1, 2)},
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("cut", CUTS)
def test_cells_are_libavs_within_the_tolerance(plain: Path, cut: str) -> None:
    config = replace(CUT, **CUTS[cut])
    expected = segment_whole(plain, config)
    assert levels(by_torch(plain, config), expected) < LEVELS
    other = replace(expected, frames=np.roll(expected.frames, 1, 0))
    assert levels(other, expected) > 3 * LEVELS  # the next second's pictures would be seen


FILMS: dict[str, dict[str, Any]] = {
    "high": {"name": "h.mp4", "size": (96, 160)},
    "pixels that are not square": {"name": "p.mp4", "aspect": Fraction(16, 11)},
    "hevc": {"name": "x.mp4", "codec": "libx265", "options": {"x265-params": "crf=12:log-level=0"}},
    "from three seconds on": {
        "name": "late.mkv",
        "frame_times": [3 + t for t in films.regular(30, 10)],
        "audio_start": 3,
    },
    "a variable rate": {
        "name": "gaps.mkv",
        "frame_times": [t if t < 1 else t * Fraction(3, 2) for t in films.regular(30, 10)],
        "time_base": Fraction(1, 1000),
    },
}


@pytest.mark.parametrize("kind", FILMS)
def test_files_of_many_kinds(tmp_path: Path, kind: str) -> None:
    path = film(tmp_path, **FILMS[kind])
    assert levels(by_torch(path), segment_whole(path, CUT)) < LEVELS


def test_colours_of_large_pictures_that_do_not_say_are_players(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torchcodec takes them for BT.601, and players and libav's way here for BT.709."""
    size = (1280, 720)
    few = {
        "frame_times": films.regular(4, 2),
        "frames": scenes(4, size),
        "time_base": Fraction(1, 2),
    }
    path = film(tmp_path, size=size, **few)
    expected = segment_whole(path, CUT)
    assert levels(by_torch(path), expected) < LEVELS
    monkeypatch.setattr(torch_video, "turned", lambda *_: np.eye(3, dtype=np.float32))
    assert levels(by_torch(path), expected) > 1.5 * LEVELS


def test_windows_are_the_same_as_the_whole(plain: Path) -> None:
    parts = list(segment_video(plain, CUT, window_cells=1, reading=Reading(plain, device="cpu")))
    assert [len(part.samples) for part in parts] == [1, 1, 1]
    np.testing.assert_array_equal(join(parts).frames, by_torch(plain).frames)


def turned(folder: Path) -> Path:
    path = film(folder, "turned.mp4")
    films.rotate_mp4(path, (0, 1, -1, 0))
    return path


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "ten bits": (
        {
            "codec": "libx265",
            "pixel_format": "yuv420p10le",
            "options": {"x265-params": "log-level=0"},
        },
        "yuv420p10le is not plain colour",
    ),
    "a transport stream": (
        {
            "name": "f.ts",
            "audio_codec": "mp2",
            "sample_rate": 16_000,
            "samples": films.tone(440, 3, 16_000)[None],
        },
        "mpegts has no index",
    ),
    "a codec of few": (
        {"name": "f.mkv", "codec": "ffv1", "options": {}},
        "ffv1 is not decoded by GPUs",
    ),
    "interlaced": ({"options": {"flags": "+ilme+ildct", "x264-params": "tff=1"}}, "interlaced"),
}


@pytest.mark.parametrize("kind", [*UNFIT, "turned"])
def test_what_is_special_is_left_to_libav(tmp_path: Path, kind: str) -> None:
    """Without a word: it is as good."""
    how, why = UNFIT.get(kind, ({}, "it is turned or mirrored"))
    path = turned(tmp_path) if kind == "turned" else film(tmp_path, **how)
    with pytest.raises(NotByTorch, match=why) as caught:
        by_torch(path)
    assert not caught.value.tried
    assert levels(by_either(path), segment_whole(path, CUT)) == 0


def test_a_beginning_without_a_picture(plain: Path) -> None:
    with open_container(plain) as container:
        why = unfit(container, container.streams.video[0], None)
    assert why == "no picture comes of its beginning"


def by_either(path: Path, window_cells: int = 64) -> Segments:
    """As a child does it, in this process."""
    job = Job(0, path, CUT, window_cells, 60.0, device="cpu")
    return join(list(child.windows(job, Reading(path, device="cpu"))))


def test_a_file_without_pictures(tmp_path: Path) -> None:
    path = film(tmp_path, frame_times=())
    assert levels(by_either(path), segment_whole(path, CUT)) == 0


@pytest.fixture
def fails_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """torchcodec fails at the n-th frame that it is asked for."""
    asked, at = torch_video.TorchFrames.at, [0]

    def fail(self: Any, pts: int, time_base: Fraction) -> Any:
        at[0] -= 1
        if at[0] < 0:
            raise NotByTorch("RuntimeError: CUDA error")
        return asked(self, pts, time_base)

    monkeypatch.setattr(torch_video.TorchFrames, "at", fail)
    return at


@pytest.mark.parametrize("number", [0, 1, 2])
def test_libav_goes_on_where_torchcodec_fails(
    plain: Path, number: int, fails_at: list[int]
) -> None:
    """Cells that are there stay; the others are libav's own; and it is said."""
    fails_at[0] = number
    found, expected = by_either(plain, 1), segment_whole(plain, CUT)
    assert len(found.frames) == 3
    assert found.notes == (
        "torchcodec did not decode its pictures (RuntimeError: CUDA error); FFmpeg did",
    )
    assert levels(replace(found, notes=()), expected) < LEVELS
    np.testing.assert_array_equal(found.frames[number:], expected.frames[number:])


def test_a_damaged_file_is_libavs(tmp_path: Path) -> None:
    path = film(tmp_path, "bad.mkv")
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, len(data) // 2, 40):
        data[at] ^= 255
    path.write_bytes(bytes(data))
    found, expected = by_either(path), segment_whole(path, CUT)
    assert found.flags == expected.flags
    assert levels(replace(found, notes=()), replace(expected, notes=())) < LEVELS


def test_frames_come_in_the_order_in_which_they_are_shown(plain: Path) -> None:
    """Packets come in that of decoding; each frame's time and length are those of libav."""
    with open_container(plain) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
    with av.open(str(plain)) as container:
        expected = [(f.pts, f.duration) for f in container.decode(video=0)]
    assert [packet.pts for packet in packets] != [pts for pts, _ in expected]
    track = TorchTrack.__new__(TorchTrack)
    track._due = []
    found = [due for packet in [*packets, None] for due in track.decode(packet)]
    assert [(due.pts, due.duration) for due in found] == expected
    assert found[0] == Due(*expected[0])


def test_the_first_picture_is_libavs(plain: Path, tmp_path: Path) -> None:
    found = first_picture(plain, 0, ())
    assert found is not None
    assert (found.width, found.height, found.format.name) == (128, 96, "yuv420p")
    whole = film(tmp_path, "whole.mkv").read_bytes()
    (tmp_path / "spoilt.mkv").write_bytes(whole[: len(whole) // 2])
    assert first_picture(tmp_path / "spoilt.mkv", 0, ()) is not None  # it broke off behind it


def test_in_a_child_that_may_do_little(plain: Path) -> None:
    """Confined as it is, with torch in it: the same cells as here, and no complaint."""
    config = replace(CUT, torchcodec=True)
    (window,) = decode_windows(plain, config, DecodeLimits(device="cpu"))
    assert window.notes == ()
    np.testing.assert_array_equal(window.frames, by_torch(plain).frames)
    (libavs,) = decode_windows(plain, CUT, DecodeLimits(device="cpu"))  # which nobody asked for
    np.testing.assert_array_equal(libavs.frames, segment_whole(plain, CUT).frames)


@pytest.mark.needs_cuda
@pytest.mark.parametrize("kind", ["usual", "views"])
def test_a_gpus_cells_are_the_cpus_within_the_tolerance(tmp_path: Path, kind: str) -> None:
    path = film(tmp_path, size=(320, 240))
    config = replace(CUT, torchcodec=True, **CUTS[kind])
    (window,) = decode_windows(path, config, DecodeLimits(device="cuda"))
    assert window.notes == ()  # the GPU did it
    assert 0 < levels(window, segment_whole(path, config)) < LEVELS
