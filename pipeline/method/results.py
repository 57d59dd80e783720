"""Results as data: one versioned JSON document per video, and a CSV of all events.

The schema is `docs/results.md`; a field changes its meaning only with the schema's number.
"""

import csv
import io
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from avel.pipeline.method.events import Disagreement, Event

SCHEMA = "avel.result/1"


@dataclass(frozen=True)
class Result:
    """What is known of one file.

    Attributes:
        file: Path as it was given.
        status: `ok`, `partial` (a reason, but results) or `failed` (a reason, no results).
        reasons: Reason codes, empty when ok.
        message: Why it failed, for people; empty otherwise.
        duration: Seconds; 0 when failed.
        segments: Number T of one-second segments.
        events: Audio-visual events in time order.
        disagreements: Labels that were heard but not seen, or seen but not heard (open
            vocabulary only).
        notes: What a reader must know to take the events rightly.
        model: Name, fingerprint and what the weights know.
        decoder: Name and threshold.
        relevance: Probability per segment that it holds some event.
        top_classes: Per segment the most likely class if it held an event, and its probability.
        in_domain: Share of segments whose features resemble the training's; None if unknown.
    """

    file: str
    status: str
    reasons: tuple[str, ...] = ()
    message: str = ""
    duration: float = 0.0
    segments: int = 0
    events: tuple[Event, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    notes: tuple[str, ...] = ()
    model: dict[str, str] = field(default_factory=dict)
    decoder: dict[str, Any] = field(default_factory=dict)
    relevance: tuple[float, ...] = ()
    top_classes: tuple[tuple[str, float], ...] = ()
    in_domain: float | None = None
    cached: bool = False

    def document(self) -> dict[str, Any]:
        """The JSON document, its schema first."""
        document: dict[str, Any] = {"schema": SCHEMA, **asdict(self)}
        del document["cached"]  # how it came about, not what it says
        return _rounded(document)  # type: ignore[no-any-return]


def _rounded(value: Any) -> Any:
    """Floats to six places, so that equal results are equal text; NaN cannot be JSON."""
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value


def to_json(results: Sequence[Result]) -> str:
    """One JSON array of documents."""
    return json.dumps([result.document() for result in results], indent=2, ensure_ascii=False)


def to_csv(results: Sequence[Result]) -> str:
    """One line per event: file, onset, offset, label, score."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "onset", "offset", "label", "score"])
    for result in results:
        for event in result.events:
            row = [
                result.file,
                f"{event.onset:g}",
                f"{event.offset:g}",
                event.label,
                f"{event.score:.4f}",
            ]
            writer.writerow(row)
    return text.getvalue()


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.write_text(text, "utf-8")
    os.replace(temporary, path)


def result_names(files: Sequence[str]) -> list[str]:
    """A file name for each result, the video's own where no other has it too."""
    stems = [Path(file).name for file in files]
    names, used = [], set()
    for number, stem in enumerate(stems):
        name = stem if stems.count(stem) == 1 else f"{number:04d}-{stem}"
        while name in used:
            name = f"{number:04d}-{name}"
        used.add(name)
        names.append(name)
    return names
