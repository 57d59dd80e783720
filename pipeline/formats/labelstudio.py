"""Events as predictions of Label Studio, on the sound, whose regions are seconds.

`timelinelabels` on the picture would be numbers of frames, which are wrong at a variable rate.
"""

import json
from typing import Any

from avel.pipeline.formats.frames import exact
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.whole import readable
from avel.pipeline.method.events import Event

LABELS, SOUND, VIDEO = "label", "audio", "video"
"""Names that the project's labelling interface must have; `docs/formats.md` shows one."""


def task(entry: Entry) -> str:
    """One task with its prediction; times in seconds, scores in [0, 1]."""
    result = entry.result
    length = exact(result.duration) if result.duration == result.duration else None
    events = result.events
    whole = {
        "data": {VIDEO: result.file},
        "meta": {"status": result.status, "notes": list(result.notes)},
        "predictions": [
            {
                "model_version": result.model.get("name", "avel"),
                "score": round(max((e.score for e in events), default=0.0), 6),
                "result": [_region(number, e, length) for number, e in enumerate(events, 1)],
            }
        ],
    }
    return readable("  " + json.dumps(whole, ensure_ascii=False))


def _region(number: int, event: Event, length: float | None) -> dict[str, Any]:
    return {
        "id": f"event{number}",
        "type": "labels",
        "from_name": LABELS,
        "to_name": SOUND,
        "original_length": length,
        "score": round(event.score, 6),
        "value": {
            "start": exact(event.onset),
            "end": exact(event.offset),
            "channel": 0,
            "labels": [event.label],
        },
    }


LABELSTUDIO = Format(
    suffix=".labelstudio.json",
    opens="Label Studio (import into a project with the interface below)",
    times="1 µs",
    score="kept",
    label="as it is",
    overlap="as it is",
    body=task,
    head="[\n",
    between=",\n",
    tail="\n]\n",
    together=True,
)
