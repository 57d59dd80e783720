"""Whether a GPU can decode is tried, in a child; each thing that is missing has one sentence."""

import re

import pytest

from avel.pipeline.media import gpu
from avel.pipeline.media.gpu import why_not
from avel.pipeline.reasons import EnvironmentProblem
from tests.torchcodec import torchcodec  # noqa: F401 - a fixture

REMEDY = re.escape("pip install 'avel[gpu]', and FFmpeg's shared libraries")


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch says that it sees a GPU."""
    monkeypatch.setattr(gpu, "_no_gpu", lambda: "")


def test_torchcodec_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "find_spec", lambda name: None)
    assert re.match(f"torchcodec is not installed; {REMEDY}", why_not("cuda"))


@pytest.mark.usefixtures("torchcodec")
def test_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert why_not("cuda:1") == "PyTorch sees no NVIDIA GPU; see `avel doctor`"


@pytest.mark.usefixtures("torchcodec")
def test_a_cpu_can_where_torchcodec_loads() -> None:
    assert why_not("cpu") == ""


@pytest.mark.usefixtures("torchcodec", "there")
def test_what_the_trial_says_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchcodec itself, of a device that is none; the remedy stands behind it."""
    said = why_not("cuda:99")
    assert re.match(f"torchcodec did not decode its pictures \\(\\w+: .+\\); {REMEDY}", said)
    assert "FFmpeg did" not in said


@pytest.mark.usefixtures("torchcodec", "there")
def test_a_child_that_dies_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise EnvironmentProblem("no further decoder can be started")

    monkeypatch.setattr(gpu, "decode_windows", dies)
    assert why_not("cuda") == "its child ended: no further decoder can be started"


@pytest.mark.needs_cuda
def test_a_gpu_decodes() -> None:
    assert why_not("cuda") == ""
