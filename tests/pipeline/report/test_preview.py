"""What a page shows of a film: of the cache where it is there, else of the file."""

import base64
import io
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.method.results import Result
from avel.pipeline.report import preview as module
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.preview import COLUMNS, HEIGHT, Preview, jpeg
from tests.films import numbers_of, tone
from tests.pipeline.report.material import looked_at, played, result


class Run:
    """A run whose cache holds what is given."""

    def __init__(self, cells: Segments | None, **config: Any) -> None:
        self._cells = cells
        self.segment_config = SegmentConfig(sample_rate=8_000, **config)

    def segments(self, _: Result) -> Segments | None:
        return self._cells


def cells(T: int = 4, *, heard: bool = True) -> Segments:
    """Picture t is grey of 40 t + 40; a tone in the third second alone."""
    frames = np.stack([np.full((1, 3, 32, 32), 40 * t + 40, np.uint8) for t in range(T)])
    samples = np.zeros((T, 8_000), np.int16)
    samples[2] = tone(500, 1, 8_000)
    return Segments(frames, samples, np.ones(T, bool), np.full(T, heard), float(T), ())


def of(cells: Segments | None, found: Result, **config: Any) -> Preview:
    return looked_at(found, cast(CachedRun, Run(cells, **config)))


def decoded(uri: str) -> np.ndarray:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("films") / "a.mp4", 4)


def found(film: Path, seconds: int = 4) -> Result:
    return result(str(film), duration=float(seconds), segments=seconds)


def test_what_the_cache_holds_is_not_decoded_again(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "pictures", None)
    monkeypatch.setattr(module, "sound", None)
    shown = of(cells(), found(film))
    assert shown.pictures is not None
    assert shown.pictures[:, 5, 5, 0].tolist() == [40, 80, 120, 160]
    assert shown.step == 1
    assert shown.peaks is not None
    assert np.flatnonzero(shown.peaks > 128).min() == pytest.approx(200, abs=1)
    assert shown.mel is not None
    assert shown.mel[:, :98].max() == 0


def test_squeezed_pictures_get_their_shape_back(film: Path) -> None:
    squeezed, cut = of(cells(), found(film), fit="squash"), of(cells(), found(film), fit="crop")
    assert squeezed.pictures is not None
    assert cut.pictures is not None
    assert squeezed.pictures.shape[1:3] == (HEIGHT, round(HEIGHT * 96 / 54))
    assert cut.pictures.shape[1:3] == (HEIGHT, HEIGHT)


def test_else_the_file_is_looked_at(film: Path) -> None:
    shown = of(None, found(film))
    assert shown.pictures is not None
    assert numbers_of(shown.pictures.transpose(0, 3, 1, 2)) == [5, 15, 25, 35]
    assert shown.kind is not None
    assert shown.kind.video == "h264"
    assert shown.peaks is not None
    assert np.flatnonzero(shown.peaks > 128).min() == pytest.approx(100, abs=3)
    plain = looked_at(found(film))
    assert plain.pictures is not None
    np.testing.assert_array_equal(plain.pictures, shown.pictures)


def test_a_long_film_has_no_more_pictures(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PICTURES", 2)
    shown = of(cells(), found(film))  # too many cells for the cache's way
    assert shown.pictures is not None
    assert len(shown.pictures) == 2
    assert shown.step == 2


def test_silence_and_darkness_have_no_lane(film: Path) -> None:
    assert of(cells(heard=False), found(film)).mel is None
    silent = looked_at(result(str(film), status="failed"))
    assert silent == Preview()
    assert looked_at(found(Path("gone.mp4"))) == Preview()


def test_the_sheet_holds_every_picture_in_its_place() -> None:
    num = COLUMNS + 2
    grey = (np.arange(num) * 20).astype(np.uint8)[:, None, None, None]
    sheet = Preview(None, grey * np.ones((8, 16, 3), np.uint8), 2.0).sheet()
    assert sheet is not None
    assert (sheet["num"], sheet["columns"], sheet["step"]) == (num, COLUMNS, 2.0)
    whole = decoded(sheet["src"])
    assert whole.shape == (2 * 8, COLUMNS * 16, 3)
    for n in range(num):
        x, y = n % COLUMNS * 16 + 8, n // COLUMNS * 8 + 4
        assert abs(whole[y, x, 0] - 20 * n) < 12
    assert Preview().sheet() is None


def test_the_spectrum_is_rows_of_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEL_COLUMNS", 16)
    mel = np.repeat(np.arange(40, dtype=np.uint8)[None] * 6, 8, 0)
    spectrum = Preview(mel=mel).spectrum()
    assert spectrum is not None
    assert (spectrum["bands"], spectrum["num"], spectrum["columns"]) == (8, 40, 16)
    image = decoded(spectrum["src"])
    assert image.shape == (24, 16)
    unrolled = np.concatenate([image[8 * n + 4] for n in range(3)])[:40]
    assert np.abs(unrolled - mel[0].astype(int)).max() < 25
    assert Preview().spectrum() is None


def test_the_thumbnail_is_of_its_moment() -> None:
    grey = np.array([0, 100, 200], np.uint8)[:, None, None, None]
    shown = Preview(None, grey * np.ones((8, 8, 3), np.uint8), 2.0)
    assert [decoded(shown.thumbnail(t))[4, 4, 0] for t in (0.5, 3.9, 99.0)] == [
        pytest.approx(value, abs=2) for value in (0, 100, 200)
    ]
    assert Preview().thumbnail(1.0) == ""


def test_quality_makes_a_picture_smaller() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    assert len(jpeg(noise, quality=20)) < len(jpeg(noise, quality=90))
