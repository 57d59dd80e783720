"""One local file opened, and nothing else; what cannot be opened is said in words."""

import errno
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import InputContainer

from avel.pipeline.media.codecs import decoding_options, is_allowed
from avel.pipeline.media.regular import open_regular
from avel.pipeline.reasons import MediaError, Reason, unreadable

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,wav,w64,mp3,flac,"
    "aac,aiff,caf,ac3,eac3,dv,mxf,gxf,nut,rm,ivf,h264,hevc,m4v,wtv,swf,gif,amr,dts,au,yuv4mpegpipe"
)
"""Demuxers that read one local file. Playlists, concat lists and devices are not among them."""

av.logging.set_level(None)  # libav's log callback contends for the lock between threads


@contextmanager
def open_container(path: Path, codecs: Collection[str] = ()) -> Iterator[InputContainer]:
    """Open one local file, and nothing else: libav gets its bytes, and may open nothing itself.

    Args:
        path: The file.
        codecs: Decoders, by FFmpeg's names, that are allowed beside the usual ones.

    Raises:
        MediaError: MISSING_FILE, PERMISSION, UNAVAILABLE, EMPTY or DECODE_ERROR, saying what the
            file is.
    """
    with ExitStack() as opened:
        file = opened.enter_context(open_regular(path))
        try:
            head = file.read(64)
            file.seek(0)
            if not head:
                raise MediaError(Reason.EMPTY, f"{path}: the file has 0 bytes; copy it again")
            container = opened.enter_context(_opened(file, path.suffix, codecs))
        except (av.error.FFmpegError, ValueError) as err:
            raise MediaError(
                Reason.DECODE_ERROR, f"{path}: {_what_it_is(head)} ({_detail(err)})"
            ) from err
        except OSError as err:  # its bytes' own
            raise unreadable(path, err) from err
        yield container


def refused(container: InputContainer) -> list[str]:
    """Decoders that a file's pictures or sound would need, but that are not offered to it."""
    contexts = [s.codec_context for s in container.streams if s.type in ("video", "audio")]
    return sorted({c.name for c in contexts if c is not None and not is_allowed(c.name)})


def _opened(file: FileIO, suffix: str, codecs: Collection[str]) -> InputContainer:
    """The file's bytes as a container; libav looks at the name's suffix only."""
    file.name = f"media{suffix}" if suffix.isascii() and suffix.isprintable() else "media"
    return av.open(
        file,
        "r",
        options={
            "protocol_whitelist": "none",
            "format_whitelist": FORMATS,
            **decoding_options(codecs),
        },
        metadata_errors="replace",
        io_open=_refuse,
    )


def _refuse(url: str, *_: object) -> Any:
    raise PermissionError(errno.EACCES, "a media file names another file, which is not opened")


def _what_it_is(head: bytes) -> str:
    if head.startswith((b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml")):
        return "is a playlist or manifest; give the media file itself"
    if head[4:8] in (b"styp", b"sidx", b"moof", b"emsg", b"prft"):
        return (
            "is a segment of a DASH or HLS stream without its init part (the file with 'moov', "
            "often init.mp4); put that before it: cat init.mp4 segment.m4s > whole.mp4"
        )
    if head.startswith(b"\x1fC\xb6u"):
        return (
            "is a segment of a WebM stream without its init part (the file with the EBML head); "
            "put that before it: cat init.webm segment.webm > whole.webm"
        )
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return (
            "is an MP4 without a readable index: cut while it was written or copied; copy it again"
        )
    if all(byte in b"\t\r\n" or byte >= 32 for byte in head) and head.decode("utf-8", "ignore"):
        return "is text, not a video"
    return "is no container that avel reads; see `avel doctor` for the formats"


def _detail(err: Exception) -> str:
    return str(getattr(err, "strerror", None) or err).split(":")[0]
