"""XML of CVAT, version 1.1: tracks of boxes and tags, by frames of the film."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from avel.pipeline.annotations.marks import Mark, Sheet
from avel.pipeline.annotations.xml import tree_of
from avel.pipeline.reasons import InputError

VERSION = "1.1"
WORKS = ("meta/task", "meta/job", "meta/project/tasks/task", "meta/project")
"""Where the file says what it is about."""
MOST_DIGITS = 12
"""Of a frame's number: more is none."""
Frames = tuple[int, int]


def annotations(path: Path, raw: bytes) -> list[Sheet]:
    """Sheets with times in frames, one of each film: a track lasts while it is not outside.

    A tag holds for its frame, and tags of one label on frames that follow are one.

    Raises:
        InputError: it is not CVAT's, of another version, or a frame is none.
    """
    root = tree_of(path, raw, "annotations")
    if (version := root.findtext("version")) != VERSION:
        raise InputError(
            f"{path}: version is {version!r}, expected {VERSION}; export it as 'CVAT for video 1.1'"
        )
    works = [work for place in WORKS for work in root.findall(place)]
    films = {work.findtext("id", ""): _film(root, work) for work in works}
    own = next(iter(films.values()), _film(root, root))
    found: dict[str, list[Mark]] = {own: []}
    for task, mark in _marks(path, root):
        found.setdefault(films.get(task, own), []).append(mark)
    who = next((name for work in works if (name := _name(work))), "")
    if len(found) > 1 and not found[own]:
        del found[own]  # of a project, which is no film
    return [Sheet(path, (f,) if f else (), tuple(marks), who) for f, marks in found.items()]


def _film(root: Element, work: Element) -> str:
    return (work.findtext("source") or root.findtext("meta/source") or "").strip()


def _name(work: Element) -> str:
    return (work.findtext("assignee/username") or work.findtext("assignee") or "").strip()


def _marks(path: Path, root: Element) -> Iterator[tuple[str, Mark]]:
    """Task and mark of every track, then of every run of tags."""
    for track in root.findall("track"):
        name, label = f"track {track.get('id', '?')}", track.get("label", "")
        for start, stop in _visible(path, name, track):
            yield track.get("task_id", ""), Mark(label, start, stop, name, frames=True)
    tags: dict[tuple[str, str], set[int]] = {}
    for task, label, frame in _tags(path, root):
        tags.setdefault((task, label), set()).add(frame)
    for (task, label), frames in tags.items():
        for start, stop in _runs(frames):
            yield task, Mark(label, start, stop, f"tag at frame {start}", frames=True)


def _visible(path: Path, name: str, track: Element) -> Iterator[Frames]:
    """From the first frame on which it is seen to the one on which it no longer is."""
    start = last = None
    shapes = sorted(
        (_number(path, name, shape.get("frame", "")), shape.get("outside") == "1")
        for shape in track
        if shape.get("frame") is not None
    )
    for frame, outside in shapes:
        if start is not None and outside:
            yield start, frame
            start = None
        elif start is None and not outside:
            start = frame
        last = frame
    if start is not None and last is not None:
        yield start, last + 1


def _tags(path: Path, root: Element) -> Iterator[tuple[str, str, int]]:
    """Task, label and frame: of the form for videos, and of the one for images."""
    for tag in root.findall("tag"):
        frame = _number(path, "a tag", tag.get("frame", ""))
        yield tag.get("task_id", ""), tag.get("label", ""), frame
    for image in root.findall("image"):
        frame = _number(path, "an image", image.get("id", ""))
        for tag in image.findall("tag"):
            yield image.get("task_id", ""), tag.get("label", ""), frame


def _runs(frames: Iterable[int]) -> Iterator[Frames]:
    start = last = None
    for frame in sorted(frames):
        if start is None or last is None or frame > last + 1:
            if start is not None and last is not None:
                yield start, last + 1
            start = frame
        last = frame
    if start is not None and last is not None:
        yield start, last + 1


def _number(path: Path, name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS:
        raise InputError(f"{path}: {name} is at frame {text!r:.40}, which is none; export it again")
    return int(text)
