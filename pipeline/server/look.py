"""What an uploaded file is, asked of a process that may die of it."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from avel.pipeline.media.apart import Apart
from avel.pipeline.media.footage import Kind
from avel.pipeline.media.look import kind_of
from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.report.player import unplayable
from avel.pipeline.server.problem import Problem
from avel.pipeline.server.videos import Looked

QUIET_SECONDS = 20.0
"""For which the process may be silent over one file."""
SUFFIXES = {
    "mov": ".mp4",
    "matroska": ".mkv",
    "avi": ".avi",
    "mpegts": ".ts",
    "mpeg": ".mpg",
    "flv": ".flv",
    "asf": ".wmv",
    "ogg": ".ogv",
    "wav": ".wav",
    "mp3": ".mp3",
    "flac": ".flac",
    "aac": ".aac",
}
"""Of files here, by the first name that libav has for the container."""
KINDS = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".ts": "video/mp2t",
    ".mpg": "video/mpeg",
    ".flv": "video/x-flv",
    ".wmv": "video/x-ms-wmv",
    ".ogv": "video/ogg",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".aac": "audio/aac",
}
"""What a browser is told, which never comes from a file's name."""
WEB_VIDEO = {"vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}
WEB_SOUND = {"", "opus", "libopus", "vorbis", "libvorbis"}


class Looker:
    """Looks at files, one at a time; threads may share it.

    Args:
        most_seconds: Of a film.
        quiet_seconds: For which its process may be silent.
    """

    def __init__(self, most_seconds: float, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._most, self._apart = most_seconds, Apart(quiet_seconds)
        self._thread = ThreadPoolExecutor(1, "look")  # the process ends with who started it

    def look(self, path: Path, name: str) -> Looked:
        """What a file is, its length in seconds.

        Args:
            path: The file.
            name: It was given with, for messages.

        Raises:
            Problem: it cannot be read, or is too long.
        """
        return self._thread.submit(self._look, path, name).result()

    def _look(self, path: Path, name: str) -> Looked:
        try:
            seconds = self._seconds(path)
        except MediaError as err:
            said = err.message.replace(str(path), name)
            raise Problem(422, str(err.reason), f"{said}; give another film") from err
        if seconds > self._most:
            raise Problem(
                422,
                "TOO_LONG",
                f"{name}: says that it lasts {seconds:.0f} s; at most {self._most:.0f} s are "
                "taken: cut it, or raise --film-seconds",
            )
        return _looked(seconds, self._kind(path))

    def _seconds(self, path: Path) -> float:
        said = self._apart.ask("probe", path)
        try:
            return max(0.0, float(Fraction(str(said["duration"]))))
        except (KeyError, ValueError, ZeroDivisionError) as err:
            raise MediaError(Reason.DECODE_ERROR, f"{path}: its length makes no sense") from err

    def _kind(self, path: Path) -> Kind | None:
        try:
            return kind_of(self._apart, path)
        except MediaError:
            return None  # its job will say why

    def close(self) -> None:
        """End the process."""
        self._thread.submit(self._apart.end).result()
        self._thread.shutdown()


def _looked(seconds: float, kind: Kind | None) -> Looked:
    if kind is None:
        return Looked(seconds, cannot="this file")
    suffix = SUFFIXES.get(kind.container.split(",")[0], "")
    if suffix == ".mkv" and kind.video in WEB_VIDEO and kind.audio in WEB_SOUND:
        suffix = ".webm"
    cannot = unplayable(Path(f"media{suffix}"), kind)
    return Looked(seconds, suffix, KINDS.get(suffix, "application/octet-stream"), cannot)
