"""One frame to the square, against PIL, torchvision's sizes and pictures whose parts are known."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from av.video.reformatter import Interpolation
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from avel.pipeline.media.decode import decode
from avel.pipeline.media.reading import Picture, Reading
from avel.pipeline.media.scaler import MOST_LONG, PixelShape, Scaler, Square, shortest
from tests.films import regular, rotate_mp4, write_film

SMALL = Square(32, 32, "crop", "bicubic")
CLIP = Square(224, 224, "crop", "bicubic")


def first_pictures(path: Path, square: Square = SMALL, count: int = 1) -> list[np.ndarray]:
    """The first pictures (3, size, size) of a file at one shot a second."""
    reading, found = Reading(path), []
    items = decode(reading, frames_per_cell=1, square=square, sample_rate=8000, timeout_seconds=60)
    for item in items:
        found += [item.rgb] if isinstance(item, Picture) else []
        if len(found) == count:
            break
    items.close()  # type: ignore[attr-defined]
    return found


def scale(rgb: np.ndarray, square: Square, aspect: Fraction | None = None) -> np.ndarray:
    """One RGB picture (H, W, 3) through the scaler, without any file."""
    codec = SimpleNamespace(sample_aspect_ratio=aspect)
    stream = SimpleNamespace(sample_aspect_ratio=aspect, codec_context=codec)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    return Scaler(stream, square)(frame)  # type: ignore[arg-type]


def waves(width: int, height: int) -> np.ndarray:
    """A smooth picture (H, W, 3) without symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    parts = (np.sin(x / 5) * np.cos(y / 7), np.sin(x / 11 + y / 6), np.cos(x / 8 - y / 13))
    return np.stack([127 + 120 * part for part in parts], 2).astype(np.uint8)


# PIL on the same pixels.


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
@pytest.mark.parametrize("size", [(120, 80), (80, 120), (64, 64), (40, 300), (33, 31)])
def test_a_picture_is_pils_resize_and_centre_crop(size: tuple[int, int], kernel: str) -> None:
    """Resize(40), CenterCrop(32): nearer to PIL's kernel of that name than to the other."""
    rgb = waves(*size)
    found = scale(rgb, Square(32, 40, "crop", kernel)).astype(float)
    short = min(size)
    width, height = (int(side * 40 / short) if side != short else 40 for side in size)
    left, top = round((width - 32) / 2), round((height - 32) / 2)
    off = {}
    for name in ("bicubic", "bilinear"):
        resized = Image.fromarray(rgb).resize((width, height), Image.Resampling[name.upper()])
        expected = np.asarray(resized, float)[top : top + 32, left : left + 32]
        off[name] = np.abs(found - expected.transpose(2, 0, 1)).mean()
    assert off[kernel] < 1
    if min(size) > 40:
        assert off[kernel] == min(off.values())


@settings(max_examples=60)
@given(st.integers(16, 4000), st.integers(16, 4000), st.integers(16, 512))
def test_sizes_are_torchvisions(width: int, height: int, side: int) -> None:
    from torchvision.transforms.v2.functional._geometry import _compute_resized_output_size

    short, long = sorted((width, height))
    if long < MOST_LONG * short:
        expected = _compute_resized_output_size((height, width), [side])
        found = Square(16, side, "crop", "bicubic").sides(Fraction(width), height)
        assert list(found) == expected[::-1]
    assert Square(16, side, "squash", "bicubic").sides(Fraction(width), height) == (side, side)


@pytest.mark.parametrize(
    "name",
    [
        "h264_10bits.mp4",
        "bt709_full_range.mp4",
        "dog_barking.mp4",
        "applausing.mp4",
        "boat.mp4",
        "nasa_13013.mp4",
        "silence_girl.mp4",
        "h265_10bits.mp4",
    ],
)
def test_scaling_agrees_with_pil(media: Path, name: str) -> None:
    """Real pictures within a mean of 1.5 of 255 levels of PIL's bicubic on the decoded frame.

    The frame is made RGB at full size with interpolated chroma first: `to_image` repeats chroma
    samples instead, which alone is off by up to 3.4 levels.
    """
    found = first_pictures(media / name, CLIP, count=2)
    expected = [clip_resize(full_rgb(frame)) for frame in frames_at_shots(media / name, 2)]
    for picture, image in zip(found, expected, strict=True):
        assert np.abs(image - picture).mean() < 1.5


def frames_at_shots(path: Path, count: int) -> list[av.VideoFrame]:
    """The last frame not after 0.5 s, 1.5 s ... of common time; fewer in a short file."""
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        assert stream is not None
        both = (stream, container.streams.best("audio"))
        start = min((s.start_time or 0) * s.time_base for s in both if s)
        found: list[av.VideoFrame] = []
        before = None
        for frame in container.decode(stream):
            if frame.pts * stream.time_base - start > len(found) + Fraction(1, 2):
                found.append(before or frame)
            if len(found) == count:
                return found
            before = frame
    return [*found, before][:count]


def full_rgb(frame: av.VideoFrame) -> Image.Image:
    flags = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    return Image.fromarray(frame.reformat(format="rgb24", interpolation=flags).to_ndarray())


def clip_resize(image: Image.Image) -> np.ndarray:
    """CLIP's resize and centre crop by PIL: float (3, 224, 224)."""
    factor = 224 / min(image.size)
    size = [max(224, int(side * factor)) for side in image.size]
    resized = image.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    return np.asarray(resized.crop((left, top, left + 224, top + 224)), float).transpose(2, 0, 1)


# What is kept of a picture that is not square.


def test_squash_keeps_the_sides_and_crop_does_not() -> None:
    """A wide picture, blue on its outer quarters."""
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = (250, 0, 0)
    wide[:, :32] = wide[:, 96:] = (0, 0, 250)
    crop, squash = (scale(wide, Square(64, 64, fit, "bicubic")) for fit in ("crop", "squash"))
    assert (crop[2, 32] > 125).sum() == 0
    assert (squash[2, 32] > 125).sum() == pytest.approx(32, abs=1)


@pytest.mark.parametrize("size", [(128, 64), (64, 128)])
def test_pad_keeps_all_of_it_between_black_bars(size: tuple[int, int]) -> None:
    """The sides that a crop would lose are there, in their own shape."""
    rgb = np.full((size[1], size[0], 3), (0, 0, 250), np.uint8)
    long = size[0] > size[1]
    inner = slice(32, 96)
    rgb[(slice(None), inner) if long else inner] = (250, 0, 0)
    found = scale(rgb, Square(64, 64, "pad", "bicubic"))
    found = found if long else found.transpose(0, 2, 1)
    assert found[:, :16].max() == found[:, 48:].max() == 0
    picture = np.rint(found[:, 16:48] / 250)
    for columns, colour in (((2, 14), (0, 0, 1)), ((18, 46), (1, 0, 0)), ((50, 62), (0, 0, 1))):
        part = picture[:, :, slice(*columns)]
        np.testing.assert_array_equal(
            part, np.broadcast_to(np.reshape(colour, (3, 1, 1)), part.shape)
        )


@pytest.mark.parametrize("size", [(120, 80), (80, 120), (64, 64), (33, 31), (300, 40)])
def test_a_padded_picture_is_pils(size: tuple[int, int]) -> None:
    rgb = waves(*size)
    found = scale(rgb, Square(48, 48, "pad", "bicubic")).astype(float)
    width, height = (round(48 * side / max(size)) for side in size)
    resized = Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC)
    expected = np.zeros((48, 48, 3))
    top, left = (48 - height) // 2, (48 - width) // 2
    expected[top : top + height, left : left + width] = np.asarray(resized, float)
    assert np.abs(found - expected.transpose(2, 0, 1)).mean() < 1


def test_a_square_picture_fits_the_same_in_every_way() -> None:
    crop, squash, pad = (
        scale(waves(70, 70), Square(32, 40, fit, "bicubic")) for fit in ("crop", "squash", "pad")
    )
    np.testing.assert_array_equal(crop, squash)
    np.testing.assert_array_equal(crop, pad)


def test_a_larger_padded_picture_is_cut_from_its_centre() -> None:
    """As the squashed one is: `short_side` is the side of the square with its bars."""
    found = scale(np.full((40, 80, 3), 250, np.uint8), Square(32, 40, "pad", "bicubic"))
    white = found[0] > 125
    assert white.all(1).sum() == 20
    assert white.any(1).tolist() == white.all(1).tolist()


@settings(max_examples=60)
@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(16, 512))
def test_padded_sizes_are_open_clips(width: int, height: int, side: int) -> None:
    """`longest` of its resize modes: the longer side is the square's, the other one rounded."""
    ratio = max(width / side, height / side)
    found = Square(side, side, "pad", "bicubic").sides(Fraction(width), height)
    np.testing.assert_allclose(
        found, [max(1, side_ / ratio) for side_ in (width, height)], atol=0.5001
    )
    assert max(found) == side


@pytest.mark.parametrize("size", [(20_000, 3), (3, 20_000)])
@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_a_sliver_costs_no_more_than_a_picture(size: tuple[int, int], fit: str) -> None:
    """What a few bytes of header claim is bounded; sides keep their order."""
    square = Square(32, 32, fit, "bicubic")
    sides = square.sides(Fraction(size[0]), size[1])
    assert max(sides) <= MOST_LONG * 32
    width, height = (min(side, 4000) for side in size)
    assert scale(np.full((height, width, 3), 90, np.uint8), square)[0].max() == 90


def test_sides_that_are_not_slivers_are_exact() -> None:
    assert shortest(100, Fraction(1500), 100) == (1500, 100)
    assert shortest(100, Fraction(1700), 100) == (1600, 100)
    assert shortest(100, Fraction(100), 1700) == (100, 1600)


def test_pixels_that_are_not_square() -> None:
    """A disc stored squeezed by half is a disc again."""
    y, x = np.mgrid[0:96, 0:96]
    disc = np.where(((x - 48) * 2) ** 2 + (y - 48) ** 2 < 40**2, 250, 0).astype(np.uint8)
    rgb = np.repeat(disc[:, 24:72, None], 3, 2)
    white = scale(rgb, Square(96, 96, "crop", "bicubic"), Fraction(2))[0] > 125
    assert white.any(0).sum() == pytest.approx(80, abs=2)
    assert white.any(1).sum() == pytest.approx(80, abs=2)


def test_a_files_pixel_shape_is_read(tmp_path: Path) -> None:
    wide = np.zeros((48, 48, 3), np.uint8)
    wide[:, 12:36] = 250
    path = write_film(
        tmp_path / "v.mp4",
        frame_times=regular(5),
        frames=[wide] * 5,
        size=(48, 48),
        aspect=Fraction(2),
    )
    assert first_pictures(path)[0].mean() > 240  # the dark sides are cut away


def shape_of(stream: Fraction | None, *codec: Fraction | None) -> list[Fraction]:
    """Shapes of pixels as the decoder goes on, of what the file and the decoder say."""
    context = SimpleNamespace(sample_aspect_ratio=codec[0])
    pixels = PixelShape(SimpleNamespace(sample_aspect_ratio=stream, codec_context=context))  # type: ignore[arg-type]
    found = []
    for said in codec:
        context.sample_aspect_ratio = said
        found.append(pixels.aspect())
    return found


def test_the_files_pixels_count_until_the_decoder_says_otherwise() -> None:
    wide, tall, square = Fraction(64, 45), Fraction(16, 15), Fraction(1)
    assert shape_of(None, None, None) == [square, square]
    assert shape_of(wide, None, tall, tall) == [wide, wide, wide]
    assert shape_of(tall, tall, wide, wide, tall) == [tall, wide, wide, tall]
    assert shape_of(wide, tall, tall, None, square) == [wide, wide, wide, square]


# How it lies.


def corners(frame: np.ndarray) -> str:
    """Letters of the strongest colour channel in the four quarters, in reading order."""
    half = frame.shape[1] // 2
    quarters = (frame[:, y : y + half, x : x + half] for y in (0, half) for x in (0, half))
    means = [quarter.reshape(3, -1).mean(1) for quarter in quarters]
    return "".join("W" if m.min() > 120 else "RGB"[int(m.argmax())] for m in means)


def quartered(width: int, height: int) -> np.ndarray:
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2, 0] = 250
    rgb[: height // 2, width // 2 :, 1] = 250
    rgb[height // 2 :, : width // 2, 2] = 250
    rgb[height // 2 :, width // 2 :] = 250
    return rgb


def test_an_upright_picture_is_not_mirrored() -> None:
    assert corners(scale(quartered(64, 64), SMALL)) == "RGBW"


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), "RGBW"),
        ((0, 1, -1, 0), "BRWG"),  # turned 90 degrees clockwise for display
        ((-1, 0, 0, -1), "WBGR"),
        ((0, -1, 1, 0), "GWRB"),
    ],
)
@pytest.mark.parametrize("size", [(64, 64), (96, 48)])
def test_rotation_side_data(
    tmp_path: Path, matrix: tuple[int, ...], expected: str, size: tuple[int, int]
) -> None:
    frames = [quartered(*size)] * 5
    path = write_film(tmp_path / "v.mp4", frame_times=regular(5), frames=frames, size=size)
    rotate_mp4(path, matrix)
    assert corners(first_pictures(path)[0]) == expected


# Its levels.


def test_full_range_is_not_stretched(tmp_path: Path) -> None:
    """Limited range 16-235 and full range 0-255 of the same grey levels look the same."""
    grey = np.tile(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], (64, 1, 3))
    means = []
    for form in ("yuv420p", "yuvj420p"):
        path = write_film(
            tmp_path / f"{form}.mkv",
            frame_times=regular(3),
            frames=[grey] * 3,
            size=(64, 64),
            codec="mjpeg" if form == "yuvj420p" else "libx264",
            pixel_format=form,
            options={"qscale": "1"} if form == "yuvj420p" else {"qp": "0"},
        )
        means.append(first_pictures(path)[0].mean((0, 1)))
    np.testing.assert_allclose(means[0], means[1], atol=4)
    np.testing.assert_allclose(means[0], grey[0, ::2, 0], atol=8)


def test_one_colour_stays_that_colour() -> None:
    for colour in ((0, 0, 0), (255, 255, 255), (200, 30, 90)):
        found = scale(np.full((50, 70, 3), colour, np.uint8), SMALL)
        assert found.shape == (3, 32, 32)
        assert found.flags["C_CONTIGUOUS"]
        np.testing.assert_allclose(found.reshape(3, -1).T, [colour] * 1024, atol=1)


def test_interlaced_takes_one_field(tmp_path: Path) -> None:
    """Two fields of two moments: what is shown is the first, not a comb of both."""
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[0::2] = 200
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(5),
        frames=[rgb] * 5,
        size=(64, 64),
        codec="libx264",
        pixel_format="yuv420p",
        options={"qp": "0", "x264-params": "tff=1"},
    )
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    assert first_pictures(path)[0].mean() == pytest.approx(200, abs=12)


def test_sizes_and_formats_may_change_within_a_stream() -> None:
    """Joined transmissions: each frame by what it is, as if it were the first."""
    codec = SimpleNamespace(sample_aspect_ratio=None)
    stream = SimpleNamespace(sample_aspect_ratio=None, codec_context=codec)
    square = Square(32, 32, "crop", "bicubic", 2)
    one = Scaler(stream, square)  # type: ignore[arg-type]
    kinds = [
        ((64, 48), "yuv420p"),
        ((96, 48), "yuv420p"),
        ((96, 48), "yuv444p10le"),
        ((48, 96), "rgb24"),
    ]
    for size, form in [*kinds, kinds[0]]:
        frame = av.VideoFrame.from_ndarray(waves(*size), "rgb24").reformat(format=form)
        alone = Scaler(stream, square)(frame)  # type: ignore[arg-type]
        np.testing.assert_array_equal(one(frame), alone)


# Views beside the fitted picture.


def stripes(width: int, height: int) -> np.ndarray:
    """Red, green and blue (H, W, 3), a third each, along the longer side."""
    along = np.arange(max(width, height)) * 3 // max(width, height)
    line = np.eye(3, dtype=np.uint8)[along] * 255
    wide = np.broadcast_to(line, (min(width, height), len(along), 3))
    return wide if width >= height else wide.transpose(1, 0, 2)


def colours(views: np.ndarray) -> list[list[int]]:
    """Of each view's middle pixel, in hundreds of levels."""
    middle = views[:, :, views.shape[2] // 2, views.shape[3] // 2]
    return np.rint(middle / 255).astype(int).tolist()


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
@pytest.mark.parametrize("size", [(192, 64), (64, 192)])
def test_views_go_from_one_end_to_the_other(size: tuple[int, int], fit: str) -> None:
    seen = scale(stripes(*size), Square(32, 40, fit, "bicubic", 3))
    assert seen.shape == (4, 3, 32, 32)
    assert colours(seen[1:]) == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_array_equal(seen[0], scale(stripes(*size), Square(32, 40, fit, "bicubic")))


def test_one_view_is_the_centre() -> None:
    seen = scale(stripes(192, 64), Square(32, 32, "squash", "bicubic", 1))
    assert colours(seen[1:]) == [[0, 1, 0]]


@pytest.mark.parametrize("size", [(120, 80), (80, 120)])
def test_views_keep_the_pictures_shape(size: tuple[int, int]) -> None:
    """Each is PIL's cut of the picture whose shorter side is the square's."""
    rgb = waves(*size)
    width, height = (side * 32 // 80 for side in size)
    resized = np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC))
    seen = scale(rgb, Square(32, 50, "crop", "bicubic", 5)).astype(float)
    for number, view in enumerate(seen[1:]):
        at = round(number / 4 * 16)  # 48 - 32 pixels are left over
        top, left = (0, at) if width > height else (at, 0)
        expected = resized[top : top + 32, left : left + 32].transpose(2, 0, 1)
        assert np.abs(view - expected).mean() < 1


def test_views_of_a_square_are_the_same() -> None:
    seen = scale(waves(64, 64), Square(32, 32, "crop", "bicubic", 3))
    for view in seen[1:]:
        np.testing.assert_array_equal(view, seen[0])


def test_pixels_that_are_not_square_are_made_so_in_views() -> None:
    """96 x 64 pixels of twice their height are a picture of three squares."""
    seen = scale(stripes(96, 64), Square(32, 32, "squash", "bicubic", 3), Fraction(2))
    assert colours(seen[1:]) == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_views_of_a_turned_picture_are_along_its_longer_side(tmp_path: Path) -> None:
    """A phone's film, stored wide and shown upright: the first view is the top."""
    path = write_film(
        tmp_path / "v.mp4", frame_times=regular(3), frames=[stripes(192, 64)] * 3, size=(192, 64)
    )
    rotate_mp4(path, (0, 1, -1, 0))  # shown with a quarter turn to the right
    (seen,) = first_pictures(path, Square(32, 32, "squash", "bicubic", 3))
    assert colours(seen[1:]) == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    top, bottom = (np.rint(seen[0][:, row, 16] / 255).astype(int).tolist() for row in (3, 28))
    assert (top, bottom) == ([1, 0, 0], [0, 0, 1])
