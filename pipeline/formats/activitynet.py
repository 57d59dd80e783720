"""Events as detections of ActivityNet's evaluation: all videos in one JSON object."""

import json

from avel.pipeline.formats.frames import exact
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.whole import readable


def member(entry: Entry) -> str:
    """`"name": [...]` with label, score in [0, 1] and segment in seconds of each event."""
    found = [
        {"label": e.label, "score": round(e.score, 6), "segment": [exact(e.onset), exact(e.offset)]}
        for e in entry.result.events
    ]
    name, events = (json.dumps(each, ensure_ascii=False) for each in (entry.name, found))
    return readable(f"    {name}: {events}")


ACTIVITYNET = Format(
    suffix=".activitynet.json",
    opens="ActivityNet's and OpenTAD's evaluation",
    times="1 µs",
    score="kept",
    label="as it is",
    overlap="as it is",
    body=member,
    head='{\n  "version": "VERSION 1.3",\n  "external_data": {},\n  "results": {\n',
    between=",\n",
    tail="\n  }\n}\n",
    together=True,
)
