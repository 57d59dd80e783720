"""Frames as a player shows them: turned, and of an ordinary range."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avel.pipeline.media.brightness import _bent, as_ordinary
from avel.pipeline.media.copy import copy
from avel.pipeline.media.cut import cut
from avel.pipeline.media.preview import pictures
from avel.pipeline.media.proxy import write_proxy
from avel.pipeline.media.upright import Upright
from tests.films import rotate_mp4
from tests.pipeline.media.hdr import BT2020, HLG, LIGHT, PQ, bars, hdr_film
from tests.pipeline.media.pieces import QUIET

WHITE, GAMMA = 203, 2.4
SHOWN = [round(255 * min(1.0, light / WHITE) ** (1 / GAMMA)) for light in LIGHT[:4]]
"""Dark light stays as it is: what an ordinary screen is told of it."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("hdr")
    return {way: hdr_film(folder / f"{way}.mp4", way) for way in (PQ, HLG)}


def first(path: Path) -> Any:
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def close(found: list[list[int]], wanted: list[int], by: int) -> None:
    for colour, grey in zip(found, wanted, strict=False):
        assert max(abs(each - grey) for each in colour) <= by, (found, wanted)


@pytest.mark.parametrize("way", [PQ, HLG])
def test_the_table_is_the_curves(films: dict[int, Path], way: int) -> None:
    """Of grey and of weak colours: nearly all within 2 of 255."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(20_000, 50_000, (32, 32, 1)) + rng.integers(-3_000, 3_000, (32, 32, 3))
    frame = av.VideoFrame.from_ndarray(rgb.astype(np.uint16), "rgb48le")
    frame.color_trc, frame.color_primaries = way, BT2020
    wanted = as_ordinary(rgb.astype(np.uint16), frame)
    shown, turned = Upright()(frame)
    found = shown.to_ndarray(format="rgb24")
    assert not turned
    apart = np.abs(found.astype(int) - wanted)
    assert apart.mean() < 1
    assert np.quantile(apart, 0.99) <= 2


def test_a_clip_of_hdr_is_an_ordinary_film(films: dict[int, Path], tmp_path: Path) -> None:
    cut(films[PQ], str(tmp_path / "c.mp4"), 0, 500_000, QUIET)
    frame = first(tmp_path / "c.mp4")
    assert frame.format.name == "yuv420p"
    assert (frame.color_trc, frame.colorspace) == (2, 5)  # no HDR is claimed; a small picture
    shown = bars(frame.to_ndarray(format="rgb24"))
    close(shown, SHOWN, 4)
    assert shown[5][0] >= 252  # 1000 cd/m2 is white
    assert SHOWN[3] + 10 < shown[4][0] < 252  # and paper is not yet


def test_a_clip_of_hlg_rises_from_black_to_white(films: dict[int, Path], tmp_path: Path) -> None:
    cut(films[HLG], str(tmp_path / "c.mp4"), 0, 500_000, QUIET)
    greys = [colour[1] for colour in bars(first(tmp_path / "c.mp4").to_ndarray(format="rgb24"))]
    assert greys == sorted(greys)
    assert greys[0] < 3
    # 0.7518 by HLG is 0.267 of the scene: 203 cd/m2 on a screen of 1000, by the standard
    bent = float(_bent(np.array([203], np.float32))[0])
    assert greys[5] == pytest.approx(255 * (bent / WHITE) ** (1 / GAMMA), abs=4)


def test_words_on_hdr_stand_on_an_ordinary_film(films: dict[int, Path], tmp_path: Path) -> None:
    cut(films[PQ], str(tmp_path / "c.mp4"), 0, 10**15, QUIET, captions=[(0, 500_000, "a")])
    with av.open(str(tmp_path / "c.mp4")) as container:
        last = list(container.decode(video=0))[-1]
    close(bars(last.to_ndarray(format="rgb24")), SHOWN, 4)


def test_a_small_copy_and_small_pictures_too(films: dict[int, Path], tmp_path: Path) -> None:
    write_proxy(films[PQ], tmp_path / "c.mp4")
    close(bars(first(tmp_path / "c.mp4").to_ndarray(format="rgb24")), SHOWN, 6)
    (picture,) = pictures(films[PQ], [0.3], 64)
    close(bars(picture), SHOWN, 4)


def test_a_copied_piece_stays_hdr(films: dict[int, Path], tmp_path: Path) -> None:
    copy(films[PQ], str(tmp_path / "c.mp4"), 0, 500_000, QUIET)
    frame = first(tmp_path / "c.mp4")
    assert (frame.format.name, frame.color_trc, frame.color_primaries) == (
        "yuv420p10le",
        PQ,
        BT2020,
    )


def test_a_turned_film_of_hdr_is_both(films: dict[int, Path], tmp_path: Path) -> None:
    turned = tmp_path / "t.mp4"
    turned.write_bytes(films[PQ].read_bytes())
    rotate_mp4(turned, (0, 1, -1, 0))
    cut(turned, str(tmp_path / "c.mp4"), 0, 300_000, QUIET)
    rgb = first(tmp_path / "c.mp4").to_ndarray(format="rgb24")
    assert rgb.shape == (96, 64, 3)
    close(bars(rgb.transpose(1, 0, 2)), SHOWN, 4)


def test_a_turned_film_has_an_upright_small_copy(films: dict[int, Path], tmp_path: Path) -> None:
    turned = tmp_path / "t.mp4"
    turned.write_bytes(films[PQ].read_bytes())
    rotate_mp4(turned, (0, 1, -1, 0))
    write_proxy(turned, tmp_path / "c.mp4")
    assert first(tmp_path / "c.mp4").to_ndarray(format="rgb24").shape == (96, 64, 3)
