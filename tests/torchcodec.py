"""torchcodec, where it and FFmpeg's shared libraries are installed."""

import importlib

import pytest


@pytest.fixture(scope="session")
def torchcodec() -> None:
    """The test is skipped where it does not import."""
    try:
        importlib.import_module("torchcodec.decoders")
    except (ImportError, RuntimeError, OSError) as err:
        pytest.skip(f"torchcodec does not load: {str(err).splitlines()[0][:100]}")
