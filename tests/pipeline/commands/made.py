"""Results that were made earlier, for commands that go on from them."""

import json
from pathlib import Path

from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.media.pieces import film


def made(folder: Path, file: str = "f.mkv") -> Path:
    """A film of three seconds, and a result beside it whose path is of there."""
    film(folder / "f.mkv", 3.0)
    events = (Event(0.0, 1.0, "Bark", 0.9), Event(1.5, 3.0, "Bell", 0.4))
    result = Result(file, "ok", duration=3.0, segments=3, events=events)
    path = folder / "f.mkv.json"
    path.write_text(json.dumps(result.document()))
    return path


def failed(folder: Path) -> Path:
    result = Result("gone.mp4", "failed", ("MISSING_FILE",), message="gone.mp4: is not a file")
    path = folder / "gone.mp4.json"
    path.write_text(json.dumps(result.document()))
    return path
