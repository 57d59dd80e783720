"""Words onto pictures: at their time, in their corner, in letters that the font has."""

from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media.captions import Captions

WORDS = Captions(((0, 10, "Bark 0.97"), (5, 20, "Bell 0.40")))


def picture(width: int = 320, height: int = 176, grey: int = 200) -> np.ndarray:
    flat = np.full((height * 3 // 2, width), 128, np.uint8)
    flat[:height] = grey
    return flat


def test_words_stand_from_onset_to_offset() -> None:
    assert [WORDS.at(time) for time in (0, 5, 9, 10, 19, 20)] == [
        ("Bark 0.97",), ("Bark 0.97", "Bell 0.40"), ("Bark 0.97", "Bell 0.40"), ("Bell 0.40",), ("Bell 0.40",), (),
    ]  # fmt: skip


def test_a_box_with_letters_covers_the_lower_left_alone() -> None:
    shown = picture()
    WORDS.onto(shown, 320, 0)
    changed = np.argwhere(shown[:176] != 200)
    assert changed[:, 0].min() > 140
    assert changed[:, 0].max() == 175
    assert changed[:, 1].min() == 0
    assert changed[:, 1].max() < 160
    box = shown[changed[:, 0].min() : 176, : changed[:, 1].max()]
    assert box.min() < 40  # the ground
    assert box.max() > 220  # the letters


def test_two_lines_are_higher_than_one() -> None:
    one, two = picture(), picture()
    WORDS.onto(one, 320, 0)
    WORDS.onto(two, 320, 7)
    heights = [np.argwhere(shown[:176] != 200)[:, 0].min() for shown in (one, two)]
    assert heights[0] - heights[1] == pytest.approx(18, abs=2)


def test_nothing_to_say_changes_nothing() -> None:
    shown = picture()
    WORDS.onto(shown, 320, 30)
    assert (shown == picture()).all()


@pytest.mark.parametrize(("width", "height"), [(64, 48), (2, 2), (34, 18)])
def test_long_words_stay_in_a_small_picture(width: int, height: int) -> None:
    shown = picture(width, height)
    Captions(((0, 1, "x" * 500),)).onto(shown, width, 0)
    assert shown.shape == (height * 3 // 2, width)
    assert (shown[:height] != 200).any()


def test_letters_that_the_font_has_not_are_named() -> None:
    words = Captions(((0, 1, "吠 Bark лай λ é 吠"), (0, 1, "犬")))
    assert words.missing() == "吠犬"
    assert WORDS.missing() == ""


def test_a_font_of_ones_own(tmp_path: Path) -> None:
    from avel.pipeline.media import captions

    own = captions._own_font()
    assert own is not None
    (tmp_path / "font.ttf").write_bytes(Path(own).read_bytes())
    shown, other = picture(), picture()
    Captions(WORDS.spoken, str(tmp_path / "font.ttf")).onto(shown, 320, 0)
    WORDS.onto(other, 320, 0)
    assert (shown == other).all()
