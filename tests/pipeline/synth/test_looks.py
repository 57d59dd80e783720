"""What is drawn: shapes of known area and symmetry, colours against colorsys, scenes against scipy."""

import colorsys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from avel.pipeline.synth.looks import (
    FILLS,
    NUM_LOOKS,
    SHAPES,
    SHIFTED,
    Style,
    Thing,
    _fill,
    _interpolate,
    _rgb,
    _shape,
    background,
    paint,
)

AREAS = {  # shares of the square [-1, 1]^2, from the definitions' geometry
    "disc": np.pi * 0.95**2 / 4,
    "square": 1.5**2 / 4,
    "ring": np.pi * (0.94**2 - 0.46**2) / 4,
    "cross": (2 * 0.56 * 1.9 - 0.56**2) / 4,
}


def grid(side: int = 401) -> tuple[np.ndarray, np.ndarray]:
    """u to the right, v downwards, over the square around the unit disc."""
    v, u = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    return u, v


def thing(look: int, *, radius: float = 0.2, angle: float = 0.0, hue: float = 0.6, path: tuple[float, ...] = (0.5, 0.5, 0.0, 0.0)) -> Thing:  # fmt: skip
    return Thing(look, radius, path, angle, hue)  # type: ignore[arg-type]


def drawn(what: Thing, seconds: float = 0.0, size: tuple[int, int] = (224, 256)) -> np.ndarray:
    """Where a thing covers black: bool (H, W)."""
    scene = np.zeros((*size, 3), np.float32)
    paint(scene, what, seconds)
    return np.asarray(scene.max(2) > 60)


# Shapes and fills.


@pytest.mark.parametrize("name", AREAS)
def test_areas(name: str) -> None:
    assert (_shape(name, *grid()) > 0).mean() == pytest.approx(AREAS[name], rel=0.02)


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_soft_at_the_edge_and_inside_the_disc(name: str) -> None:
    u, v = grid()
    coverage = _shape(name, u, v)
    assert coverage.dtype == np.float32
    assert (coverage.min(), coverage.max()) == (0, 1)
    assert 0 < ((coverage > 0) & (coverage < 1)).mean() < 0.3
    assert not coverage[np.hypot(u, v) > 1.1].any()


@pytest.mark.parametrize("name", SHAPES)
def test_symmetries(name: str) -> None:
    shape = _shape(name, *grid())
    mirrored = np.abs(shape - shape[:, ::-1]).max() < 1e-3
    assert mirrored == (name != "crescent")
    upside_down = np.abs(shape - shape[::-1]).max() < 1e-3
    assert upside_down == (name not in ("triangle", "star"))


def test_a_star_has_five_points() -> None:
    angles = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    far = _shape("star", 0.85 * np.sin(angles), -0.85 * np.cos(angles)) > 0.5
    assert (far & ~np.roll(far, 1)).sum() == 5


@pytest.mark.parametrize(("name", "low", "high"), [("plain", 0, 0), ("striped", 0.4, 0.6), ("checked", 0.4, 0.6), ("dotted", 0.1, 0.45)])  # fmt: skip
def test_shares_of_the_second_colour(name: str, low: float, high: float) -> None:
    second = _fill(name, *grid())
    assert set(np.unique(second)) <= {0, 1}
    assert low <= second.mean() <= high


def test_stripes_run_one_way_and_checks_both() -> None:
    striped, checked = _fill("striped", *grid()), _fill("checked", *grid())
    assert (striped == striped[:1]).all()
    assert not (striped == striped[:, :1]).all()
    assert not (checked == checked[:1]).all()


def test_every_look_is_another() -> None:
    u, v = grid(101)
    looks = {
        (_shape(SHAPES[n // len(FILLS)], u, v) * (1 + _fill(FILLS[n % len(FILLS)], u, v))).tobytes()
        for n in range(NUM_LOOKS)
    }
    assert len(looks) == NUM_LOOKS == 28


# Colours.


@given(st.floats(0, 0.999), st.floats(0, 1), st.floats(0, 1))
def test_hsv_is_pythons(hue: float, saturation: float, value: float) -> None:
    expected = 255 * np.array(colorsys.hsv_to_rgb(hue, saturation, value))
    np.testing.assert_allclose(_rgb(hue, saturation, value), expected, atol=0.01)


def test_a_class_keeps_its_hue_and_a_shifted_domain_turns_it() -> None:
    rng = np.random.default_rng(0)
    for style, jitter in ((Style(), 0.035), (SHIFTED, 0.05)):
        hues = np.array([Thing.draw(5, rng, style).hue for _ in range(300)])
        expected = (5 * 0.618034 + style.hue_offset) % 1
        off = (hues - expected + 0.5) % 1 - 0.5  # on the circle
        assert np.abs(off.mean()) < 4 * jitter / np.sqrt(300)
        assert off.std() == pytest.approx(jitter, rel=0.2)


# Things on their way.


@settings(max_examples=40)
@given(st.integers(0, NUM_LOOKS - 1), st.integers(0, 10_000))
def test_a_random_thing_stays_in_the_picture_for_ten_seconds(look: int, seed: int) -> None:
    found = Thing.draw(look, np.random.default_rng(seed), Style())
    assert (found.look, found.fill_scale) == (look, 1.0)
    assert 0 <= found.hue < 1
    assert 0.15 <= found.radius <= 0.24
    x, y, vx, vy = found.path
    for seconds in (0, 10):
        assert 0 < x + vx * seconds < 1
        assert 0 < y + vy * seconds < 1


def test_a_thing_is_where_its_path_says() -> None:
    """Half a width from the left at first; a tenth of a width a second to the right, down by 0.05."""
    moving = thing(0, path=(0.3, 0.4, 0.1, 0.05))
    for seconds in (0.0, 1.5, 3.0):
        rows, columns = np.nonzero(drawn(moving, seconds))
        assert columns.mean() == pytest.approx((0.3 + 0.1 * seconds) * 256, abs=1)
        assert rows.mean() == pytest.approx((0.4 + 0.05 * seconds) * 224, abs=1)


@pytest.mark.parametrize("radius", [0.1, 0.2, 0.3])
def test_a_disc_has_its_radius_in_picture_heights(radius: float) -> None:
    covered = drawn(thing(0, radius=radius))
    assert covered.sum() == pytest.approx(np.pi * (0.95 * radius * 224) ** 2, rel=0.05)


def test_an_angle_turns_it() -> None:
    square = SHAPES.index("square") * len(FILLS)
    straight, turned = (drawn(thing(square, angle=a)) for a in (0.0, np.pi / 4))
    assert straight.any(0).sum() == pytest.approx(1.5 * 0.2 * 224, abs=3)
    assert turned.any(0).sum() == pytest.approx(np.sqrt(2) * 1.5 * 0.2 * 224, abs=4)


def test_painting_leaves_the_rest_alone() -> None:
    scene = np.full((100, 120, 3), 77, np.float32)
    paint(scene, thing(0, radius=0.1), 0.0)
    changed = (scene != 77).any(2)
    rows, columns = np.nonzero(changed)
    assert 0 < changed.mean() < 0.05
    assert (rows.min() >= 39) & (rows.max() <= 61)
    assert (columns.min() >= 49) & (columns.max() <= 71)


def test_a_thing_half_outside_is_cut_and_one_outside_is_not_there() -> None:
    half = drawn(thing(0, path=(0.0, 0.5, 0.0, 0.0)))
    whole = drawn(thing(0))
    assert half.sum() == pytest.approx(whole.sum() / 2, rel=0.06)
    assert not drawn(thing(0, path=(0.5, 0.5, 1.0, 0.0)), seconds=5).any()


def test_finer_fills_have_more_stripes() -> None:
    striped = FILLS.index("striped")
    counts = []
    for scale in (1.0, 2.0):
        scene = np.zeros((224, 224, 3), np.float32)
        paint(scene, Thing(striped, 0.4, (0.5, 0.5, 0, 0), 0.0, 0.6, scale), 0.0)
        row = scene[112, 40:184, 0] > scene[112, 40:184, 0].mean()
        counts.append((row[1:] != row[:-1]).sum())
    assert counts[1] == pytest.approx(2 * counts[0], abs=2)


# Scenes.


@settings(max_examples=10)
@given(st.integers(0, 1000), st.sampled_from([Style(), SHIFTED, Style(blobs=0)]))
def test_a_background_is_smooth_and_in_range(seed: int, style: Style) -> None:
    scene = background(60, 70, np.random.default_rng(seed), style)
    assert (scene.shape, scene.dtype) == ((60, 70, 3), np.float32)
    assert scene.min() >= 0
    assert scene.max() <= 255
    assert scene.std() > 5
    assert np.abs(np.diff(scene, axis=0)).max() < 60


def test_more_blobs_cover_more_of_the_gradient() -> None:
    plain, few, many = (
        background(60, 70, np.random.default_rng(1), Style(blobs=n)) for n in (0, 2, 20)
    )
    changed = [(np.abs(scene - plain) > 5).any(2).mean() for scene in (few, many)]
    assert 0 < changed[0] < 0.6 < changed[1]


def test_interpolation_is_scipys() -> None:
    values = np.random.default_rng(0).uniform(0, 255, (4, 5, 3))
    rows, columns = np.linspace(0, 2.999, 37), np.linspace(0, 3.999, 41)
    where = np.meshgrid(rows, columns, indexing="ij")
    expected = [map_coordinates(values[..., c], where, order=1) for c in range(3)]
    np.testing.assert_allclose(
        _interpolate(values, rows, columns), np.stack(expected, 2), atol=1e-3
    )
