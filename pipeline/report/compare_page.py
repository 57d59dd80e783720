"""The page of two runs side by side: how they differ, how surely, in which classes and videos."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.formats.whole import write_whole
from avel.pipeline.report.differences import Axis, Shown, axis, shown, strip
from avel.pipeline.report.template import Assets, render
from avel.pipeline.studies.bootstrap import Difference
from avel.pipeline.studies.compare import Comparison

NAME = "compare.html"
STYLES, SCRIPTS = ("style.css", "run.css"), ("data.js", "still.js")
MOST_CHANGES = 60


@dataclass(frozen=True)
class Row:
    """A class: its difference as a bar from the middle, in percent, and in words."""

    name: str
    begin: float
    width: float
    better: bool
    said: str
    count: int


def write_compare_page(folder: Path, found: Comparison, names: tuple[str, str]) -> Path:
    """Write the page into a folder; its path.

    Raises:
        EnvironmentProblem: the folder cannot be written.
    """
    write_whole(folder / NAME, compare_page(found, names))
    return folder / NAME


def compare_page(found: Comparison, names: tuple[str, str]) -> str:
    """The page as text; accuracies in percent, differences in points."""
    assets, over = Assets(STYLES, SCRIPTS), axis(found.interval)
    rows = list(_rows(found))
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
        row=_whole(found, over),
        zero=over.at(0),
        ticks=over.marks,
        rows=rows,
        alike=sum(count > 0 for _, _, count in found.classes.values()) - len(rows),
        changes=found.changes[:MOST_CHANGES],
        left_out=max(0, len(found.changes) - MOST_CHANGES),
        style=assets.style,
        script=assets.script,
        policy=assets.policy(),
    )


def _whole(found: Comparison, over: Axis) -> Shown:
    """The difference of all videos; those that are not among the changes are alike."""
    whole = Difference(found.difference, *found.interval)
    changes = [10.0 * (change.second - change.first) for change in found.changes]
    alike = [0.0] * max(0, found.videos - len(changes))
    return shown("", whole, over, strip([*changes, *alike]))


def _verdict(found: Comparison, names: tuple[str, str]) -> str:
    low, high = found.interval
    if low > 0 or high < 0:
        better = names[1] if low > 0 else names[0]
        return f"{better} is better: the 95 % interval of the difference does not reach 0."
    return "They may be equally good: the 95 % interval of the difference reaches over 0."


def _rows(found: Comparison) -> Iterator[Row]:
    """Classes that are not alike, the largest gain of the second first."""
    order = sorted(found.classes.items(), key=lambda item: item[1][0] - item[1][1])
    known = [item for item in order if item[1][2] and item[1][0] != item[1][1]]
    most = max((abs(second - first) for _, (first, second, _) in known), default=1.0)
    for name, (first, second, count) in known:
        change = 50 * (second - first) / most
        said = f"{first:.0f} → {second:.0f} %"
        yield Row(name, 50 + min(0.0, change), abs(change), change > 0, said, count)
