"""What the installed FFmpeg can decode."""

import av

WANTED = ("h264", "hevc", "vp9", "libdav1d", "mpeg4", "aac", "mp3", "opus", "vorbis", "flac")
"""Decoders of what users bring, by FFmpeg's names."""


def library() -> str:
    """FFmpeg's version."""
    return f"FFmpeg {av.ffmpeg_version_info}"


def decoders() -> dict[str, bool]:
    """Whether each wanted decoder is there."""
    return {name: name in av.codecs_available for name in WANTED}
