"""What was annotated in a video, to show beside what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Spans = Sequence[tuple[str, float, float]]
"""Events of one video as label, onset and offset, in seconds."""


@dataclass(frozen=True)
class Truth:
    """Annotated events by video id."""

    events: Mapping[str, Spans]

    def of(self, path: str) -> Spans | None:
        """Events of the file's video, in seconds; None where the dataset does not have it."""
        return self.events.get(Path(path).stem)


def read_truth(folder: Path | None) -> Truth:
    """Annotated events, in seconds, of an AVE-shaped folder; of nothing where none is given.

    Raises:
        InputError: the folder is not AVE-shaped, or a table in it is wrong.
    """
    if folder is None:
        return Truth({})
    from avel.pipeline.datasets.ave import open_ave  # slow: loads h5py

    data = open_ave(folder)
    events: dict[str, list[tuple[str, float, float]]] = {}
    for row in data.rows:
        events.setdefault(row.video_id, []).append((data.classes[row.label], row.start, row.end))
    return Truth(events)
