"""Events as guides of Kdenlive: one where something begins or ends.

It keeps one guide a frame, so that all that happens there stands in its comment.
"""

import json

from avel.pipeline.formats.frames import editing_cautions, editing_rate
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import span
from avel.pipeline.formats.whole import readable

BEGINS, ENDS = 0, 1
"""Categories, which are colours: purple and blue unless the project says otherwise."""


def guides(entry: Entry) -> str:
    """The whole file; positions in frames."""
    rate = editing_rate(entry)
    begins: dict[int, list[str]] = {}
    ends: dict[int, list[str]] = {}
    for event in entry.result.events:
        onset, offset = span(event, rate)
        label = one_line(event.label)
        begins.setdefault(onset, []).append(f"{label} {event.score:.4f}")
        ends.setdefault(offset, []).append(f"end of {label}")
    listed = [
        {
            "pos": frame,
            "comment": " / ".join([*begins.get(frame, []), *ends.get(frame, [])]),
            "type": BEGINS if frame in begins else ENDS,
        }
        for frame in sorted({*begins, *ends})
    ]
    return readable(json.dumps(listed, indent=2, ensure_ascii=False)) + "\n"


KDENLIVE = Format(
    suffix=".kdenlive.json",
    opens="Kdenlive (Guides, Import; the project's rate must be the video's)",
    times="1 frame",
    score="kept, behind the label",
    label="one line",
    overlap="as it is: a guide where one begins, one where it ends",
    body=guides,
    counts_frames=True,
    cautions=editing_cautions,
)
