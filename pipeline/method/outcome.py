"""What became of one file."""

from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.reasons import Reason


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its key where it has features, else a reason."""

    path: Path
    key: str | None
    cached: bool = False
    cells: int = 0
    reason: Reason | None = None
    message: str = ""
