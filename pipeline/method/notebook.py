"""A result as a small picture for notebooks: what is heard, seen and both, and the events.

It is built as a tree of elements, so that no label is markup, and grows with the picture's width
alone, however long the film is.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from avel.pipeline.work.counted import counted

if TYPE_CHECKING:
    from avel.pipeline.method.results import Result

WIDTH, NAMES = 720, 60
"""Of the lanes, and of their names before them, in pixels."""
LANE, GAP, BLOCK = 26, 6, 22
POINTS = 360
"""Of a lane at most."""
NARROW = 24
"""A block that is less wide has no room for its label."""
ROWS = 3
"""Of events at most; what overlaps more shares the last one."""
MOST_NAMED = 8
"""Events in the list below the picture."""
HUES = ("#0065a1", "#8f6000", "#00785a", "#9a4a83", "#2b7aab", "#b34e00", "#7a6e00")
"""Dark enough for white letters."""
INKS = {"heard": "#d9640f", "seen": "#2a86d1", "both": "#8a5fd6"}
"""Readable on light and on dark."""
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


def as_html(result: "Result") -> str:
    """The lanes over time as SVG, and the first events in words; times in seconds, under 50 kB."""
    whole = Element("div", {"style": "font:13px/1.5 system-ui,sans-serif;max-width:800px"})
    head = SubElement(whole, "div")
    SubElement(head, "b").text = Path(result.file).name
    found = counted(len(result.events), "event")
    said = result.message or f"{result.length:.1f} s, {found}, {result.status}"
    SubElement(head, "span").text = f" {said}"
    if result.segments:
        whole.append(_drawn(result))
    for event in result.events[:MOST_NAMED]:
        row = SubElement(whole, "div")
        row.text = f"{event.onset:.1f} to {event.offset:.1f} s: {event.label}, {event.score:.2f}"
    if (more := len(result.events) - MOST_NAMED) > 0:
        SubElement(whole, "div").text = f"and {more} more"
    return tostring(whole, encoding="unicode", method="html")


def displayed(result: "Result") -> bool:
    """Show it in the notebook that runs; whether there is one.

    IPython at a terminal is none: it would print the result's text.
    """
    module = sys.modules.get("IPython")
    shell = None if module is None else module.get_ipython()
    if getattr(shell, "kernel", None) is None:
        return False
    import_module("IPython.display").display(result)  # it runs already
    return True


def _drawn(result: "Result") -> Element:
    seconds = max(result.length, 0.1)
    tracks = {"heard": result.heard, "seen": result.seen}
    lanes = [(name, [share for _, share in each]) for name, each in tracks.items() if each]
    lanes.append(("both" if lanes else "event", list(result.relevance)))
    places = list(_places(result))
    rows = 1 + max((row for row, *_ in places), default=0)
    top = len(lanes) * (LANE + GAP)
    height = top + rows * (BLOCK + 2) + 18
    size = {"width": str(NAMES + WIDTH), "height": str(height)}
    label = f"{len(result.events)} events over {seconds:.1f} s"
    svg = Element("svg", {"viewBox": f"{-NAMES} 0 {NAMES + WIDTH} {height}", **size})
    svg.attrib |= {"role": "img", "aria-label": label, "style": "max-width:100%;height:auto"}
    for number, (name, shares) in enumerate(lanes):
        _lane(svg, name, shares, seconds, number * (LANE + GAP))
    _line(svg, float(result.decoder.get("threshold") or 0.5), top - GAP)
    _text(svg, "events", top + BLOCK / 2)
    labels = list(dict.fromkeys(event.label for event in result.events))
    slivers: dict[str, list[str]] = {}
    for row, x, width, name in places:
        hue, y = HUES[labels.index(name) % len(HUES)], top + row * (BLOCK + 2)
        if width >= NARROW:
            _block(svg, y, x, width, name, hue)
        else:
            slivers.setdefault(hue, []).append(f"M{x} {y}h{width}v{BLOCK}h-{width}z")
    for hue, parts in slivers.items():
        SubElement(svg, "path", {"d": "".join(parts), "fill": hue})
    _axis(svg, seconds, height - 4)
    return svg


def _lane(svg: Element, name: str, shares: Sequence[float], seconds: float, top: float) -> None:
    """A segment lasts a second; the last one ends with the film."""
    ink, every = INKS.get(name, INKS["both"]), -(-len(shares) // POINTS)
    shown = _thinned(shares, every)
    path = [f"M0 {top + LANE:g}"]
    for number, share in enumerate(shown):
        y = top + LANE * (1 - min(1.0, max(0.0, share)))
        path.append(f"V{y:.1f}H{WIDTH * min(1.0, (number + 1) * every / seconds):.0f}")
    path.append(f"V{top + LANE:g}Z")
    style = {"fill": ink, "fill-opacity": "0.3", "stroke": ink, "stroke-width": "1"}
    SubElement(svg, "path", {"d": "".join(path), **style})
    _text(svg, name, top + LANE / 2)


def _thinned(shares: Sequence[float], every: int) -> list[float]:
    """The largest of each stretch of seconds, so that nothing is lost that stands out."""
    clean = [share if share == share else 0.0 for share in shares]
    return [max(clean[at : at + every]) for at in range(0, len(clean), max(1, every))]


def _places(result: "Result") -> Iterator[tuple[int, int, int, str]]:
    """Row, place and width in pixels of events; of those on one place the first."""
    scale, taken, ends = WIDTH / max(result.length, 0.1), set(), [0.0] * ROWS
    for event in result.events:
        row = next((n for n, end in enumerate(ends) if end <= event.onset), ROWS - 1)
        ends[row] = max(ends[row], event.offset)
        x, width = round(event.onset * scale), round((event.offset - event.onset) * scale)
        if (row, x // 3) not in taken:
            taken.add((row, x // 3))
            yield row, x, max(2, width), event.label


def _block(svg: Element, top: float, x: int, width: int, label: str, hue: str) -> None:
    place = {"x": str(x), "y": f"{top:g}", "width": str(width), "height": str(BLOCK)}
    SubElement(svg, "rect", {**place, "fill": hue, "fill-opacity": "0.85"})
    fits = (width - 8) // 7
    if fits >= 3:
        text = SubElement(svg, "text", {"x": str(x + 4), "y": f"{top + 15:g}"})
        text.attrib |= {"font-size": "12", "fill": "#fff"}
        text.text = label if len(label) <= fits else label[: fits - 1] + "…"


def _line(svg: Element, threshold: float, bottom: float) -> None:
    y = f"{bottom - LANE * threshold:.1f}"
    ends = {"x1": "0", "x2": str(WIDTH), "y1": y, "y2": y}
    SubElement(svg, "line", {**ends, "stroke": "currentColor", "stroke-dasharray": "3 4"})


def _text(svg: Element, name: str, middle: float) -> None:
    place = {"x": "-6", "y": f"{middle + 4:g}", "text-anchor": "end"}
    SubElement(svg, "text", {**place, "font-size": "12", "fill": "currentColor"}).text = name


def _axis(svg: Element, seconds: float, y: float) -> None:
    step = next((step for step in STEPS if seconds / step <= 12), 14_400)
    for at in range(0, int(seconds) + 1, step):
        x = min(WIDTH - 14, max(10, WIDTH * at / seconds))
        minutes, rest = divmod(at, 60)
        place = {"x": f"{x:.1f}", "y": f"{y:g}", "text-anchor": "middle"}
        text = SubElement(svg, "text", {**place, "font-size": "11", "fill": "currentColor"})
        text.text = f"{minutes}:{rest:02d}"
