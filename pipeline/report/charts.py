"""Where everything stands in charts, mostly in percent of their sides; templates draw them."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

SQUARE = 18
"""Of a matrix, in pixels."""
MOST_TICKS, FEWEST_TICKS = 8, 4
SEGMENT = 30
"""Width of a segment in the gallery, in pixels."""
LETTER = 6.6
"""Width of a letter there, in pixels."""
HUES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#d8c400")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One line of a chart: SVG points in percent from the upper left, and what its end says."""

    name: str
    points: str
    end: str


@dataclass(frozen=True)
class Chart:
    """Lines over one pair of axes.

    Attributes:
        lines: At most four are told apart.
        across: Marks of the axis below: text and place in percent.
        up: The same of the axis beside, from above.
        below: What the axis below is.
    """

    lines: list[Line]
    across: list[tuple[str, float]]
    up: list[tuple[str, float]]
    below: str


def chart(
    series: Mapping[str, Points], below: str, *, shares: bool = False, ends: bool = True
) -> Chart | None:
    """Lines by name; None where there are no two points of one.

    Args:
        series: Points by the line's name; those that are no numbers are left out.
        below: What the axis below is, such as an epoch.
        shares: Whether heights are in [0, 1] and shown in percent, else from 0 to the highest.
        ends: Whether the last value of each line is said.
    """
    clean = {name: [p for p in points if isfinite(p[1])] for name, points in series.items()}
    clean = {name: points for name, points in clean.items() if len(points) > 1}
    if not clean:
        return None
    xs = [x for points in clean.values() for x, _ in points]
    highest = max(y for points in clean.values() for _, y in points)
    heights = [0, 0.25, 0.5, 0.75, 1.0] if shares else heights_to(highest)
    low, high, top = min(xs), max(xs), heights[-1]

    def place(x: float, y: float) -> tuple[float, float]:
        return 100 * (x - low) / ((high - low) or 1), 100 * (1 - y / top)

    lines = []
    for name, points in clean.items():
        text = " ".join(f"{x:.2f},{y:.2f}" for x, y in (place(*point) for point in points))
        lines.append(Line(name, text, _said(points[-1][1], shares) if ends else ""))
    whole = all(x == int(x) for x in xs)
    across = [(f"{x:g}", place(x, 0)[0]) for x in ticks(low, high, whole=whole)]
    up = [(_said(y, shares), place(0, y)[1]) for y in heights]
    return Chart(lines, across, up, below)


def heights_to(highest: float) -> list[float]:
    """Round numbers from 0 to one that is at least as high as the highest."""
    if highest <= 0:
        return [0.0, 1.0]
    power = 10.0 ** floor(log10(highest / FEWEST_TICKS))
    step = next(base * power for base in (1, 2, 2.5, 5, 10) if base * power * 5 >= highest)
    return [round(n * step, 9) for n in range(ceil(highest / step - 1e-9) + 1)]


def ticks(low: float, high: float, *, whole: bool) -> list[float]:
    """Round numbers, few enough to be read; whole ones where all places are."""
    steps = [base * 10**power for power in range(0 if whole else -2, 7) for base in (1, 2, 5)]
    step = next(step for step in steps if (high - low) / step <= MOST_TICKS)
    first = int(-(-low // step))
    last = int(high // step + 1e-9)
    return [round(n * step, 6) for n in range(first, last + 1)]


def _said(value: float, shares: bool) -> str:
    return f"{value:.0%}" if shares else f"{value:.3g}"


@dataclass(frozen=True)
class Bar:
    """A class: its name, its bar's length in percent, what it says, and how many there are."""

    name: str
    length: float
    said: str
    count: int = 0
    faint: bool = False
    """Whether it is there to compare with."""


def bars(
    shares: Mapping[str, float], counts: Mapping[str, int], faint: Container[str] = ()
) -> list[Bar]:
    """Shares in [0, 1] by class, the largest first; classes of which there is none are left out."""
    there = {name: share for name, share in shares.items() if isfinite(share)}
    order = sorted(there, key=lambda name: (-there[name], name))
    return [
        Bar(name, 100 * there[name], f"{there[name]:.1%}", counts.get(name, 0), name in faint)
        for name in order
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

    @property
    def fitting(self) -> str:
        """As much of the label as has room, or nothing."""
        fits = int((SEGMENT * self.length - 10) / LETTER)
        if len(self.label) <= fits:
            return self.label
        return f"{self.label[: fits - 1].rstrip(' ,')}…" if fits >= 4 else ""


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
