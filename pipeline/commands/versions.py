"""The versions that decide what a run gives; torch is asked for its own without being loaded."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version


def versions() -> Iterator[str]:
    """Names and versions of avel, Python, torch, PyAV and the FFmpeg that came with it."""
    yield f"avel {_version('avel')}"
    yield f"Python {platform.python_version()}"
    yield f"torch {_version('torch')}"
    yield f"PyAV {_version('av')}, {_ffmpeg()}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "is not installed"


def _ffmpeg() -> str:
    try:
        from avel.pipeline.media.codecs import library  # slow: loads libav
    except ImportError as err:
        return f"FFmpeg cannot be loaded ({err})"
    return library()
