"""The page of two runs side by side: how they differ, how surely, in which classes and videos."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.formats.whole import write_whole
from avel.pipeline.report.template import Assets, render
from avel.pipeline.studies.compare import Comparison

NAME = "compare.html"
STYLES, SCRIPTS = ("style.css", "run.css"), ("data.js", "still.js")
HALF, ROW = 160, 20
"""Of the difference's axis on either side, and height of a class, in pixels."""
MOST_CHANGES = 60


@dataclass(frozen=True)
class Row:
    """A class: its difference as a bar from the middle, in pixels, and in words."""

    name: str
    y: int
    x: float
    width: float
    better: bool
    said: str


def write_compare_page(folder: Path, found: Comparison, names: tuple[str, str]) -> Path:
    """Write the page into a folder; its path.

    Raises:
        EnvironmentProblem: the folder cannot be written.
    """
    write_whole(folder / NAME, compare_page(found, names))
    return folder / NAME


def compare_page(found: Comparison, names: tuple[str, str]) -> str:
    """The page as text; accuracies in percent, differences in points."""
    assets = Assets(STYLES, SCRIPTS)
    low, high = found.interval
    widest = max(1.0, abs(low), abs(high)) * 1.15
    scale = HALF / widest
    return render(
        "compare.html.j2",
        title=f"{names[0]} and {names[1]}",
        names=names,
        facts=[
            (names[0], f"{found.accuracies[0]:.1f} %"),
            (names[1], f"{found.accuracies[1]:.1f} %"),
            ("difference", f"{found.difference:+.1f} points"),
            ("videos", str(found.videos)),
        ],
        verdict=_verdict(found, names),
        interval=(low * scale, high * scale, found.difference * scale),
        ends=(f"{low:+.1f}", f"{high:+.1f}"),
        rows=list(_rows(found)),
        changes=found.changes[:MOST_CHANGES],
        left_out=max(0, len(found.changes) - MOST_CHANGES),
        style=assets.style,
        script=assets.script,
        policy=assets.policy(),
    )


def _verdict(found: Comparison, names: tuple[str, str]) -> str:
    low, high = found.interval
    if low > 0 or high < 0:
        better = names[1] if low > 0 else names[0]
        return f"{better} is better: the 95 % interval of the difference does not reach 0."
    return "They may be equally good: the 95 % interval of the difference reaches over 0."


def _rows(found: Comparison) -> Iterator[Row]:
    """Classes by their difference, the largest gain of the second first."""
    order = sorted(found.classes.items(), key=lambda item: item[1][0] - item[1][1])
    known = [item for item in order if item[1][2]]
    most = max((abs(second - first) for _, (first, second, _) in known), default=0.0) or 1.0
    for number, (name, (first, second, count)) in enumerate(known):
        change = second - first
        width = HALF * abs(change) / most
        said = f"{first:.0f} → {second:.0f} % of {count}"
        yield Row(name, number * ROW, min(0.0, change) * HALF / most, width, change > 0, said)
