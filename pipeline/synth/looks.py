"""What the synthetic classes look like: a shape, a fill and a hue on a busy background."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHAPES = ("disc", "square", "triangle", "star", "ring", "cross", "crescent")
FILLS = ("plain", "striped", "checked", "dotted")
NUM_LOOKS = len(SHAPES) * len(FILLS)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Style:
    """How all looks of one dataset are drawn; another style is another domain."""

    hue_jitter: float = 0.035
    blobs: int = 6
    noise: float = 6.0
    """Standard deviation of the picture noise, in levels of 255."""
    hue_offset: float = 0.0
    """Turns the hue of every class, in rounds of the colour circle."""
    fill_scale: float = 1.0
    """Stripes, checks and dots this much finer."""


SHIFTED = Style(hue_jitter=0.05, blobs=20, noise=34.0, hue_offset=0.31, fill_scale=1.8)
"""Another domain than the encoder was pretrained on: other hues, finer fills, more noise."""


@dataclass(frozen=True)
class Thing:
    """One object of one look on its way through the picture."""

    look: int
    radius: float
    path: tuple[float, float, float, float]
    """Start x, y and velocity x, y, in picture sides and sides per second."""
    angle: float
    hue: float
    fill_scale: float = 1.0

    @classmethod
    def draw(cls, look: int, rng: np.random.Generator, style: Style) -> "Thing":
        """A random object of a look, some way off the middle, at most 0.025 sides/s fast.

        Its picture stays in sight for ten seconds.
        """
        hue = (look * 0.618034 + style.hue_offset + rng.normal(0, style.hue_jitter)) % 1.0
        x, y = rng.uniform(0.3, 0.7, 2)
        vx, vy = rng.uniform(-0.025, 0.025, 2)
        radius, angle = rng.uniform(0.15, 0.24), rng.uniform(-0.5, 0.5)
        return cls(look, radius, (x, y, vx, vy), angle, hue, style.fill_scale)


def background(height: int, width: int, rng: np.random.Generator, style: Style) -> Floats:
    """A smooth random scene (H, W, 3) in [0, 255]: gradients and soft blobs of no class."""
    coarse = rng.uniform(30, 225, (4, 5, 3))
    rows = np.linspace(0, 2.999, height)
    columns = np.linspace(0, 3.999, width)
    scene = _interpolate(coarse, rows, columns)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    for _ in range(style.blobs):
        cx, cy, size = rng.uniform(0, width / height), rng.uniform(0, 1), rng.uniform(0.04, 0.2)
        weight = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * size**2))[..., None]
        scene += weight * (rng.uniform(0, 255, 3) - scene) * rng.uniform(0.3, 0.9)
    return scene.astype(np.float32)


def _interpolate(
    grid: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> Floats:
    r, c = rows.astype(int), columns.astype(int)
    fr, fc = (rows - r)[:, None, None], (columns - c)[None, :, None]
    top = grid[r][:, c] * (1 - fc) + grid[r][:, c + 1] * fc
    low = grid[r + 1][:, c] * (1 - fc) + grid[r + 1][:, c + 1] * fc
    return np.asarray(top * (1 - fr) + low * fr, np.float32)


def paint(scene: Floats, thing: Thing, seconds: float) -> None:
    """Draw one object into the scene (H, W, 3) where it is at `seconds`."""
    height, width = scene.shape[:2]
    x0, y0, vx, vy = thing.path
    cx, cy = (x0 + vx * seconds) * width, (y0 + vy * seconds) * height
    radius = thing.radius * height
    left, top = max(0, int(cx - radius * 1.1)), max(0, int(cy - radius * 1.1))
    right, low = min(width, int(cx + radius * 1.1) + 1), min(height, int(cy + radius * 1.1) + 1)
    if right <= left or low <= top:
        return  # outside of the picture
    y, x = np.mgrid[top:low, left:right].astype(np.float32)
    u, v = (x - cx) / radius, (y - cy) / radius
    cos, sin = np.cos(thing.angle), np.sin(thing.angle)
    u, v = u * cos - v * sin, u * sin + v * cos
    inside = _shape(SHAPES[thing.look // len(FILLS)], u, v)
    fine = thing.fill_scale
    second = _fill(FILLS[thing.look % len(FILLS)], u * fine, v * fine)[..., None]
    color = second * _rgb(thing.hue, 0.35, 0.95) + (1 - second) * _rgb(thing.hue, 0.95, 0.75)
    patch = scene[top:low, left:right]
    patch += inside[..., None] * (color - patch)


def _shape(name: str, u: Floats, v: Floats) -> Floats:
    """Coverage in [0, 1] of a shape in the unit disc, with an edge some pixels soft."""
    r = np.hypot(u, v)
    if name == "disc":
        edge = 0.95 - r
    elif name == "square":
        edge = 0.75 - np.maximum(abs(u), abs(v))
    elif name == "triangle":
        edge = np.minimum(0.6 - v, 0.5 * (1.0 + v) - abs(u) * 0.87)
    elif name == "star":
        edge = 0.62 + 0.33 * np.cos(5 * np.arctan2(u, -v)) - r
    elif name == "ring":
        edge = 0.24 - abs(r - 0.7)
    elif name == "cross":
        edge = np.maximum(
            np.minimum(0.28 - abs(u), 0.95 - abs(v)), np.minimum(0.28 - abs(v), 0.95 - abs(u))
        )
    else:
        edge = np.minimum(0.95 - r, np.hypot(u - 0.45, v) - 0.68)
    return np.clip(edge * 20, 0, 1).astype(np.float32)


def _fill(name: str, u: Floats, v: Floats) -> Floats:
    """Where the second colour of a fill is, 0 or 1."""
    if name == "plain":
        return np.zeros_like(u)
    if name == "striped":
        return (np.sin(u * 11) > 0).astype(np.float32)
    if name == "checked":
        return ((np.sin(u * 9) * np.sin(v * 9)) > 0).astype(np.float32)
    return ((np.cos(u * 12) + np.cos(v * 12)) > 0.9).astype(np.float32)


def _rgb(hue: float, saturation: float, value: float) -> Floats:
    """HSV to RGB (3,) in [0, 255]."""
    k = (np.array([5.0, 3.0, 1.0]) + hue * 6) % 6
    rgb = value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1)
    return np.asarray(rgb * 255, np.float32)
