"""Versions are told without loading torch, and what is missing is told too."""

import subprocess
import sys
from importlib.metadata import version

import av
import pytest

from avel.pipeline.cli import main
from avel.pipeline.commands import versions as module
from avel.pipeline.commands.versions import versions


def test_the_versions_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.splitlines() == [
        f"avel {version('avel')}",
        f"Python {'.'.join(map(str, sys.version_info[:3]))}",
        f"torch {version('torch')}",
        f"PyAV {version('av')}, FFmpeg {av.ffmpeg_version_info}",
    ]


def test_torch_is_not_loaded() -> None:
    code = "import sys; from avel.pipeline.commands.versions import versions; list(versions())"
    code += "; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "version", _none)
    monkeypatch.setitem(sys.modules, "avel.pipeline.media.codecs", None)
    said = list(versions())
    assert said[2] == "torch is not installed"
    assert said[3].startswith("PyAV is not installed, FFmpeg cannot be loaded (")


def _none(package: str) -> str:
    raise module.PackageNotFoundError(package)
