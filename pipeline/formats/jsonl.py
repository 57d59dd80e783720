"""Results as JSON lines: the whole document of each video on a line."""

import json

from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.whole import readable


def line(entry: Entry) -> str:
    """The JSON object of one result on one line, times in seconds."""
    return readable(json.dumps(entry.result.document(), ensure_ascii=False)) + "\n"


JSONL = Format(
    suffix=".jsonl",
    opens="jq, pandas, `avel report`",
    times="1 µs",
    score="kept",
    label="as it is",
    overlap="as it is",
    body=line,
    together=True,
)
