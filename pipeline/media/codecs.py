"""Which decoders a file may use, what of FFmpeg is there, and whether it is old.

FFmpeg has 500 decoders, most of them for formats of games and of the nineties that nobody tests. A
file chooses which of them reads it, so what people do not have is not offered: `magicyuv` and `hap`
alone could be written past their ends in 2026 (CVE-2026-8461, CVE-2026-125174).
"""

import re
from collections.abc import Collection
from functools import cache

import av


def _names(line: str) -> frozenset[str]:
    return frozenset(line.split())


VIDEO = _names(
    "h264 hevc vvc libdav1d av1 vp9 vp8 libvpx libvpx-vp9 "  # today's
    "mpeg4 msmpeg4 msmpeg4v1 msmpeg4v2 mpeg2video mpeg1video mpegvideo h261 h263 h263i h263p "
    "flv vp3 theora vp6 vp6a vp6f wmv1 wmv2 wmv3 vc1 rv10 rv20 rv30 rv40 "  # the web's of before
    "mjpeg dvvideo prores dnxhd cfhd jpeg2000 v210 rawvideo "  # cameras and editors
    "ffv1 huffyuv ffvhuff utvideo qtrle png gif apng "  # archives and screens
    "svq1 svq3 cinepak indeo3 indeo5 rpza msvideo1 msrle"  # old disks
)
"""Decoders of pictures that may be used, by FFmpeg's names."""
AUDIO = _names(
    "aac aac_latm mp3 mp3float mp2 mp2float mp1 mp1float opus libopus vorbis flac alac "
    "ac3 eac3 dca truehd mlp s302m dvaudio "
    "amrnb amrwb libopencore_amrnb libopencore_amrwb speex gsm gsm_ms g722 g726 ilbc nellymoser "
    "wmav1 wmav2 wmapro wmalossless wmavoice cook sipr ralf real_144 real_288 atrac3 qdm2 qdmc "
    "wavpack ape tta mpc7 mpc8 mace3 mace6 "
    "adpcm_ima_wav adpcm_ima_qt adpcm_ms adpcm_swf adpcm_yamaha adpcm_adx "
    "pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s16le_planar pcm_s16be_planar pcm_s24le pcm_s24be "
    "pcm_s24le_planar pcm_s32le pcm_s32be pcm_s32le_planar pcm_f32le pcm_f32be pcm_f64le "
    "pcm_f64be pcm_alaw pcm_mulaw pcm_bluray pcm_dvd pcm_u16le pcm_u16be"
)
"""Decoders of sound that may be used, by FFmpeg's names."""
WANTED = ("h264", "hevc", "vp9", "libdav1d", "mpeg4", "aac", "mp3", "opus", "vorbis", "flac")
"""Those without which something is wrong with the installation."""
MOST_PIXELS = 1 << 26
"""Of a picture: 8192 by 8192; 8K television has half of it."""
SECURE = {8: (8, 1, 3), 9: (9, 0, 2)}
"""By major version, the newest release with fixes of security that avel knows of, as of 9 November
2026 (CVE-2026-125174 and those published with it); what is before them all is older than the
first."""


def is_allowed(decoder: str, more: Collection[str] = ()) -> bool:
    """Whether a decoder may be used, by its own name or since the user allows it."""
    return decoder in VIDEO or decoder in AUDIO or decoder in more


def decoding_options(more: Collection[str] = ()) -> dict[str, str]:
    """Options of a container or a decoder: who may decode, and pixels of a picture at most."""
    return {
        "codec_whitelist": _listed(tuple(more)),
        "max_pixels": str(MOST_PIXELS),
    }


@cache
def _listed(more: tuple[str, ...]) -> str:
    return ",".join(sorted({*VIDEO, *AUDIO, *more}))


def library() -> str:
    """FFmpeg's version."""
    return f"FFmpeg {av.ffmpeg_version_info}"


def older_than(version: str = av.ffmpeg_version_info) -> str | None:
    """The release with fixes of security that a version of FFmpeg lacks; None where it has them.

    Of a version that says no number, such as a snapshot's, nothing is known.
    """
    numbers = re.match(r"n?(\d+)\.(\d+)(?:\.(\d+))?", version)
    if numbers is None:
        return None
    found = tuple(int(number or 0) for number in numbers.groups())
    wanted = SECURE.get(found[0], min(SECURE.values()))
    return ".".join(map(str, wanted)) if found < wanted else None


def decoders(names: Collection[str] | None = None) -> dict[str, bool]:
    """Whether each decoder is there; asked for none, of those that are wanted."""
    return {name: name in av.codecs_available for name in (WANTED if names is None else names)}
