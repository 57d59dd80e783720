"""One local file opened, and nothing else; what cannot be opened is said in words."""

import errno
import os
from pathlib import Path

import av
import av.error
from av.container import InputContainer

from avel.pipeline.reasons import MediaError, Reason, unreadable

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,wav,w64,mp3,flac,"
    "aac,aiff,caf,ac3,eac3,dv,mxf,gxf,nut,rm,ivf,h264,hevc,m4v,wtv,swf,gif,amr,dts,au,yuv4mpegpipe"
)
"""Demuxers that read one local file. Playlists, concat lists and devices are not among them."""
PASSING = {errno.EMFILE, errno.ENFILE, errno.ESTALE}
"""Refusals to open the file that libav passes on. It gives EIO and ENOMEM for broken files too."""

av.logging.set_level(None)  # libav's log callback contends for the lock between threads


def open_container(path: Path) -> InputContainer:
    """Open one local file, and nothing else: no network protocol, playlist or device.

    A wait for its bytes is given up after 60 seconds.

    Raises:
        MediaError: MISSING_FILE, PERMISSION, UNAVAILABLE, EMPTY or DECODE_ERROR, saying what the
            file is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as err:
        raise unreadable(path, err) from err
    if not head:
        raise MediaError(Reason.EMPTY, f"{path}: the file has 0 bytes; copy it again")
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        return av.open("file:" + os.fspath(path.absolute()), options=options, timeout=60.0)
    except (av.error.FFmpegError, ValueError, UnicodeError) as err:
        if isinstance(err, OSError) and err.errno in PASSING:
            raise unreadable(path, err) from err
        raise MediaError(
            Reason.DECODE_ERROR, f"{path}: {_what_it_is(head)} ({_detail(err)})"
        ) from err


def _what_it_is(head: bytes) -> str:
    if head.startswith((b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml")):
        return "is a playlist or manifest; give the media file itself"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return (
            "is an MP4 without a readable index: cut while it was written or copied; copy it again"
        )
    if all(byte in b"\t\r\n" or byte >= 32 for byte in head) and head.decode("utf-8", "ignore"):
        return "is text, not a video"
    return "is no container that avel reads; see `avel doctor` for the formats"


def _detail(err: Exception) -> str:
    return str(getattr(err, "strerror", None) or err).split(":")[0]
