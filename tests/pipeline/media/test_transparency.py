"""Transparency over black: known shares, the formats that have it, and WebM's second picture."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from avel.pipeline.media import transparency
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.media.transparency import WITH_ALPHA, alpha_decoder, over_black
from tests.films import regular, write_film
from tests.programs import shown_by_ffmpeg


def veiled(alpha: np.ndarray, form: str = "rgba") -> Any:
    """A picture of one colour behind an alpha (H, W)."""
    rgba = np.dstack([np.full((*alpha.shape, 3), (200, 100, 40), np.uint8), alpha.astype(np.uint8)])
    frame = av.VideoFrame.from_ndarray(rgba, "rgba")
    return frame if form == "rgba" else frame.reformat(format=form)


def seen(frame: Any) -> np.ndarray:
    rgb: np.ndarray = over_black(frame, VideoReformatter()).reformat(format="rgb24").to_ndarray()
    return rgb.astype(int)


@pytest.mark.parametrize(
    "form", ["rgba", "bgra", "argb", "gbrap", "yuva444p", "yuva420p", "rgba64le"]
)
def test_each_pixel_by_its_share(form: str) -> None:
    alpha = np.repeat(np.array([[0, 64, 128, 255]]), 8, 1).repeat(16, 0)
    found = seen(veiled(alpha, form))
    for number, share in enumerate((0, 64, 128, 255)):
        expected = np.array([200, 100, 40]) * share / 255
        np.testing.assert_allclose(found[8, 8 * number + 4], expected, atol=4)


def test_grey_with_transparency() -> None:
    frame: Any = av.VideoFrame(16, 16, "ya8")
    values = np.asarray(memoryview(frame.planes[0])).reshape(16, -1)  # type: ignore[call-overload]
    values[:, 0:32:2], values[:, 1:32:2] = 200, 51
    np.testing.assert_allclose(seen(frame), 40, atol=1)


def test_a_palette_may_have_a_transparent_colour() -> None:
    frame: Any = av.VideoFrame(16, 16, "pal8")
    palette = np.asarray(memoryview(frame.planes[1])).view(np.uint32)  # type: ignore[call-overload]
    palette[:2] = (0xFFC86428, 0x00C86428)
    pixels = np.asarray(memoryview(frame.planes[0])).reshape(16, -1)  # type: ignore[call-overload]
    pixels[:, :8], pixels[:, 8:] = 0, 1
    found = seen(frame)
    np.testing.assert_allclose(found[8, [4, 12]], [(200, 100, 40), (0, 0, 0)], atol=2)


@pytest.mark.parametrize("form", ["rgb24", "yuv420p", "gray", "rgba", "yuva420p"])
def test_what_is_opaque_is_the_same_frame(form: str) -> None:
    frame = veiled(np.full((16, 16), 255), form)
    assert over_black(frame, VideoReformatter()) is frame


def test_hidden_colours_do_not_shine_through_the_edge() -> None:
    """It is black behind the veil before the picture is scaled, and not only after."""
    alpha = np.zeros((32, 32))
    alpha[:, ::2] = 255
    half = seen(veiled(alpha)).reshape(32, 16, 2, 3).mean(2)
    np.testing.assert_allclose(half, np.broadcast_to([100, 50, 20], half.shape), atol=1)


# WebM.


def veiled_film(path: Path, encoder: str) -> Path:
    """Left opaque, right half transparent."""
    alpha = np.repeat(np.array([[255, 128]]), 32, 1).repeat(64, 0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=5, options={"auto-alt-ref": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuva420p"
        stream.metadata["alpha_mode"] = "1"
        for number in range(5):
            frame = veiled(alpha, "yuva420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("encoder", ["libvpx", "libvpx-vp9"])
def test_a_webms_transparency_is_black(tmp_path: Path, encoder: str) -> None:
    path = veiled_film(tmp_path / "v.webm", encoder)
    shown = segment_whole(path, SegmentConfig(1, 32)).frames[0, 0].astype(int)
    np.testing.assert_allclose(shown[:, 16, 8], (200, 100, 40), atol=8)
    np.testing.assert_allclose(shown[:, 16, 24], (100, 50, 20), atol=8)


@pytest.mark.parametrize("encoder", ["libvpx", "libvpx-vp9"])
def test_it_is_what_ffmpeg_lays_over_black(tmp_path: Path, encoder: str) -> None:
    path = veiled_film(tmp_path / "v.webm", encoder)
    over = "premultiply=inplace=1"
    (expected,) = shown_by_ffmpeg(path, (32, 32), (0.5,), before=over, options=["-c:v", encoder])
    shown = segment_whole(path, SegmentConfig(1, 32)).frames[0, 0].astype(int)
    assert np.abs(shown - expected)[:, :, [*range(14), *range(18, 32)]].max() < 8


def stream_of(codec: str, **metadata: str) -> Any:
    return SimpleNamespace(metadata=metadata, codec_context=SimpleNamespace(name=codec))


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (stream_of("vp9", alpha_mode="1"), "libvpx-vp9"),
        (stream_of("vp8", ALPHA_MODE="1"), "libvpx"),
        (stream_of("vp9", alpha_mode="0"), None),
        (stream_of("vp9"), None),
        (stream_of("h264", alpha_mode="1"), None),
    ],
)
def test_only_webm_with_transparency_has_another_decoder(stream: Any, expected: str | None) -> None:
    found = alpha_decoder(stream)
    assert (found.name if found else None) == expected
    assert found is None or found.thread_count == 1


def test_without_that_decoder_the_usual_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transparency.av, "codecs_available", {"vp9"})  # type: ignore[attr-defined]
    assert alpha_decoder(stream_of("vp9", alpha_mode="1")) is None


def test_the_decoders_are_those_of_pyavs_wheel() -> None:
    assert {av.Codec(name, "r").name for name in WITH_ALPHA.values()} == {"libvpx", "libvpx-vp9"}


def test_a_film_without_transparency_has_the_usual_decoder(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "v.webm", frame_times=regular(3), codec="libvpx-vp9", pixel_format="yuv420p"
    )
    with av.open(str(path)) as container:
        assert alpha_decoder(container.streams.video[0]) is None
