"""Exports of Label Studio: regions of sound, timelines, boxes and choices on films."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from avel.pipeline.annotations.marks import END, Mark, Sheet
from avel.pipeline.media.suffixes import MEDIA_SUFFIXES, suffix
from avel.pipeline.reasons import InputError

FIELDS = ("video", "video_url", "audio", "url")
"""Names that a task's film usually has, the surest first; others are looked at after them."""
UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""
LABELS = ("labels", "timelinelabels", "videolabels")
MINIMAL = frozenset({"annotation_id", "lead_time", "annotator"})
Object = Mapping[str, Any]


def tasks(path: Path, given: Any) -> list[Sheet]:
    """Sheets of the export JSON or JSON_MIN, one of each task and annotator.

    Times are seconds, or frames on timelines. Predictions are nobody's word: they are taken where
    the file holds nothing else, as our own export does.

    Raises:
        InputError: it is neither form, or a region's times are none.
    """
    if not isinstance(given, list) or not all(isinstance(task, dict) for task in given):
        raise InputError(f"{path}: is no list of tasks; export it from Label Studio as JSON")
    if not any("data" in task for task in given):
        return [_minimal(path, at, task) for at, task in enumerate(given, 1)]
    annotated = any("annotations" in task or "completions" in task for task in given)
    return [sheet for at, task in enumerate(given, 1) for sheet in _task(path, at, task, annotated)]


def is_one(given: Any) -> bool:
    """Whether a document of JSON is a list of tasks."""
    first = given[0] if isinstance(given, list) and given else None
    return isinstance(first, dict) and ("data" in first or bool(MINIMAL & first.keys()))


def _task(path: Path, at: int, task: Object, annotated: bool) -> Iterator[Sheet]:
    films, name = _films(task.get("data")), f"task {task.get('id', at)}"
    said = (
        task.get("annotations", task.get("completions")) if annotated else task.get("predictions")
    )
    kept = [each for each in _objects(said) if not each.get("was_cancelled")]
    meta = task.get("meta")
    if not kept or (isinstance(meta, dict) and meta.get("status") == "failed"):
        why = f"{path}, {name}: nobody has annotated it; it is left out"
        yield Sheet(path, films, (), notes=(why,), void=True)
        return
    for each in kept:
        who = _who(each.get("completed_by")) if annotated else ""
        items = _objects(each.get("result"))
        regions = [(i["value"], str(i.get("type", ""))) for i in items if i.get("value")]
        yield _sheet(path, films, who, name, regions)


def _objects(given: Any) -> list[Object]:
    """Those of a list; of anything else none."""
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _minimal(path: Path, at: int, task: Object) -> Sheet:
    """Each field of a task that is a list holds regions."""
    regions = [
        (value, "")
        for values in task.values()
        for value in (values if isinstance(values, list) else [values])
        if isinstance(value, dict)
    ]
    name = f"task {task.get('id', at)}"
    return _sheet(path, _films(task), _who(task.get("annotator")), name, regions)


def _sheet(
    path: Path, films: tuple[str, ...], who: str, name: str, regions: Sequence[tuple[Object, str]]
) -> Sheet:
    marks, left = [], dict[str, int]()
    for number, (value, kind) in enumerate(regions, 1):
        place = f"{name}, region {number}"
        try:
            found = _marks(value, place)
        except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as err:
            raise InputError(f"{path}, {place}: cannot be read ({err}); export it again") from err
        if found is None:
            left[kind or "region"] = left.get(kind or "region", 0) + 1
        marks += found or []
    notes = tuple(
        f"{path}, {name}: {count} of type {kind!r} say no label with a time; they are left out"
        for kind, count in left.items()
    )
    return Sheet(path, films, tuple(marks), who, notes)


def _marks(value: Any, place: str) -> list[Mark] | None:
    """What a region says; None where it is of a kind that marks no time."""
    if not isinstance(value, dict):
        return None
    if "choices" in value:
        return [Mark(label, 0.0, END, place) for label in _labels(value["choices"])]
    labels = next((_labels(value[name]) for name in LABELS if name in value), [""])
    if "ranges" in value:
        # the first frame is number 1, and the last one is in it
        spans = [(_time(r["start"]) - 1, _time(r["end"]), True) for r in value["ranges"]]
    elif "sequence" in value:
        spans = list(_lifespans(value))
    elif "start" in value and "end" in value and "startOffset" not in value:
        spans = [(_time(value["start"]), _time(value["end"]), False)]
    else:
        return None
    return [Mark(label, on, off, place, frames) for on, off, frames in spans for label in labels]


def _time(given: Any) -> float:
    value = float(given)
    if not isfinite(value):
        raise ValueError(f"time ({given!r:.40}) must be a finite number")
    return value


def _labels(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else [str(each) for each in given] or [""]


def _lifespans(value: Object) -> Iterator[tuple[float, float, bool]]:
    """While a box is there: from a keyframe to the one that ends it, else to the film's end."""
    frames = sorted(value["sequence"], key=lambda key: int(key["frame"]))
    count, seconds = value.get("framesCount"), value.get("duration")
    rate = _time(count) / _time(seconds) if count and seconds else None

    def at(frame: int) -> float:
        return frame / rate if rate else float(frame)

    start = None
    for key in frames:
        if start is None:
            start = int(key["frame"]) - 1
        if not key.get("enabled", True):
            yield at(start), at(int(key["frame"])), rate is None
            start = None
    if start is not None:
        yield at(start), END, rate is None


def _who(given: Any) -> str:
    """An annotator's name or address; of a number alone, the number."""
    if isinstance(given, dict):
        given = given.get("email") or given.get("username") or given.get("id")
    return "" if given is None else f"annotator {given}" if isinstance(given, int) else str(given)


def _films(data: Any) -> tuple[str, ...]:
    """Names of a task's film: its own path, or that in an address of Label Studio."""
    fields = data if isinstance(data, dict) else {}
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    order = sorted(texts, key=lambda name: FIELDS.index(name) if name in FIELDS else len(FIELDS))
    given = [texts[name] for name in order if name in FIELDS or _is_media(texts[name])]
    return tuple(dict.fromkeys(name for each in given for name in _names(each)))


def _is_media(text: str) -> bool:
    return suffix(_names(text)[0].rpartition("/")[2]) in MEDIA_SUFFIXES


def _names(given: str) -> list[str]:
    """`/data/local-files/?d=clips/a.mp4` and `/data/upload/1/0a1b2c3d-a.mp4` are both a film."""
    if not given.startswith("/data/") and "://" not in given:
        return [given]
    local = parse_qs(given.partition("?")[2]).get("d")
    whole = local[0] if local else given.partition("?")[0]
    folder, slash, name = whole.rpartition("/")
    plain = UPLOADED.sub("", name)
    return [whole] if plain == name else [whole, f"{folder}{slash}{plain}"]
