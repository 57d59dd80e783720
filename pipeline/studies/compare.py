"""Two runs on the same videos: how they differ, how surely, in which classes and which videos."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.reasons import InputError
from avel.pipeline.studies.bootstrap import difference_interval
from avel.pipeline.studies.runs import decisions

SEGMENTS_OF_A_CHANGE = 1
"""Segments more or less right from which a video is listed."""


@dataclass(frozen=True)
class Change:
    """One video on which the runs are not equally right."""

    video_id: str
    label: str
    first: int
    second: int
    """Right segments of ten."""


@dataclass(frozen=True)
class Comparison:
    """What `compare` finds; accuracies in percent, differences in points, second minus first.

    Attributes:
        accuracies: Of both runs.
        interval: Ends of the difference's 95 % interval, paired bootstrap over videos.
        classes: Both accuracies on the segments annotated with a class (background last), and how
            many there are, by name.
        changes: Videos with more or fewer right segments, largest change first.
        videos: How many videos both have.
    """

    accuracies: tuple[float, float]
    interval: tuple[float, float]
    classes: dict[str, tuple[float, float, int]]
    changes: list[Change]
    videos: int

    @property
    def difference(self) -> float:
        """Second minus first, in points."""
        return self.accuracies[1] - self.accuracies[0]


def compare(first: Path, second: Path) -> Comparison:
    """Compare two runs' own decisions (N, T) on the test rows that both have.

    Raises:
        InputError: a folder has no decisions, or the runs share no row or have other classes.
    """
    a, b = decisions(first), decisions(second)
    if a["classes"].tolist() != b["classes"].tolist():
        raise InputError(f"{first} and {second} were evaluated on other classes")
    shared, at, bt = np.intersect1d(a["rows"], b["rows"], return_indices=True)
    if not len(shared):
        raise InputError(f"{first} and {second} share no test row; they are of other datasets")
    truth = a["truth"][at]
    if not np.array_equal(truth, b["truth"][bt]):
        raise InputError(f"{first} and {second} were evaluated against other labels")
    right = [(run["own"][rows] == truth) for run, rows in ((a, at), (b, bt))]
    means = [each.mean(1) for each in right]
    interval = difference_interval(means[1] - means[0])
    names = [*a["classes"].tolist(), "background"]
    return Comparison(
        (100 * float(right[0].mean()), 100 * float(right[1].mean())),
        (interval.low, interval.high),
        _by_class(truth, right, names),
        _changes(a["videos"][at], truth, right, names),
        len(shared),
    )


def _by_class(
    truth: NDArray[np.int64], right: list[NDArray[np.bool_]], names: list[str]
) -> dict[str, tuple[float, float, int]]:
    found = {}
    for index, name in enumerate(names):
        there = truth == index
        if there.any():
            first, second = (100 * float(each[there].mean()) for each in right)
            found[name] = first, second, int(there.sum())
    return found


def _changes(
    videos: NDArray[np.str_],
    truth: NDArray[np.int64],
    right: list[NDArray[np.bool_]],
    names: list[str],
) -> list[Change]:
    first, second = (each.sum(1) for each in right)
    background = len(names) - 1
    labels = np.where(truth == background, -1, truth).max(1)
    order = np.argsort(-np.abs(second - first), kind="stable")
    return [
        Change(str(videos[n]), names[labels[n]], int(first[n]), int(second[n]))
        for n in order
        if abs(int(second[n]) - int(first[n])) >= SEGMENTS_OF_A_CHANGE
    ]
