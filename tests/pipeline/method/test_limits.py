"""Where a run decodes, and by how many children."""

from dataclasses import replace

import pytest

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.limits import MOST_GPU_CHILDREN
from avel.pipeline.method import limits
from avel.pipeline.method.limits import decode_limits
from avel.pipeline.work.runtime import RuntimeConfig

RUNTIME = RuntimeConfig(workers=9, timeout_seconds=77.0, window_cells=5, codecs=("hap",))
ON_GPU = SegmentConfig(torchcodec=True)


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Devices that were looked for; each is there."""
    asked: list[str] = []

    def resolve(device: str) -> str:
        asked.append(device)
        return "cuda" if device == "auto" else device

    monkeypatch.setattr(limits, "resolve_device", resolve)
    return asked


def test_usual_cuts_ask_for_no_device(resolved: list[str]) -> None:
    """Nor load torch for it."""
    found = decode_limits(replace(RUNTIME, device="cuda:3"), SegmentConfig())
    assert (found.workers, found.device, resolved) == (9, "", [])
    assert (found.timeout_seconds, found.window_cells, found.codecs) == (77.0, 5, ("hap",))
    assert decode_limits(RUNTIME, SegmentConfig(), workers=1).workers == 1


@pytest.mark.parametrize(("device", "expected"), [("auto", "cuda"), ("cuda:1", "cuda:1")])
def test_a_gpu_has_few_children(resolved: list[str], device: str, expected: str) -> None:
    """Each holds a context on it."""
    found = decode_limits(replace(RUNTIME, device=device), ON_GPU)
    assert (found.workers, found.device, resolved) == (MOST_GPU_CHILDREN, expected, [device])
    assert decode_limits(replace(RUNTIME, device=device, workers=2), ON_GPU).workers == 2


def test_a_cpu_has_as_many_as_asked_for(resolved: list[str]) -> None:
    found = decode_limits(replace(RUNTIME, device="cpu"), ON_GPU)
    assert (found.workers, found.device) == (9, "cpu")
