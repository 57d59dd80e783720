"""Where paired differences stand: their interval, seeds and videos, in percent of a width."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from avel.pipeline.report.charts import ticks
from avel.pipeline.studies.bootstrap import Difference
from avel.pipeline.studies.pairs import Pair

LEAST = 1.0
"""Points of accuracy that the axis reaches to on either side, at least."""
ROOM = 0.04
"""Of the axis, beyond the last number on either side."""
MOST_VIDEOS = 400
"""Of a strip; of more, as many evenly."""
SURE, UNSURE = ("better", "worse"), "unsure"


@dataclass(frozen=True)
class Axis:
    """From the lowest to the highest difference, in points; 0 lies between."""

    low: float
    high: float

    def at(self, points: float) -> float:
        """A difference's place, in percent."""
        return 100 * (points - self.low) / (self.high - self.low)

    @property
    def marks(self) -> list[tuple[str, float]]:
        """Round numbers and their places in percent."""
        return [(signed(x), self.at(x)) for x in ticks(self.low, self.high, whole=False)]


@dataclass(frozen=True)
class Strip:
    """Videos by their difference, the most gained first, as two SVG paths in 100 by 100.

    Attributes:
        gained: Path of what is above the middle.
        lost: Path of what is below.
        said: How many are better, worse and alike.
    """

    gained: str
    lost: str
    said: str


@dataclass(frozen=True)
class Shown:
    """One row: places in percent, and words.

    Attributes:
        name: Of the row.
        interval: Begin and width.
        mean: Of the difference.
        seeds: Of each seed.
        kind: `better`, `worse` or `unsure`.
        said: Mean and interval, in points.
        strip: The videos.
    """

    name: str
    interval: tuple[float, float]
    mean: float
    seeds: list[float]
    kind: str
    said: str
    strip: Strip


@dataclass(frozen=True)
class Forest:
    """Rows that are compared with one other, over one axis."""

    reference: str
    zero: float
    marks: list[tuple[str, float]]
    rows: list[Shown]


def forests(pairs: Iterable[Pair]) -> list[Forest]:
    """A forest for each row that others are compared with, in their order."""
    by: dict[str, list[Pair]] = {}
    for pair in pairs:
        by.setdefault(pair.reference, []).append(pair)
    return [_forest(reference, of) for reference, of in by.items()]


def _forest(reference: str, pairs: Sequence[Pair]) -> Forest:
    ends = [(p.difference.low, p.difference.high, *p.seeds.values()) for p in pairs]
    over = axis(x for each in ends for x in each)
    rows = [shown(p.name, p.difference, over, strip(p.videos), [*p.seeds.values()]) for p in pairs]
    return Forest(reference, over.at(0), over.marks, rows)


def shown(
    name: str, difference: Difference, over: Axis, videos: Strip, seeds: Sequence[float] = ()
) -> Shown:
    """A difference in points over an axis; of a single seed there is nothing to show."""
    begin, end = over.at(difference.low), over.at(difference.high)
    return Shown(
        name,
        (begin, end - begin),
        over.at(difference.mean),
        [over.at(points) for points in seeds] if len(seeds) > 1 else [],
        kind(difference.low, difference.high),
        said(difference),
        videos,
    )


def axis(points: Iterable[float]) -> Axis:
    """An axis that shows all differences, and 0."""
    found = [*points, LEAST, -LEAST]
    low, high = min(found), max(found)
    room = ROOM * (high - low)
    return Axis(low - room, high + room)


def kind(low: float, high: float) -> str:
    """What an interval of a difference says."""
    return SURE[0] if low > 0 else SURE[1] if high < 0 else UNSURE


def said(difference: Difference) -> str:
    """Mean and interval in points."""
    return f"{signed(difference.mean)} ({signed(difference.low)} to {signed(difference.high)})"


def signed(points: float) -> str:
    """A difference with its sign, at most to a tenth."""
    text = f"{points:+.1f}".removesuffix(".0").replace("-", "\N{MINUS SIGN}")
    return text if text[1:] != "0" else "0"


def strip(videos: Iterable[float]) -> Strip:
    """Videos by their difference in points."""
    order = sorted(videos, reverse=True)
    better, worse = sum(x > 0 for x in order), sum(x < 0 for x in order)
    words = f"{better} better, {worse} worse, {len(order) - better - worse} alike"
    every = max(1, -(-len(order) // MOST_VIDEOS))
    thin = order[::every]
    most = max((abs(x) for x in thin), default=0.0) or 1.0
    heights = [50 * x / most for x in thin]
    above = _area(heights, [max(0.0, h) for h in heights])
    return Strip(above, _area(heights, [min(0.0, h) for h in heights]), words)


def _area(every: Sequence[float], heights: Sequence[float]) -> str:
    """A path along the middle and back over the heights; empty where there are none."""
    if not any(heights):
        return ""
    wide = 100 / len(every)
    steps = [f"V{50 - h:.1f}H{(n + 1) * wide:.2f}" for n, h in enumerate(heights)]
    return f"M0 50{''.join(steps)}V50Z"
