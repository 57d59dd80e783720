"""What a server is told when it starts: its folder, its model, and what it takes at most."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from avel.pipeline.reasons import InputError

GIB = 1 << 30
HANDS = "avel.pipeline.server.hands:Hands"
"""What localizes and teaches, as module:name; a test puts another in its place."""


@dataclass(frozen=True)
class Limits:
    """What is taken at most; each is a clear answer of its own.

    Attributes:
        file_bytes: Of one file.
        film_seconds: Of one film.
        films: On the disk, those that are on their way included.
        disk_bytes: Of all films together.
        free_bytes: That stay free on the disk.
        uploads: Bodies that are read at once.
        requests: A minute, of one address.
        queue: Jobs that wait or run.
        listeners: Connections that hear of changes.
        body_seconds: For each 256 KiB of a body.
        json_bytes: Of a body of JSON.
    """

    file_bytes: int = 4 * GIB
    film_seconds: float = 4 * 3600.0
    films: int = 1_000
    disk_bytes: int = 100 * GIB
    free_bytes: int = 2 * GIB
    uploads: int = 8
    requests: int = 1_200
    queue: int = 1_000
    listeners: int = 32
    body_seconds: float = 30.0
    json_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value <= 0 and name != "free_bytes":
                raise InputError(f"{name} ({value}) must be greater than 0")


@dataclass(frozen=True)
class Settings:
    """All that a server and its workers are told.

    Attributes:
        folder: Of everything that it keeps.
        cache_dir: Of features and scores.
        model: By which films are localized until one is taught: a name, or a path.
        devices: Of the workers, one each.
        keep_days: After which a film that nobody corrected is deleted; 0: never.
        limits: What is taken at most.
        weights: Files of the everyday model's encoder; none to look where weights are kept.
        hands: What localizes and teaches, as module:name.
    """

    folder: Path
    cache_dir: Path
    model: str = "everyday"
    devices: tuple[str, ...] = ("auto",)
    keep_days: float = 30.0
    limits: Limits = field(default_factory=Limits)
    weights: tuple[str, ...] = ()
    hands: str = HANDS

    def as_json(self) -> dict[str, Any]:
        """For a worker's command line; limits in bytes and seconds."""
        plain = asdict(self)
        return {**plain, "folder": str(self.folder), "cache_dir": str(self.cache_dir)}

    @staticmethod
    def of_json(said: dict[str, Any]) -> "Settings":
        """What `as_json` gave, limits in bytes and seconds."""
        paths = {name: Path(said[name]) for name in ("folder", "cache_dir")}
        lists = {name: tuple(said[name]) for name in ("devices", "weights")}
        return Settings(**{**said, **paths, **lists, "limits": Limits(**said["limits"])})
