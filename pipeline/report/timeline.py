"""Where everything stands on a page's timeline, in the units of its drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from avel.pipeline.datasets.truth import Spans
from avel.pipeline.method.results import Result

WIDTH = 960
BARS = 80
"""Height of a relevance of 1."""
LANES, LANE = 112, 34
"""Top of the first lane and the step to the next."""
MOST_TICKS = 20
NARROWEST = 2.0
"""An event however short can be seen and pointed at."""


@dataclass(frozen=True)
class Bar:
    """Relevance of one segment; strong where it is over the threshold."""

    x: float
    y: float
    width: float
    height: float
    strong: bool
    tip: str


@dataclass(frozen=True)
class Span:
    """An event; hue in degrees, alike for equal labels."""

    label: str
    onset: float
    offset: float
    x: float
    width: float
    hue: int


@dataclass(frozen=True)
class Lane:
    """Events from one source in one row; those at the same time stand below, without a name."""

    name: str
    top: int
    spans: list[Span]


@dataclass(frozen=True)
class Timeline:
    """Relevance as bars, events and truth as lanes, over one axis of seconds.

    Attributes:
        width: Of `seconds_of` seconds.
        height: Down to the end of the last lane.
        bars: One per segment.
        threshold: Height at which the line of the threshold is, from above.
        ticks: Seconds and where they are.
        lanes: What was found, and the truth where it is known.
    """

    width: int
    height: int
    bars: list[Bar]
    threshold: float
    ticks: list[tuple[int, float]]
    lanes: list[Lane]


def seconds_of(result: Result) -> float:
    """Length of the axis in seconds: the last segment is shown whole."""
    return max(result.duration, result.segments)


def lay_out(result: Result, truth: Spans | None) -> Timeline | None:
    """The timeline of a result in seconds; None where there are no segments."""
    if not result.segments:
        return None
    scale = WIDTH / seconds_of(result)
    threshold = float(result.decoder.get("threshold", 0.5))
    step = max(1, result.segments // MOST_TICKS)
    lanes = _lanes(result, truth, scale)
    return Timeline(
        WIDTH,
        LANES + 8 + LANE * len(lanes),
        [_bar(result, t, scale, threshold) for t in range(result.segments)],
        BARS * (1 - threshold),
        [(t, t * scale) for t in range(0, result.segments + 1, step)],
        lanes,
    )


def _bar(result: Result, t: int, scale: float, threshold: float) -> Bar:
    relevance, (label, share) = result.relevance[t], result.top_classes[t]
    tip = f"{t}-{t + 1} s: relevance {relevance:.2f}; if an event, {label} ({share:.2f})"
    height, gap = BARS * relevance, min(1.0, scale / 4)
    strong = relevance > threshold
    return Bar(t * scale + gap, BARS - height, scale - 2 * gap, height, strong, tip)


def _lanes(result: Result, truth: Spans | None, scale: float) -> list[Lane]:
    sources: dict[str, Spans] = {"found": [(e.label, e.onset, e.offset) for e in result.events]}
    if truth is not None:
        sources["truth"] = truth
    labels = list(dict.fromkeys(label for spans in sources.values() for label, _, _ in spans))
    hues = {label: round(360 * number / len(labels)) for number, label in enumerate(labels)}
    rows = [
        ("" if number else name, spans)
        for name, every in sources.items()
        for number, spans in enumerate(_apart(every))
    ]
    return [
        Lane(name, LANES + LANE * row, _spans(spans, scale, hues))
        for row, (name, spans) in enumerate(rows)
    ]


def _apart(spans: Spans) -> list[list[tuple[str, float, float]]]:
    """Spans in as few rows as keep them off each other; one row at least."""
    rows: list[list[tuple[str, float, float]]] = [[]]
    for span in sorted(spans, key=lambda span: span[1]):
        free = (row for row in rows if not row or row[-1][2] <= span[1])
        row = next(free, None)
        if row is None:
            rows.append([span])
        else:
            row.append(span)
    return rows


def _spans(
    spans: Sequence[tuple[str, float, float]], scale: float, hues: dict[str, int]
) -> list[Span]:
    return [
        Span(label, on, off, on * scale, max(NARROWEST, (off - on) * scale), hues[label])
        for label, on, off in spans
    ]
