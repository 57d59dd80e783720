"""Events as a dataset of FiftyOne, by seconds: it makes frames of them when it loads the videos."""

import json
from pathlib import Path

from avel.pipeline.formats.frames import exact
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.whole import readable


def member(entry: Entry) -> str:
    """`"path": [...]` with label, confidence in [0, 1] and timestamps in seconds of each event."""
    found = [
        {
            "label": e.label,
            "timestamps": [exact(e.onset), exact(e.offset)],
            "confidence": round(e.score, 6),
        }
        for e in entry.result.events
    ]
    path = str(Path(entry.result.file).absolute())
    name, events = (json.dumps(each, ensure_ascii=False) for each in (path, found))
    return readable(f"    {name}: {events}")


FIFTYONE = Format(
    suffix=".fiftyone.json",
    opens="FiftyOne (`FiftyOneTemporalDetectionDataset`, as `labels_path`)",
    times="1 µs, 1 frame once loaded",
    score="kept",
    label="as it is",
    overlap="as it is",
    body=member,
    head='{\n  "labels": {\n',
    between=",\n",
    tail="\n  }\n}\n",
    together=True,
)
