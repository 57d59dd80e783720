"""Ten kinds of files that are no film, made of one that is."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import av

from avel.pipeline.reasons import Reason

LOCKED = {
    "encryption_scheme": "cenc-aes-ctr",
    "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
    "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
}


def spoil(folder: Path, good: Path) -> dict[Path, Reason]:
    """Make one file of each kind from an MP4 of H.264 and AAC; why each fails, by its path."""
    found = {}
    for name, (make, reason) in KINDS.items():
        path = folder / f"{name}.mp4"
        make(path, good)
        found[path] = reason
    return found


def empty(path: Path, good: Path) -> None:
    path.touch()


def zeros(path: Path, good: Path) -> None:
    path.write_bytes(bytes(100_000))


def text(path: Path, good: Path) -> None:
    path.write_text("<html><body>404 Not Found</body></html>\n" * 20)


def cut(path: Path, good: Path) -> None:
    """Without its end, where its index is."""
    data = good.read_bytes()
    path.write_bytes(data[: data.rindex(b"moov") - 100])


def noise(path: Path, good: Path) -> None:
    """Its first box, and then anything."""
    path.write_bytes(good.read_bytes()[:32] + random.Random(0).randbytes(100_000))


def codec(path: Path, good: Path) -> None:
    """Sound alone, by a codec that nobody knows."""
    with av.open(str(good)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    path.write_bytes(path.read_bytes().replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz"))


def locked(path: Path, good: Path) -> None:
    with av.open(str(good)) as source, av.open(str(path), "w", options=LOCKED) as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)


def pipe(path: Path, good: Path) -> None:
    """Whoever opened it would wait for ever."""
    os.mkfifo(path)


def directory(path: Path, good: Path) -> None:
    path.mkdir()


def link(path: Path, good: Path) -> None:
    """To what is not there."""
    path.symlink_to("gone")


KINDS: dict[str, tuple[Callable[[Path, Path], None], Reason]] = {
    "empty": (empty, Reason.EMPTY),
    "zeros": (zeros, Reason.DECODE_ERROR),
    "text": (text, Reason.DECODE_ERROR),
    "cut": (cut, Reason.DECODE_ERROR),
    "noise": (noise, Reason.DECODE_ERROR),
    "codec": (codec, Reason.UNSUPPORTED_CODEC),
    "locked": (locked, Reason.ENCRYPTED),
    "pipe": (pipe, Reason.MISSING_FILE),
    "directory": (directory, Reason.MISSING_FILE),
    "link": (link, Reason.MISSING_FILE),
}
"""By the names of their files."""
