"""Events as a label track of Audacity."""

from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import decimal


def labels(entry: Entry) -> str:
    """One line per event: onset, offset in seconds, and label, with a tab between."""
    return "".join(
        f"{decimal(e.onset, 6)}\t{decimal(e.offset, 6)}\t{one_line(e.label)}\n"
        for e in entry.result.events
    )


AUDACITY = Format(
    suffix=".audacity.txt",
    opens="Audacity (File, Import, Labels)",
    times="1 µs",
    score="lost",
    label="one line",
    overlap="as it is",
    body=labels,
)
