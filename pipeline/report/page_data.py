"""What the script of a page draws, as JSON: rows, seconds, pictures, sound."""

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.datasets.truth import Spans
from avel.pipeline.method.results import Result
from avel.pipeline.report.preview import Preview
from avel.pipeline.report.words import why

Row = tuple[float, float, int, float | None, str, str]
"""Onset, offset in seconds, number of the label, score, why, kind."""


class Labels(dict[str, int]):
    """Numbers of labels, given as they come."""

    def __missing__(self, label: str) -> int:
        self[label] = len(self)
        return self[label]


def page_data(
    result: Result,
    truth: Spans | None,
    shown: Preview,
    attention: NDArray[np.float32] | None,
    *,
    crop: bool = True,
) -> dict[str, Any]:
    """All that the script needs.

    Args:
        result: Of one film.
        truth: Annotated events in seconds; None where they are not known.
        shown: Pictures and sound of the film.
        attention: Where the model looks (T, P), P a square; None where it looks at no place.
        crop: Whether it looks at the middle square alone, not at the whole picture.
    """
    labels = Labels()
    found = [_row(labels, e.onset, e.offset, e.label, e.score, why(e)) for e in result.events]
    alone = [
        _row(labels, d.onset, d.offset, d.label, d.score or None, d.words, d.kind)
        for d in result.disagreements
    ]
    annotated = None if truth is None else _truth(labels, truth)
    sounds = [_row(labels, s.onset, s.offset, s.label, s.score) for s in result.sounds]
    tracks = {"heard": result.heard, "seen": result.seen, "both": _both(result)}
    return {
        "name": Path(result.file).name,
        "file": result.file,
        "duration": round(max(result.length, 0.1), 6),
        "threshold": result.decoder.get("threshold"),
        "found": found,
        "alone": alone,
        "sounds": sounds,
        "truth": annotated,
        **{name: _track(labels, each) for name, each in tracks.items()},
        "peaks": base64_of(shown.peaks),
        "mel": shown.spectrum(),
        "pictures": shown.sheet(),
        "attention": _attention(attention, crop),
        "labels": list(labels),
    }


def as_json(data: dict[str, Any]) -> str:
    """JSON that no text in it can end: it stands in a script element."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    escaped = {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
    return text.translate({ord(character): code for character, code in escaped.items()})


def base64_of(values: NDArray[np.generic] | None) -> str:
    """The bytes of an array, or nothing."""
    return "" if values is None else base64.b64encode(values.tobytes()).decode()


def _row(
    labels: Labels,
    onset: float,
    offset: float,
    label: str,
    score: float | None,
    because: str = "",
    kind: str = "",
) -> Row:
    shown = None if score is None or not np.isfinite(score) else round(score, 4)
    return round(onset, 6), round(offset, 6), labels[label], shown, because, kind


def _truth(labels: Labels, truth: Spans) -> list[Row]:
    by_time = sorted(truth, key=lambda span: span[1])
    return [_row(labels, onset, offset, label, None) for label, onset, offset in by_time]


def _both(result: Result) -> list[tuple[str, float]]:
    pairs = zip(result.top_classes, result.relevance, strict=False)
    return [(label, relevance) for (label, _), relevance in pairs]


def _track(labels: Labels, named: Iterable[tuple[str, float]]) -> dict[str, str] | None:
    pairs = list(named)
    if not pairs:
        return None
    share = np.nan_to_num(np.array([value for _, value in pairs]), posinf=1.0)
    values = (np.clip(share, 0, 1) * 255).round().astype(np.uint8)
    numbers = np.array([labels[label] for label, _ in pairs], "<u2")
    return {"values": base64_of(values), "labels": base64_of(numbers)}


def _attention(attention: NDArray[np.float32] | None, crop: bool) -> dict[str, Any] | None:
    """Weights from 0, where it looks least in a second, to 255."""
    if attention is None or not attention.size:
        return None
    low = attention.min(1, keepdims=True)
    grid = (attention - low) / np.maximum(1e-9, np.ptp(attention, 1, keepdims=True))
    weights = np.rint(grid * 255).astype(np.uint8)
    return {"side": round(attention.shape[1] ** 0.5), "crop": crop, "weights": base64_of(weights)}
