"""Where everything stands in charts, in the units of their drawing; templates draw them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 520, 200
"""Of what a chart of lines shows, in pixels."""
BAR = 20
"""Height of a row of bars, in pixels."""
LONGEST = 300
"""Of a bar of 1, in pixels."""
SQUARE = 18
"""Of a matrix, in pixels."""
MOST_TICKS = 8
HUES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#d8c400")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One line of a chart: SVG points, and what its end says."""

    name: str
    points: str
    end: str
    x: float
    y: float


@dataclass(frozen=True)
class Chart:
    """Lines over one pair of axes.

    Attributes:
        lines: At most four are told apart.
        across: Marks of the axis below: text and place.
        up: The same of the axis beside.
        below: What the axis below is.
    """

    lines: list[Line]
    across: list[tuple[str, float]]
    up: list[tuple[str, float]]
    below: str


def chart(series: Mapping[str, Points], below: str, *, shares: bool = False) -> Chart | None:
    """Lines by name; None where there are no two points of one.

    Args:
        series: Points by the line's name; those that are no numbers are left out.
        below: What the axis below is, such as an epoch.
        shares: Whether heights are in [0, 1] and shown in percent, else from 0 to the highest.
    """
    clean = {name: [p for p in points if isfinite(p[1])] for name, points in series.items()}
    clean = {name: points for name, points in clean.items() if len(points) > 1}
    if not clean:
        return None
    xs = [x for points in clean.values() for x, _ in points]
    top = 1.0 if shares else max(y for points in clean.values() for _, y in points) or 1.0
    low, high = min(xs), max(xs)
    whole = all(x == int(x) for x in xs)

    def place(x: float, y: float) -> tuple[float, float]:
        return WIDTH * (x - low) / ((high - low) or 1), HEIGHT * (1 - y / top)

    lines = []
    for name, points in clean.items():
        placed = [place(*point) for point in points]
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        lines.append(Line(name, text, _said(points[-1][1], shares), *placed[-1]))
    across = [(f"{x:g}", place(x, 0)[0]) for x in _ticks(low, high, whole=whole)]
    up = [(_said(top * n / 4, shares), HEIGHT * (1 - n / 4)) for n in range(5)]
    return Chart(_apart(lines), across, up, below)


def _apart(lines: list[Line]) -> list[Line]:
    """Lines whose ends' texts do not lie on each other, from above to below."""
    found: list[Line] = []
    for line in sorted(lines, key=lambda line: line.y):
        least = found[-1].y + 14 if found else 0.0
        found.append(Line(line.name, line.points, line.end, line.x, max(line.y, least)))
    return found


def _ticks(low: float, high: float, *, whole: bool) -> list[float]:
    """Round numbers, few enough to be read; whole ones where all places are."""
    steps = [base * 10**power for power in range(0 if whole else -2, 7) for base in (1, 2, 5)]
    step = next(step for step in steps if (high - low) / step <= MOST_TICKS)
    first = int(-(-low // step))
    last = int(high / step + 1e-9)
    return [round(n * step, 6) for n in range(first, last + 1)]


def _said(value: float, shares: bool) -> str:
    return f"{value:.0%}" if shares else f"{value:.3g}"


@dataclass(frozen=True)
class Bar:
    """A class: its name, the length of its bar in pixels, what it says, and how many there are."""

    name: str
    y: int
    length: float
    said: str
    count: int


def bars(shares: Mapping[str, float], counts: Mapping[str, int]) -> list[Bar]:
    """Shares in [0, 1] by class, the largest first; classes of which there is none are left out."""
    there = {name: share for name, share in shares.items() if isfinite(share)}
    order = sorted(there, key=lambda name: (-there[name], name))
    return [
        Bar(name, n * BAR, LONGEST * there[name], f"{there[name]:.1%}", counts.get(name, 0))
        for n, name in enumerate(order)
    ]


@dataclass(frozen=True)
class Square:
    """A pair of classes in the matrix; `share` of the row, in [0, 1]."""

    x: int
    y: int
    share: float
    right: bool
    tip: str


@dataclass(frozen=True)
class Matrix:
    """What was decided (columns) of what was annotated (rows)."""

    names: list[str]
    squares: list[Square]
    side: int


def matrix(truth: NDArray[np.int64], own: NDArray[np.int64], names: Sequence[str]) -> Matrix:
    """The confusion matrix of class indices (N, T); classes that nobody names are left out."""
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (truth.reshape(-1), own.reshape(-1)), 1)
    kept = np.flatnonzero(counts.sum(0) + counts.sum(1)).tolist()
    counts = counts[np.ix_(kept, kept)]
    shown = [names[k] for k in kept]
    squares = [
        Square(
            column * SQUARE,
            row * SQUARE,
            counts[row, column] / counts[row].sum(),
            row == column,
            f"{shown[row]} taken for {shown[column]}: {counts[row, column]} of {counts[row].sum()}",
        )
        for row, column in np.argwhere(counts).tolist()
    ]
    return Matrix(shown, squares, len(shown) * SQUARE)


def confusions(truth: NDArray[np.int64], own: NDArray[np.int64], names: Sequence[str]) -> list[str]:
    """What is most often taken for what, in words: at most eight pairs of indices (N, T)."""
    wrong = truth != own
    counts = Counter(zip(truth[wrong].tolist(), own[wrong].tolist(), strict=True))
    return [
        f"{names[was]} taken for {names[said]}: {count} segments"
        for (was, said), count in counts.most_common(8)
    ]


@dataclass(frozen=True)
class Run:
    """Consecutive segments of one class: its first segment, how many, its label and hue."""

    first: int
    length: int
    label: str
    hue: str


@dataclass(frozen=True)
class Film:
    """A video of the gallery: annotated and decided, and which of its T segments are wrong."""

    name: str
    right: int
    truth: list[Run]
    own: list[Run]
    wrong: list[int]


def film(name: str, truth: NDArray[np.int64], own: NDArray[np.int64], names: Sequence[str]) -> Film:
    """One video of class indices (T,); background, the last class, is no run."""
    wrong = np.flatnonzero(truth != own).tolist()
    right = len(truth) - len(wrong)
    return Film(name, right, _runs(truth, names), _runs(own, names), wrong)


def _runs(indices: NDArray[np.int64], names: Sequence[str]) -> list[Run]:
    edges = [0, *(np.flatnonzero(np.diff(indices)) + 1).tolist(), len(indices)]
    return [
        Run(start, stop - start, names[indices[start]], HUES[int(indices[start]) % len(HUES)])
        for start, stop in pairwise(edges)
        if start < stop and indices[start] != len(names) - 1
    ]
