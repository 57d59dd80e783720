"""Ends of the names of files that avel reads: those of the demuxers in `container.FORMATS`."""

from pathlib import Path

_VIDEO = """
.mp4 .mkv .webm .avi .mov .m4v .ts .mts .m2ts .m2t .tp .trp .mpg .mpeg .wmv .flv .3gp .3g2 .ogv
.asf .mxf .vob .f4v .dv .dif .gif .rm .rmvb .qt .mj2 .ism .ismv .psp .mk3d .divx .mod .tod .m2p
.evo .m1v .m2v .mpv .ogx .gxf .nut .ivf .h264 .h26l .264 .avc .hevc .h265 .265 .wtv .swf .y4m
"""
_SOUND = """
.wav .mp3 .flac .m4a .m4b .isma .aac .adts .ogg .oga .opus .spx .wma .mka .weba .wave .bwf .rf64
.w64 .mp2 .m2a .mpa .mpga .aif .aiff .aifc .caf .ac3 .eac3 .ec3 .amr .3ga .dts .au .snd .ra
"""
VIDEO_SUFFIXES = tuple(_VIDEO.split())
"""The usual ones first: of two files of one video the earlier one is taken."""
MEDIA_SUFFIXES = frozenset(VIDEO_SUFFIXES) | frozenset(_SOUND.split())
"""In small letters; capitals make no difference."""


def suffix(name: str) -> str:
    """The end of a file's name from its last dot on, in small letters; empty where it has none."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


KINDS = {".mp4": "mp4", ".m4v": "mp4", ".m4a": "mp4", ".mov": "mov", ".webm": "webm"}
"""Containers that pieces of a film keep; everything else goes into Matroska, which holds every
codec."""


def kept_suffix(path: Path) -> str:
    """Of a piece that is copied out of a file, with the dot."""
    suffix = path.suffix.lower()
    return suffix if suffix in KINDS else ".mkv"
