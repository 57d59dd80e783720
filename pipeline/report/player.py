"""Whether a browser plays a film, and from where."""

import base64
from dataclasses import dataclass, replace
from os.path import relpath
from pathlib import Path
from urllib.parse import quote

from avel.pipeline.media.footage import Kind

MOST_EMBEDDED_BYTES = 20 << 20
"""A larger film is linked by its path instead of being put into the page."""
TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/mp4", ".webm": "video/webm"}
PLAYED = {"h264", "vp8", "vp9", "av1", "libdav1d", "libvpx", "libvpx-vp9"}
"""Codecs of pictures that every browser of these years plays."""
HEARD = {"", "aac", "mp3", "mp3float", "opus", "libopus", "vorbis", "libvorbis", "flac"}
PIXELS = {"", "yuv420p", "yuvj420p"}
NAMES = {"mpeg4": "MPEG-4 part 2", "hevc": "HEVC", "mjpeg": "Motion JPEG", "h264": "H.264"}
PROXY = ".proxy.mp4"
"""Suffix of a small copy that stands beside a page."""


@dataclass(frozen=True)
class Media:
    """Where the player gets the film: its address, or in words why there is none."""

    address: str = ""
    cannot: str = ""
    pictures: bool = True
    """Whether there is anything to see."""


def media_of(path: Path, kind: Kind | None, page: Path | None = None) -> Media:
    """The film for a page, embedded where it has at most 20 MB.

    Args:
        path: The film.
        kind: What it is; None where it cannot be opened.
        page: Where the page will be; None where it is not known yet.
    """
    seen = kind is None or bool(kind.video)
    if page is not None and (proxy := proxy_of(page)).is_file():
        return replace(_address(proxy, page), pictures=seen)
    if not path.is_file():
        return Media(cannot="The film is not where it was when it was localized.")
    if kind is None or (why := unplayable(path, kind)):
        what = why if kind is not None else "this file"
        said = f"Browsers do not play {what}. For a small copy that they do play: --proxy."
        return Media(cannot=said, pictures=seen)
    return replace(_address(path, page), pictures=seen)


def unplayable(path: Path, kind: Kind) -> str:
    """What of a film a browser does not play, in words; empty where it plays."""
    suffix = path.suffix.lower()
    if suffix not in TYPES:
        return f"{suffix.removeprefix('.').upper() or 'nameless'} files"
    if not kind.video:
        return "" if kind.audio in HEARD else f"{kind.audio} sound"
    if kind.video not in PLAYED:
        return f"{NAMES.get(kind.video, kind.video)} pictures"
    if kind.pixels not in PIXELS:
        return f"pictures of {kind.pixels}"
    return "" if kind.audio in HEARD else f"{kind.audio} sound"


def proxy_of(page: Path) -> Path:
    """Where the small copy of a page's film stands: `a.avi.html` has `a.avi.proxy.mp4`."""
    return page.with_name(page.name.removesuffix(".html") + PROXY)


def _address(path: Path, page: Path | None) -> Media:
    cannot = "This browser does not play this file. For a small copy that it does play: --proxy."
    if path.stat().st_size <= MOST_EMBEDDED_BYTES:
        kind = TYPES[path.suffix.lower()]
        data = base64.b64encode(path.read_bytes()).decode()
        return Media(f"data:{kind};base64,{data}", cannot)
    return Media(_link(path, page), cannot)


def _link(path: Path, page: Path | None) -> str:
    """From the page, so that a folder may be moved with its films; else the whole path."""
    if page is None:
        return path.resolve().as_uri()
    try:
        return quote(relpath(path.resolve(), page.parent.resolve()).replace("\\", "/"))
    except ValueError:  # on another drive
        return path.resolve().as_uri()
